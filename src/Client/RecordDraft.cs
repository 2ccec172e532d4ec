using Google.Protobuf;
using GovChain.Protos.V1;
using Grpc.Core;
using Action = GovChain.Protos.V1.TransactionBody.ActionOneofCase;

namespace GovChain.Client;

/// <summary>A record's next version, before it is signed.</summary>
public sealed record RecordDraft
{
    private readonly Action _action;

    private RecordDraft(Action action, RecordKey record, string reason) => (_action, Record, Reason) = (action, record, reason);

    /// <summary>The record.</summary>
    public RecordKey Record { get; }

    /// <summary>What it will say; null where the draft changes no content.</summary>
    public RecordContent? Content { get; private init; }

    /// <summary>The records that take its place; empty but for <see cref="Supersede"/>.</summary>
    public IReadOnlyCollection<RecordKey> Successors { get; private init; } = [];

    /// <summary>The department that is to have custody; empty but for <see cref="Transfer"/>.</summary>
    public string Receiver { get; private init; } = "";

    /// <summary>Why: at most 1,024 bytes of UTF-8. Only a registration may go without.</summary>
    public string Reason { get; init; }

    /// <summary>On what legal basis: at most 1,024 bytes of UTF-8; empty: not said.</summary>
    public string LegalBasis { get; init; } = "";

    /// <summary>From when it applies: YYYY, YYYY-MM or YYYY-MM-DD; empty: not said.</summary>
    public string EffectiveDate { get; init; } = "";

    /// <summary>Records that this version refers to, up to 16; a registration and an amendment may have some.</summary>
    public IReadOnlyCollection<LinkedRecord> Links { get; init; } = [];

    /// <summary>
    /// The version that this one follows, 0 for the first; another one's change in between is then refused as VERSION_CONFLICT. Null:
    /// the current one, which is asked for when the draft is signed; of a type that is not public, which can be asked for by nobody
    /// here, a registration is then taken for the first.
    /// </summary>
    public ulong? ExpectedVersion { get; init; }

    /// <summary>Submitted for approval, as types under four eyes ask for: it comes about when another officer approves it before this time,
    /// UTC, at most 30 days ahead. Null: it comes about at once.</summary>
    public DateTimeOffset? ApproveUntil { get; init; }

    /// <summary>A new record, or the next version of one that was annulled.</summary>
    public static RecordDraft Register(RecordKey record, RecordContent content) => new(Action.Register, record, "") { Content = content };

    /// <summary>Other content. The old version stays in the history.</summary>
    public static RecordDraft Amend(RecordKey record, RecordContent content, string reason) =>
        new(Action.Amend, record, reason) { Content = content };

    /// <summary>The end of a record, which can be registered again or reinstated.</summary>
    public static RecordDraft Annul(RecordKey record, string reason) => new(Action.Annul, record, reason);

    /// <summary>An annulled record in force again, with the content that it had.</summary>
    public static RecordDraft Reinstate(RecordKey record, string reason) => new(Action.Reinstate, record, reason);

    /// <summary>The end of a record for good.</summary>
    /// <param name="record">The record.</param>
    /// <param name="successors">1 to 16 records, in force, that take its place.</param>
    /// <param name="reason">Why.</param>
    public static RecordDraft Supersede(RecordKey record, IEnumerable<RecordKey> successors, string reason) =>
        new(Action.Supersede, record, reason) { Successors = [.. successors] };

    /// <summary>Another department's record from now on, if that department consents: it comes about when one of its approvers approves
    /// it.</summary>
    /// <param name="record">The record, in force.</param>
    /// <param name="receiver">The department, whose officers may read records of the type.</param>
    /// <param name="until">Until when it may be approved, UTC, at most 30 days ahead.</param>
    /// <param name="reason">Why.</param>
    public static RecordDraft Transfer(RecordKey record, string receiver, DateTimeOffset until, string reason) =>
        new(Action.Transfer, record, reason) { Receiver = receiver, ApproveUntil = until };

    /// <summary>The draft with the version that it follows.</summary>
    /// <exception cref="LedgerClientException">NOT_FOUND: there is nothing to change; PERMISSION_DENIED: the current version cannot be asked
    /// for; or the node refuses or cannot be reached.</exception>
    internal async Task<RecordDraft> CompleteAsync(LedgerClient client, CancellationToken cancellation)
    {
        if (ExpectedVersion is not null)
            return this;
        bool isNew = _action == Action.Register;
        try
        {
            GetRecordResponse? found = await client.FindRecordAsync(Record.Type, Record.Id, cancellation: cancellation);
            return found is not null || isNew
                ? this with { ExpectedVersion = found?.Record.State.Version ?? 0 }
                : throw LedgerClientException.Missing(Record);
        }
        catch (LedgerClientException e) when (e.Status is StatusCode.PermissionDenied or StatusCode.Unauthenticated && isNew)
        {
            return this with { ExpectedVersion = 0 };
        }
        catch (LedgerClientException e) when (e.Status is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
        {
            throw e.With("Say which version the change follows.");
        }
    }

    /// <summary>Makes it the body's action. It says which version it follows.</summary>
    internal void SetOn(TransactionBody body)
    {
        RecordChange change = ToChange();
        switch (_action)
        {
            case Action.Register:
                body.Register = change;
                break;
            case Action.Amend:
                body.Amend = change;
                break;
            case Action.Annul:
                body.Annul = change;
                break;
            case Action.Reinstate:
                body.Reinstate = change;
                break;
            case Action.Transfer:
                body.Transfer = change;
                break;
            default:
                body.Supersede = change;
                break;
        }
    }

    private RecordChange ToChange()
    {
        var change = new RecordChange
        {
            Record = NameOf(Record),
            ExpectedVersion = ExpectedVersion!.Value,
            Reason = Reason,
            LegalBasis = LegalBasis,
            EffectiveDate = EffectiveDate,
            ApproveUntilMs = (ulong)(ApproveUntil?.ToUnixTimeMilliseconds() ?? 0),
            Receiver = Receiver,
        };
        if (Content is { } content)
        {
            change.Payload = new Payload
            {
                Inline = new InlinePayload { MediaType = content.MediaType, Content = UnsafeByteOperations.UnsafeWrap(content.Bytes) },
            };
        }
        // Each once, and in the one order that the ledger takes.
        change.Links.AddRange(Links.Distinct()
            .OrderBy(static l => l.Record.Type, StringComparer.Ordinal).ThenBy(static l => l.Record.Id, StringComparer.Ordinal)
            .Select(static l => new RecordLink { Record = NameOf(l.Record), Version = l.Version ?? 0 }));
        change.Successors.AddRange(Successors.Distinct()
            .OrderBy(static s => s.Type, StringComparer.Ordinal).ThenBy(static s => s.Id, StringComparer.Ordinal).Select(NameOf));
        return change;
    }

    private static RecordName NameOf(RecordKey record) => new() { Type = record.Type, Id = record.Id };
}
