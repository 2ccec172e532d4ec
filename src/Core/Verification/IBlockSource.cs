using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>A block as it is stored.</summary>
/// <param name="Header">The header.</param>
/// <param name="Certificate">The commit certificate; null for block 0, which has none.</param>
/// <param name="Leaves">The log's leaves in order: envelopes, and for block 0 the genesis leaf.</param>
public sealed record StoredBlock(
    BlockHeader Header, Certificate? Certificate, IReadOnlyList<ReadOnlyMemory<byte>> Leaves);

/// <summary>Where an auditor gets blocks: a data directory, or a node asked over the network. It trusts neither.
/// </summary>
public interface IBlockSource
{
    /// <summary>The newest height.</summary>
    ulong TipHeight { get; }

    /// <summary>The block at a height from 0 to <see cref="TipHeight"/>.</summary>
    StoredBlock Read(ulong height);
}
