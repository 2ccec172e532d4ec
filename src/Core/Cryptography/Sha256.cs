using System.Buffers;
using System.Security.Cryptography;

namespace GovChain.Core.Cryptography;

/// <summary>SHA-256 over the shapes the ledger hashes: plain data, a domain tag and data, a tree node.</summary>
/// <remarks>Nothing here keeps memory after it returns; safe from any thread.</remarks>
public static class Sha256
{
    private const int StackBytesMax = 1024;
    private const int NodeBytes = 1 + 2 * Digest.Size;

    /// <summary>SHA-256 of <paramref name="data"/>.</summary>
    public static Digest Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Digest.Size];
        SHA256.HashData(data, digest);
        return new Digest(digest);
    }

    /// <summary>SHA-256 of <paramref name="tag"/> followed by <paramref name="data"/>, nothing in between.</summary>
    /// <remarks>The caller's set of tags must be prefix-free, or two of them could stand for the same bytes.</remarks>
    public static Digest Hash(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> data)
    {
        int length = checked(tag.Length + data.Length);
        if (length <= StackBytesMax)
        {
            Span<byte> small = stackalloc byte[StackBytesMax];
            return HashJoined(tag, data, small[..length]);
        }
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return HashJoined(tag, data, rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>SHA-256 of one prefix byte followed by <paramref name="data"/>, as for a tree's leaves.</summary>
    public static Digest Hash(byte prefix, ReadOnlySpan<byte> data) => Hash([prefix], data);

    /// <summary>SHA-256 of the 65 bytes prefix, left, right: an inner node of a tree.</summary>
    public static Digest HashNode(byte prefix, in Digest left, in Digest right)
    {
        Span<byte> node = stackalloc byte[NodeBytes];
        node[0] = prefix;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + Digest.Size)..]);
        return Hash(node);
    }

    private static Digest HashJoined(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> data, Span<byte> joined)
    {
        tag.CopyTo(joined);
        data.CopyTo(joined[tag.Length..]);
        return Hash(joined);
    }
}
