using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Rpc;
using Rejection = GovChain.Protos.V1.Rejection;

namespace GovChain.Tests.Unit.Import;

/// <summary>
/// A node's client listener, behind it a ledger of record versions that commits at once, or does what the test
/// says.
/// </summary>
internal sealed class ImportTarget : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ulong> _positions = [];
    private readonly Dictionary<string, List<RecordChange>> _records = [];
    private readonly RpcHost _host;

    private ImportTarget(RpcHost host)
    {
        _host = host;
        host.Gateway.OnSubmit = (envelope, _, _, cancellation) => SubmitAsync(envelope, cancellation);
        host.Gateway.OnTransaction = Find;
    }

    public Uri Address => _host.GrpcAddress;

    public FakeGateway Gateway => _host.Gateway;

    /// <summary>The ledger's clock.</summary>
    public Func<ulong> NowMs { get; set; } = static () => (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Answers in the ledger's place; null: the ledger answers.</summary>
    public Func<TransactionBody, CancellationToken, Task<TransactionOutcome?>> Before { get; set; } =
        static (_, _) => Task.FromResult<TransactionOutcome?>(null);

    /// <summary>Told of a commit before it is answered; what it gives is awaited.</summary>
    public Func<TransactionBody, CancellationToken, Task> AfterCommit { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Envelopes that came, repetitions included.</summary>
    public int Submitted { get; private set; }

    public int Committed
    {
        get
        {
            lock (_lock)
                return _positions.Count;
        }
    }

    public static async Task<ImportTarget> StartAsync() =>
        new(await RpcHost.StartAsync(new RpcOptions { RetryAfter = TimeSpan.FromMilliseconds(20) }));

    /// <summary>A record's versions on the ledger, in order.</summary>
    public IReadOnlyList<RecordChange> VersionsOf(string id)
    {
        lock (_lock)
            return _records.TryGetValue(id, out List<RecordChange>? versions) ? [.. versions] : [];
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    public static Rejection Reject(RejectionCode code) =>
        Outcomes.ToMessage(new Core.Model.Rejection(code, $"The rule is {code}."));

    private async Task<TransactionOutcome> SubmitAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellation)
    {
        byte[] bytes = SignedTransaction.Parser.ParseFrom(envelope.Span).Body.ToByteArray();
        string id = DomainTag.Hash(DomainTag.Transaction, bytes).ToString();
        TransactionBody body = TransactionBody.Parser.ParseFrom(bytes);
        lock (_lock)
            Submitted++;
        if (await Before(body, cancellation) is { } answer)
        {
            answer.TransactionId = id;
            return answer;
        }
        TransactionOutcome outcome = Execute(id, body, out bool isNew);
        if (isNew)
            await AfterCommit(body, cancellation);
        return outcome;
    }

    private TransactionOutcome Execute(string id, TransactionBody body, out bool isNew)
    {
        RecordChange change = body.Register ?? body.Amend ?? body.Annul;
        lock (_lock)
        {
            isNew = false;
            if (_positions.TryGetValue(id, out ulong position))
                return Outcomes.Committed(id, 1, position);
            if (body.ExpiresAtMs <= NowMs())
                return Outcomes.Expired(id, Reject(RejectionCode.Expired));
            if (!_records.TryGetValue(change.Record.Id, out List<RecordChange>? versions))
                _records.Add(change.Record.Id, versions = []);
            if (change.ExpectedVersion != (ulong)versions.Count)
                return Outcomes.Rejected(id, Reject(RejectionCode.VersionConflict));
            versions.Add(change);
            position = (ulong)_positions.Count + 1;
            _positions.Add(id, position);
            isNew = true;
            return Outcomes.Committed(id, 1, position);
        }
    }

    private GetTransactionResponse Find(string id)
    {
        lock (_lock)
        {
            return _positions.TryGetValue(id, out ulong position)
                ? new GetTransactionResponse { Outcome = Outcomes.Committed(id, 1, position) }
                : throw LedgerRequestException.NotFound("There is no such transaction.");
        }
    }
}
