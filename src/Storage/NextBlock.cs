using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>What the store insists on before it writes a block. A refusal is a programmer's error.</summary>
internal static class NextBlock
{
    public static void Check(Digest chainId, BlockHeader? tip, ExecutedBlock block, Certificate? certificate)
    {
        BlockHeader header = block.Header;
        Require(header.ChainId == chainId, $"the block is of ledger {header.ChainId}, the directory of {chainId}");
        ulong height = tip is null ? 0 : tip.Height + 1;
        Require(header.Height == height, $"block {header.Height} is not the next, {height}");
        Digest parent = tip?.Hash ?? Digest.Zero;
        Require(header.ParentHash == parent, $"the parent is {header.ParentHash}, the tip {parent}");
        ulong size = tip?.LogSizeAfter ?? 0;
        Require(header.LogSizeBefore == size, $"the log has {size} leaves, the block begins at {header.LogSizeBefore}");
        // Leaf 0, the genesis leaf, is no transaction.
        ulong leaves = height == 0 ? 1 : (ulong)block.Transactions.Count;
        Require(leaves != 0 && header.LogSizeAfter == size + leaves,
            $"{leaves} leaves lead from {size} to {header.LogSizeAfter}");
        Require(block.Log.NewSize == header.LogSizeAfter && block.Log.NewRoot == header.LogRoot,
            "the log does not end as the header says");
        Require(block.State.NewRoot == header.StateRoot, "the state tree does not end as the header says");
        if (height == 0)
        {
            Require(certificate is null, "block 0 has no certificate");
            Require(block.Transactions.Count == 0, "block 0 has no transactions");
            return;
        }
        Require(certificate is { Type: VoteType.Commit } && certificate.Height == height
            && certificate.Epoch == header.Epoch && certificate.BlockHash == header.Hash,
            "the certificate is not this block's commit certificate");
    }

    private static void Require(bool condition, string violation)
    {
        if (!condition)
            throw new ArgumentException($"The block cannot be appended: {violation}.");
    }
}
