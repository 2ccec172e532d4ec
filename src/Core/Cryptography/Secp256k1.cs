using GovChain.Core.Cryptography.Engine;

namespace GovChain.Core.Cryptography;

/// <summary>The curve y^2 = x^3 + 7 of SEC 2, section 2.4.1, and how its points are packed.</summary>
internal static class Secp256k1
{
    /// <summary>The curve's object identifier.</summary>
    public const string Oid = "1.3.132.0.10";

    /// <summary>Length in bytes of a field element or scalar, big-endian.</summary>
    public const int ScalarSize = 32;

    /// <summary>Length in bytes of a point as SEC 1, section 2.3.3, packs it without compression.</summary>
    public const int UncompressedSize = 1 + 2 * ScalarSize;

    /// <summary>p, big-endian.</summary>
    public static ReadOnlySpan<byte> FieldPrime =>
    [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc, 0x2f,
    ];

    /// <summary>n, the number of points, big-endian.</summary>
    public static ReadOnlySpan<byte> GroupOrder =>
    [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
        0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];

    /// <summary>(n - 1) / 2, the largest s that counts as low, big-endian.</summary>
    public static ReadOnlySpan<byte> HalfGroupOrder =>
    [
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ];

    /// <summary>
    /// Finds the point with this x and this parity of y and writes it as 04, x, y; false if x is not below p or
    /// no point has it.
    /// </summary>
    /// <param name="x">32 bytes, big-endian.</param>
    /// <param name="odd">Whether y is odd.</param>
    /// <param name="uncompressed">65 bytes to write; left in an unspecified state on failure.</param>
    public static bool TryDecompress(ReadOnlySpan<byte> x, bool odd, Span<byte> uncompressed)
    {
        if (x.SequenceCompareTo(FieldPrime) >= 0)
            return false;
        if (!CurveAt(x).TrySqrt(out FieldElement y))
            return false;
        Write(x, y, odd, uncompressed);
        return true;
    }

    /// <summary>The same, where somebody says what the power of (p + 1) / 4 of x^3 + 7 is; right whatever is said.</summary>
    /// <remarks>
    /// Its square is x^3 + 7, and then it is a root; or it is -(x^3 + 7), which proves that there is none, as -1 has no root
    /// modulo p. Anything else is not the power, and the root is taken here.
    /// </remarks>
    public static bool TryDecompress(ReadOnlySpan<byte> x, bool odd, in FieldElement power, Span<byte> uncompressed)
    {
        if (x.SequenceCompareTo(FieldPrime) >= 0)
            return false;
        FieldElement expected = CurveAt(x), square = power.Square();
        if ((square + expected.Negate(2)).IsZero())
        {
            Write(x, power, odd, uncompressed);
            return true;
        }
        return !(square + expected).IsZero() && TryDecompress(x, odd, uncompressed);
    }

    // x^3 + 7, magnitude 2.
    private static FieldElement CurveAt(ReadOnlySpan<byte> x)
    {
        FieldElement vx = FieldElement.From(Words256.Read(x));
        return vx.Square() * vx + FieldElement.Of(7);
    }

    private static void Write(ReadOnlySpan<byte> x, in FieldElement root, bool odd, Span<byte> uncompressed)
    {
        // y is never zero: the group's order is odd, so no point is its own inverse.
        FieldElement y = root.IsOdd() == odd ? root : root.Negate(1);
        uncompressed[0] = 0x04;
        x.CopyTo(uncompressed[1..]);
        y.ToWords().Write(uncompressed.Slice(1 + ScalarSize, ScalarSize));
    }
}
