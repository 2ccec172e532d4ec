using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Auditing;
using GovChain.Node.Backups;
using GovChain.Node.Configuration;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node backup</c> and <c>node restore</c>.</summary>
internal static class BackupCommands
{
    /// <summary>Takes a backup of a running node.</summary>
    public static Command Backup()
    {
        var file = new Option<string?>("--config") { Description = "The node's configuration file; it says where the node is", HelpName = "FILE" };
        var output = new Option<string>("-o", "--output") { Description = "The backup's directory; it must not exist yet", HelpName = "DIR", Required = true };
        var verify = new Option<bool>("--verify") { Description = "Also audit the copy from genesis: every hash, signature and rule" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("backup",
            "Copy a running node's ledger as of one block, without disturbing it. Every file is read back and stands in a manifest with its "
            + "digest. The vote journal is left out on purpose: a node that runs on a copy must not vote by it.\n\n"
            + "--node takes the address of the administration listener, on the node's own machine.") { file, output, verify, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            NodeConfiguration? configuration = result.GetValue(file) is { } path ? ConfigurationReader.Read(path) : null;
            using LedgerClient client = configuration is null ? options.Connect(result) : Connect(configuration);
            string target = result.GetRequiredValue(output);
            (BackupManifest manifest, AuditReport? audit) = await WithProgressAsync(result.GetValue(json), progress =>
                new BackupWriter(client, target).RunAsync(ExpectedBy(configuration), result.GetValue(verify), progress, cancellation));
            if (result.GetValue(json))
                Output.Json(ToJson(manifest, target, ("audit", audit?.ToJson())));
            else
                Print(manifest, target, audit);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Puts a backup in the place of a stopped node's ledger.</summary>
    public static Command Restore()
    {
        var from = new Option<string>("--from") { Description = "The backup's directory", HelpName = "DIR", Required = true };
        Option<string> file = NodeCommand.ConfigurationOption();
        var replace = new Option<bool>("--replace") { Description = "Keep the ledger that stands there under another name, and put the backup in its place" };
        var verify = new Option<bool>("--verify") { Description = "Also audit the backup from genesis before anything is changed" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("restore",
            "Put a backup in the place of a stopped node's ledger. Every file is compared with the manifest first. The node then follows and "
            + "serves, but does not vote: it cannot know what it signed after the backup was taken.") { from, file, replace, verify, json };
        command.SetAction(async (result, cancellation) =>
        {
            NodeConfiguration configuration = ConfigurationReader.Read(result.GetRequiredValue(file));
            Genesis genesis = GenesisCommand.Read(configuration.GenesisFile).Genesis;
            if (configuration.ExpectedGenesisDigest is { } expected && expected != genesis.ChainId)
                throw new CommandException(ExitCode.Configuration, $"{configuration.GenesisFile} is of the ledger {genesis.ChainId}; the configuration expects {expected}.");
            string backup = result.GetRequiredValue(from);
            (BackupManifest manifest, string? aside) = await WithProgressAsync(result.GetValue(json), progress => BackupRestore.RunAsync(
                backup, configuration.DataDirectory, genesis, result.GetValue(replace), result.GetValue(verify), progress, cancellation));
            if (result.GetValue(json))
            {
                Output.Json(ToJson(manifest, backup, ("dataDirectory", configuration.DataDirectory), ("replacedLedger", aside)));
                return ExitCode.Ok;
            }
            Output.Line($"{configuration.DataDirectory} holds the ledger to block {manifest.Height} again.");
            if (aside is not null)
                Output.Line($"  before   {aside}; remove it when nobody needs it any more");
            Output.Line("  next     start the node: it fetches newer blocks from the others, and does not vote (docs/OPERATIONS.md, ABSTAINING)");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>A connection to the administration listener of a configured node on this machine.</summary>
    private static LedgerClient Connect(NodeConfiguration configuration)
    {
        var node = new Uri($"https://{configuration.AdministrationListen}");
        return configuration.CertificateFile is { } certificate
            ? LedgerClient.ConnectPinned(node, certificate)
            : LedgerClient.Connect(node, Path.Combine(configuration.AuthorityDirectory!, "ca.pem"));
    }

    private static Digest? ExpectedBy(NodeConfiguration? configuration) => configuration is null
        ? null : configuration.ExpectedGenesisDigest ?? GenesisCommand.Read(configuration.GenesisFile).Genesis.ChainId;

    private static void Print(BackupManifest manifest, string target, AuditReport? audit)
    {
        Output.Line($"{target}: the ledger of {manifest.Department} to block {manifest.Height}, {manifest.LogSize} log entries, {manifest.Bytes} bytes in {manifest.Files.Count} files");
        Output.Line($"  genesis digest {manifest.ChainId}");
        Output.Line($"  log root       {manifest.LogRoot}");
        Output.Line($"  state root     {manifest.StateRoot}");
        Output.Line(audit is null
            ? "  read back      every file; --verify audits the copy, too"
            : $"  audit          WHOLE: {audit.Transactions} transactions in {audit.Height} blocks");
    }

    private static JsonObject ToJson(BackupManifest manifest, string directory, params (string Name, JsonNode? Value)[] more)
    {
        var json = new JsonObject
        {
            ["ok"] = true,
            ["directory"] = Path.GetFullPath(directory),
            ["department"] = manifest.Department,
            ["chainId"] = manifest.ChainId,
            ["height"] = manifest.Height,
            ["headerHash"] = manifest.HeaderHash,
            ["logSize"] = manifest.LogSize,
            ["logRoot"] = manifest.LogRoot,
            ["stateRoot"] = manifest.StateRoot,
            ["takenAt"] = manifest.TakenAt,
            ["files"] = manifest.Files.Count,
            ["bytes"] = manifest.Bytes,
        };
        foreach ((string name, JsonNode? value) in more)
            json[name] = value;
        return json;
    }

    private static async Task<T> WithProgressAsync<T>(bool quiet, Func<Action<string, double>?, Task<T>> work)
    {
        if (quiet || Console.IsOutputRedirected)
            return await work(null);
        T result = default!;
        await AnsiConsole.Progress().StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("connecting", maxValue: 1);
            result = await work((what, share) =>
            {
                bar.Description = what;
                bar.Value = share;
            });
        });
        return result;
    }
}
