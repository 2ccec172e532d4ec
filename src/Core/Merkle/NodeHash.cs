using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The one place where the nodes of both trees are hashed: SHA-256(prefix | left | right), 65 bytes each.
/// </summary>
internal static class NodeHash
{
    private const int Length = 1 + 2 * Digest.Size;

    /// <summary>SHA-256(prefix | left | right).</summary>
    [SkipLocalsInit]
    public static Digest Pair(byte prefix, in Digest left, in Digest right)
    {
        Span<byte> message = stackalloc byte[Length];
        message[0] = prefix;
        left.CopyTo(message[1..]);
        right.CopyTo(message[(1 + Digest.Size)..]);
        return Hash(message);
    }

    /// <summary>
    /// Hashes neighbours pairwise: parents[i] = H(children[2i] | children[2i+1]). The parents may overwrite the
    /// children as long as parents[0] does not stand before children[0] nor after children[1].
    /// </summary>
    [SkipLocalsInit]
    public static void Pairs(byte prefix, ReadOnlySpan<Digest> children, Span<Digest> parents)
    {
        Span<byte> message = stackalloc byte[Length];
        message[0] = prefix;
        for (int i = 0; 2 * i + 1 < children.Length; i++)
        {
            MemoryMarshal.AsBytes(children.Slice(2 * i, 2)).CopyTo(message[1..]);
            parents[i] = Hash(message);
        }
    }

    /// <summary>SHA-256 of the whole message.</summary>
    [SkipLocalsInit]
    public static Digest Hash(ReadOnlySpan<byte> message)
    {
        Unsafe.SkipInit(out Digest result);
        SHA256.HashData(message, MemoryMarshal.AsBytes(new Span<Digest>(ref result)));
        return result;
    }
}
