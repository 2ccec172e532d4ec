using System.CommandLine;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary><c>govchain officer</c>: who may sign for a department.</summary>
internal static class OfficerCommand
{
    private static readonly (string Name, OfficerRole Role)[] Roles =
    [
        ("clerk", OfficerRole.Clerk), ("approver", OfficerRole.Approver), ("records-officer", OfficerRole.RecordsOfficer),
        ("administrator", OfficerRole.Administrator), ("auditor", OfficerRole.Auditor),
    ];

    public static Command Create() => new("officer", "Enrol and revoke officers of your department, replace their keys, and show who signs for a department")
    {
        Enrol(),
        Rotate(),
        Revoke(),
        OfficerListing.List(),
        OfficerListing.Show(),
    };

    /// <summary>A role's name, as commands take it.</summary>
    public static string NameOf(uint role) => Roles.FirstOrDefault(r => (uint)r.Role == role).Name ?? $"role {role}";

    private static Command Enrol()
    {
        var id = new Argument<string>("OFFICER") { Description = "The staff number; no personal data" };
        Option<string> key = KeyOption("The officer's public key, as \"key new\" printed it");
        var roles = new Option<string[]>("--role")
        {
            Description = $"A role, may be given several times: {string.Join(", ", Roles.Select(r => r.Name))}",
            HelpName = "ROLE",
            Required = true,
        };
        Option<string?> from = TimeOption.Create("--valid-from", "The officer signs from this time on (default: from the next block on)");
        Option<string?> until = TimeOption.Create("--valid-until", "From this time on the officer signs no more, to the blocks' times (default: until revoked)");
        Option<bool> json = Output.JsonOption();
        var command = new Command("enrol",
            "Enrol an officer of your own department, from the next block on. Signed by one of its administrators. An administrator has no time: "
            + "a department whose last one is over could decide nothing more.")
            { id, key, roles, from, until, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            var enrol = new EnrolOfficer { OfficerId = result.GetRequiredValue(id), PublicKey = KeyOf(result.GetRequiredValue(key)) };
            enrol.Roles.AddRange(result.GetRequiredValue(roles).Select(RoleOf).Distinct().Order().Select(r => (uint)r));
            enrol.ValidFromMs = TimeOption.Read(result, from, toCome: false);
            enrol.ValidUntilMs = TimeOption.Read(result, until, toCome: true);
            RequireTimes(enrol);
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.EnrolOfficer = enrol, cancellation);
            RecordCommand.PrintOutcome(
                outcome, $"officer {enrol.OfficerId} enrolled{OfficerListing.Times(enrol.ValidFromMs, enrol.ValidUntilMs)}", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Rotate()
    {
        var id = new Argument<string>("OFFICER") { Description = "The staff number" };
        Option<string> key = KeyOption("The officer's new public key, as \"key new\" printed it");
        var reason = new Option<string>("--reason") { Description = "Why", DefaultValueFactory = _ => "" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("rotate",
            "Give an officer of your own department another key, from the next block on, with the same roles and times. "
            + "The old key never signs again; what it signed before stays valid. Signed by one of its administrators.")
            { id, key, reason, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            var rotate = new RotateOfficerKey
            {
                OfficerId = result.GetRequiredValue(id),
                PublicKey = KeyOf(result.GetRequiredValue(key)),
                Reason = result.GetValue(reason) ?? "",
            };
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.RotateOfficerKey = rotate, cancellation);
            RecordCommand.PrintOutcome(outcome, $"officer {rotate.OfficerId} has another key", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("OFFICER") { Description = "The staff number" };
        var reason = new Option<string>("--reason") { Description = "Why", DefaultValueFactory = _ => "" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("revoke",
            "Revoke an officer of your own department, from the next block on. What was signed before stays valid.")
            { id, reason, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            var revoke = new RevokeOfficer { OfficerId = result.GetRequiredValue(id), Reason = result.GetValue(reason) ?? "" };
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.RevokeOfficer = revoke, cancellation);
            RecordCommand.PrintOutcome(outcome, $"officer {revoke.OfficerId} revoked", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void RequireTimes(EnrolOfficer enrol)
    {
        if (enrol.ValidUntilMs > 0 && enrol.ValidUntilMs <= enrol.ValidFromMs)
            throw new CommandException(ExitCode.Usage, "--valid-until: a time after --valid-from is expected.");
        if (enrol.ValidFromMs + enrol.ValidUntilMs > 0 && enrol.Roles.Contains((uint)OfficerRole.Administrator))
            throw new CommandException(ExitCode.Usage, "--valid-from and --valid-until are not for administrators. Revoke one who is to be none any more.");
    }

    private static Option<string> KeyOption(string description) => new("--public-key")
    {
        Description = description,
        HelpName = "HEX",
        Required = true,
    };

    private static ByteString KeyOf(string hex) => PublicKey.TryParseHex(hex, out PublicKey? key)
        ? ByteString.CopyFrom(key.Span)
        : throw new CommandException(ExitCode.Usage, "--public-key: a compressed secp256k1 key of 66 hexadecimal digits is expected.");

    private static OfficerRole RoleOf(string name)
    {
        int at = Array.FindIndex(Roles, r => r.Name == name);
        return at >= 0 ? Roles[at].Role : throw new CommandException(ExitCode.Usage,
            $"--role {name}: one of {string.Join(", ", Roles.Select(r => r.Name))} is expected.");
    }
}
