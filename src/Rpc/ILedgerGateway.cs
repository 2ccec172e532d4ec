using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Rpc;

/// <summary>
/// All that the services know of the node: submissions, reads and the feed. The node implements it over its pool and
/// its ledger.
/// </summary>
/// <remarks>
/// <para>Every member may be called from many threads at once. Reads are synchronous and bounded: they answer from
/// the newest durable block, one state for the whole answer, and cost at most a few milliseconds.</para>
/// <para>A member that cannot answer throws <see cref="LedgerRequestException"/> and nothing else on purpose; any
/// other exception is reported as INTERNAL without its text. Arguments were checked for shape (lengths, alphabets,
/// page sizes: see each member) but not for existence. Who may read is decided by the caller of this interface.</para>
/// </remarks>
public interface ILedgerGateway
{
    /// <summary>Whether the node takes submissions now. Asked before each of them, so it is cheap.</summary>
    NodeReadiness Readiness { get; }

    /// <summary>The ledger that the node keeps.</summary>
    Digest ChainId { get; }

    /// <summary>The department whose node it is.</summary>
    string Department { get; }

    /// <summary>The tokens in the newest part of the read log: those that may still count are among them.</summary>
    IReadOnlyList<UsedToken> UsedTokens { get; }

    /// <summary>Cancelled when the node begins to stop: nothing more is taken, what was taken is still answered.</summary>
    CancellationToken Stopping { get; }

    /// <summary>
    /// Gives an envelope to admission and pool, and waits. Whatever is known of the <em>transaction</em> is the
    /// result, never an exception, so that refusals in bulk cost nothing:
    /// <list type="bullet">
    /// <item>COMMITTED_DURABLY with height and position, also for a repetition (never DUPLICATE);</item>
    /// <item>PENDING: in the pool, and <paramref name="waitFor"/> is ACCEPTED or the time is over;</item>
    /// <item>REJECTED with the rejection, of whatever code, POOL_FULL and NODE_NOT_READY included;
    /// the transaction id is empty where the bytes are no transaction;</item>
    /// <item>EXPIRED with the rejection.</item>
    /// </list>
    /// <see cref="Outcomes"/> makes these.
    /// </summary>
    /// <param name="envelope">1 to 65,535 bytes that nobody changes during the call or after it.</param>
    /// <param name="submitter">Who brings it.</param>
    /// <param name="waitFor">ACCEPTED or COMMITTED, never UNSPECIFIED.</param>
    /// <param name="timeout">How long to wait for a final state, or Timeout.InfiniteTimeSpan; the submission itself is
    /// not withdrawn.</param>
    /// <param name="cancellation">Ends the waiting, with OperationCanceledException, not the submission.</param>
    /// <remarks>
    /// Calls on one thread enter admission in the order of the calls, before the first await, so that a stream of
    /// versions of one record needs no gaps held.
    /// </remarks>
    Task<TransactionOutcome> SubmitAsync(
        ReadOnlyMemory<byte> envelope, Submitter submitter, WaitFor waitFor, TimeSpan timeout, CancellationToken cancellation);

    /// <summary>What became of a transaction, with its envelope where it is committed.</summary>
    /// <param name="transactionId">64 lower-case hexadecimal digits.</param>
    /// <exception cref="LedgerRequestException">NotFound: neither on the ledger, nor in the pool, nor among the
    /// refusals this node remembers.</exception>
    GetTransactionResponse GetTransaction(string transactionId);

    /// <summary>The receipt file, byte for byte.</summary>
    /// <param name="transactionId">64 lower-case hexadecimal digits.</param>
    /// <exception cref="LedgerRequestException">NotFound; NotYetAvailable while pending.</exception>
    ReadOnlyMemory<byte> GetReceipt(string transactionId);

    /// <summary>Whose key a token or a reader's certificate has, by the newest state and the clock, and whether it signed it.</summary>
    ReaderStanding Identify(SignatureCheck claim);

    /// <summary>Writes an answer, or a refusal, about records that are not public into the read log; durable when this returns.</summary>
    /// <exception cref="LedgerRequestException">NodeNotReady: it cannot be written, so the answer must not be given.</exception>
    void LogRead(ReadEntry entry);

    /// <summary>The definition of a record type, or null. Decides who may read, so it is asked before each read.
    /// </summary>
    RecordTypeState? FindType(string type);

    /// <summary>All types, ascending, without their schemas: ten thousand of those would be 160 MB.</summary>
    ListTypesResponse ListTypes();

    /// <summary>A record's version, with the state path where asked for.</summary>
    /// <exception cref="LedgerRequestException">NotFound: no such record or version. The absence of a record is
    /// proven by <see cref="GetStateProof"/>.</exception>
    GetRecordResponse GetRecord(GetRecordRequest request);

    /// <summary>
    /// A page of the records of a type, ascending by id, current versions. The page ends early rather than grow beyond
    /// 1 MiB, and holds at least one record.
    /// </summary>
    /// <param name="request">page_size is 1 to 1,000; page_token is empty or what the client says the previous page
    /// ended with: at most 512 characters, otherwise unchecked.</param>
    /// <exception cref="LedgerRequestException">InvalidArgument: the token is not one of this node's.</exception>
    ListRecordsResponse ListRecords(ListRecordsRequest request);

    /// <summary>A page of a record's versions, ascending, with payloads; bounded as <see cref="ListRecords"/>.
    /// </summary>
    /// <exception cref="LedgerRequestException">NotFound; InvalidArgument: the token.</exception>
    GetRecordHistoryResponse GetRecordHistory(GetRecordHistoryRequest request);

