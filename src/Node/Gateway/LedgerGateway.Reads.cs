using System.Globalization;
using System.Text;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Alarms;
using GovChain.Node.Auditing;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>Look-ups of transactions, types, records and blocks.</summary>
internal sealed partial class LedgerGateway
{
    /// <summary>A page ends with the record that makes it longer than this.</summary>
    private const int PageBytesMax = 1024 * 1024;

    private const int TypesMax = 10_000;

    private const string NotYetAvailableCode = "NOT_YET_AVAILABLE";

    /// <inheritdoc/>
    public GetTransactionResponse GetTransaction(string transactionId)
    {
        Digest id = ParseId(transactionId);
        // The pool first: what leaves it for a block meanwhile is then found on the ledger.
        HeldTransaction? pooled = _pool.FindById(id);
        return Read(view => Describe(view, id, pooled));
    }

    /// <inheritdoc/>
    public RecordTypeState? FindType(string type) => Read(view =>
        view.GetState(StateKey.RecordType(type)) is { } value ? RecordTypeState.Parser.ParseFrom(value.Span) : null);

    /// <inheritdoc/>
    public ListTypesResponse ListTypes() => Read(static view =>
    {
        var response = new ListTypesResponse();
        foreach (StateChange type in view.EnumerateStates(StateKind.RecordType, [], [], TypesMax))
        {
            RecordTypeState definition = RecordTypeState.Parser.ParseFrom(type.Value);
            definition.Schema = "";
            response.Types_.Add(definition);
        }
        return response;
    });

    /// <inheritdoc/>
    public GetRecordResponse GetRecord(GetRecordRequest request) => Read(view =>
    {
        StateKey key = StateKey.Record(request.Type, request.Id);
        if (view.GetState(key) is not { } value)
            throw NoRecord(request.Type, request.Id);
        RecordState current = RecordState.Parser.ParseFrom(value.Span);
        var versions = new RecordVersions(view);
        var response = new GetRecordResponse();
        if (request.Version == 0 || request.Version == current.Version)
        {
            response.Record = versions.Current(current, payload: true);
            if (request.Proof)
            {
                response.Proof = Messages.Of(key, StateTree.Prove(view, view.Tip.StateRoot, key.TreeKey), value);
                response.Header = Messages.Of(view.Tip, view.TipCertificate);
            }
            return response;
        }
        IReadOnlyList<RecordVersionEntry> found = view.GetHistory(key, request.Version, 1);
        if (found.Count == 0 || found[0].Version != request.Version)
        {
            throw LedgerRequestException.NotFound(
                $"Record {request.Type}/{request.Id} has no version {request.Version}; the current one is {current.Version}.",
                ("type", request.Type), ("id", request.Id), ("currentVersion", Text(current.Version)));
        }
        response.Record = versions.At(found[0], payload: true);
        return response;
    });

    /// <inheritdoc/>
    public ListRecordsResponse ListRecords(ListRecordsRequest request) => Read(view =>
    {
        byte[] prefix = Encoding.ASCII.GetBytes(request.Type + '\0');
        byte[] after = PageToken.ReadRecord(request.PageToken) is { } id
            ? [.. prefix, .. Encoding.ASCII.GetBytes(id)]
            : [];
        int limit = (int)request.PageSize;
        // One more tells whether there is another page.
        IReadOnlyList<StateChange> found = view.EnumerateStates(StateKind.Record, prefix, after, limit + 1);
        var response = new ListRecordsResponse { Height = view.TipHeight };
        var versions = new RecordVersions(view);
        int bytes = 0;
        for (int i = 0; i < found.Count; i++)
        {
            if (i == limit || bytes > PageBytesMax)
            {
                response.NextPageToken = PageToken.AfterRecord(response.Records[^1].State.Record.Id);
                break;
            }
            RecordVersion record = versions.Current(RecordState.Parser.ParseFrom(found[i].Value), request.Payloads);
            bytes += record.CalculateSize();
            response.Records.Add(record);
        }
        return response;
    });

    /// <inheritdoc/>
    public GetRecordHistoryResponse GetRecordHistory(GetRecordHistoryRequest request) => Read(view =>
    {
        StateKey key = StateKey.Record(request.Type, request.Id);
        ulong from = PageToken.ReadVersion(request.PageToken);
        int limit = (int)request.PageSize;
        IReadOnlyList<RecordVersionEntry> found = view.GetHistory(key, from, limit + 1);
        if (found.Count == 0 && view.GetState(key) is null)
            throw NoRecord(request.Type, request.Id);
        var response = new GetRecordHistoryResponse();
        var versions = new RecordVersions(view);
        int bytes = 0;
        for (int i = 0; i < found.Count; i++)
        {
            if (i == limit || bytes > PageBytesMax)
            {
                response.NextPageToken = PageToken.FromVersion(found[i].Version);
                break;
            }
            RecordVersion version = versions.At(found[i], payload: true);
            bytes += version.CalculateSize();
            response.Versions.Add(version);
        }
        return response;
    });

