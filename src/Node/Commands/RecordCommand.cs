using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Commands;

/// <summary><c>govchain record</c>: what a clerk does all day.</summary>
internal static partial class RecordCommand
{
    private const string EndsWhatWaits = "A change that waits for approval, an open offer of custody too, comes to nothing with it";

    private const int WaitSecondsDefault = 30, WaitSecondsMax = 120;

    private const int ApproveHoursMax = (int)(Limits.ApprovalHorizonMs / 3_600_000);

    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    public static Command Create() => new("record", "Register, amend, annul, reinstate, supersede, transfer and look up records")
    {
        Change("register", "Register a new record, or go on with one that was annulled", true,
            (record, given) => RecordDraft.Register(record, given.Content!) with { Reason = given.Reason }),
        Change("amend", "Add a new version to a record. Nothing is overwritten: the old version stays in the history. " + EndsWhatWaits, true,
            (record, given) => RecordDraft.Amend(record, given.Content!, given.Reason)),
        Change("annul", "End a record. It stays in the history, and can be registered again or reinstated. " + EndsWhatWaits, false,
            (record, given) => RecordDraft.Annul(record, given.Reason)),
        Change("reinstate", "Put a record that was annulled back in force, with the content that it had", false,
            (record, given) => RecordDraft.Reinstate(record, given.Reason)),
        Change("supersede", "Close a record for good and name the records, in force, that take its place", false,
            (record, given) => RecordDraft.Supersede(record, given.Successors, given.Reason)),
        Change("transfer", "Offer custody of a record to another department, whose record it is once an approver there has approved it", false,
            (record, given) => RecordDraft.Transfer(record, given.Receiver, given.ApproveUntil!.Value, given.Reason)),
        Get(),
        History(),
        List(),
    };

