using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain proposal</c>: what departments decide together, by votes on the ledger.</summary>
internal static class ProposalCommand
{
    private const int LooksAgain = 10;

    public static Command Create() => new("proposal",
        "Propose what the departments decide together, and vote on it: who votes, with which key, at which address, the ledger's parameters and its protocol version")
    {
        ProposalCreation.Create(), Vote(), Withdraw(), List(), Show(),
    };

    private static Command List()
    {
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("list", "List the newest proposal of each department, with its votes") { json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            bool any = false;
            await foreach (Proposal proposal in client.ListProposalsAsync(cancellation))
            {
                any = true;
                if (result.GetValue(json))
                    Output.Line(ProposalText.ToJson(proposal, status).ToJsonString());
                else
                    ProposalText.Print(proposal, status);
            }
            if (!any && !result.GetValue(json))
                Output.Line("Nothing was ever proposed.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> id = ProposalArgument();
        Option<bool> json = Output.JsonOption();
        var command = new Command("show", "Show a department's newest proposal, its votes, and whether the ledger could go on after it") { id, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            Proposal proposal = await FindAsync(client, result.GetRequiredValue(id), cancellation);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            QuorumOutlook outlook = QuorumOutlook.After(status, proposal.State.Change);
            string[] left = ProposalText.IsOpen(proposal) ? await RemovalText.AskTypesAsync(client, proposal.State.Change, cancellation) : [];
            if (result.GetValue(json))
            {
                JsonObject shown = ProposalText.ToJson(proposal, status);
                if (ProposalText.IsOpen(proposal))
                    shown["afterwards"] = MemberText.ToJson(outlook);
                if (left.Length > 0)
                    shown["typesLeftBehind"] = new JsonArray([.. left.Select(static t => (JsonNode)t)]);
                Output.Json(shown);
                return ExitCode.Ok;
            }
            ProposalText.Print(proposal, status);
            if (ProposalText.IsOpen(proposal))
                Output.Line($"  {outlook.Explain()}");
            if (RemovalText.Explain(proposal.State.Change.Department, left) is { } text)
                Output.Line($"  {text}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Vote()
    {
        Argument<string> id = ProposalArgument();
        var choice = new Argument<string>("for|against") { Description = "Your department's vote" };
        choice.AcceptOnlyFromAmong("for", "against");
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the ledger", DefaultValueFactory = static _ => "" };
        var yes = new Option<bool>("--yes")
        {
            Description = "Vote for it although fewer departments than make a quorum after the change are reached now, or say that they execute the "
                + "protocol version",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("vote",
            "Vote on a proposal for your department; until it is decided another vote takes the place of this one. With the vote that makes a quorum "
            + "of departments the change is made. Signed by an administrator.") { id, choice, reason, yes, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            Proposal proposal = await FindAsync(client, result.GetRequiredValue(id), cancellation);
            await RequireGenuineAsync(client, factory.ChainId, proposal.State, cancellation);
            if (!result.GetValue(json))
                Output.Line($"Voting {result.GetRequiredValue(choice)} the proposal of {proposal.State.Department}: {MembershipFile.Describe(proposal.State.Change)}");
            var vote = new VoteOnProposal
            {
                Department = proposal.State.Department,
                Proposal = proposal.State.Proposal,
                InFavour = result.GetRequiredValue(choice) == "for",
                Reason = result.GetValue(reason) ?? "",
            };
            if (vote.InFavour)
                await RequireOutlookAsync(client, proposal.State.Change, result.GetValue(yes), cancellation);
            await VoteAsync(client, factory, proposal.State, vote, result.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Withdraw()
    {
        Argument<string> id = ProposalArgument();
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the ledger", DefaultValueFactory = static _ => "" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("withdraw", "Take back an open proposal of your department. Signed by an administrator.") { id, reason, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            var withdrawal = new WithdrawProposal { Proposal = Parse(result.GetRequiredValue(id)), Reason = result.GetValue(reason) ?? "" };
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.WithdrawProposal = withdrawal, cancellation);
            RecordCommand.PrintOutcome(outcome, $"the proposal {result.GetRequiredValue(id)} is withdrawn", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task VoteAsync(
        LedgerClient client, TransactionFactory factory, ProposalState proposal, VoteOnProposal vote, bool json, CancellationToken cancellation)
    {
        string what = $"a vote {(vote.InFavour ? "for" : "against")} the proposal of {vote.Department}: {MembershipFile.Describe(proposal.Change)}";
        try
        {
            RecordCommand.PrintOutcome(
                await RecordCommand.SubmitAsync(client, factory, b => b.VoteOnProposal = vote, cancellation), what, json);
        }
        catch (LedgerClientException e) when (e.IsTransient)
        {
            // A node begins anew with a change, and who waited for the vote that made it is not told.
            if (await LookAgainAsync(client, vote.Proposal, cancellation) is not ({ Standing: not "open" } decided, _))
                throw;
            if (json)
                Output.Json(new JsonObject { ["proposal"] = ProposalText.IdOf(decided.State), ["standing"] = decided.Standing });
            else
                Output.Line($"The proposal of {vote.Department} is decided: {decided.Standing}.");
            return;
        }
        if (json)
            return;
        if (await LookAgainAsync(client, vote.Proposal, cancellation) is (var after, var status))
            ProposalText.Print(after, status);
        else
            Output.Line("  what it decided: the node does not answer just now; govchain proposal list");
    }

    /// <summary>Whether the ledger could go on after the change is for each department to judge, before it votes.</summary>
    private static async Task RequireOutlookAsync(LedgerClient client, MembershipChange change, bool anyway, CancellationToken cancellation)
    {
        QuorumOutlook outlook = QuorumOutlook.After(await client.GetStatusAsync(cancellation), change);
        if (!outlook.IsEnough && !anyway)
        {
            throw new CommandException(ExitCode.Refused,
                $"Nothing was sent: the ledger would stop with this change. {outlook.Explain()} {Remedy(change)}, ask another node, or say --yes.");
        }
        MemberText.Warn(outlook, change);
        RemovalText.Warn(change.Department, await RemovalText.AskTypesAsync(client, change, cancellation));
    }

    private static string Remedy(MembershipChange change) => change.Kind == (uint)MembershipKind.ScheduleVersion
        ? $"Let them install a release that executes version {change.Protocol.Version} first" : "Bring the others up first";

    /// <summary>What the node shows for the id must be what the id stands for: nobody votes for something else.</summary>
    private static async Task RequireGenuineAsync(LedgerClient client, Digest chainId, ProposalState proposal, CancellationToken cancellation)
    {
        string id = ProposalText.IdOf(proposal);
        GetTransactionResponse? found = await client.FindTransactionAsync(id, cancellation);
        if (found is null || TransactionDecoder.TryDecode(found.Envelope.Memory, chainId, out _) is not { } transaction
            || transaction.Id.ToString() != id || transaction.Body.Propose is not { } proposed || !proposed.Change.Equals(proposal.Change))
            throw new CommandException(ExitCode.VerificationFailed, $"The node gave something else for the proposal {id}. Ask another department's node.");
    }

    private static async Task<Proposal> FindAsync(LedgerClient client, string id, CancellationToken cancellation)
    {
        ByteString wanted = Parse(id);
        await foreach (Proposal proposal in client.ListProposalsAsync(cancellation))
        {
            if (proposal.State.Proposal == wanted)
                return proposal;
        }
        throw new CommandException(ExitCode.NotFound, $"{id} is no department's newest proposal. Look at them: govchain proposal list");
    }

    /// <summary>The proposal and where the node stands, once it answers: with a decision it may begin anew between any two answers.
    /// Null where it does not within some seconds.</summary>
    private static async Task<(Proposal Proposal, GetStatusResponse Status)?> LookAgainAsync(
        LedgerClient client, ByteString id, CancellationToken cancellation)
    {
        for (int attempt = 0; attempt < LooksAgain; attempt++)
        {
            try
            {
                return (await FindAsync(client, Convert.ToHexStringLower(id.Span), cancellation), await client.GetStatusAsync(cancellation));
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
            }
        }
        return null;
    }

    private static ByteString Parse(string id) => Digest.TryParseHex(id, out Digest digest)
        ? ByteString.CopyFrom(digest.Span)
        : throw new CommandException(ExitCode.Usage, "PROPOSAL: the 64 hexadecimal digits of a transaction's id are expected.");

    private static Argument<string> ProposalArgument() => new("PROPOSAL")
    {
        Description = "The id of the transaction that proposed, as \"proposal list\" shows it",
    };
}
