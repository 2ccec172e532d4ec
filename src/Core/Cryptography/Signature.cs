using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GovChain.Core.Cryptography;

/// <summary>An ECDSA signature over secp256k1: r then s, 32 bytes each, big-endian, both in [1, n - 1].</summary>
/// <remarks>
/// The default value is the one instance outside that range; it verifies for no key. Valid on the ledger is only the
/// low form, s at most (n - 1) / 2: of the two signatures that ECDSA accepts for the same r, one is admitted, so
/// nobody can change an envelope's bytes without its signer.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Signature : IEquatable<Signature>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 2 * Secp256k1.ScalarSize;

    private readonly ulong _r0, _r1, _r2, _r3, _s0, _s1, _s2, _s3;

    /// <summary>The 64 bytes, in place.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => MemoryMarshal.AsBytes(new ReadOnlySpan<Signature>(in this));

    /// <summary>The 32 bytes of r, in place.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> R => Span[..Secp256k1.ScalarSize];

    /// <summary>The 32 bytes of s, in place.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> S => Span[Secp256k1.ScalarSize..];

    /// <summary>Whether s is at most (n - 1) / 2.</summary>
    public bool IsLowS => S.SequenceCompareTo(Secp256k1.HalfGroupOrder) <= 0;

    /// <summary>
    /// Reads exactly 64 bytes with 0 &lt; r &lt; n and 0 &lt; s &lt; n; anything else gives false. A high s is read:
    /// refusing it is the verifier's part.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Signature signature)
    {
        signature = default;
        if (bytes.Length != Size
            || !IsScalar(bytes[..Secp256k1.ScalarSize])
            || !IsScalar(bytes[Secp256k1.ScalarSize..]))
            return false;
        signature = MemoryMarshal.Read<Signature>(bytes);
        return true;
    }

    /// <summary>Reads 128 hexadecimal digits of either case under the rules of <see cref="TryParse"/>.</summary>
    public static bool TryParseHex(string? hex, out Signature signature)
    {
        signature = default;
        if (hex is null || hex.Length != 2 * Size)
            return false;
        Span<byte> bytes = stackalloc byte[Size];
        return Convert.FromHexString(hex, bytes, out _, out int written) == OperationStatus.Done
            && written == Size
            && TryParse(bytes, out signature);
    }

    /// <summary>
    /// This signature in low form: itself, or with n - s for s. Valid for the same key and digest under plain ECDSA;
    /// signers call it, verifiers never do.
    /// </summary>
    public Signature Normalise()
    {
        if (IsLowS)
            return this;
        Span<byte> low = stackalloc byte[Size];
        R.CopyTo(low);
        int borrow = 0;
        for (int i = Secp256k1.ScalarSize - 1; i >= 0; i--)
        {
            int difference = Secp256k1.GroupOrder[i] - S[i] - borrow;
            borrow = difference < 0 ? 1 : 0;
            low[Secp256k1.ScalarSize + i] = (byte)difference;
        }
        return MemoryMarshal.Read<Signature>(low);
    }

    /// <summary>A copy of the 64 bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>Writes the 64 bytes to the beginning of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => Span.CopyTo(destination);

    /// <summary>128 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);

    /// <inheritdoc/>
    public bool Equals(Signature other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Signature other && Equals(other);

    /// <summary>The same in every process.</summary>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(S);

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(Signature left, Signature right) => left.Equals(right);

    /// <summary>Other bytes.</summary>
    public static bool operator !=(Signature left, Signature right) => !left.Equals(right);

    private static bool IsScalar(ReadOnlySpan<byte> bytes) =>
        bytes.ContainsAnyExcept((byte)0) && bytes.SequenceCompareTo(Secp256k1.GroupOrder) < 0;
}