    private static Command Change(string name, string description, bool hasPayload, Func<RecordKey, Given, RecordDraft> draw)
    {
        var type = new Argument<string>("TYPE") { Description = "The record type, for example business-licence" };
        var id = new Argument<string>("ID") { Description = "The record's id" };
        var content = new Option<string?>("--content") { Description = "The record's content", HelpName = "TEXT" };
        var file = new Option<FileInfo?>("--file") { Description = "File with the record's content", HelpName = "FILE" };
        var mediaType = new Option<string>("--media-type")
        {
            Description = "What the content is",
            DefaultValueFactory = _ => "application/json",
        };
        var expected = new Option<ulong?>("--expected-version")
        {
            Description = "The version this one follows (default: the current one, asked for first)",
            HelpName = "N",
        };
        var reason = new Option<string>("--reason") { Description = "Why" };
        var basis = new Option<string>("--legal-basis") { Description = "On what legal basis", DefaultValueFactory = _ => "" };
        var effective = new Option<string>("--effective")
        {
            Description = "From when it applies: YYYY, YYYY-MM or YYYY-MM-DD",
            DefaultValueFactory = _ => "",
        };
        var by = new Option<string[]>("--by")
        {
            Description = $"A record that takes its place, 1 to {Limits.SuccessorsMax} of them",
            HelpName = "TYPE/ID",
            Required = true,
        };
        var links = new Option<string[]>("--link")
        {
            Description = $"A record that this version refers to, or one version of it; up to {Limits.LinksMax}",
            HelpName = "TYPE/ID[/VERSION]",
        };
        var to = new Option<string>("--to") { Description = "The department that is to have custody", HelpName = "DEPARTMENT", Required = true };
        reason.Required = name != "register";
        var wait = new Option<int>("--wait")
        {
            Description = "How many seconds to wait for the ledger, 1 to 120; the change may still be recorded later",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => WaitSecondsDefault,
        };
        var approve = new Option<int?>("--approve-within")
        {
            Description = $"Submit it for approval: it comes about when another officer approves it within so many hours, 1 to {ApproveHoursMax}",
            HelpName = "HOURS",
            Required = name == "transfer",
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command(name, description) { type, id, expected, reason, basis, effective, approve, wait, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(approve) is < 1 or > ApproveHoursMax)
                result.AddError($"--approve-within: 1 to {ApproveHoursMax} hours are expected.");
            // Before the default is in place, a value that was not given reads as 0.
            if (result.GetResult(wait) is { Implicit: false } && result.GetValue(wait) is < 1 or > WaitSecondsMax)
                result.AddError($"--wait: 1 to {WaitSecondsMax} seconds are expected.");
        });
        if (hasPayload)
        {
            command.Options.Add(content);
            command.Options.Add(file);
            command.Options.Add(mediaType);
            command.Options.Add(links);
        }
        if (name == "supersede")
            command.Options.Add(by);
        if (name == "transfer")
            command.Options.Add(to);
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            RecordContent? given = hasPayload
                ? new RecordContent(
                    CheckJson(ReadContent(result.GetValue(content), result.GetValue(file)), result.GetValue(mediaType)!), result.GetValue(mediaType)!)
                : null;
            DateTimeOffset? until = result.GetValue(approve) is { } hours ? ApproveUntil(hours) : null;
            RecordDraft draft = draw(
                new RecordKey(result.GetRequiredValue(type), result.GetRequiredValue(id)),
                new Given(given, result.GetValue(reason) ?? "", name == "supersede" ? Successors(result.GetRequiredValue(by)) : [],
                    name == "transfer" ? result.GetRequiredValue(to) : "", until))
                with
            {
                LegalBasis = result.GetValue(basis) ?? "",
                EffectiveDate = result.GetValue(effective) ?? "",
                Links = hasPayload ? Links(result.GetValue(links) ?? []) : [],
                ExpectedVersion = result.GetValue(expected),
                ApproveUntil = until,
            };
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            draft = await CompleteAsync(draft, client, cancellation);
            bool mayBeAhead = result.GetValue(expected) is not null && !result.GetValue(json);
            TransactionOutcome outcome = await SubmitAsync(
                client, factory, draft.SetOn, cancellation, TimeSpan.FromSeconds(result.GetValue(wait)),
                mayBeAhead ? static what => Output.Error($"Waiting: {what}") : null);
            PrintOutcome(outcome, What(draft), result.GetValue(json), draft.ApproveUntil);
            if (draft.ApproveUntil is not null && !result.GetValue(json))
                Output.Line($"  to be approved by {(draft.Receiver.Length > 0 ? $"an approver of {draft.Receiver}" : "another officer")}: "
                    + $"govchain approval give {outcome.TransactionId}");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The longest wait ends a little early, for the ledger's clock may be behind this machine's.</summary>
    private static DateTimeOffset ApproveUntil(int hours) =>
        DateTimeOffset.UtcNow + TimeSpan.FromHours(hours) - (hours == ApproveHoursMax ? Validity : TimeSpan.Zero);

    private static string What(RecordDraft draft) => $"{draft.Record}, version {draft.ExpectedVersion + 1}"
        + (draft.ApproveUntil is { } until
            ? $", submitted for approval until {UtcTime.Format((ulong)until.ToUnixTimeMilliseconds())}: it does not hold yet" : "");

    private static RecordKey[] Successors(string[] names) =>
    [
        .. names.Select(static name => name.Split('/') is [{ Length: > 0 } type, { Length: > 0 } id]
            ? new RecordKey(type, id)
            : throw new CommandException(ExitCode.Usage, $"--by {name}: TYPE/ID is expected, for example business-licence/SHOP-2.")),
    ];

