using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;
using GovChain.Core.Merkle;

namespace GovChain.Core.Execution;

/// <summary>From state values to the state tree: a leaf is SHA-256(kind | id) -> SHA-256(value).</summary>
internal static class StateRoots
{
    /// <summary>The tree after these changes, one per key.</summary>
    public static StateUpdate Update(IStatePageReader pages, Digest root, IReadOnlyList<StateChange> changes)
    {
        var digests = new Digest[changes.Count];
        Sha256Batch.Hash([], [.. changes.Select(static c => new ReadOnlyMemory<byte>(c.Value))], digests);
        var leaves = new (Digest Key, Digest Value)[changes.Count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = (changes[i].Key.TreeKey, digests[i]);
        Array.Sort(leaves, static (a, b) => a.Key.CompareTo(b.Key));
        return StateTree.Update(pages, root, leaves);
    }
}
