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
    private readonly Dictionary<string, string> _owners = [];
    private NewestPayload? _newest;
    private ProtocolState? _protocol;

    /// <summary>The current version.</summary>
    /// <param name="state">As the state holds it.</param>
    /// <param name="payload">With its payload, if it is in force.</param>
    public RecordVersion Current(RecordState state, bool payload)
    {
        Making made = MakingAt(state.Position, state.Approval?.SubmissionPosition);
        bool isShown = payload && IsInForce(state);
        return Describe(state, made, !isShown ? null : state.PayloadPosition == made.ChangePosition
            ? made.Change.Payload.Inline : Change(ParseAt(state.PayloadPosition)).Change.Payload.Inline);
    }

    /// <summary>A version found in the history, rebuilt from the transactions that made it.</summary>
    public RecordVersion At(RecordVersionEntry entry, bool payload)
    {
        Making made = MakingAt(entry.Position);
        RecordChange change = made.Change;
        BlockHeader header = HeaderOf(entry.Position);
        OfficerInterval officer = OfficerAt(made.Submitted.Body, HeaderOf(made.ChangePosition).Height);
        NewestPayload newest = PayloadAt(entry, made);
        var state = new RecordState
        {
            Record = change.Record,
            Version = entry.Version,
            Status = (uint)RecordActions.StatusAfter(made.Submitted.Body.ActionCase),
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
            Approval = made.ChangePosition == entry.Position ? null : ApprovalOf(made, header.Height),
            Custodian = CustodianAfter(change, officer.Department),
            Transaction = NamesTransaction(HeaderOf(made.ChangePosition).Height) ? ByteString.CopyFrom(made.Submitted.Id.Span) : ByteString.Empty,
        };
        return Describe(state, made, payload && IsInForce(state) ? newest.Change.Payload.Inline : null);
    }

    private static bool IsInForce(RecordState state) => state.Status == (uint)RecordStatus.InForce;

    private static RecordVersion Describe(RecordState state, Making made, InlinePayload? payload) => new()
    {
        State = state,
        Payload = payload?.Content ?? ByteString.Empty,
        TransactionId = made.Transaction.Id.ToString(),
        ExpectedVersion = made.Change.ExpectedVersion,
        Action = Change(made.Submitted).Action,
        SubmissionId = state.Approval is null ? "" : made.Submitted.Id.ToString(),
    };

    /// <summary>What made a version: a change of the record, or the approval of one that was submitted before.</summary>
    /// <param name="position">Of the transaction that made it.</param>
    /// <param name="submittedAt">Of the submission, where it is known.</param>
    private Making MakingAt(ulong position, ulong? submittedAt = null)
    {
        StoredTransaction transaction = ParseAt(position);
        if (transaction.Body.Approve is not { } approval)
            return new Making(transaction, transaction, position, Change(transaction).Change);
        ulong at = submittedAt ?? PositionOf(new Digest(approval.Submission.Span));
        StoredTransaction submitted = ParseAt(at);
        return new Making(transaction, submitted, at, Change(submitted).Change);
    }

    private ulong PositionOf(Digest submission) => view.FindTransaction(submission)?.Position
        ?? throw (view.Gap is { } gap ? gap.Missing() : new InvalidDataException($"The submission {submission} was approved but is not on the ledger."));

    private Approval ApprovalOf(Making made, ulong height)
    {
        OfficerInterval approver = OfficerAt(made.Transaction.Body, height);
        return new Approval
        {
            Department = approver.Department,
            OfficerId = approver.OfficerId,
            SubmissionPosition = made.ChangePosition,
            OnBehalfOf = made.Transaction.Body.Approve.OnBehalfOf,
        };
    }

    /// <summary>The receiver of a transfer; after any other change the department that made it, for only a custodian makes one.</summary>
    private string CustodianAfter(RecordChange change, string department)
    {
        string custodian = change.Receiver.Length > 0 ? change.Receiver : department;
        return custodian == OwnerOf(change.Record.Type) ? "" : custodian;
    }

    /// <summary>Whether a block's version was one that writes down a record's transaction. Only the present version's beginning is known, and
    /// versions from before it differ in nothing else here.</summary>
    private bool NamesTransaction(ulong height)
    {
        _protocol ??= ProtocolVersions.Of(view);
        return _protocol.Version > ProtocolVersions.RecordsNameTheirTransaction
            || (_protocol.Version == ProtocolVersions.RecordsNameTheirTransaction && height >= _protocol.FirstHeight);
    }

    private string OwnerOf(string type)
    {
        if (!_owners.TryGetValue(type, out string? owner))
        {
            ReadOnlyMemory<byte> value = view.GetState(StateKey.RecordType(type))
                ?? throw new InvalidDataException($"The type {type} of a stored record is not in the state.");
            _owners.Add(type, owner = RecordTypeState.Parser.ParseFrom(value.Span).Owner);
        }
        return owner;
    }

    /// <summary>The payload of a version: its own, or else that of the version before, which may not have one of its own either.
    /// Where versions are asked for in order, the one before is at hand.</summary>
    private NewestPayload PayloadAt(RecordVersionEntry entry, Making made)
    {
        RecordVersionEntry at = entry;
        NewestPayload? found = null;
        while (found is null)
        {
            if (made.Change.Payload is not null)
                found = new NewestPayload(entry.Record, at.Version, made.ChangePosition, made.Change);
            else if (_newest is { } known && known.Record.Equals(entry.Record) && known.Version == at.Version - 1)
                found = known;
            else
            {
                at = view.GetHistory(entry.Record, at.Version - 1, 1)[0];
                made = MakingAt(at.Position);
            }
        }
        return (_newest = found with { Version = entry.Version });
    }

    private StoredTransaction ParseAt(ulong position) => StoredTransaction.Parse(view.GetEntry(position));

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

    /// <summary>The transaction that made a version, and the change that was made by it or submitted before; without an approval they
    /// are one.</summary>
    private readonly record struct Making(
        StoredTransaction Transaction, StoredTransaction Submitted, ulong ChangePosition, RecordChange Change);

    /// <summary>Which change gave a version its payload and links, and where it stands in the log.</summary>
    private sealed record NewestPayload(StateKey Record, ulong Version, ulong Position, RecordChange Change);
}
