using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary>The part of <c>govchain officer</c> that shows who signs for a department, and who did.</summary>
internal static class OfficerListing
{
    public static Command List()
    {
        var department = new Argument<string?>("DEPARTMENT")
        {
            Description = "The department (default: the node's)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("list", "List a department's officers, also those who sign no more: roles, key, times, and since when") { department, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            string id = result.GetValue(department) ?? (await client.GetStatusAsync(cancellation)).Department;
            OfficerKey[][] officers = await AskAsync(client, id, cancellation);
            foreach (OfficerKey[] keys in officers)
            {
                Output.Line(result.GetValue(json)
                    ? ToJson(keys[^1], next: null).ToJsonString()
                    : $"{id}/{keys[^1].Interval.OfficerId}\t{Roles(keys[^1])}\t{Standing(keys[^1], next: null)}");
            }
            if (officers.Length == 0 && !result.GetValue(json))
                Output.Line($"{id}: no officer was ever enrolled here.");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Show()
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department" };
        var officer = new Argument<string>("OFFICER") { Description = "The staff number" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("show", "Show an officer: roles, times, the key and each earlier one, with the blocks in which they signed")
            { department, officer, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            string id = result.GetRequiredValue(department), number = result.GetRequiredValue(officer);
            using LedgerClient client = options.Connect(result);
            OfficerKey[] keys = (await AskAsync(client, id, cancellation)).FirstOrDefault(o => o[0].Interval.OfficerId == number)
                ?? throw new CommandException(ExitCode.NotFound, $"Department {id} never had an officer {number}. Look at them: govchain officer list {id}");
            IEnumerable<(OfficerKey Key, OfficerKey? Next)> newestFirst = keys.Zip<OfficerKey, OfficerKey?>([.. keys.Skip(1), null]).Reverse();
            if (result.GetValue(json))
            {
                JsonObject shown = ToJson(keys[^1], next: null);
                shown["earlierKeys"] = new JsonArray([.. newestFirst.Skip(1).Select(static k => (JsonNode)ToJson(k.Key, k.Next))]);
                Output.Json(shown);
                return ExitCode.Ok;
            }
            Output.Line($"{id}/{number}  {Roles(keys[^1])}");
            foreach ((OfficerKey key, OfficerKey? next) in newestFirst)
                Output.Line($"  key {Convert.ToHexStringLower(key.PublicKey.Span)}: {Standing(key, next)}");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>From when until when, for people; empty where neither is limited.</summary>
    public static string Times(ulong fromMs, ulong untilMs) =>
        (fromMs > 0 ? $", from {UtcTime.Format(fromMs)} on" : "") + (untilMs > 0 ? $", until {UtcTime.Format(untilMs)}" : "");

    /// <summary>The keys of each officer, by staff number, the newest last.</summary>
    private static async Task<OfficerKey[][]> AskAsync(LedgerClient client, string department, CancellationToken cancellation)
    {
        var keys = new List<OfficerKey>();
        await foreach (OfficerKey key in client.ListOfficersAsync(department, cancellation))
            keys.Add(key);
        return
        [
            .. keys.GroupBy(static k => k.Interval.OfficerId).OrderBy(static o => o.Key, StringComparer.Ordinal)
                // One that was replaced in the block that gave it begins with the one that signs, and never signed.
                .Select(static o => o.OrderBy(static k => k.Interval.FirstHeight).ThenBy(static k => k.Interval.LastHeight == 0).ToArray()),
        ];
    }

    private static string Roles(OfficerKey key) => string.Join(", ", key.Interval.Roles.Select(OfficerCommand.NameOf));

    /// <param name="key">A key.</param>
    /// <param name="next">The officer's next one; null: it has none.</param>
    private static string Standing(OfficerKey key, OfficerKey? next)
    {
        OfficerInterval at = key.Interval;
        string since = at.FirstHeight == 0 ? "since the founding" : $"since block {at.FirstHeight}";
        return (Word(key, next) switch
        {
            "valid" => "signs",
            "notYetValid" => "signs not yet",
            "expired" => "signs no more, the time is over",
            "suspended" => "signs nothing while the department is suspended",
            "removed" => "signs no more, the department was removed",
            var ended => $"{ended} after block {at.LastHeight}",
        }) + $", {since}{Times(at.ValidFromMs, at.ValidUntilMs)}";
    }

    /// <summary>The key's standing; of one that ended, whether the officer's next one took its place.</summary>
    private static string Word(OfficerKey key, OfficerKey? next) => key.Standing != "ended" ? key.Standing
        : next?.Interval.FirstHeight == key.Interval.LastHeight + 1 ? "replaced" : "revoked";

    private static JsonObject ToJson(OfficerKey key, OfficerKey? next) => new()
    {
        ["department"] = key.Interval.Department,
        ["officer"] = key.Interval.OfficerId,
        ["roles"] = new JsonArray([.. key.Interval.Roles.Select(static r => (JsonNode)OfficerCommand.NameOf(r))]),
        ["standing"] = Word(key, next),
        ["publicKey"] = Convert.ToHexStringLower(key.PublicKey.Span),
        ["firstBlock"] = key.Interval.FirstHeight,
        ["lastBlock"] = key.Interval.LastHeight > 0 ? key.Interval.LastHeight : null,
        ["validFrom"] = key.Interval.ValidFromMs > 0 ? UtcTime.Format(key.Interval.ValidFromMs) : null,
        ["validUntil"] = key.Interval.ValidUntilMs > 0 ? UtcTime.Format(key.Interval.ValidUntilMs) : null,
    };
}
