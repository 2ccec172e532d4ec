using System.Buffers.Binary;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Keys by their bytes, with hash codes that nobody can foresee who does not know the seed.</summary>
/// <remarks>
/// Anybody makes keys that end alike, without even knowing their secrets, and the end of a key is its own hash code: a
/// dictionary of thousands of them would be searched from end to end at each look-up.
/// </remarks>
internal sealed class SeededKeyComparer(ulong seed) : IEqualityComparer<PublicKey>
{
    // Odd, and as good as random: 2^64 times the fraction of the golden ratio.
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    public bool Equals(PublicKey? x, PublicKey? y) => x == y;

    public int GetHashCode(PublicKey key)
    {
        ulong hash = seed;
        for (ReadOnlySpan<byte> x = key.Span[1..]; !x.IsEmpty; x = x[sizeof(ulong)..])
        {
            ulong high = Math.BigMul(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(x), Multiplier, out ulong low);
            hash = high ^ low;
        }
        return (int)hash ^ key.Span[0];
    }
}