    private static LinkedRecord[] Links(string[] names) =>
    [
        .. names.Select(static name =>
        {
            ulong version = 0;
            return name.Split('/') is [{ Length: > 0 } type, { Length: > 0 } id, .. var rest]
                && (rest is [] || (rest is [var number] && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out version) && version > 0))
                ? new LinkedRecord(new RecordKey(type, id), version == 0 ? null : version)
                : throw new CommandException(ExitCode.Usage, $"--link {name}: TYPE/ID or TYPE/ID/VERSION is expected, for example business-licence/SHOP-2.");
        }),
    ];

    /// <summary>With the version that the change follows.</summary>
    private static async Task<RecordDraft> CompleteAsync(RecordDraft draft, LedgerClient client, CancellationToken cancellation)
    {
        try
        {
            return await draft.CompleteAsync(client, cancellation);
        }
        catch (LedgerClientException e) when (e.Status is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
        {
            throw new CommandException(ExitCode.Usage,
                $"Records of type {draft.Record.Type} are not public, so the current version cannot be asked for. Give --node-of DEPARTMENT, if you may "
                + "read them, or --expected-version N.");
        }
    }

    /// <summary>Refuses what is said to be JSON and is none, or what two programs could read differently.</summary>
    internal static byte[] CheckJson(byte[] content, string mediaType)
    {
        if (mediaType != "application/json")
            return content;
        try
        {
            using JsonDocument _ = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return content;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string where = e is JsonException { LineNumber: { } line, BytePositionInLine: { } at } ? $" (line {line + 1}, byte {at})" : "";
            string problem = content.Length == 0 ? "The content is empty" : $"The content is no valid JSON, or gives a name twice{where}";
            throw new CommandException(ExitCode.Usage,
                $"{problem}. Correct it, or say with --media-type what it is, for example text/plain."
                + (content is [(byte)'@', ..] ? " Content that stands in a file is given with --file FILE." : ""));
        }
    }

    /// <summary>Signs, submits, and waits until it is on the ledger.</summary>
    /// <param name="client">The node.</param>
    /// <param name="factory">Who signs.</param>
    /// <param name="action">What.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="wait">How long to wait; null: 30 seconds.</param>
    /// <param name="obstacle">Told at once, before the waiting, what the change waits for; null: nobody asks.</param>
    internal static async Task<TransactionOutcome> SubmitAsync(
        LedgerClient client, TransactionFactory factory, Action<TransactionBody> action, CancellationToken cancellation,
        TimeSpan? wait = null, Action<string>? obstacle = null)
    {
        ulong now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        SignedEnvelope envelope = factory.Create(action, now + (ulong)Validity.TotalMilliseconds);
        try
        {
            if (obstacle is not null)
            {
                TransactionOutcome taken = await client.SubmitAsync(envelope, WaitFor.Accepted, wait, cancellation);
                if (taken is { Status: TransactionStatus.Pending, Rejection: { } present })
                    obstacle(present.Message);
            }
            // The same envelope again: it can commit only once.
            return await client.SubmitAsync(envelope, WaitFor.Committed, wait, cancellation);
        }
        catch (LedgerClientException e) when (e.IsOpen)
        {
            // Whoever types commands has no envelope to send again.
            throw e.With(
                $"Before you give the command again, which signs another transaction, look how this one ended: govchain receipt get {envelope.Id} "
                + "-o receipt.json, or, of a record, govchain record history TYPE ID.");
        }
    }

    /// <summary>Says that a transaction is on the ledger.</summary>
    /// <param name="outcome">Where.</param>
    /// <param name="what">What it does, for people.</param>
    /// <param name="json">As JSON.</param>
    /// <param name="waitsUntil">Until when it waits for another officer's approval; null: it does not.</param>
    internal static void PrintOutcome(TransactionOutcome outcome, string what, bool json, DateTimeOffset? waitsUntil = null)
    {
        if (json)
        {
            var said = new JsonObject
            {
                ["transactionId"] = outcome.TransactionId,
                ["height"] = outcome.Height,
                ["position"] = outcome.Position,
            };
            if (waitsUntil is { } until)
                said["approveUntil"] = UtcTime.Format((ulong)until.ToUnixTimeMilliseconds());
            Output.Json(said);
            return;
        }
        Output.Line($"On the ledger: {what}");
        Output.Line($"  transaction {outcome.TransactionId}");
        Output.Line($"  block {outcome.Height}, position {outcome.Position}");
        Output.Line($"  receipt: govchain receipt get {outcome.TransactionId} -o receipt.json");
    }

    internal static byte[] ReadContent(string? content, FileInfo? file)
    {
        if (content is null == file is null)
            throw new CommandException(ExitCode.Usage, "Give the content either with --content TEXT or with --file FILE.");
        if (content is not null)
            return System.Text.Encoding.UTF8.GetBytes(content);
        try
        {
            return BoundedFile.Read(file!.FullName, Limits.EnvelopeBytesMax);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"{file} cannot be read: {e.Message}");
        }
    }

    /// <summary>What a change of any kind may be told.</summary>
    private sealed record Given(RecordContent? Content, string Reason, RecordKey[] Successors, string Receiver, DateTimeOffset? ApproveUntil);
}
