using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;

namespace GovChain.Core.Merkle;

/// <summary>
/// The hashes of the state tree. Their first bytes differ from those of the log tree, so that nothing of one tree can
/// be passed off as part of the other.
/// </summary>
public static class StateHash
{
    /// <summary>First byte of what is hashed for a leaf.</summary>
    public const byte LeafPrefix = 0x10;

    /// <summary>First byte of what is hashed for an inner node.</summary>
    public const byte InnerPrefix = 0x11;

    /// <summary>What stands for a subtree without leaves, and for the root of the empty tree: 32 zero bytes.</summary>
    public static Digest Empty => Digest.Zero;

    /// <summary>SHA-256(0x10 | key | valueDigest).</summary>
    public static Digest Leaf(in Digest key, in Digest valueDigest) => Sha256.HashNode(LeafPrefix, key, valueDigest);

    /// <summary>SHA-256(0x11 | left | right).</summary>
    public static Digest Inner(in Digest left, in Digest right) => Sha256.HashNode(InnerPrefix, left, right);

    /// <summary>Many leaves at once: hashes[i] = Leaf(leaves[2i], leaves[2i+1]), key and value digest in turn.</summary>
    internal static void Leaves(ReadOnlySpan<Digest> leaves, Span<Digest> hashes) =>
        Sha256Batch.HashNodes(LeafPrefix, leaves, hashes);

    /// <summary>Many nodes at once: parents[i] = Inner(children[2i], children[2i+1]).</summary>
    internal static void Inners(ReadOnlySpan<Digest> children, Span<Digest> parents) =>
        Sha256Batch.HashNodes(InnerPrefix, children, parents);
}
