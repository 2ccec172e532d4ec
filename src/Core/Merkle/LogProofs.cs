using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// Makes inclusion and consistency paths. What they are made of is the caller's: see <see cref="ILogNodeSource"/>.
/// </summary>
public static class LogProofs
{
    /// <summary>
    /// Path from leaf <paramref name="index"/> to the root of the tree of the first <paramref name="size"/> leaves,
    /// lowest sibling first: PATH of RFC 9162 section 2.1.3.1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The leaf is not in that tree.</exception>
    public static Digest[] Inclusion(ILogNodeSource nodes, ulong index, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<Digest>();
        ulong start = 0, end = size;
        while (end - start > 1)
        {
            ulong middle = start + Split(end - start);
            if (index < middle)
            {
                path.Add(RangeRoot(nodes, middle, end));
                end = middle;
            }
            else
            {
                path.Add(RangeRoot(nodes, start, middle));
                start = middle;
            }
        }
        return LowestFirst(path);
    }

    /// <summary>
    /// Path that shows the tree of the first <paramref name="oldSize"/> leaves to be the beginning of the tree of the
    /// first <paramref name="newSize"/>: PROOF of RFC 9162 section 2.1.4.1. Empty for equal sizes.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The old size is zero or above the new one.</exception>
    public static Digest[] Consistency(ILogNodeSource nodes, ulong oldSize, ulong newSize)
    {
        ArgumentOutOfRangeException.ThrowIfZero(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        var path = new List<Digest>();
        ulong start = 0, end = newSize;
        while (end != oldSize)
        {
            ulong middle = start + Split(end - start);
            if (oldSize <= middle)
            {
                path.Add(RangeRoot(nodes, middle, end));
                end = middle;
            }
            else
            {
                path.Add(RangeRoot(nodes, start, middle));
                start = middle;
            }
        }
        if (start != 0) // otherwise the old tree is this subtree, and its root is known
            path.Add(RangeRoot(nodes, start, end));
        return LowestFirst(path);
    }

    /// <summary>The largest power of two below <paramref name="count"/>, which is at least 2.</summary>
    private static ulong Split(ulong count) => 1UL << BitOperations.Log2(count - 1);

    /// <summary>
    /// Root over the leaves [start, end), a subtree of the recursion of RFC 6962: folded from the complete subtrees
    /// that its length, in binary, is made of.
    /// </summary>
    private static Digest RangeRoot(ILogNodeSource nodes, ulong start, ulong end)
    {
        ulong length = end - start;
        int level = BitOperations.TrailingZeroCount(length);
        Digest root = nodes.GetNode(level, (end >> level) - 1);
        for (ulong rest = length & (length - 1); rest != 0; rest &= rest - 1)
        {
            level = BitOperations.TrailingZeroCount(rest);
            root = LogHash.Node(nodes.GetNode(level, ((start + rest) >> level) - 1), root);
        }
        return root;
    }

    private static Digest[] LowestFirst(List<Digest> path)
    {
        path.Reverse();
        return [.. path];
    }
}
