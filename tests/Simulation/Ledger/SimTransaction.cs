using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What must become of a client's transaction.</summary>
internal enum Fate
{
    /// <summary>It commits in the end.</summary>
    Commits,

    /// <summary>It or a rival for the same version commits.</summary>
    MayCommit,

    /// <summary>No state can make it valid.</summary>
    NeverCommits,
}

/// <summary>A client's transaction.</summary>
internal sealed record SimTransaction(Transaction Transaction, Fate Fate)
{
    public Digest Id => Transaction.Id;

    public Digest LeafHash => Transaction.LeafHash;
}

/// <summary>A block as it stands on a simulated disk.</summary>
/// <param name="Certificate">Null only at genesis.</param>
/// <param name="NextLeaders">Who leads the next height.</param>
internal sealed record StoredBlock(
    GovChain.Consensus.ProposedBlock Block,
    Certificate? Certificate,
    IReadOnlyList<VerifiedTransaction> Transactions,
    LeaderOrder NextLeaders)
{
    public BlockHeader Header => Block.Header;

    public ulong Height => Block.Header.Height;
}
