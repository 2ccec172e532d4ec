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

    /// <summary>The current version.</summary>
    /// <param name="state">As the state holds it.</param>
    /// <param name="payload">With its payload.</param>
    public RecordVersion Current(RecordState state, bool payload)
    {
        StoredTransaction transaction = StoredTransaction.Parse(view.GetEntry(state.Position));
        return Describe(state, transaction, payload);
    }

    /// <summary>A version found in the history, rebuilt from the transaction that made it.</summary>
    public RecordVersion At(RecordVersionEntry entry, bool payload)
    {
        StoredTransaction transaction = StoredTransaction.Parse(view.GetEntry(entry.Position));
        (RecordChange change, _) = Change(transaction);
        BlockHeader header = HeaderOf(entry.Position);
        OfficerInterval officer = OfficerAt(transaction.Body, header.Height);
        var state = new RecordState
        {
            Record = change.Record,
            Version = entry.Version,
            Status = (uint)(change.Payload is null ? RecordStatus.Annulled : RecordStatus.InForce),
            Department = officer.Department,
            OfficerId = officer.OfficerId,
            Reason = change.Reason,
            LegalBasis = change.LegalBasis,
            EffectiveDate = change.EffectiveDate,
            RecordedAtMs = header.TimestampMs,
            Height = header.Height,
            Position = entry.Position,
            PayloadPosition = entry.Position,
        };
        if (change.Payload?.Inline is { } inline)
        {
            state.PayloadDigest = ByteString.CopyFrom(Sha256.Hash(inline.Content.Span).Span);
            state.MediaType = inline.MediaType;
            state.PayloadBytes = (ulong)inline.Content.Length;
        }
        else
        {
            // Only a version with a payload can be annulled, so the one before has it.
            state.PayloadPosition =
                view.GetHistory(StateKey.Record(change.Record.Type, change.Record.Id), entry.Version - 1, 1)[0].Position;
        }
        return Describe(state, transaction, payload);
    }

    private static RecordVersion Describe(RecordState state, StoredTransaction transaction, bool payload)
    {
        (RecordChange change, string action) = Change(transaction);
        return new RecordVersion
        {
            State = state,
            Payload = payload && change.Payload?.Inline is { } inline ? inline.Content : ByteString.Empty,
            TransactionId = transaction.Id.ToString(),
            ExpectedVersion = change.ExpectedVersion,
            Action = action,
        };
    }

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
}
