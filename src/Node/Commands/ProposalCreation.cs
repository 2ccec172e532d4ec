using System.CommandLine;
using Google.Protobuf.Reflection;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain proposal create</c>: puts a change to the vote of the departments, once the ledger would take it.</summary>
internal static class ProposalCreation
{
    private const int DaysMax = 29;

    public static Command Create() => new("create", "Put a change to the vote of the departments. Signed by an administrator.")
    {
        FromFile(), Remove(), Suspend(), LiftSuspension(), MoveEndpoint(), SetParameters(), ScheduleVersion(), CallOffVersion(),
    };

    private static Command FromFile()
    {
        var path = new Argument<string>("FILE") { Description = "The change, as \"member propose\" wrote it and the new validator key signed it" };
        var command = new Command("from-file",
            "Propose what a file says: an admission or a new validator key, which that key has signed (govchain member sign), or a removal. "
            + "Signatures of administrators in the file are not needed.") { path };
        return WithSubmission(command, (result, status) =>
        {
            string file = result.GetRequiredValue(path);
            using NodeVerifier signatures = NodeVerifier.ForFile();
            MembershipFile read = MembershipFile.TryRead(Files.Read(file, MembershipFile.BytesMax), signatures.Verifier, out string? problem)
                ?? throw new CommandException(ExitCode.VerificationFailed, $"{file} is no proposed change: {problem}.");
            if (read.LacksNewKey)
            {
                throw new CommandException(ExitCode.Usage,
                    $"{file} is not signed by the key that is to vote: govchain member sign {file} --key VALIDATOR-KEY-FILE");
            }
            return read;
        });
    }

    private static Command Remove() => OfDepartment(
        "remove", "Propose that a department loses its vote; its officers sign no more, its node may go on as an observer", MembershipKind.Remove);

    private static Command Suspend() => OfDepartment(
        "suspend", "Propose that a department's officers sign nothing until that is lifted; its node votes on, its records stay", MembershipKind.Suspend);

    private static Command LiftSuspension() => OfDepartment(
        "lift-suspension", "Propose that the officers of a suspended department sign again", MembershipKind.LiftSuspension);

