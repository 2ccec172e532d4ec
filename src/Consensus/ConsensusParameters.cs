using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>What the protocol takes from the ledger's parameters.</summary>
/// <param name="BaseTimeoutMs">A view's timeout at view 0; it doubles with each view.</param>
/// <param name="TimeoutCapMs">The longest timeout.</param>
/// <param name="TimePrecisionMs">PRECISION: how far honest clocks may differ.</param>
/// <param name="MessageDelayMs">MSGDELAY at view 0: how long a proposal may travel; grows by a tenth per view.</param>
/// <param name="BlockTransactionsMax">Transactions in a block.</param>
/// <param name="ForwardTimeoutMs">T1: how long a transaction waits before it is forwarded to the leader.</param>
/// <param name="ComplaintTimeoutMs">T2: how long before the leader is complained about, with nothing ahead of it.</param>
/// <param name="BlockBytesMax">Bytes of envelopes in a block.</param>
public sealed record ConsensusParameters(
    ulong BaseTimeoutMs = 1_000,
    ulong TimeoutCapMs = 30_000,
    ulong TimePrecisionMs = 500,
    ulong MessageDelayMs = 5_000,
    uint BlockTransactionsMax = 5_000,
    ulong ForwardTimeoutMs = 2_000,
    ulong ComplaintTimeoutMs = 5_000,
    ulong BlockBytesMax = 4 * 1024 * 1024)
{
    /// <summary>Bytes of a place: a block has room for <see cref="BlockTransactionsMax"/> transactions of this size.</summary>
    public long PlaceBytes => Math.Max(1, (long)BlockBytesMax / BlockTransactionsMax);
}

/// <summary>What the core is told once, when it is made.</summary>
/// <param name="ChainId">The genesis digest.</param>
/// <param name="Epoch">The validator set's epoch.</param>
/// <param name="Validators">The set that certifies the next block.</param>
/// <param name="Self">This node's index in the set; <see cref="Observer"/> where its key has no vote in this epoch.</param>
/// <param name="Parameters">The ledger's parameters.</param>
public sealed record ConsensusConfig(
    Digest ChainId, ulong Epoch, ValidatorSet Validators, int Self, ConsensusParameters Parameters)
{
    /// <summary>The index of a node that follows and serves, and has no vote.</summary>
    public const int Observer = -1;

    /// <summary>This node has no vote.</summary>
    public bool IsObserver => Self == Observer;
}

/// <summary>A block as consensus knows it: the header and the leaf hashes in order. Bodies never enter the core.</summary>
/// <remarks>The header commits to the leaf hashes through the log's root, so on the log below it shows which are its own. What
/// came with it may be others: nobody signs them.</remarks>
/// <param name="Header">The header, whose hash names the block.</param>
/// <param name="LeafHashes">Hashes of the envelopes, 1 or more.</param>
public sealed record ProposedBlock(BlockHeader Header, IReadOnlyList<Digest> LeafHashes)
{
    /// <summary>The header's hash.</summary>
    public Digest Hash => Header.Hash;

    /// <summary>
    /// Whether the leaf hashes are the header's. Asked before anything is fetched or executed for them: what fails with other
    /// leaves, or in another order, says nothing of the block.
    /// </summary>
    /// <param name="below">The right edge of the log that the block goes on.</param>
    public bool HasItsLeaves(LogFrontier below) =>
        Header.LogSizeBefore == below.Size && Header.LogSizeAfter - Header.LogSizeBefore == (ulong)LeafHashes.Count
        && below.Append([.. LeafHashes]).Root == Header.LogRoot;
}
