using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;

namespace GovChain.Core.Merkle;

/// <summary>
/// The hashes of the log tree (RFC 6962 section 2.1): leaves and nodes are told apart by their first byte.
/// </summary>
public static class LogHash
{
    /// <summary>First byte of what is hashed for a leaf.</summary>
    public const byte LeafPrefix = 0x00;

    /// <summary>First byte of what is hashed for a node.</summary>
    public const byte NodePrefix = 0x01;

    /// <summary>Root of the tree without leaves: SHA-256 of nothing.</summary>
    public static Digest EmptyRoot { get; } = Sha256.Hash([]);

    /// <summary>SHA-256(0x00 | data).</summary>
    public static Digest Leaf(ReadOnlySpan<byte> data) => Sha256.Hash(LeafPrefix, data);

    /// <summary>Leaves as <see cref="Leaf"/> has them, many at once.</summary>
    /// <exception cref="ArgumentException">There are fewer hashes than leaves.</exception>
    public static void Leaves(ReadOnlySpan<ReadOnlyMemory<byte>> leaves, Span<Digest> hashes) =>
        Sha256Batch.Hash([LeafPrefix], leaves, hashes);

    /// <summary>SHA-256(0x01 | left | right).</summary>
    public static Digest Node(in Digest left, in Digest right) => Sha256.HashNode(NodePrefix, left, right);

    /// <summary>
    /// Hashes neighbours pairwise: parents[i] = Node(children[2i], children[2i+1]); an odd last child is left alone.
    /// The parents may take the children's place, from children[0] or children[1] onwards.
    /// </summary>
    public static void Nodes(ReadOnlySpan<Digest> children, Span<Digest> parents) =>
        Sha256Batch.HashNodes(NodePrefix, children, parents);
}
