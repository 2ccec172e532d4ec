using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Reads;
using GovChain.Storage;
using GovChain.Storage.Reads;

namespace GovChain.Node.Commands;

/// <summary><c>govchain reads</c>: who was read to by a node, from its data directory; offline.</summary>
internal static class ReadsCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The node's data directory, of a stopped or a running node", HelpName = "DIR", Required = true };
        var record = new Option<string?>("--record") { Description = "Only what is about this record, by itself or on a page", HelpName = "TYPE/ID" };
        var officer = new Option<string?>("--officer") { Description = "Only what this officer asked for", HelpName = "DEPARTMENT/OFFICER" };
        var verify = new Option<bool>("--verify") { Description = "Verify the whole log and list nothing" };
        var extends = new Option<string?>("--extends")
        {
            Description = "Also require that the log goes on from this hash, which --verify printed before",
            HelpName = "HASH",
        };
        var department = new Option<string?>("--department")
        {
            Description = "With --verify: whose log it is, to compare it with that department's roots on the ledger, the one in the directory or, with "
                + "--node or --profile, a node's",
            HelpName = "ID",
        };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("reads",
            "List who read records that are not public, and who was refused, as the node wrote it down. All of the log is verified, whatever is "
            + "listed. Ends with 8 if it is damaged, or is not the one that the ledger has roots of.") { data, record, officer, verify, extends, department, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            bool verifies = result.GetValue(verify);
            string? owner = result.GetValue(department);
            if (verifies && (result.GetValue(record) ?? result.GetValue(officer)) is not null)
                throw new CommandException(ExitCode.Usage, "--verify lists nothing: leave --record and --officer out, or --verify.");
            if (owner is not null && !verifies)
                throw new CommandException(ExitCode.Usage, "--department says with whose roots --verify compares: add --verify.");
            (string Type, string Id)? only = result.GetValue(record) is { } r ? Pair(r, "--record", "TYPE/ID") : null;
            (string Department, string Id)? by = result.GetValue(officer) is { } o ? Pair(o, "--officer", "DEPARTMENT/OFFICER") : null;
            Digest? before = result.GetValue(extends) is { } hash ? ParseHash(hash) : null;
            using DataDirectory directory = DataDirectory.OpenReadOnly(result.GetRequiredValue(data));
            bool found = before is null || before == ReadChain.Empty(directory.ChainId).Head;
            ReadLogState state = ReadLogFiles.Read(directory, (entry, at) =>
            {
                found |= at.Head == before;
                bool listed = !verifies && (only is null || entry.Concerns(only.Value.Type, only.Value.Id))
                    && (by is null || (entry.Department == by.Value.Department && entry.OfficerId == by.Value.Id));
                if (listed)
                    Output.Line(result.GetValue(json) ? ToJson(entry).ToJsonString() : ToText(entry));
            });
            ReadRootVerdict? verdict = owner is null ? null : await ReadRootsCommand.AskAsync(
                options, result, directory, (ledger, _) => CompareAsync(ledger, owner, directory, state), cancellation);
            string? damage = state.Damage ?? (found ? null : $"no entry has the hash {before}: the log was written anew, or is another node's");
            string? problem = damage ?? verdict?.Problem;
            if (verifies)
                Print(state, damage, verdict, result.GetValue(json));
            else if (damage is not null)
                Output.Error($"DAMAGED after entry {state.End.Count}: {damage}");
            return problem is null ? ExitCode.Ok : ExitCode.VerificationFailed;
        });
        command.Subcommands.Add(ReadRootsCommand.Create());
        return command;
    }

    private static Task<ReadRootVerdict> CompareAsync(ReadRootLedger ledger, string department, DataDirectory directory, ReadLogState state)
    {
        ReadRootsCommand.RequireDepartment(ledger, department);
        return ReadRootCheck.RunAsync(
            ledger, department, state.End.Count, n => n <= state.End.Count ? ReadLogFiles.Find(directory, n)?.Hash : null);
    }

    private static void Print(ReadLogState state, string? damage, ReadRootVerdict? verdict, bool json)
    {
        string? problem = damage ?? verdict?.Problem;
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["ok"] = problem is null,
                ["entries"] = state.End.Count,
                ["head"] = state.End.Head.ToString(),
                ["tornBytes"] = state.Torn,
                ["damage"] = problem,
                ["roots"] = verdict?.Roots,
                ["newestRoot"] = verdict?.Newest is { } root ? ReadRootsCommand.ToJson(root) : null,
            });
            return;
        }
        Output.Line(damage is not null ? $"DAMAGED after entry {state.End.Count}: {damage}"
            : verdict?.Problem is { } other ? $"NOT THE LEDGER'S: {other}"
            : $"VALID: {state.End.Count} {(state.End.Count == 1 ? "entry" : "entries")}, and with them the hash {state.End.Head}");
        if (state.Torn > 0)
            Output.Line($"  {state.Torn} bytes follow of an entry that is being written, or that a crash left unfinished; nobody had its answer");
        if (verdict is null)
        {
            Output.Line("  not compared with the ledger: --department names whose log it is");
            if (state.End.Count == 0 && damage is null)
                Output.Line("  nothing was written down yet, or reads/ was removed, or this is a backup, which has none: --department or --extends tells");
            return;
        }
        Output.Line(verdict.Newest is not { } newest ? "  the department has posted no root yet: an entry that was altered since is not found out"
            : $"  the ledger has {verdict.Roots} {(verdict.Roots == 1 ? "root" : "roots")}, the newest over entries up to {newest.LastEntry}, posted {UtcTime.Format(newest.RecordedAtMs)}"
                + (problem is null ? $"; {state.End.Count - newest.LastEntry} came since" : ""));
        if (verdict.Begins is { } begins)
        {
            Output.Line($"  this log is the department's number {begins.Log}: it was begun anew before root {begins.Number}, posted "
                + $"{UtcTime.Format(begins.RecordedAtMs)}. Ask the department for the folder of the one before");
        }
    }

    /// <summary>One line for a person: when, who, which method, about what, the answer.</summary>
    internal static string ToText(ReadEntry e) => string.Join('\t',
        UtcTime.Format(e.TimeMs),
        e.OfficerId.Length > 0 ? $"{e.Department}/{e.OfficerId}" : e.Listener == "administration" ? "the node's own machine" : "nobody known",
        e.Method,
        e.Record.Length == 0 ? e.Type : $"{e.Type}/{e.Record}{(e.Last.Length > 0 ? $" to {e.Last}" : "")}",
        e.Answer + (e.Unwritten > 0 ? $", after {e.Unwritten} more refusals of {(e.Key.Length > 0 ? "this key" : "nobody known")}, which are not listed" : ""));

    private static JsonObject ToJson(ReadEntry e) => new()
    {
        ["number"] = e.Number,
        ["time"] = UtcTime.Format(e.TimeMs),
        ["listener"] = e.Listener,
        ["department"] = e.Department,
        ["officer"] = e.OfficerId,
        ["key"] = e.Key,
        ["certificate"] = e.Certificate,
        ["method"] = e.Method,
        ["type"] = e.Type,
        ["record"] = e.Record,
        ["last"] = e.Last,
        ["answer"] = e.Answer,
        ["unwritten"] = e.Unwritten,
    };

    private static (string, string) Pair(string text, string option, string form) => text.IndexOf('/') is > 0 and var at && at < text.Length - 1
        ? (text[..at], text[(at + 1)..])
        : throw new CommandException(ExitCode.Usage, $"{option} {text}: {form} is expected.");

    private static Digest ParseHash(string text) => Digest.TryParseHex(text, out Digest hash)
        ? hash : throw new CommandException(ExitCode.Usage, $"--extends {text}: 64 hexadecimal digits are expected.");
}
