using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Reads;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Commands;

/// <summary><c>govchain reads roots</c>: which department said when how far its read log had come, as the ledger has it.</summary>
internal static class ReadRootsCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "A node's data directory, of a stopped or a running node", HelpName = "DIR" };
        var department = new Option<string?>("--department")
        {
            Description = "All roots of this department, the newest first (default: the newest root of each)",
            HelpName = "ID",
        };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("roots",
            "List the roots of read logs that stand on the ledger: which department posted when, over how many entries, and where it began its log "
            + "anew. A node's answer is proven from the genesis on, a directory is taken as it stands.") { data, department, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string? only = result.GetValue(department);
            using DataDirectory? directory = result.GetValue(data) is { } path ? DataDirectory.OpenReadOnly(path) : null;
            return await AskAsync(options, result, directory, async (ledger, chainId) =>
            {
                if (only is not null)
                    RequireDepartment(ledger, only);
                foreach (string name in only is null ? ledger.Departments : [only])
                    await ListAsync(ledger, name, all: only is not null, result.GetValue(json));
                if (directory is null && !result.GetValue(json))
                    Output.Line($"  proven for the ledger {chainId}, which the node named: is that yours?");
                return ExitCode.Ok;
            }, cancellation);
        });
        return command;
    }

    /// <summary>Asks the ledger of the node that was named, else the one in the directory.</summary>
    /// <exception cref="CommandException">Neither is named, or what it says is not sound.</exception>
    public static async Task<T> AskAsync<T>(
        ClientOptions options, ParseResult result, DataDirectory? directory, Func<ReadRootLedger, Digest, Task<T>> ask, CancellationToken cancellation)
    {
        if (options.NodeOf(result) is null)
        {
            if (directory is null)
                throw new CommandException(ExitCode.Usage, "Name whose ledger is asked: --data DIR, or --node URL.");
            using LedgerStore store = LedgerStore.OpenReadOnly(directory);
            using LedgerSnapshot view = store.OpenSnapshot();
            return await ask(ReadRootLedger.Of(view), directory.ChainId);
        }
        using LedgerClient client = options.Connect(result);
        using NodeVerifier signatures = NodeVerifier.ForFile();
        Digest chainId = directory?.ChainId ?? await ClientOptions.AskChainAsync(client, cancellation);
        return await ask(await ReadRootLedger.OfAsync(client, chainId, signatures.Verifier, cancellation), chainId);
    }

    /// <exception cref="CommandException">The ledger has no such department.</exception>
    public static void RequireDepartment(ReadRootLedger ledger, string department)
    {
        if (!ledger.Departments.Contains(department))
            throw new CommandException(ExitCode.Usage, $"--department {department}: the ledger knows {string.Join(", ", ledger.Departments)}.");
    }

    /// <summary>A root for scripts.</summary>
    public static JsonObject ToJson(ReadRootState root) => new()
    {
        ["department"] = root.Department,
        ["number"] = root.Number,
        ["log"] = root.Log,
        ["firstEntry"] = root.FirstEntry,
        ["lastEntry"] = root.LastEntry,
        ["head"] = Convert.ToHexStringLower(root.Head.Span),
        ["time"] = UtcTime.Format(root.RecordedAtMs),
        ["height"] = root.Height,
        ["position"] = root.Position,
    };

    private static async Task ListAsync(ReadRootLedger ledger, string department, bool all, bool json)
    {
        ulong roots = await ledger.CountAsync(department);
        if (roots == 0 && !json)
            Output.Line($"{department}\tno root");
        for (ulong number = roots; number > 0 && (all || number == roots); number--)
        {
            ReadRootState root = await ledger.GetAsync(department, number);
            Output.Line(json ? ToJson(root).ToJsonString() : ToText(root));
        }
    }

    private static string ToText(ReadRootState root) => string.Join('\t',
        root.Department,
        $"root {root.Number}",
        UtcTime.Format(root.RecordedAtMs),
        $"entries {root.FirstEntry} to {root.LastEntry}",
        Convert.ToHexStringLower(root.Head.Span)
            + (root is { FirstEntry: 1, Number: > 1 } ? $"  LOG BEGUN ANEW, its number {root.Log}" : root.Log > 1 ? $"  of log {root.Log}" : ""));
}
