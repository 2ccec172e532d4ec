using System.Runtime.InteropServices;
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

    private const int LeafBytes = 512, Leaves = 1_000_000, FewLeaves = 2048;

    /// <summary>Leaves that are hashed and appended together: their hashes stay in the processor's caches.</summary>
    private const int Chunk = 2048;

    /// <summary>Name of a figure: microseconds an inner node of 65 bytes.</summary>
    public static string Nodes(HashPath path) => $"inner nodes, {path}";

    /// <summary>Name of a figure: as <see cref="Root"/>, on a path of the caller's choice.</summary>
    public static string RootOn(HashPath path) => $"{Root}, {path}";

    /// <summary>
    /// Adds the contenders for the root of 1,000,000 distinct leaves, which stand one after the other in half a gigabyte of
    /// memory: all read the same ones, from memory and not from the processor's caches. Who needs room for a hash of each leaf
    /// has it before the clock starts: the first touch of fresh memory would cost each as much as a third of the fastest's time.
    /// </summary>
    public static void AddRootsTo(Contest contest)
    {
        var bytes = new byte[(long)Leaves * LeafBytes];
        new Random(0).NextBytes(bytes);
        var leaves = new ReadOnlyMemory<byte>[Leaves];
        for (int i = 0; i < Leaves; i++)
            leaves[i] = bytes.AsMemory(i * LeafBytes, LeafBytes);
        var row = new Digest[Leaves];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(row.AsSpan()));
        Digest? expected = null; // whoever comes first says it
        contest.Add(PlatformRoot, () => Same(ref expected, PlatformRootOf(leaves, MemoryMarshal.AsBytes(row.AsSpan()))));
        contest.Add(Root, () => Same(ref expected, RootOf(leaves)));
        if (Sha256Batch.IsSupported(HashPath.Avx2))
            contest.Add(RootOn(HashPath.Avx2), () => Same(ref expected, RootOf(HashPath.Avx2, leaves, row)));
    }

    /// <summary>Adds the contenders for inner nodes, few enough for the processor's caches.</summary>
    public static void AddNodesTo(Contest contest)
    {
        var children = new Digest[FewLeaves];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(children.AsSpan()));
        var parents = new Digest[FewLeaves / 2];
        foreach (HashPath path in Enum.GetValues<HashPath>().Where(Sha256Batch.IsSupported))
        {
            contest.Add(Nodes(path), () =>
            {
                Sha256Batch.HashNodes(path, LogHash.NodePrefix, children, parents);
                return parents.Length;
            });
        }
    }

    /// <summary>As a node has it.</summary>
    private static Digest RootOf(ReadOnlySpan<ReadOnlyMemory<byte>> leaves)
    {
        var hashes = new Digest[Chunk];
        LogFrontier frontier = LogFrontier.Empty;
        for (; !leaves.IsEmpty; leaves = leaves[Math.Min(Chunk, leaves.Length)..])
        {
            int count = Math.Min(Chunk, leaves.Length);
            LogHash.Leaves(leaves[..count], hashes);
            frontier = frontier.Append(hashes.AsSpan(0, count));
        }
        return frontier.Root;
    }

    private static Digest RootOf(HashPath path, ReadOnlyMemory<byte>[] leaves, Digest[] row)
    {
        Sha256Batch.Hash(path, [LogHash.LeafPrefix], leaves, row);
        for (int count = row.Length; count > 1; count = (count + 1) / 2)
        {
            Sha256Batch.HashNodes(path, LogHash.NodePrefix, row.AsSpan(0, count), row);
            if (count % 2 != 0) // the last is alone and goes up as it is
                row[count / 2] = row[count - 1];
        }
        return row[0];
    }

    /// <summary>As somebody writes it who only has the platform.</summary>
    private static Digest PlatformRootOf(ReadOnlyMemory<byte>[] leaves, Span<byte> row)
    {
        Span<byte> leaf = stackalloc byte[1 + LeafBytes], node = stackalloc byte[1 + 2 * Digest.Size];
        leaf[0] = LogHash.LeafPrefix;
        node[0] = LogHash.NodePrefix;
        for (int i = 0; i < leaves.Length; i++)
        {
            leaves[i].Span.CopyTo(leaf[1..]);
            SHA256.HashData(leaf, row.Slice(i * Digest.Size, Digest.Size));
        }
        for (int count = leaves.Length; count > 1; count = (count + 1) / 2)
        {
            for (int i = 0; i < count / 2; i++)
            {
                row.Slice(2 * i * Digest.Size, 2 * Digest.Size).CopyTo(node[1..]);
                SHA256.HashData(node, row.Slice(i * Digest.Size, Digest.Size));
            }
            if (count % 2 != 0)
                row.Slice((count - 1) * Digest.Size, Digest.Size).CopyTo(row[(count / 2 * Digest.Size)..]);
        }
        return new Digest(row[..Digest.Size]);
    }

    // Who gives another root would look fast.
    private static int Same(ref Digest? expected, Digest root) => root == (expected ??= root)
        ? Leaves : throw new InvalidOperationException("A root differs from the platform's.");
}
