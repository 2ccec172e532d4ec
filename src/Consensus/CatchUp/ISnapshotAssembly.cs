using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Where the parts of a snapshot go: a ledger put together apart from the one in use. Whoever hands parts in has checked
/// them.
/// </summary>
public interface ISnapshotAssembly : IStatePageReader
{
    /// <summary>Where the log that was put in ends; null before <see cref="Begin"/>.</summary>
    ILogEdge? Log { get; }

    /// <summary>Says below which header no blocks come, and where the log stood there.</summary>
    /// <param name="genesis">Block 0.</param>
    /// <param name="below">The header under the first block that will come.</param>
    /// <param name="edge">The growing tiles of the log after that header, by level.</param>
    /// <returns>False where the tiles are not those of the header's log root; nothing has begun then.</returns>
    bool Begin(BlockHeader genesis, BlockHeader below, IReadOnlyList<(TileId Id, byte[] Bytes)> edge);

    /// <summary>Takes pages of the state tree.</summary>
    void Put(IEnumerable<(StatePageId Id, byte[] Bytes)> pages);

    /// <summary>Takes state values.</summary>
    void Put(IEnumerable<StateChange> states);

    /// <summary>A state value that was taken, or null.</summary>
    byte[]? TryGetState(StateKey key);

    /// <summary>Takes blocks that follow, sealed one upon the other, by which <see cref="Log"/> has been advanced.</summary>
    void Put(IReadOnlyList<SealedBlock> blocks);
}

/// <summary>Where a log that is written apart from execution has got to.</summary>
public interface ILogEdge : ITileReader
{
    /// <summary>The last block's header.</summary>
    BlockHeader Header { get; }

    /// <summary>The log's right edge after it.</summary>
    LogFrontier Frontier { get; }

    /// <summary>Goes on by a block that was sealed upon this.</summary>
    void Advance(SealedBlock block);
}

/// <summary>A ledger as it was after one block, to be given to others.</summary>
public interface ISnapshotView : ILedgerView
{
    /// <summary>The commit certificate of the newest block; null at genesis.</summary>
    Certificate? TipCertificate { get; }

    /// <summary>The first height from which on all headers are here; 0 where none is missing.</summary>
    ulong FirstWhole { get; }

    /// <summary>The header of a height from <see cref="FirstWhole"/> on, or of what is below it.</summary>
    BlockHeader GetHeader(ulong height);

    /// <summary>Its commit certificate; null at genesis.</summary>
    Certificate? GetCertificate(ulong height);

    /// <summary>The state values whose keys come after one, ascending.</summary>
    IEnumerable<StateChange> ScanStatesAfter(byte[] after);

    /// <summary>About how many state values there are.</summary>
    ulong EstimateStates();
}
