using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>Hashes many nodes of either tree at once: independent messages of 65 bytes, all of one kind.</summary>
internal static class NodeHash
{
    /// <summary>
    /// Hashes neighbours pairwise: parents[i] = SHA-256(prefix | children[2i] | children[2i+1]). The parents may take
    /// the children's place, from children[0] or children[1] onwards.
    /// </summary>
    public static void Pairs(byte prefix, ReadOnlySpan<Digest> children, Span<Digest> parents)
    {
        for (int i = 0; 2 * i + 1 < children.Length; i++)
            parents[i] = Sha256.HashNode(prefix, children[2 * i], children[2 * i + 1]);
    }
}
