using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>A gateway whose answers the test chooses.</summary>
internal sealed class FakeGateway : ILedgerGateway
{
    public static readonly string Id = new('a', 64);

    private long _taken;

    public NodeReadiness Readiness { get; set; } = NodeReadiness.Ready;

    public Func<ReadOnlyMemory<byte>, WaitFor, TimeSpan, CancellationToken, Task<TransactionOutcome>> OnSubmit
    { get; set; } = static (_, _, _, _) => Task.FromResult(Outcomes.Committed(Id, 7, 42));

    /// <summary>Whose an envelope is found to be; null: nobody's.</summary>
    public Func<ReadOnlyMemory<byte>, string?>? DepartmentOf { get; set; }

    public Func<string, GetTransactionResponse> OnTransaction { get; set; } =
        static id => new GetTransactionResponse { Outcome = Outcomes.Committed(id, 7, 42) };

    public byte[] Receipt { get; set; } = "{ \"exact\" : 1 }"u8.ToArray();

    public ConcurrentDictionary<string, RecordTypeState> Types { get; } = new()
    {
        ["open-type"] = new RecordTypeState { Type = "open-type", PublicRead = true, Version = 1 },
        ["closed-type"] = new RecordTypeState { Type = "closed-type", Owner = "alpha", Version = 1 },
    };

    public Digest ChainId { get; } = Sha256.Hash("a ledger"u8);

    public string Department => "alpha";

    /// <summary>Whose key it is, and why it does not count.</summary>
    public ConcurrentDictionary<PublicKey, (OfficerInterval Officer, Rejection? Rejection)> Officers { get; } = new();

    public IReadOnlyList<UsedToken> UsedTokens { get; set; } = [];

    /// <summary>What was written down.</summary>
    public ConcurrentQueue<ReadEntry> Reads { get; } = new();

    /// <summary>Writes it down, or not.</summary>
    public Action<ReadEntry>? OnLogRead { get; set; }

    public ReaderStanding Identify(SignatureCheck claim)
    {
        if (!Officers.TryGetValue(claim.Signer, out (OfficerInterval Officer, Rejection? Rejection) found))
            return new ReaderStanding(null, false, new Rejection(RejectionCode.UnknownSigner, "No officer has the key."));
        using var verifier = new PlatformSignatureVerifier();
        return new ReaderStanding(found.Officer, verifier.VerifyOne(claim), found.Rejection);
    }

    public void LogRead(ReadEntry entry)
    {
        OnLogRead?.Invoke(entry);
        Reads.Enqueue(entry);
    }

    public ListRecordsRequest? LastList { get; private set; }

    public ListRecordsResponse Records { get; set; } = new();

    public bool SubscriptionEnded => SubscriptionDone.Task.IsCompleted;

    public TaskCompletionSource SubscriptionDone { get; } = new();

    public Task<TransactionOutcome> SubmitAsync(
        ReadOnlyMemory<byte> envelope, Submitter submitter, WaitFor waitFor, TimeSpan timeout, CancellationToken cancellation)
    {
        if (DepartmentOf?.Invoke(envelope) is { } department)
            submitter.Proven?.Invoke(department);
        return OnSubmit(envelope, waitFor, timeout, cancellation);
    }

    public GetTransactionResponse GetTransaction(string transactionId) => OnTransaction(transactionId);

    public ReadOnlyMemory<byte> GetReceipt(string transactionId) => Receipt;

    public RecordTypeState? FindType(string type) => Types.GetValueOrDefault(type);

    public ListTypesResponse ListTypes() => new() { Types_ = { Types.Values } };

    public GetRecordResponse GetRecord(GetRecordRequest request) => new()
    {
        Record = new RecordVersion { State = new RecordState { Position = ulong.MaxValue }, Action = "register" },
    };

    public ListRecordsResponse ListRecords(ListRecordsRequest request)
    {
        LastList = request;
        return Records;
    }

    public GetRecordHistoryResponse GetRecordHistory(GetRecordHistoryRequest request) => new();

    public ListSubmissionsResponse ListSubmissions(ListSubmissionsRequest request) => new();

    public ListProposalsResponse ListProposals(ListProposalsRequest request) => new();

    public ListOfficersResponse ListOfficers(ListOfficersRequest request) => new();

    public ListDelegationsResponse ListDelegations(string department) => new();

    public CertifiedHeader GetHeader(ulong height) => throw LedgerRequestException.NotYetAvailable(
        $"Block {height} does not exist yet.", ("height", height.ToString()));

    public GetBlockResponse GetBlock(ulong height) => new();

    public InclusionProof GetInclusionProof(ulong position, ulong logSize) => new() { Position = position };

    public ConsistencyProof GetConsistencyProof(ulong firstHeight, ulong secondHeight) => new();

    /// <summary>Whether there is no value in the state, whatever is asked for.</summary>
    public bool IsStateEmpty { get; set; }

    public GetStateProofResponse GetStateProof(uint kind, ReadOnlyMemory<byte> id) => new()
    {
        Proof = IsStateEmpty
            ? new StateProof { OtherLeafKey = ByteString.CopyFrom(new byte[32]), OtherLeafValueDigest = ByteString.CopyFrom(new byte[32]) }
            : new StateProof { Value = ByteString.CopyFrom(1) },
    };

    public GetGenesisResponse GetGenesis() => new() { ChainId = Id };

    public CancellationTokenSource Stop { get; } = new();

    public CancellationToken Stopping => Stop.Token;

    public GetStatusResponse GetStatus() => new() { Height = 9 };

    public async IAsyncEnumerable<BackupChunk> BackupAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        yield return new BackupChunk { Start = new BackupStart { Height = 9 } };
    }

    /// <summary>Bytes of each transaction of a subscription that never ends; null: three, and then silence.</summary>
    public int? EndlessBytes { get; set; }

    /// <summary>How many transactions subscriptions have taken.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    public async IAsyncEnumerable<CommittedTransaction> SubscribeAsync(
        ulong fromPosition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (EndlessBytes is { } bytes)
        {
            ByteString envelope = ByteString.CopyFrom(new byte[bytes]);
            for (ulong i = fromPosition; ; i++)
            {
                Interlocked.Increment(ref _taken);
                yield return new CommittedTransaction { Position = i, Envelope = envelope };
            }
        }
        try
        {
            for (ulong i = fromPosition; i < fromPosition + 3; i++)
                yield return new CommittedTransaction { Position = i };
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            SubscriptionDone.SetResult();
        }
    }
}
