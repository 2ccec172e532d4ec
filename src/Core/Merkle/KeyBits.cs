using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// Keys of the state tree as strings of 256 bits, the first being the most significant of the first byte.
/// </summary>
internal static class KeyBits
{
    /// <summary>Number of leading bits, 0 to 256, that two keys share.</summary>
    public static int CommonPrefix(in Digest a, in Digest b)
    {
        int bytes = a.Span.CommonPrefixLength(b.Span);
        return bytes == Digest.Size
            ? 8 * Digest.Size
            : 8 * bytes + BitOperations.LeadingZeroCount((uint)(a.Span[bytes] ^ b.Span[bytes]) << 24);
    }
}
