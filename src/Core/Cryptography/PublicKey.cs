using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace GovChain.Core.Cryptography;

/// <summary>
/// A secp256k1 public key: a point of the curve other than infinity, in the 33-byte compressed form of SEC 1,
/// section 2.3.3. Equal, hashed and ordered as those bytes.
/// </summary>
/// <remarks>
/// Immutable and safe from any thread. Every instance has been checked to lie on the curve and carries both
/// coordinates, so that the square root is taken once per key and not once per signature.
/// </remarks>
public sealed class PublicKey : IEquatable<PublicKey>, IComparable<PublicKey>
{
    /// <summary>Length in bytes of the compressed form.</summary>
    public const int Size = 1 + Secp256k1.ScalarSize;

    // Keys seen lately, so that the signers a ledger knows are decompressed once: sets of four, the newest first. A
    // place is one reference: storing it publishes a finished, immutable object, and losing a race only costs
    // another square root (about 8 us).
    private const int RecentSets = 4096;
    private const int SetSize = 4;
    private static readonly PublicKey?[] Recent = new PublicKey?[RecentSets * SetSize];

    private readonly byte[] _compressed;
    private readonly byte[] _uncompressed;

    private PublicKey(byte[] compressed, byte[] uncompressed)
    {
        _compressed = compressed;
        _uncompressed = uncompressed;
    }

    /// <summary>The 33 bytes of the compressed form.</summary>
    public ReadOnlySpan<byte> Span => _compressed;

    /// <summary>The 65 bytes of the uncompressed form: 04, x, y.</summary>
    public ReadOnlySpan<byte> Uncompressed => _uncompressed;

    /// <summary>
    /// Reads a compressed key: exactly 33 bytes, prefix 02 or 03, x below p, and a point of the curve. Anything
    /// else gives false.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (bytes.Length != Size || bytes[0] is not (0x02 or 0x03))
            return false;
        Span<PublicKey?> set = Recent.AsSpan((int)((uint)HashOf(bytes) % RecentSets) * SetSize, SetSize);
        foreach (PublicKey? recent in set)
        {
            if (recent is not null && recent.Span.SequenceEqual(bytes))
            {
                key = recent;
                return true;
            }
        }
        byte[] uncompressed = new byte[Secp256k1.UncompressedSize];
        if (!Secp256k1.TryDecompress(bytes[1..], bytes[0] == 0x03, uncompressed))
            return false;
        key = new PublicKey(bytes.ToArray(), uncompressed);
        set[..^1].CopyTo(set[1..]);
        set[0] = key;
        return true;
    }

    /// <summary>Reads 66 hexadecimal digits of either case; anything else, or no key, gives false.</summary>
    public static bool TryParseHex(string? hex, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (hex is null || hex.Length != 2 * Size)
            return false;
        Span<byte> bytes = stackalloc byte[Size];
        return Convert.FromHexString(hex, bytes, out _, out int written) == OperationStatus.Done
            && written == Size
            && TryParse(bytes, out key);
    }

    /// <summary>A copy of the 33 bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>66 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(_compressed);

    /// <summary>The first ten hexadecimal digits, for messages to people.</summary>
    public string ToShortString() => Convert.ToHexStringLower(Span[..5]);

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) =>
        ReferenceEquals(this, other) || (other is not null && Span.SequenceEqual(other.Span));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <summary>The same in every process.</summary>
    public override int GetHashCode() => HashOf(_compressed);

    /// <inheritdoc/>
    public int CompareTo(PublicKey? other) => other is null ? 1 : Span.SequenceCompareTo(other.Span);

    public static bool operator ==(PublicKey? left, PublicKey? right) =>
        left is null ? right is null : left.Equals(right);

    public static bool operator !=(PublicKey? left, PublicKey? right) => !(left == right);

    // x is as good as random for honest keys; its last bytes are, and the parity tells the two keys of an x apart.
    private static int HashOf(ReadOnlySpan<byte> compressed) =>
        BinaryPrimitives.ReadInt32LittleEndian(compressed[^4..]) ^ compressed[0];
}
