using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;
using GovChain.Core.Merkle;

namespace GovChain.Core.Execution;

/// <summary>From state values to the state tree: a leaf is SHA-256(kind | id) -> SHA-256(value).</summary>
public static class StateRoots
{
    /// <summary>The leaves of these values, ascending by tree key.</summary>
    /// <param name="states">Values, one per key, in any order.</param>
    public static (Digest Key, Digest ValueDigest)[] LeavesOf(IReadOnlyList<StateChange> states)
    {
        var digests = new Digest[states.Count];
        Sha256Batch.Hash([], [.. states.Select(static s => new ReadOnlyMemory<byte>(s.Value))], digests);
        var leaves = new (Digest Key, Digest ValueDigest)[states.Count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = (states[i].Key.TreeKey, digests[i]);
        Array.Sort(leaves, static (a, b) => a.Key.CompareTo(b.Key));
        return leaves;
    }

    /// <summary>The tree after these changes, one per key.</summary>
    internal static StateUpdate Update(IStatePageReader pages, Digest root, IReadOnlyList<StateChange> changes) =>
        StateTree.Update(pages, root, LeavesOf(changes));
}
