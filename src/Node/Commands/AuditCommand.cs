using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Node.Auditing;
using GovChain.Node.Signatures;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Commands;

/// <summary><c>govchain audit</c>: proves a chain whole.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "A node's data directory, of a stopped or a running node", HelpName = "DIR" };
        var digest = new Option<string?>("--genesis-digest")
        {
            Description = "The ledger's genesis digest, from a source you trust (default: what the directory or node says)",
            HelpName = "HEX",
        };
        var genesis = new Option<string?>("--genesis")
        {
            Description = "The genesis file (default for --data: genesis.json beside or above the directory)",
            HelpName = "FILE",
        };
        var export = new Option<string?>("--export")
        {
            Description = "Also write the whole ledger, once it is proven, as lines of JSON for other verifiers (docs/SPEC.md, \"Ledger export\")",
            HelpName = "FILE",
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the file that --export names" };
        var paranoid = new Option<bool>("--paranoid")
        {
            Description = "Have every signature verified by the platform's ECDSA, too, and not a sampled share; some forty times slower",
        };
        Option<SignatureEngine> engine = EngineOption.Create();
        var files = new Option<bool>("--files") { Description = "List every file of the directory, and why it matters or does not" };
        var department = new Option<string?>("--department")
        {
            Description = "Whose directory it is, which stands nowhere in it: its vote journal must be that department's",
            HelpName = "ID",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("audit",
            "Prove a chain whole from its genesis: hash every record again, execute every transaction again, verify every signature "
            + "and certificate, compare every root. Of a data directory, also account for every file to its last byte. Each deviation is "
            + "named exactly, with what it implies and what to do; nothing is changed.\n\n"
            + "--node takes the address of the administration listener, on the node's own machine.") { data, department, genesis, digest, export, overwrite, paranoid, engine, files, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            Digest? expected = ParseDigest(result.GetValue(digest));
            string? directory = result.GetValue(data);
            string? node = options.NodeOf(result);
            if (directory is null && node is null)
                throw new CommandException(ExitCode.Usage, "Name what to audit: --data DIR, or --node URL.");
            if (directory is null && result.GetValue(department) is not null)
                throw new CommandException(ExitCode.Usage, "--department says whose directory --data names: name it.");
            string? exportFile = result.GetValue(export);
            if (exportFile is null && result.GetValue(overwrite))
                throw new CommandException(ExitCode.Usage, "--overwrite replaces the file that --export names: name it.");
            await using LedgerExport? exported = exportFile is null ? null : LedgerExport.Create(exportFile, result.GetValue(overwrite));
            bool quiet = result.GetValue(json);
            EngineChoice verifies = EngineChoice.OfCommand(result.GetValue(engine));
            AuditReport report = await BlockProgress.RunAsync("auditing", quiet, async progress =>
            {
                if (directory is not null)
                    return await DirectoryAudit.RunAsync(
                        directory, expected, GenesisCommand.Read(result.GetValue(genesis) ?? FindGenesis(directory)),
                        exported, progress, cancellation, result.GetValue(paranoid), result.GetValue(department), verifies);
                using LedgerClient client = options.Connect(result);
                return await NodeAudit.RunAsync(client, expected, exported, progress, cancellation, result.GetValue(paranoid), verifies);
            });
            if (result.GetValue(json))
                Output.Json(ToJson(report, exported));
            else
                Print(report, result.GetValue(files), exported);
            return report.Ok ? ExitCode.Ok : report.Incomplete is null ? ExitCode.ProblemsFound : ExitCode.Unavailable;
        });
        return command;
    }

    private static JsonObject ToJson(AuditReport report, LedgerExport? exported)
    {
        JsonObject json = report.ToJson();
        if (exported is not null)
            json["export"] = report.Ok ? new JsonObject { ["file"] = exported.Path, ["bytes"] = exported.Bytes } : null;
        return json;
    }

    private static void Print(AuditReport report, bool files, LedgerExport? exported)
    {
        Print(report, files);
        if (exported is not null)
        {
            Output.Line(report.Ok
                ? $"  exported to    {exported.Path}, {exported.Bytes} bytes"
                : "  not exported   only a whole ledger is");
        }
    }

    internal static void Print(AuditReport report, bool files = false)
    {
        if (report is { FirstProblem: not null, ChainProblem: null, Files.Count: > 0 })
        {
            // The first problem is the first of the findings, which follow.
            Output.Line($"PROBLEM in {report.Source}: {report.Findings.Count(static f => f.IsDamage)} damaged");
            Output.Line($"  proven all the same: {report.Transactions} transactions to block {report.Height}");
        }
        else if (report.Incomplete is { } incomplete)
        {
            Output.Line($"NOT PROVEN: {incomplete}");
        }
        else if (report.FirstProblem is { } problem)
        {
            Output.Line($"PROBLEM in {report.Source}: block {problem.Height}, {problem.Where}");
            Output.Line($"  expected {problem.Expected}");
            Output.Line($"  found    {problem.Found}");
            Output.Line($"  {problem.Meaning}");
            Output.Line($"  proven before it: {report.Transactions} transactions to block {report.Height}");
        }
        else
        {
            Output.Line($"WHOLE: {report.Source}: {report.Transactions} transactions in {report.Height} blocks");
            Output.Line($"  log entries    {report.Transactions + 1}{StatusCommand.Entries(report.Transactions + 1)}");
            Output.Line($"  genesis digest {report.ChainId}");
            Output.Line($"  log root       {report.LogRoot}");
            Output.Line($"  state root     {report.StateRoot}");
        }
        if (report.VotesOf.Count > 0)
            Output.Line($"  votes of       {string.Join(", ", report.VotesOf)}");
        foreach (DirectoryFinding finding in report.Findings)
        {
            Output.Line($"{(finding.IsDamage ? "DAMAGED" : "SUSPECT")} {finding.File}: {finding.Where}");
            Output.Line($"  expected {finding.Expected}");
            Output.Line($"  found    {finding.Found}");
            Output.Line($"  {finding.Meaning}");
        }
        if (report.Files.Count > 0)
        {
            Output.Line("files: " + string.Join(", ", report.Files.GroupBy(static f => f.Condition).OrderBy(static g => g.Key)
                .Select(static g => $"{g.Count()} {g.Key.ToString().ToLowerInvariant()}")) + (files ? "" : "; --files lists them"));
        }
        foreach (FileReport file in files ? report.Files : [])
            Output.Line($"  {file.Condition.ToString().ToLowerInvariant(),-10} {file.File}: {file.Remark}");
    }

    internal static string FindGenesis(string directory)
    {
        if (!Directory.Exists(directory))
            throw new CommandException(ExitCode.Usage, $"There is no folder {directory}.");
        DirectoryInfo? folder = new(Path.GetFullPath(directory));
        for (int level = 0; level < 3 && folder is not null; level++, folder = folder.Parent)
        {
            string file = Path.Combine(folder.FullName, "genesis.json");
            if (File.Exists(file))
                return file;
        }
        throw new CommandException(ExitCode.Usage, $"There is no genesis.json in or above {directory}; name it with --genesis FILE.");
    }

    private static Digest? ParseDigest(string? hex)
    {
        if (hex is null)
            return null;
        return Digest.TryParseHex(hex, out Digest digest)
            ? digest : throw new CommandException(ExitCode.Usage, "--genesis-digest: 64 hexadecimal digits are expected.");
    }
}
