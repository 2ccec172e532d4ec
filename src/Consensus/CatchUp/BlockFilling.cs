using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// What is believed of the blocks below a snapshot (docs/PROTOCOL.md, "Snapshots"): each header under the certificate of its
/// own epoch's departments, whom the state names, and after the one before, each leaf against the log root.
/// </summary>
/// <param name="chainId">The ledger.</param>
/// <param name="history">Who certifies which height.</param>
/// <param name="verifier">Checks certificates.</param>
public sealed class BlockFilling(Digest chainId, ValidatorHistory history, ISignatureVerifier verifier)
{
    /// <summary>How long to wait where nobody gives the next block, or the node is behind, milliseconds.</summary>
    public const ulong PauseMs = 1_000;

    /// <summary>The blocks that fit, which <paramref name="filling"/> has gone on by.</summary>
    /// <param name="filling">Where filling in has got to.</param>
    /// <param name="below">The header below the snapshot's blocks: the last to be filled in.</param>
    /// <param name="fetched">What came from the next height on.</param>
    /// <param name="complaint">What is wrong with the first that does not fit; null where all do.</param>
    /// <exception cref="ForkedBaseException">Two blocks are certified at the base's height.</exception>
    public IReadOnlyList<SealedBlock> Take(
        ILogEdge filling, BlockHeader below, IReadOnlyList<FetchedBlock> fetched, out string? complaint)
    {
        ulong first = filling.Header.Height + 1;
        var catchUp = new CatchUp(chainId, history.At(first), verifier);
        IReadOnlyList<CertifiedBlock> chain = catchUp.Believe(first, fetched, out string? lie);
        foreach (CertifiedBlock block in chain)
        {
            if (block.Header.Height == below.Height && block.Header.Hash != below.Hash)
                throw new ForkedBaseException(block.Header, below);
        }
        IReadOnlyList<SealedBlock> blocks = catchUp.SealUpTo(below.Height, filling, chain, out complaint);
        complaint ??= lie;
        return blocks;
    }
}

/// <summary>Two blocks are certified at the height of a snapshot's base.</summary>
public sealed class ForkedBaseException(BlockHeader found, BlockHeader below) : Exception(
    $"Two blocks are certified at height {below.Height}: {found.Hash} and, under the snapshot that this ledger began with, {below.Hash}.");