    /// <summary>
    /// A page of the changes of a type's records that wait for approval, ascending by record id, with what they bring. Of those that
    /// were ever submitted it looks at page_size, so that it may be empty though more follow; bounded as <see cref="ListRecords"/>.
    /// </summary>
    /// <exception cref="LedgerRequestException">InvalidArgument: the token is not one of this node's.</exception>
    ListSubmissionsResponse ListSubmissions(ListSubmissionsRequest request);

    /// <summary>
    /// A page of the keys with which officers of a department sign or once signed, ascending by key. Of all keys on the ledger it looks
    /// at page_size, so that it may be empty though more follow.
    /// </summary>
    /// <exception cref="LedgerRequestException">InvalidArgument: the token is not one of this node's.</exception>
    ListOfficersResponse ListOfficers(ListOfficersRequest request);

    /// <summary>The delegations within a department that are not over, by delegator and officer; at most 10,000.</summary>
    ListDelegationsResponse ListDelegations(string department);

    /// <summary>One page of the departments' newest proposals, with their votes; bounded as <see cref="ListRecords"/>.</summary>
    /// <exception cref="LedgerRequestException">InvalidArgument: the token is not one of this node's.</exception>
    ListProposalsResponse ListProposals(ListProposalsRequest request);

    /// <summary>A header and its certificate.</summary>
    /// <exception cref="LedgerRequestException">NotYetAvailable: above the newest block.</exception>
    CertifiedHeader GetHeader(ulong height);

    /// <summary>A block with its envelopes.</summary>
    /// <exception cref="LedgerRequestException">NotYetAvailable: above the newest block.</exception>
    GetBlockResponse GetBlock(ulong height);

    /// <summary>That a position's leaf is in the log. A log size of 0 stands for the newest.</summary>
    /// <exception cref="LedgerRequestException">NotYetAvailable: position or size beyond the newest block;
    /// InvalidArgument: the size is no header's, or the position not below it.</exception>
    InclusionProof GetInclusionProof(ulong position, ulong logSize);

    /// <summary>That the log of the second header extends that of the first. A second height of 0 stands for the
    /// newest.</summary>
    /// <exception cref="LedgerRequestException">NotYetAvailable: above the newest block; InvalidArgument: first above
    /// second.</exception>
    ConsistencyProof GetConsistencyProof(ulong firstHeight, ulong secondHeight);

    /// <summary>The presence or absence of a state value, to the newest header.</summary>
    /// <param name="kind">As docs/SPEC.md, "State tree", numbers them.</param>
    /// <param name="id">1 to 512 bytes.</param>
    /// <exception cref="LedgerRequestException">InvalidArgument: no such kind.</exception>
    GetStateProofResponse GetStateProof(uint kind, ReadOnlyMemory<byte> id);

    /// <summary>The genesis body and the departments' signatures on it.</summary>
    GetGenesisResponse GetGenesis();

    /// <summary>How the node and its peers are.</summary>
    GetStatusResponse GetStatus();

    /// <summary>
    /// A copy of the ledger as of one block, file by file; without the vote journal. Reading it slowly keeps the copy on
    /// disk for as long.
    /// </summary>
    /// <exception cref="LedgerRequestException">ResourceExhausted: another one is being read; NodeNotReady: it cannot be
    /// made now, with the reason.</exception>
    IAsyncEnumerable<BackupChunk> BackupAsync(CancellationToken cancellation);

    /// <summary>
    /// Committed transactions in order from a position on, then as blocks commit, until cancelled. Pulled by the
    /// reader: a slow one makes the node read from disk later, and costs no memory.
    /// </summary>
    /// <exception cref="LedgerRequestException">NotYetAvailable: the position is beyond the next one to be given.
    /// </exception>
    IAsyncEnumerable<CommittedTransaction> SubscribeAsync(ulong fromPosition, CancellationToken cancellation);
}

/// <summary>Who brings an envelope.</summary>
/// <param name="Address">As requests are counted by: whose turn it takes among those who send in the name of the same department.</param>
/// <param name="Proven">Told the department whose transaction it is found to be, before the answer, and once only: of a transaction that is
/// verified and new to the pool, whoever brought it first. Called on admission's thread, so it is quick.</param>
public readonly record struct Submitter(string Address, Action<string>? Proven = null);

/// <summary>Who signed a token.</summary>
/// <param name="Officer">Whose key it is, or was last; null where the ledger knows no officer by it.</param>
/// <param name="IsSigner">The key signed the token; false where there is no officer.</param>
/// <param name="Rejection">Why the key does not count now; null where it does.</param>
public sealed record ReaderStanding(OfficerInterval? Officer, bool IsSigner, Rejection? Rejection);

/// <summary>A token that was used.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">The key that signed it, 66 hexadecimal digits.</param>
/// <param name="EndsAtMs">From when on it does not count, UTC milliseconds.</param>
public readonly record struct UsedToken(Digest Id, string Key, ulong EndsAtMs);

/// <summary>Whether a node takes submissions, and if not, why: a sentence for a clerk.</summary>
public readonly record struct NodeReadiness(bool IsReady, string Reason)
{
    /// <summary>It does.</summary>
    public static NodeReadiness Ready => new(true, "");

    /// <summary>It does not, because it catches up, has no genesis, is stopping.</summary>
    public static NodeReadiness NotReady(string reason) => new(false, reason);
}