    /// <inheritdoc/>
    public CertifiedHeader GetHeader(ulong height) => Read(view =>
    {
        RequireHeight(view, height);
        return Messages.Of(view.GetHeader(height), view.GetCertificate(height));
    });

    /// <inheritdoc/>
    public GetBlockResponse GetBlock(ulong height) => Read(view =>
    {
        RequireHeight(view, height);
        Core.Verification.StoredBlock block = view.GetBlock(height);
        var response = new GetBlockResponse { Header = Messages.Of(block.Header, block.Certificate) };
        response.Envelopes.AddRange(block.Leaves.Select(static leaf => UnsafeByteOperations.UnsafeWrap(leaf)));
        return response;
    });

    private GetTransactionResponse Describe(
        LedgerSnapshot view, Digest id, HeldTransaction? pooled)
    {
        if (view.FindTransaction(id) is { } location)
        {
            return new GetTransactionResponse
            {
                Outcome = Outcomes.Committed(id.ToString(), location.Height, location.Position),
                Envelope = UnsafeByteOperations.UnsafeWrap(view.GetEntry(location.Position)),
            };
        }
        if (pooled is { } held)
        {
            Protos.V1.Rejection? obstacle = ObstacleOf(held, view) is { } o ? Messages.Of(o) : null;
            return new GetTransactionResponse { Outcome = Outcomes.Pending(id.ToString(), obstacle) };
        }
        return _outcomes.Find(id) is { } exit
            ? new GetTransactionResponse
            {
                Outcome = Outcome(id.ToString(), SubmissionResult.Of(exit, _ledger.Tip.TimestampMs)),
            }
            : throw NoTransaction(view, id.ToString());
    }

    private static Digest ParseId(string transactionId) => Digest.TryParseHex(transactionId, out Digest id)
        ? id
        : throw LedgerRequestException.InvalidArgument("transaction_id", "64 hexadecimal digits.");

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static void RequireHeight(LedgerSnapshot view, ulong height)
    {
        if (height > view.TipHeight)
        {
            throw LedgerRequestException.NotYetAvailable(
                $"The newest block is {view.TipHeight}; {height} does not exist yet.",
                ("height", Text(height)), ("newestHeight", Text(view.TipHeight)));
        }
    }

    /// <summary>While older blocks are missing here, what is not found may be in one of them.</summary>
    private static LedgerRequestException NoTransaction(LedgerSnapshot view, string transactionId) =>
        view.Gap is { } gap ? NotFilledIn(gap, Unknown(gap)) : NoTransaction(transactionId);

    private static string Unknown(LedgerGap gap) =>
        $"Whether the transaction is on the ledger is not known here yet: the ledger is whole from block {gap.FirstWhole} on, and "
        + $"of the blocks below, {gap.FilledTo} of {gap.Base.Height} are filled in.";

    /// <summary>Of a submission: neither committed nor expired can be said while older blocks are missing.</summary>
    private static Protos.V1.Rejection NotKnownYet(LedgerGap gap)
    {
        LedgerRequestException answer = NotFilledIn(gap, Unknown(gap));
        var rejection = new Protos.V1.Rejection { Code = NotYetAvailableCode, Message = answer.Message };
        foreach ((string name, string value) in answer.Facts)
            rejection.Facts[name] = value;
        return rejection;
    }

    private static LedgerRequestException NotFilledIn(LedgerGap gap, string message) => LedgerRequestException.NotYetAvailable(
        message + " Ask another department's node, or this one later.",
        ("wholeFromHeight", Text(gap.FirstWhole)), ("filledToHeight", Text(gap.FilledTo)));

    private static LedgerRequestException NoTransaction(string transactionId) => LedgerRequestException.NotFound(
        "Neither the ledger nor this node's pool has such a transaction. If it was submitted to another node a moment "
        + "ago, ask again.",
        ("transactionId", transactionId));

    private static LedgerRequestException NoRecord(string type, string id) => LedgerRequestException.NotFound(
        $"The ledger has no record {type}/{id}.", ("type", type), ("id", id));

    /// <summary>One state for the whole answer; damage is named and never served.</summary>
    private T Read<T>(Func<LedgerSnapshot, T> read)
    {
        try
        {
            using LedgerSnapshot view = _ledger.OpenSnapshot();
            return read(view);
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            _status.Failed(e.Message);
            alarms.Raise(NodeAlarm.LedgerDamaged, e.Message);
            throw LedgerRequestException.DataDamaged(
                "What this node has stored for the answer does not verify, so it is not given. Ask another department's "
                + "node; the operator of this one finds the place in its status.");
        }
        catch (NotFilledInException e)
        {
            throw NotFilledIn(e.Gap, e.Message);
        }
        catch (ObjectDisposedException)
        {
            throw LedgerRequestException.NotReady("This node is stopping.");
        }
    }
}
