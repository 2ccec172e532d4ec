using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Tests.Merkle;

/// <summary>
/// The dumb twin of the log tree: the recursive definitions of RFC 6962 section 2.1, word for word, on a list of
/// leaves, sharing no code with the product.
/// </summary>
internal static class NaiveLog
{
    /// <summary>Leaf data that differs for each index.</summary>
    public static byte[] Data(int index) => BitConverter.GetBytes(0x5eed0000 + index);

    /// <summary>Hashes of the first <paramref name="size"/> leaves.</summary>
    public static Digest[] LeafHashes(int size) =>
        [.. Enumerable.Range(0, size).Select(i => Hash([0x00, .. Data(i)]))];

    /// <summary>MTH.</summary>
    public static Digest Root(ReadOnlySpan<Digest> leafHashes)
    {
        if (leafHashes.Length == 0)
            return Hash([]);
        if (leafHashes.Length == 1)
            return leafHashes[0];
        int k = Split(leafHashes.Length);
        return Hash([0x01, .. Root(leafHashes[..k]).Span, .. Root(leafHashes[k..]).Span]);
    }

    /// <summary>PATH(m, D[n]).</summary>
    public static Digest[] Inclusion(int m, ReadOnlySpan<Digest> leafHashes)
    {
        if (leafHashes.Length == 1)
            return [];
        int k = Split(leafHashes.Length);
        return m < k
            ? [.. Inclusion(m, leafHashes[..k]), Root(leafHashes[k..])]
            : [.. Inclusion(m - k, leafHashes[k..]), Root(leafHashes[..k])];
    }

    /// <summary>PROOF(m, D[n]).</summary>
    public static Digest[] Consistency(int m, ReadOnlySpan<Digest> leafHashes) => SubProof(m, leafHashes, true);

    private static Digest[] SubProof(int m, ReadOnlySpan<Digest> leafHashes, bool known)
    {
        if (m == leafHashes.Length)
            return known ? [] : [Root(leafHashes)];
        int k = Split(leafHashes.Length);
        return m <= k
            ? [.. SubProof(m, leafHashes[..k], known), Root(leafHashes[k..])]
            : [.. SubProof(m - k, leafHashes[k..], false), Root(leafHashes[..k])];
    }

    private static int Split(int n)
    {
        int k = 1;
        while (2 * k < n)
            k *= 2;
        return k;
    }

    private static Digest Hash(byte[] message) => new(SHA256.HashData(message));
}

/// <summary>Nodes straight from the leaf hashes.</summary>
internal sealed class NaiveNodeSource(Digest[] leafHashes) : ILogNodeSource
{
    private readonly Dictionary<(int, ulong), Digest> _known = [];

    public Digest GetNode(int level, ulong index)
    {
        if (!_known.TryGetValue((level, index), out Digest node))
            _known[(level, index)] = node = NaiveLog.Root(leafHashes.AsSpan((int)index << level, 1 << level));
        return node;
    }
}
