using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Commands;

/// <summary><c>govchain approval</c>: what waits for a second officer, and what becomes of it.</summary>
internal static class ApprovalCommand
{
    public static Command Create() => new("approval", "List, approve and refuse changes that were submitted for approval, and let others do so on your behalf")
    {
        List(),
        Give(),
        Refuse(),
        DelegationCommand.Delegate(),
        DelegationCommand.List(),
        DelegationCommand.Revoke(),
    };

    private static Command List()
    {
        var type = new Argument<string?>("TYPE")
        {
            Description = "The record type (default: every type that may be read here)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("list", "List the changes that wait for approval, with what they bring") { type, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddReader(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            if (result.GetValue(type) is { } only)
            {
                await options.SignReadsAsync(result, client, only, cancellation);
                await ListAsync(client, only, result.GetValue(json), cancellation);
                return ExitCode.Ok;
            }
            foreach (RecordTypeState each in await client.ListTypesAsync(cancellation))
            {
                try
                {
                    await options.SignReadsAsync(result, client, each.Type, cancellation);
                    await ListAsync(client, each.Type, result.GetValue(json), cancellation);
                }
                catch (LedgerClientException e) when (e.Status is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
                {
                    Output.Error($"Not listed: {each.Type}. {e.Message}");
                }
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task ListAsync(LedgerClient client, string type, bool json, CancellationToken cancellation)
    {
        bool any = false;
        await foreach (Submission submission in client.ListSubmissionsAsync(type, cancellation))
        {
            any = true;
            if (json)
                Output.Line(ToJson(submission).ToJsonString());
            else
                Print(submission);
        }
        if (!any && !json)
            Output.Line($"{type}: nothing waits for approval.");
    }

    private static Command Give()
    {
        Argument<string> submission = SubmissionArgument();
        Option<string> onBehalfOf = BehalfOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("give",
            "Approve a change, which makes the version. Signed by an approver, another officer than the submitter.")
            { submission, onBehalfOf, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            (ByteString id, RecordChange change) = await FindAsync(client, factory.ChainId, result.GetRequiredValue(submission), cancellation);
            if (!result.GetValue(json))
                Announce(change, result.GetRequiredValue(submission));
            var approve = new ApproveSubmission { Record = change.Record, ExpectedVersion = change.ExpectedVersion, Submission = id, OnBehalfOf = result.GetValue(onBehalfOf) ?? "" };
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.Approve = approve, cancellation);
            RecordCommand.PrintOutcome(
                outcome, $"{change.Record.Type}/{change.Record.Id}, version {change.ExpectedVersion + 1}, approved", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Refuse()
    {
        Argument<string> submission = SubmissionArgument();
        var reason = new Option<string>("--reason") { Description = "Why", Required = true };
        Option<string> onBehalfOf = BehalfOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("refuse",
            "Refuse a change, of which nothing comes then. Signed by an approver, or by its submitter, who withdraws it.")
            { submission, reason, onBehalfOf, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            (ByteString id, RecordChange change) = await FindAsync(client, factory.ChainId, result.GetRequiredValue(submission), cancellation);
            var refuse = new RefuseSubmission
            {
                Record = change.Record,
                Submission = id,
                Reason = result.GetRequiredValue(reason),
                OnBehalfOf = result.GetValue(onBehalfOf) ?? "",
            };
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.Refuse = refuse, cancellation);
            RecordCommand.PrintOutcome(outcome, $"the change of {change.Record.Type}/{change.Record.Id} is refused", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>What is about to be signed for, out of the transaction that the id names: a list is one node's word.</summary>
    private static void Announce(RecordChange change, string submission)
    {
        Output.Line($"Approving {change.Record.Type}/{change.Record.Id}, version {change.ExpectedVersion + 1}, as transaction {submission} has it:");
        if (change.Receiver.Length > 0)
            Output.Line($"  custody goes to {change.Receiver}");
        if (change.Reason.Length > 0)
            Output.Line($"  reason: {Output.Value(change.Reason)}");
        foreach (RecordName successor in change.Successors)
            Output.Line($"  replaced by {successor.Type}/{successor.Id}");
        if (change.Payload?.Inline is { } content)
            Output.Line($"  content: {Output.PayloadText(content.Content.Span, content.MediaType, "  ")}");
        foreach (RecordLink link in change.Links)
            Output.Line($"  refers to {link.Record.Type}/{link.Record.Id}{(link.Version > 0 ? $", version {link.Version}" : "")}");
        if (change.LegalBasis.Length > 0)
            Output.Line($"  legal basis: {Output.Value(change.LegalBasis)}");
        if (change.EffectiveDate.Length > 0)
            Output.Line($"  effective {change.EffectiveDate}");
    }

    private static Option<string> BehalfOption() => new("--on-behalf-of")
    {
        Description = "The officer of your department that delegated its approvals to you (default: your own right)",
        HelpName = "OFFICER",
        DefaultValueFactory = _ => "",
    };

    private static Argument<string> SubmissionArgument() => new("SUBMISSION")
    {
        Description = "The submitted transaction's id, as \"approval list\" shows it: it names what is decided on, to the last byte",
    };

    /// <summary>The change that a transaction submitted. What the node gives for the id must have it: nobody signs for something else.
    /// </summary>
    private static async Task<(ByteString Id, RecordChange Change)> FindAsync(
        LedgerClient client, Digest chainId, string submission, CancellationToken cancellation)
    {
        if (!Digest.TryParseHex(submission, out Digest id))
            throw new CommandException(ExitCode.Usage, "SUBMISSION: the 64 hexadecimal digits of a transaction's id are expected.");
        GetTransactionResponse found = await client.FindTransactionAsync(submission, cancellation)
            ?? throw new CommandException(ExitCode.NotFound, $"There is no transaction {submission} here.");
        if (found.Envelope.IsEmpty)
            throw new CommandException(ExitCode.NotFound, $"Transaction {submission} is not on the ledger yet. Try again a moment later.");
        if (TransactionDecoder.TryDecode(found.Envelope.Memory, chainId, out _) is not { } transaction || transaction.Id != id)
            throw new CommandException(ExitCode.VerificationFailed, $"The node gave something else for transaction {submission}. Ask another department's node.");
        return RecordActions.ChangeOf(transaction.Body) is { ApproveUntilMs: > 0 } change
            ? (ByteString.CopyFrom(id.Span), change)
            : throw new CommandException(ExitCode.Usage, $"Transaction {submission} submitted nothing for approval.");
    }

    private static JsonObject ToJson(Submission submission)
    {
        RecordState proposed = submission.State.Proposed;
        var json = new JsonObject
        {
            ["submission"] = Convert.ToHexStringLower(submission.State.Submission.Span),
            ["type"] = proposed.Record.Type,
            ["id"] = proposed.Record.Id,
            ["version"] = proposed.Version,
            ["action"] = submission.Action,
            ["department"] = proposed.Department,
            ["officer"] = proposed.OfficerId,
            ["keyEnded"] = submission.KeyEnded > 0 ? submission.KeyEnded : null,
            ["submittedAt"] = UtcTime.Format(proposed.RecordedAtMs),
            ["approveUntil"] = UtcTime.Format(submission.State.ApproveUntilMs),
            ["reason"] = proposed.Reason,
            ["legalBasis"] = proposed.LegalBasis,
            ["effectiveDate"] = proposed.EffectiveDate,
            ["height"] = proposed.Height,
            ["position"] = proposed.Position,
        };
        RecordCommand.AddRelations(json, proposed, leadsTo: null);
        if (!submission.Payload.IsEmpty)
        {
            json["mediaType"] = proposed.MediaType;
            json["content"] = Output.Payload(submission.Payload.Span, proposed.MediaType);
        }
        return json;
    }

    private static void Print(Submission submission)
    {
        RecordState proposed = submission.State.Proposed;
        Output.Line($"{proposed.Record.Type}/{proposed.Record.Id}  version {proposed.Version}, waits for approval until "
            + UtcTime.Format(submission.State.ApproveUntilMs));
        Output.Line($"  {submission.Action} by {proposed.Department}/{proposed.OfficerId} on {UtcTime.Format(proposed.RecordedAtMs)}");
        if (submission.KeyEnded > 0)
            Output.Line($"  submitted with a key that was revoked or replaced after block {submission.KeyEnded}: whoever had it may have made this");
        RecordCommand.PrintDetails(proposed, leadsTo: null);
        Output.Line($"  submission {Convert.ToHexStringLower(submission.State.Submission.Span)}");
        if (!submission.Payload.IsEmpty)
            Output.Line($"  content: {Output.PayloadText(submission.Payload.Span, proposed.MediaType, "  ")}");
    }
}
