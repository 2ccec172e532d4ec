using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Node.Benching;

/// <summary>
/// The yardstick for the state tree: the same tree, the same roots, as somebody writes it who only has the platform's hash. Nodes
/// in memory, one change after the other, one call of <see cref="SHA256.HashData(ReadOnlySpan{byte}, Span{byte})"/> a node.
/// A change copies the nodes on its path, so that a tree can be changed again and again from the same beginning.
/// </summary>
internal abstract class SimpleStateTree
{
    private SimpleStateTree(byte prefix, in Digest first, in Digest second) => Hash = HashOf(prefix, first, second);

    /// <summary>What the parent holds.</summary>
    public Digest Hash { get; }

    /// <summary>The tree over keys that ascend; at least one.</summary>
    public static SimpleStateTree Of(ReadOnlySpan<(Digest Key, Digest Value)> leaves, int depth = 0)
    {
        if (leaves.Length == 1)
            return new Leaf(leaves[0].Key, leaves[0].Value);
        int middle = 0;
        while (middle < leaves.Length && Bit(leaves[middle].Key, depth) == 0)
            middle++;
        return new Inner(
            middle == 0 ? null : Of(leaves[..middle], depth + 1), middle == leaves.Length ? null : Of(leaves[middle..], depth + 1));
    }

    /// <summary>The tree with a new value.</summary>
    /// <param name="key">The key, there or not.</param>
    /// <param name="value">The value.</param>
    /// <param name="checks">
    /// Every node on the way is hashed before it is used, and compared with its hash: what a tree owes that keeps its nodes on a
    /// disk.
    /// </param>
    /// <param name="depth">Of this node.</param>
    /// <exception cref="InvalidOperationException">A node is not what its hash says.</exception>
    public abstract SimpleStateTree With(in Digest key, in Digest value, bool checks, int depth = 0);

    private static int Bit(in Digest key, int depth) => key.Span[depth / 8] >> (7 - depth % 8) & 1;

    private static Digest HashOf(byte prefix, in Digest first, in Digest second)
    {
        Span<byte> node = stackalloc byte[1 + 2 * Digest.Size], hash = stackalloc byte[Digest.Size];
        node[0] = prefix;
        first.CopyTo(node[1..]);
        second.CopyTo(node[(1 + Digest.Size)..]);
        SHA256.HashData(node, hash);
        return new Digest(hash);
    }

    private void Check(byte prefix, in Digest first, in Digest second)
    {
        if (HashOf(prefix, first, second) != Hash)
            throw new InvalidOperationException("A node is not what its hash says.");
    }

    private sealed class Leaf(Digest key, Digest value) : SimpleStateTree(StateHash.LeafPrefix, key, value)
    {
        private readonly Digest _key = key, _value = value;

        public override SimpleStateTree With(in Digest key, in Digest value, bool checks, int depth)
        {
            if (checks)
                Check(StateHash.LeafPrefix, _key, _value);
            var other = new Leaf(key, value);
            return key == _key ? other : Apart(this, other, depth);
        }

        private static Inner Apart(Leaf one, Leaf other, int depth)
        {
            (int bit, int otherBit) = (Bit(one._key, depth), Bit(other._key, depth));
            if (bit == otherBit)
            {
                Inner below = Apart(one, other, depth + 1);
                return bit == 0 ? new Inner(below, null) : new Inner(null, below);
            }
            return bit == 0 ? new Inner(one, other) : new Inner(other, one);
        }
    }

    private sealed class Inner(SimpleStateTree? left, SimpleStateTree? right)
        : SimpleStateTree(StateHash.InnerPrefix, left?.Hash ?? StateHash.Empty, right?.Hash ?? StateHash.Empty)
    {
        public override SimpleStateTree With(in Digest key, in Digest value, bool checks, int depth)
        {
            if (checks)
                Check(StateHash.InnerPrefix, left?.Hash ?? StateHash.Empty, right?.Hash ?? StateHash.Empty);
            return Bit(key, depth) == 0
                ? new Inner(left?.With(key, value, checks, depth + 1) ?? new Leaf(key, value), right)
                : new Inner(left, right?.With(key, value, checks, depth + 1) ?? new Leaf(key, value));
        }
    }
}
