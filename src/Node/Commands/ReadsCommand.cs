using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
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
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("reads",
            "List who read records that are not public, and who was refused, as the node wrote it down. All of the log is verified, whatever is "
            + "listed. Ends with 8 if it is damaged.") { data, record, officer, verify, extends, json };
        command.SetAction(result =>
        {
            if (result.GetValue(verify) && (result.GetValue(record) ?? result.GetValue(officer)) is not null)
                throw new CommandException(ExitCode.Usage, "--verify lists nothing: leave --record and --officer out, or --verify.");
            (string Type, string Id)? only = result.GetValue(record) is { } r ? Pair(r, "--record", "TYPE/ID") : null;
            (string Department, string Id)? by = result.GetValue(officer) is { } o ? Pair(o, "--officer", "DEPARTMENT/OFFICER") : null;
            Digest? before = result.GetValue(extends) is { } hash ? ParseHash(hash) : null;
            using DataDirectory directory = DataDirectory.OpenReadOnly(result.GetRequiredValue(data));
            bool found = before is null || before == ReadChain.Empty(directory.ChainId).Head;
            ReadLogState state = ReadLogFiles.Read(directory, (entry, at) =>
            {
                found |= at.Head == before;
                bool listed = !result.GetValue(verify) && (only is null || entry.Concerns(only.Value.Type, only.Value.Id))
                    && (by is null || (entry.Department == by.Value.Department && entry.OfficerId == by.Value.Id));
                if (listed)
                    Output.Line(result.GetValue(json) ? ToJson(entry).ToJsonString() : ToText(entry));
            });
            string? damage = state.Damage ?? (found ? null : $"no entry has the hash {before}: the log was written anew, or is another node's");
            if (result.GetValue(verify))
            {
                Print(state, damage, result.GetValue(json));
                if (state.End.Count == 0 && damage is null && !result.GetValue(json))
                    Output.Line("  nothing was written down yet, or reads/ was removed, or this is a backup, which has none: --extends tells");
            }
            else if (damage is not null)
                Output.Error($"DAMAGED after entry {state.End.Count}: {damage}");
            return damage is null ? ExitCode.Ok : ExitCode.VerificationFailed;
        });
        return command;
    }

    private static void Print(ReadLogState state, string? damage, bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["ok"] = damage is null,
                ["entries"] = state.End.Count,
                ["head"] = state.End.Head.ToString(),
                ["tornBytes"] = state.Torn,
                ["damage"] = damage,
            });
            return;
        }
        Output.Line(damage is null
            ? $"VALID: {state.End.Count} {(state.End.Count == 1 ? "entry" : "entries")}, and with them the hash {state.End.Head}" : $"DAMAGED after entry {state.End.Count}: {damage}");
        if (state.Torn > 0)
            Output.Line($"  {state.Torn} bytes follow of an entry that is being written, or that a crash left unfinished; nobody had its answer");
    }

    private static string ToText(ReadEntry e) => string.Join('\t',
        UtcTime.Format(e.TimeMs),
        e.OfficerId.Length > 0 ? $"{e.Department}/{e.OfficerId}" : e.Listener == "administration" ? "the node's own machine" : "nobody known",
        e.Method,
        e.Record.Length == 0 ? e.Type : $"{e.Type}/{e.Record}{(e.Last.Length > 0 ? $" to {e.Last}" : "")}",
        e.Answer + (e.Unwritten > 0 ? $", after {e.Unwritten} refusals without a token that counts, which are not listed" : ""));

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
