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

    public static Command Create() => new("officer", "Enrol and revoke officers of your department") { Enrol(), Revoke() };

    private static Command Enrol()
    {
        var id = new Argument<string>("OFFICER") { Description = "The staff number; no personal data" };
        var key = new Option<string>("--public-key")
        {
            Description = "The officer's public key, as \"key new\" printed it",
            HelpName = "HEX",
            Required = true,
        };
        var roles = new Option<string[]>("--role")
        {
            Description = $"A role, may be given several times: {string.Join(", ", Roles.Select(r => r.Name))}",
            HelpName = "ROLE",
            Required = true,
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("enrol",
            "Enrol an officer of your own department, from the next block on. Signed by one of its administrators.")
            { id, key, roles, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            if (!PublicKey.TryParseHex(result.GetRequiredValue(key), out PublicKey? publicKey))
                throw new CommandException(ExitCode.Usage, "--public-key: a compressed secp256k1 key of 66 hexadecimal digits is expected.");
            var enrol = new EnrolOfficer { OfficerId = result.GetRequiredValue(id), PublicKey = ByteString.CopyFrom(publicKey.Span) };
            enrol.Roles.AddRange(result.GetRequiredValue(roles).Select(RoleOf).Distinct().Order().Select(r => (uint)r));
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.EnrolOfficer = enrol, cancellation);
            RecordCommand.PrintOutcome(outcome, $"officer {enrol.OfficerId} enrolled", result.GetValue(json));
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

    private static OfficerRole RoleOf(string name)
    {
        int at = Array.FindIndex(Roles, r => r.Name == name);
        return at >= 0 ? Roles[at].Role : throw new CommandException(ExitCode.Usage,
            $"--role {name}: one of {string.Join(", ", Roles.Select(r => r.Name))} is expected.");
    }
}
