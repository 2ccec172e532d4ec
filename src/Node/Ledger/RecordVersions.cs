using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Ledger;

/// <summary>
/// A record's versions as interfaces show them. The state holds the current one; older ones are read from the log, and
/// give what the state held then.
/// </summary>
internal sealed class RecordVersions(LedgerSnapshot view)
{
    private readonly Dictionary<ulong, BlockHeader> _headers = [];
    private readonly Dictionary<PublicKey, OfficerKeyState> _officers = [];
    private NewestPayload? _newest;

    /// <summary>The current version.</summary>
    /// <param name="state">As the state holds it.</param>
    /// <param name="payload">With its payload, if it is in force.</param>
    public RecordVersion Current(RecordState state, bool payload)
    {
        StoredTransaction transaction = StoredTransaction.Parse(view.GetEntry(state.Position));
        bool isShown = payload && IsInForce(state);
        return Describe(state, transaction, !isShown ? null : state.PayloadPosition == state.Position
            ? Change(transaction).Change.Payload.Inline : PayloadOf(state.PayloadPosition));
    }

    /// <summary>A version found in the history, rebuilt from the transaction that made it.</summary>
    public RecordVersion At(RecordVersionEntry entry, bool payload)
    {
        StoredTransaction transaction = StoredTransaction.Parse(view.GetEntry(entry.Position));
        (RecordChange change, _) = Change(transaction);
        BlockHeader header = HeaderOf(entry.Position);
        OfficerInterval officer = OfficerAt(transaction.Body, header.Height);
        NewestPayload newest = PayloadAt(entry, change);
        var state = new RecordState
        {
            Record = change.Record,
            Version = entry.Version,
            Status = (uint)RecordActions.StatusAfter(transaction.Body.ActionCase),
            PayloadDigest = ByteString.CopyFrom(Sha256.Hash(newest.Change.Payload.Inline.Content.Span).Span),
            MediaType = newest.Change.Payload.Inline.MediaType,
            PayloadBytes = (ulong)newest.Change.Payload.Inline.Content.Length,
            Department = officer.Department,
            OfficerId = officer.OfficerId,
            Reason = change.Reason,
            LegalBasis = change.LegalBasis,
            EffectiveDate = change.EffectiveDate,
            RecordedAtMs = header.TimestampMs,
            Height = header.Height,
            Position = entry.Position,
            PayloadPosition = newest.Position,
            Successors = { change.Successors },
            Links = { newest.Change.Links },
        };
        return Describe(state, transaction, payload && IsInForce(state) ? newest.Change.Payload.Inline : null);
    }

    private static bool IsInForce(RecordState state) => state.Status == (uint)RecordStatus.InForce;

    private static RecordVersion Describe(RecordState state, StoredTransaction transaction, InlinePayload? payload)
    {
        (RecordChange change, string action) = Change(transaction);
        return new RecordVersion
        {
            State = state,
            Payload = payload?.Content ?? ByteString.Empty,
            TransactionId = transaction.Id.ToString(),
            ExpectedVersion = change.ExpectedVersion,
            Action = action,
        };
    }

    /// <summary>The payload of a version: its own, or else that of the version before, which may not have one of its own either.
    /// Where versions are asked for in order, the one before is at hand.</summary>
    private NewestPayload PayloadAt(RecordVersionEntry entry, RecordChange change)
    {
        RecordVersionEntry at = entry;
        NewestPayload? found = null;
        while (found is null)
        {
            if (change.Payload is not null)
                found = new NewestPayload(entry.Record, at.Version, at.Position, change);
            else if (_newest is { } known && known.Record.Equals(entry.Record) && known.Version == at.Version - 1)
                found = known;
            else
            {
                at = view.GetHistory(entry.Record, at.Version - 1, 1)[0];
                change = Change(StoredTransaction.Parse(view.GetEntry(at.Position))).Change;
            }
        }
        return (_newest = found with { Version = entry.Version });
    }

    private InlinePayload PayloadOf(ulong position) =>
        Change(StoredTransaction.Parse(view.GetEntry(position))).Change.Payload.Inline;

    private static (RecordChange Change, string Action) Change(StoredTransaction transaction) =>
        transaction.RecordAction
        ?? throw new InvalidDataException($"Transaction {transaction.Id} is in a record's history but changes no record.");

    private BlockHeader HeaderOf(ulong position)
    {
        ulong height = view.HeightOfPosition(position);
        if (!_headers.TryGetValue(height, out BlockHeader? header))
            _headers.Add(height, header = view.GetHeader(height));
        return header;
    }

    private OfficerInterval OfficerAt(TransactionBody body, ulong height)
    {
        if (!PublicKey.TryParse(body.Signer.Span, out PublicKey? key))
            throw new InvalidDataException("A stored transaction has no readable signer.");
        if (!_officers.TryGetValue(key, out OfficerKeyState? officer))
        {
            ReadOnlyMemory<byte> value = view.GetState(StateKey.OfficerKey(key))
                ?? throw new InvalidDataException($"The signer {key} of a stored transaction is not in the state.");
            _officers.Add(key, officer = OfficerKeyState.Parser.ParseFrom(value.Span));
        }
        return officer.Intervals.First(
            i => i.FirstHeight <= height && (i.LastHeight == 0 || height <= i.LastHeight));
    }

    /// <summary>Which change gave a version its payload and links, and where it stands in the log.</summary>
    private sealed record NewestPayload(StateKey Record, ulong Version, ulong Position, RecordChange Change);
}
