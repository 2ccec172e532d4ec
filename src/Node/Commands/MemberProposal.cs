using System.CommandLine;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain member propose</c>: writes the file that the departments sign, once the ledger would take it.</summary>
internal static class MemberProposal
{
    private const int DaysMax = 29;

    public static Command Create() => new("propose", "Write the file that the departments sign; nothing happens yet")
    {
        Admit(), Remove(), ReplaceKey(),
    };

    private static Command Admit()
    {
        var joining = new Option<string>("--joining")
        {
            Description = "Its joining file (joining create), signed for this network by every key in it",
            HelpName = "FILE",
            Required = true,
        };
        return Proposal("admit", "Propose that a department gets a vote. Its node runs as an observer before", [joining],
            (result, change, network) =>
            {
                string path = result.GetRequiredValue(joining);
                GenesisDepartment newcomer = JoiningCommand.ReadSigned([path], network)[0].Department;
                if (newcomer.Id != change.Department)
                    throw new CommandException(ExitCode.Usage, $"{path} is of {newcomer.Id}, and {change.Department} is to be admitted.");
                change.Kind = (uint)MembershipKind.Admit;
                change.ValidatorKey = newcomer.ValidatorKey;
                change.Endpoint = newcomer.Endpoint;
                change.Names.AddRange(newcomer.Names);
                change.Administrators.AddRange(
                    newcomer.Administrators.Select(static a => new FirstAdministrator { OfficerId = a.OfficerId, PublicKey = a.PublicKey }));
            });
    }

    private static Command Remove() => Proposal(
        "remove", "Propose that a department loses its vote; its officers sign no more, its node may go on as an observer", [],
        static (_, change, _) => change.Kind = (uint)MembershipKind.Remove);

    private static Command ReplaceKey()
    {
        var key = new Option<string>("--validator-key")
        {
            Description = "The public key it is to vote with, as \"key new\" printed it; one that serves for nothing else",
            HelpName = "HEX",
            Required = true,
        };
        return Proposal("replace-key", "Propose that a department votes with another key", [key], (result, change, _) =>
        {
            change.Kind = (uint)MembershipKind.ReplaceKey;
            change.ValidatorKey = JoiningCommand.ParseKey("--validator-key", result.GetRequiredValue(key));
        });
    }

    private static Command Proposal(
        string name, string description, IEnumerable<Option> more, Action<ParseResult, MembershipChange, string> fill)
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department's id" };
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the ledger", DefaultValueFactory = static _ => "" };
        var days = new Option<int>("--days")
        {
            Description = $"How long the departments may take to sign, 1 to {DaysMax}",
            DefaultValueFactory = static _ => 7,
        };
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > DaysMax)
                result.AddError($"--days: 1 to {DaysMax} is expected.");
        });
        var output = new Option<string>("--output", "-o") { Description = "Where to write the file", HelpName = "FILE", Required = true };
        Option<bool> overwrite = OutputFile.OverwriteOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command(name, description) { department, reason, days, output, overwrite, json };
        foreach (Option option in more)
            command.Options.Add(option);
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetRequiredValue(output);
            OutputFile.RequireFree(path, result.GetValue(overwrite));
            using LedgerClient client = options.Connect(result);
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            if (!Digest.TryParseHex(status.ChainId, out Digest chainId))
                throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");
            var change = new MembershipChange
            {
                Epoch = status.Epoch,
                ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.AddDays(result.GetValue(days)).ToUnixTimeMilliseconds(),
                Department = result.GetRequiredValue(department),
                Reason = result.GetValue(reason) ?? "",
            };
            fill(result, change, status.NetworkName);
            if (MembershipFields.CheckChange(change) is { } violation)
                throw new CommandException(ExitCode.Usage, $"The change is refused: {violation}");
            var file = new MembershipFile(chainId, new ChangeMembership { Change = change });
            MembershipLedger ledger = await MembershipLedger.AskAsync(client, file, cancellation);
            if (ledger.Refusal(change) is { } refusal)
                throw new CommandException(refusal);
            string[] left = await RemovalText.AskTypesAsync(client, change, cancellation);
            await Files.WriteAsync(path, file.ToBytes(), result.GetValue(overwrite), cancellation);
            QuorumOutlook outlook = QuorumOutlook.After(status, change);
            ApprovalReview review = ledger.Review(file);
            MemberText.Print(path, file, review, "", result.GetValue(json), outlook);
            if (!result.GetValue(json) && outlook is { IsEnough: true, Away.Count: 0 })
                Output.Line($"  {outlook.Explain()}"); // where somebody is away, it is a warning
            MemberText.PrintNext(path, file, review, result.GetValue(json));
            MemberText.Warn(outlook, change);
            RemovalText.Warn(change.Department, left);
            return ExitCode.Ok;
        });
        return command;
    }
}
