using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using GovChain.Core.Cryptography.Engine;

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
    // another square root (about 6 us).
    private const int RecentSets = 4096;
    private const int SetSize = 4;

    // Keys whose roots are taken in one go: enough to fill lanes, few enough for the stack.
    private const int ParsedTogether = 64;
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
        if (!HasForm(bytes))
            return false;
        if (Recall(bytes) is { } recent)
        {
            key = recent;
            return true;
        }
        byte[] uncompressed = new byte[Secp256k1.UncompressedSize];
        if (!Secp256k1.TryDecompress(bytes[1..], bytes[0] == 0x03, uncompressed))
            return false;
        key = Remember(bytes, uncompressed);
        return true;
    }

    /// <summary>
    /// Reads many keys, each as <see cref="TryParse"/> does: the square roots of those that were not seen lately are taken
    /// several at once, as the processor can.
    /// </summary>
    /// <param name="encodings">What may be compressed keys, of any length.</param>
    /// <param name="keys">As many places: the key, or null where <see cref="TryParse"/> gives false.</param>
    /// <exception cref="ArgumentException">There are fewer places than encodings.</exception>
    public static void ParseAll(ReadOnlySpan<ReadOnlyMemory<byte>> encodings, Span<PublicKey?> keys) =>
        ParseAll(EnginePaths.Best, encodings, keys);

    /// <summary>The same on a path of the caller's choice, which the processor must have.</summary>
    internal static void ParseAll(
        EnginePath path, ReadOnlySpan<ReadOnlyMemory<byte>> encodings, Span<PublicKey?> keys)
    {
        if (keys.Length < encodings.Length)
            throw new ArgumentException($"{encodings.Length} encodings need as many places, not {keys.Length}.", nameof(keys));
        Span<int> places = stackalloc int[ParsedTogether];
        int count = 0;
        for (int i = 0; i < encodings.Length; i++)
        {
            ReadOnlySpan<byte> bytes = encodings[i].Span;
            keys[i] = null;
            if (!HasForm(bytes) || (keys[i] = Recall(bytes)) is not null)
                continue;
            places[count++] = i;
            if (count < places.Length)
                continue;
            Decompress(path, encodings, places, keys);
            count = 0;
        }
        Decompress(path, encodings, places[..count], keys);
    }

    private static void Decompress(
        EnginePath path, ReadOnlySpan<ReadOnlyMemory<byte>> encodings, ReadOnlySpan<int> places, Span<PublicKey?> keys)
    {
        Span<Words256> xs = stackalloc Words256[places.Length];
        for (int i = 0; i < places.Length; i++)
            xs[i] = Words256.Read(encodings[places[i]].Span[1..]);
        Span<FieldElement> powers = stackalloc FieldElement[places.Length];
        int computed = KeyRoots.Compute(path, xs, powers);
        Span<byte> uncompressed = stackalloc byte[Secp256k1.UncompressedSize];
        for (int i = 0; i < places.Length; i++)
        {
            ReadOnlySpan<byte> bytes = encodings[places[i]].Span;
            bool odd = bytes[0] == 0x03;
            bool isKey = i < computed
                ? Secp256k1.TryDecompress(bytes[1..], odd, powers[i], uncompressed)
                : Secp256k1.TryDecompress(bytes[1..], odd, uncompressed);
            if (isKey) // the same key may have stood further up
                keys[places[i]] = Recall(bytes) ?? Remember(bytes, uncompressed.ToArray());
        }
    }

    private static bool HasForm(ReadOnlySpan<byte> bytes) => bytes.Length == Size && bytes[0] is 0x02 or 0x03;

    private static Span<PublicKey?> SetOf(ReadOnlySpan<byte> compressed) =>
        Recent.AsSpan((int)((uint)HashOf(compressed) % RecentSets) * SetSize, SetSize);

    private static PublicKey? Recall(ReadOnlySpan<byte> compressed)
    {
        foreach (PublicKey? recent in SetOf(compressed))
        {
            if (recent is not null && recent.Span.SequenceEqual(compressed))
                return recent;
        }
        return null;
    }

    private static PublicKey Remember(ReadOnlySpan<byte> compressed, byte[] uncompressed)
    {
        PublicKey key = new(compressed.ToArray(), uncompressed);
        Span<PublicKey?> set = SetOf(compressed);
        set[..^1].CopyTo(set[1..]);
        set[0] = key;
        return key;
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

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(PublicKey? left, PublicKey? right) =>
        left is null ? right is null : left.Equals(right);

    /// <summary>Other bytes.</summary>
    public static bool operator !=(PublicKey? left, PublicKey? right) => !(left == right);

    // x is as good as random for honest keys; its last bytes are, and the parity tells the two keys of an x apart.
    private static int HashOf(ReadOnlySpan<byte> compressed) =>
        BinaryPrimitives.ReadInt32LittleEndian(compressed[^4..]) ^ compressed[0];
}