    private static Command OfDepartment(string name, string description, MembershipKind kind)
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department's id" };
        return Proposal(name, description, [department], [], (result, change) =>
        {
            change.Kind = (uint)kind;
            change.Department = result.GetRequiredValue(department);
        });
    }

    private static Command MoveEndpoint()
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department's id" };
        var endpoint = new Option<string>("--endpoint") { Description = "Where its peer listener will be", HelpName = "HOST:PORT", Required = true };
        return Proposal("move-endpoint", "Propose another address for a department's node; the others dial it there from the next block on",
            [department], [endpoint], (result, change) =>
            {
                change.Kind = (uint)MembershipKind.MoveEndpoint;
                change.Department = result.GetRequiredValue(department);
                change.Endpoint = result.GetRequiredValue(endpoint);
            });
    }

    private static Command SetParameters()
    {
        var set = new Option<string[]>("--set")
        {
            Description = "A parameter and its value, by its name in docs/SPEC.md; one at least. All others stay as they are",
            HelpName = "NAME=VALUE",
            Required = true,
        };
        return Proposal("set-parameters", "Propose other parameters of the ledger, which hold from the next block on", [], [set], (result, change) =>
        {
            change.Kind = (uint)MembershipKind.SetParameters;
            change.Parameters = new Parameters();
            foreach (string text in result.GetRequiredValue(set))
                Set(change.Parameters, text);
        });
    }

    private static Command ScheduleVersion()
    {
        var version = new Argument<uint>("VERSION") { Description = "The protocol version after the ledger's; \"node status\" shows both" };
        var from = new Option<string>("--from")
        {
            Description = "From when on it holds, as the blocks' times say; until then at the latest the departments may decide",
            HelpName = TimeOption.Form,
            Required = true,
        };
        return Proposal(
            "schedule-version", "Propose that the ledger goes on to its next protocol version; a node whose release does not execute it stops then",
            [version], [from], (result, change) =>
            {
                ulong fromMs = TimeOption.Parse(from.Name, result.GetRequiredValue(from), toCome: true);
                change.Kind = (uint)MembershipKind.ScheduleVersion;
                change.Protocol = new ScheduledVersion { Version = result.GetRequiredValue(version), FromMs = fromMs };
                change.ExpiresAtMs = Math.Min(change.ExpiresAtMs, fromMs); // decided in time, or not at all
            });
    }

    private static Command CallOffVersion() => Proposal(
        "call-off-version", "Propose that the protocol version that is scheduled does not come", [], [],
        static (_, change) => change.Kind = (uint)MembershipKind.CallOffVersion);

    private static Command Proposal(
        string name, string description, IEnumerable<Argument> arguments, IEnumerable<Option> more, Action<ParseResult, MembershipChange> fill)
    {
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the ledger", DefaultValueFactory = static _ => "" };
        var days = new Option<int>("--days")
        {
            Description = $"How long the departments may take to decide, 1 to {DaysMax}",
            DefaultValueFactory = static _ => 7,
        };
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > DaysMax)
                result.AddError($"--days: 1 to {DaysMax} is expected.");
        });
        var command = new Command(name, description);
        foreach (Argument argument in arguments)
            command.Arguments.Add(argument);
        foreach (Option option in more.Concat([reason, days]))
            command.Options.Add(option);
        return WithSubmission(command, (result, status) =>
        {
            if (!Digest.TryParseHex(status.ChainId, out Digest chainId))
                throw new CommandException(ExitCode.Unavailable, "The node gave no chain id.");
            var change = new MembershipChange
            {
                Epoch = status.Epoch,
                ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.AddDays(result.GetValue(days)).ToUnixTimeMilliseconds(),
                Reason = result.GetValue(reason) ?? "",
            };
            fill(result, change);
            return new MembershipFile(chainId, new ChangeMembership { Change = change });
        });
    }

    /// <summary>The command, which asks the ledger whether it would take the change, warns, and submits the proposal.</summary>
    private static Command WithSubmission(Command command, Func<ParseResult, GetStatusResponse, MembershipFile> read)
    {
        Option<bool> json = Output.JsonOption();
        command.Options.Add(json);
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            MembershipFile file = read(result, status);
            var proposal = new Propose { Change = file.Change, NewKeySignature = file.Action.NewKeySignature };
            if (MembershipFields.CheckProposal(proposal) is { } violation)
                throw new CommandException(ExitCode.Usage, $"The change is refused: {violation}");
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            if ((await MembershipLedger.AskAsync(client, file, cancellation)).Refusal(file.Change) is { } refusal)
                throw new CommandException(refusal);
            string[] left = await RemovalText.AskTypesAsync(client, file.Change, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.Propose = proposal, cancellation);
            bool asJson = result.GetValue(json);
            RecordCommand.PrintOutcome(outcome, $"a proposal to {MembershipFile.Describe(file.Change)}", asJson);
            if (!asJson)
            {
                Output.Line($"  next: administrators of {QuorumOutlook.Count((int)status.Quorum, "department", "departments")}, yours too if it is to count, vote for it "
                    + $"(govchain proposal vote {outcome.TransactionId} for)");
            }
            MemberText.Warn(QuorumOutlook.After(status, file.Change), file.Change);
            RemovalText.Warn(file.Change.Department, left);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Set(Parameters parameters, string text)
    {
        string[] parts = text.Split('=');
        FieldDescriptor? field = parts.Length == 2 ? Parameters.Descriptor.FindFieldByName(parts[0]) : null;
        if (field is null)
        {
            throw new CommandException(ExitCode.Usage, $"--set {text}: NAME=VALUE is expected, NAME one of "
                + string.Join(", ", Parameters.Descriptor.Fields.InFieldNumberOrder().Select(static f => f.Name)) + ".");
        }
        object? value = field.FieldType == FieldType.UInt32
            ? uint.TryParse(parts[1], out uint small) ? small : null
            : ulong.TryParse(parts[1], out ulong large) ? large : null;
        field.Accessor.SetValue(parameters, value ?? throw new CommandException(ExitCode.Usage, $"--set {text}: {parts[1]} is no number."));
    }
}
