using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Commands;

/// <summary>Looking records up, and what their versions look like.</summary>
internal static partial class RecordCommand
{
    private static Command Get()
    {
        var type = new Argument<string>("TYPE") { Description = "The record type" };
        var id = new Argument<string>("ID") { Description = "The record's id" };
        var version = new Option<ulong>("--version") { Description = "The version (default: the current one)", HelpName = "N" };
        Option<bool> json = Output.JsonOption();
        var raw = new Option<bool>("--raw")
        {
            Description = "Print the content alone, byte for byte. Without it control characters are spelt out",
        };
        var command = new Command("get", "Show a record") { type, id, version, json, raw };
        command.Validators.Add(result =>
        {
            if (result.GetValue(raw) && result.GetValue(json))
                result.AddError("--raw and --json exclude each other.");
        });
        ClientOptions options = new ClientOptions().AddNode(command).AddReader(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            await options.SignReadsAsync(result, client, result.GetRequiredValue(type), cancellation);
            string name = $"{result.GetRequiredValue(type)}/{result.GetRequiredValue(id)}";
            GetRecordResponse found = await client.FindRecordAsync(
                result.GetRequiredValue(type), result.GetRequiredValue(id), result.GetValue(version), cancellation: cancellation)
                ?? throw await NotFoundAsync(client, name, result.GetRequiredValue(type), cancellation);
            if (result.GetValue(raw))
            {
                await WriteContentAsync(found.Record, cancellation);
                return ExitCode.Ok;
            }
            // A version that was asked for by its number may have been replaced since.
            RecordVersion? next = result.GetValue(version) == 0 ? null : (await client.FindRecordAsync(
                result.GetRequiredValue(type), result.GetRequiredValue(id), found.Record.State.Version + 1, cancellation: cancellation))?.Record;
            string[] leadsTo = await LeadToAsync(client, found.Record.State, cancellation);
            if (result.GetValue(json))
                Output.Json(ToJson(found.Record, next, leadsTo));
            else
                Print(found.Record, next, leadsTo);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<CommandException> NotFoundAsync(LedgerClient client, string name, string type, CancellationToken cancellation) =>
        new(ExitCode.NotFound, await client.FindTypeAsync(type, cancellation) is null
            ? $"There is no record type {type}. The types: govchain type list."
            : $"There is no record {name}, or not in that version.");

    /// <summary>What each of a version's links leads to now, as far as this reader may know.</summary>
    private static async Task<string[]> LeadToAsync(LedgerClient client, RecordState state, CancellationToken cancellation)
    {
        var found = new string[state.Links.Count];
        for (int i = 0; i < found.Length; i++)
        {
            RecordLink link = state.Links[i];
            try
            {
                found[i] = (await client.FindRecordAsync(link.Record.Type, link.Record.Id, cancellation: cancellation))?.Record.State is not { } target
                    ? "no such record" : link.Version > target.Version ? "no such version" : StatusOf(target);
            }
            catch (LedgerClientException e) when (e.Status is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
            {
                found[i] = "not for this reader";
            }
        }
        return found;
    }

    private static async Task WriteContentAsync(RecordVersion version, CancellationToken cancellation)
    {
        using Stream output = Console.OpenStandardOutput();
        await output.WriteAsync(version.Payload.Memory, cancellation);
    }

    private static Command History()
    {
        var type = new Argument<string>("TYPE") { Description = "The record type" };
        var id = new Argument<string>("ID") { Description = "The record's id" };
        Option<bool> json = Output.JsonOption();
        var command = new Command("history", "Show all versions of a record, oldest first") { type, id, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddReader(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            await options.SignReadsAsync(result, client, result.GetRequiredValue(type), cancellation);
            var versions = new JsonArray();
            RecordVersion? before = null;
            await foreach (RecordVersion v in client.GetHistoryAsync(
                result.GetRequiredValue(type), result.GetRequiredValue(id), cancellation))
            {
                Show(before, v);
                before = v;
            }
            Show(before, next: null);
            if (result.GetValue(json))
                Output.Json(versions);
            return ExitCode.Ok;

            void Show(RecordVersion? shown, RecordVersion? next)
            {
                if (shown is null)
                    return;
                if (result.GetValue(json))
                    versions.Add((JsonNode)ToJson(shown, next));
                else
                    Print(shown, next);
            }
        });
        return command;
    }

    private static Command List()
    {
        var type = new Argument<string>("TYPE") { Description = "The record type" };
        var payloads = new Option<bool>("--content") { Description = "With each record's content" };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("list", "List the records of a type, by id") { type, payloads, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddReader(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            await options.SignReadsAsync(result, client, result.GetRequiredValue(type), cancellation);
            await foreach (RecordVersion v in client.ListRecordsAsync(
                result.GetRequiredValue(type), result.GetValue(payloads), cancellation))
            {
                Output.Line(result.GetValue(json)
                    ? ToJson(v).ToJsonString()
                    : $"{v.State.Record.Id}\tversion {v.State.Version}\t{StatusOf(v.State)}\t{UtcTime.Format(v.State.RecordedAtMs)}"
                        + (v.Payload.IsEmpty ? "" : "\t" + Output.Payload(v.Payload.Span, v.State.MediaType).ToJsonString()));
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static string StatusOf(RecordState state) => (RecordStatus)state.Status switch
    {
        RecordStatus.InForce => "in force",
        RecordStatus.Annulled => "annulled",
        RecordStatus.Superseded => "superseded",
        _ => $"status {state.Status}",
    };

    private static string NameOf(RecordName record) => $"{record.Type}/{record.Id}";

    private static string NameOf(RecordLink link) => link.Version == 0 ? NameOf(link.Record) : $"{NameOf(link.Record)}, version {link.Version}";

    private static JsonObject ToJson(RecordLink link, string? leadsTo)
    {
        var json = new JsonObject { ["type"] = link.Record.Type, ["id"] = link.Record.Id };
        if (link.Version > 0)
            json["version"] = link.Version;
        if (leadsTo is not null)
            json["leadsTo"] = leadsTo;
        return json;
    }

    internal static JsonObject ToJson(RecordVersion v, RecordVersion? next = null, string[]? leadsTo = null)
    {
        var json = new JsonObject
        {
            ["type"] = v.State.Record.Type,
            ["id"] = v.State.Record.Id,
            ["version"] = v.State.Version,
            ["status"] = StatusOf(v.State),
            ["action"] = v.Action,
            ["recordedAt"] = UtcTime.Format(v.State.RecordedAtMs),
            ["department"] = v.State.Department,
            ["officer"] = v.State.OfficerId,
            ["reason"] = v.State.Reason,
            ["legalBasis"] = v.State.LegalBasis,
            ["effectiveDate"] = v.State.EffectiveDate,
            ["height"] = v.State.Height,
            ["position"] = v.State.Position,
            ["transactionId"] = v.TransactionId,
            ["mediaType"] = v.State.MediaType,
        };
        if (v.State.Approval is { } approval)
        {
            json["approvedBy"] = new JsonObject { ["department"] = approval.Department, ["officer"] = approval.OfficerId };
            if (approval.OnBehalfOf.Length > 0)
                json["approvedBy"]!["onBehalfOf"] = approval.OnBehalfOf;
            json["submission"] = v.SubmissionId;
        }
        AddRelations(json, v.State, leadsTo);
        if (next is not null)
            json["replacedBy"] = new JsonObject { ["version"] = next.State.Version, ["recordedAt"] = UtcTime.Format(next.State.RecordedAtMs) };
        if (!v.Payload.IsEmpty)
            json["content"] = Output.Payload(v.Payload.Span, v.State.MediaType);
        return json;
    }

    /// <summary>Whose record it is by transfer, and the records that a version names.</summary>
    internal static void AddRelations(JsonObject json, RecordState state, string[]? leadsTo)
    {
        if (state.Custodian.Length > 0)
            json["custodian"] = state.Custodian;
        if (state.Successors.Count > 0)
            json["successors"] = new JsonArray([.. state.Successors.Select(static s => (JsonNode)NameOf(s))]);
        if (state.Links.Count > 0)
            json["links"] = new JsonArray([.. state.Links.Select((link, i) => (JsonNode)ToJson(link, leadsTo?[i]))]);
    }

    /// <summary>A version's first line: what it is, and until when it was so.</summary>
    /// <param name="v">The version.</param>
    /// <param name="next">The version that took its place; null for none.</param>
    internal static string Headline(RecordVersion v, RecordVersion? next) =>
        $"{v.State.Record.Type}/{v.State.Record.Id}  version {v.State.Version}, {StatusOf(v.State)}"
        + (next is null ? "" : $" until version {next.State.Version} of {UtcTime.Format(next.State.RecordedAtMs)}");

    private static void Print(RecordVersion v, RecordVersion? next, string[]? leadsTo = null)
    {
        Output.Line(Headline(v, next));
        Output.Line($"  {v.Action} by {v.State.Department}/{v.State.OfficerId} on {UtcTime.Format(v.State.RecordedAtMs)}");
        if (v.State.Approval is { } approval)
            Output.Line($"  approved by {approval.Department}/{approval.OfficerId}"
                + (approval.OnBehalfOf.Length == 0 ? "" : $" on behalf of {approval.OnBehalfOf}") + $", submitted as transaction {v.SubmissionId}");
        PrintDetails(v.State, leadsTo);
        Output.Line($"  block {v.State.Height}, position {v.State.Position}, transaction {v.TransactionId}");
        if (!v.Payload.IsEmpty)
            Output.Line($"  content: {Output.PayloadText(v.Payload.Span, v.State.MediaType, "  ")}");
    }

    /// <summary>What a version says beside its content.</summary>
    internal static void PrintDetails(RecordState state, string[]? leadsTo)
    {
        if (state.Custodian.Length > 0)
            Output.Line($"  custody: {state.Custodian}");
        if (state.Successors.Count > 0)
            Output.Line($"  superseded by: {string.Join(", ", state.Successors.Select(NameOf))}");
        for (int i = 0; i < state.Links.Count; i++)
            Output.Line($"  link: {NameOf(state.Links[i])}{(leadsTo is null ? "" : $" ({leadsTo[i]})")}");
        if (state.Reason.Length > 0)
            Output.Line($"  reason: {Output.Value(state.Reason)}");
        if (state.LegalBasis.Length > 0)
            Output.Line($"  legal basis: {Output.Value(state.LegalBasis)}");
        if (state.EffectiveDate.Length > 0)
            Output.Line($"  applies from: {state.EffectiveDate}");
    }
}
