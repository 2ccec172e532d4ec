using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Hashing;
using GovChain.Core.Merkle;

namespace GovChain.Node.Benching;

/// <summary>
/// The hashes of the log tree, beside a loop that calls <see cref="SHA256.HashData(ReadOnlySpan{byte}, Span{byte})"/> for each
/// node.
/// </summary>
internal static class TreeContest
{
    /// <summary>Names of figures: microseconds a leaf, the whole root's cost shared by the leaves.</summary>
    public const string Root = "log root, 512-byte leaves", PlatformRoot = "log root, 512-byte leaves, platform's hash each";

    private const int LeafBytes = 512, Leaves = 2048;

    /// <summary>Name of a figure: microseconds an inner node of 65 bytes.</summary>
    public static string Nodes(HashPath path) => $"inner nodes, {path}";

    /// <summary>Adds the contenders.</summary>
    public static void AddTo(Contest contest)
    {
        ReadOnlyMemory<byte>[] leaves = [.. Enumerable.Range(0, Leaves).Select(static _ => new ReadOnlyMemory<byte>(RandomNumberGenerator.GetBytes(LeafBytes)))];
        Digest expected = PlatformRootOf(leaves);
        contest.Add(PlatformRoot, () => Same(expected, PlatformRootOf(leaves)));
        contest.Add(Root, () => Same(expected, RootOf(leaves)));
        var children = new Digest[Leaves];
        LogHash.Leaves(leaves, children);
        var parents = new Digest[Leaves / 2];
        foreach (HashPath path in Enum.GetValues<HashPath>().Where(Sha256Batch.IsSupported))
        {
            contest.Add(Nodes(path), () =>
            {
                Sha256Batch.HashNodes(path, LogHash.NodePrefix, children, parents);
                return parents.Length;
            });
        }
    }

    private static Digest RootOf(ReadOnlyMemory<byte>[] leaves)
    {
        var hashes = new Digest[leaves.Length];
        LogHash.Leaves(leaves, hashes);
        return LogFrontier.Empty.Append(hashes).Root;
    }

    /// <summary>Of a power of two of leaves, as somebody writes it who only has the platform.</summary>
    private static Digest PlatformRootOf(ReadOnlyMemory<byte>[] leaves)
    {
        Span<byte> leaf = stackalloc byte[1 + LeafBytes], node = stackalloc byte[1 + 2 * Digest.Size];
        leaf[0] = LogHash.LeafPrefix;
        node[0] = LogHash.NodePrefix;
        var row = new byte[leaves.Length * Digest.Size];
        for (int i = 0; i < leaves.Length; i++)
        {
            leaves[i].Span.CopyTo(leaf[1..]);
            SHA256.HashData(leaf, row.AsSpan(i * Digest.Size, Digest.Size));
        }
        for (int count = leaves.Length / 2; count > 0; count /= 2)
        {
            for (int i = 0; i < count; i++)
            {
                row.AsSpan(2 * i * Digest.Size, 2 * Digest.Size).CopyTo(node[1..]);
                SHA256.HashData(node, row.AsSpan(i * Digest.Size, Digest.Size));
            }
        }
        return new Digest(row.AsSpan(0, Digest.Size));
    }

    // Who gives another root would look fast.
    private static int Same(Digest expected, Digest root) => root == expected
        ? Leaves : throw new InvalidOperationException("A root differs from the platform's.");
}
