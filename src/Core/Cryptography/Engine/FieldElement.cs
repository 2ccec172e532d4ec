using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>An integer modulo p = 2^256 - 2^32 - 977 in five limbs of 52 bits, not reduced until asked.</summary>
/// <remarks>
/// <para>
/// Magnitude. An element of magnitude m has limbs 0 to 3 of at most m (2^52 + 2^24) and limb 4 of at most
/// m (2^48 + 2^24). Products, squares and what was read have magnitude 1; a sum has the sum of the magnitudes;
/// the negation of magnitude m has m + 1. The factors of a product may have magnitudes that multiply to at most
/// <see cref="Limbs52.ProductMagnitudeMax"/>. A debug build asserts the bounds at every product and negation.
/// </para>
/// <para>Public data only: running time depends on the values.</para>
/// </remarks>
internal readonly struct FieldElement
{
    // 2^256 modulo p, and the same for the first bit above five full limbs, 2^260.
    private const ulong Fold256 = 0x1000003D1;
    private const ulong Fold260 = Fold256 << 4;
    private const int TopBits = 48;
    private const ulong TopMask = (1UL << TopBits) - 1;
    private const ulong P0 = 0xFFFFEFFFFFC2F, PMiddle = Limbs52.Mask, PTop = TopMask;

    private readonly ulong _n0, _n1, _n2, _n3, _n4;

    private FieldElement(ulong n0, ulong n1, ulong n2, ulong n3, ulong n4) =>
        (_n0, _n1, _n2, _n3, _n4) = (n0, n1, n2, n3, n4);

    public static FieldElement One => new(1, 0, 0, 0, 0);

    /// <summary>A small number, magnitude 1.</summary>
    public static FieldElement Of(uint value) => new(value, 0, 0, 0, 0);

    /// <summary>A number below 2^256, p or more included; magnitude 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldElement From(in Words256 w) => new(
        w.W0 & Limbs52.Mask, ((w.W0 >> 52) | (w.W1 << 12)) & Limbs52.Mask, ((w.W1 >> 40) | (w.W2 << 24)) & Limbs52.Mask,
        ((w.W2 >> 28) | (w.W3 << 36)) & Limbs52.Mask, w.W3 >> 16);

    /// <summary>
    /// A number given in nine limbs of 29 bits, each at most 2^30: the vector paths' form. Magnitude 1.
    /// </summary>
    public static FieldElement FromLimbs29(ReadOnlySpan<ulong> l)
    {
        Debug.Assert(l.Length == 9 && !l.ContainsAnyExceptInRange(0UL, 1UL << 30), "nine limbs of at most 2^30");
        return Carried(
            l[0] + ((l[1] << 29) & Limbs52.Mask), (l[1] >> 23) + (l[2] << 6) + ((l[3] << 35) & Limbs52.Mask),
            (l[3] >> 17) + (l[4] << 12) + ((l[5] << 41) & Limbs52.Mask),
            (l[5] >> 11) + (l[6] << 18) + ((l[7] << 47) & Limbs52.Mask), (l[7] >> 5) + (l[8] << 24));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldElement operator +(in FieldElement a, in FieldElement b) =>
        new(a._n0 + b._n0, a._n1 + b._n1, a._n2 + b._n2, a._n3 + b._n3, a._n4 + b._n4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FieldElement operator *(in FieldElement a, in FieldElement b)
    {
        AssertProduct(a, b);
        Limbs52.Multiply(
            a._n0, a._n1, a._n2, a._n3, a._n4, b._n0, b._n1, b._n2, b._n3, b._n4,
            out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
            out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9);
        return Reduced(d0, d1, d2, d3, d4, d5, d6, d7, d8, d9);
    }

    /// <summary>This times itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FieldElement Square()
    {
        AssertProduct(this, this);
        Limbs52.Square(
            _n0, _n1, _n2, _n3, _n4, out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
            out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9);
        return Reduced(d0, d1, d2, d3, d4, d5, d6, d7, d8, d9);
    }

    /// <summary>The negation of an element of magnitude at most <paramref name="magnitude"/>; has one more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FieldElement Negate(uint magnitude)
    {
        // (m + 1) p has every limb above m (2^52 + 2^24), and the top one above m (2^48 + 2^24), for m up to 2^18.
        AssertMagnitude(this, magnitude);
        ulong m = magnitude + 1;
        return new(m * P0 - _n0, m * PMiddle - _n1, m * PMiddle - _n2, m * PMiddle - _n3, m * PTop - _n4);
    }

    /// <summary>This times a small number; magnitudes multiply.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FieldElement Times(uint factor) => new(_n0 * factor, _n1 * factor, _n2 * factor, _n3 * factor, _n4 * factor);

    /// <summary>The 256-bit number in [0, p - 1].</summary>
    public Words256 ToWords()
    {
        (ulong n0, ulong n1, ulong n2, ulong n3, ulong n4) = Canonical();
        return new(n0 | (n1 << 52), (n1 >> 12) | (n2 << 40), (n2 >> 24) | (n3 << 28), (n3 >> 36) | (n4 << 16));
    }

    /// <summary>Whether this is a multiple of p.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsZero()
    {
        // The low limb after folding the top decides almost always.
        ulong low = (_n0 + (_n4 >> TopBits) * Fold256) & Limbs52.Mask;
        return (low == 0 || low == P0) && IsZeroInFull();
    }

    /// <summary>Whether the reduced value is odd.</summary>
    public bool IsOdd() => (Canonical().N0 & 1) != 0;

    /// <summary>The inverse; zero for zero.</summary>
    public FieldElement Inverse()
    {
        // p - 2 is 223 ones, a zero, 22 ones, 0000, 1, 0, 11, 0, 1 in binary.
        (FieldElement x2, _, FieldElement x22, FieldElement x223) = Runs();
        FieldElement t = x223.SquareTimes(23) * x22;
        t = t.SquareTimes(5) * this;
        t = t.SquareTimes(3) * x2;
        return t.SquareTimes(2) * this;
    }

    /// <summary>A square root, if there is one; this has magnitude at most 2.</summary>
    public bool TrySqrt(out FieldElement root)
    {
        // p = 3 modulo 4: the power of (p + 1) / 4, which is 223 ones, a zero, 22 ones, 0000, 11, 00 in binary.
        (FieldElement x2, _, FieldElement x22, FieldElement x223) = Runs();
        FieldElement t = x223.SquareTimes(23) * x22;
        root = (t.SquareTimes(6) * x2).SquareTimes(2);
        return (root.Square() + Negate(2)).IsZero();
    }

    // Powers whose exponents are runs of 2, 3, 22 and 223 ones.
    private (FieldElement X2, FieldElement X3, FieldElement X22, FieldElement X223) Runs()
    {
        FieldElement x2 = SquareTimes(1) * this;
        FieldElement x3 = x2.SquareTimes(1) * this;
        FieldElement x6 = x3.SquareTimes(3) * x3;
        FieldElement x9 = x6.SquareTimes(3) * x3;
        FieldElement x11 = x9.SquareTimes(2) * x2;
        FieldElement x22 = x11.SquareTimes(11) * x11;
        FieldElement x44 = x22.SquareTimes(22) * x22;
        FieldElement x88 = x44.SquareTimes(44) * x44;
        FieldElement x176 = x88.SquareTimes(88) * x88;
        FieldElement x220 = x176.SquareTimes(44) * x44;
        return (x2, x3, x22, x220.SquareTimes(3) * x3);
    }

    private FieldElement SquareTimes(int count)
    {
        FieldElement t = this;
        for (int i = 0; i < count; i++)
            t = t.Square();
        return t;
    }

    /// <summary>
    /// Folds ten columns into an element of magnitude 1. Columns are below 2^61, columns 8 and 9 below 2^57 and 2^51
    /// (limb 4 is four bits shorter than the others).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FieldElement Reduced(
        ulong d0, ulong d1, ulong d2, ulong d3, ulong d4, ulong d5, ulong d6, ulong d7, ulong d8, ulong d9)
    {
        // Columns 5 to 9 weigh 2^260 and more: cut them to 52 bits, then multiply by 2^260 mod p (37 bits).
        d6 += d5 >> 52;
        d7 += d6 >> 52;
        d8 += d7 >> 52;
        d9 += d8 >> 52;
        d5 &= Limbs52.Mask;
        d6 &= Limbs52.Mask;
        d7 &= Limbs52.Mask;
        d8 &= Limbs52.Mask;
        const ulong fold = Fold260 << 12; // so that the upper word is the product shifted right by 52
        d0 += Limbs52.Low(d5, Fold260);
        d1 += Limbs52.High(d5, fold) + Limbs52.Low(d6, Fold260);
        d2 += Limbs52.High(d6, fold) + Limbs52.Low(d7, Fold260);
        d3 += Limbs52.High(d7, fold) + Limbs52.Low(d8, Fold260);
        d4 += Limbs52.High(d8, fold) + Limbs52.Low(d9, Fold260);
        ulong above = Limbs52.High(d9, fold); // weighs 2^260, below 2^36
        d1 += d0 >> 52;
        d2 += d1 >> 52;
        d3 += d2 >> 52;
        d4 += d3 >> 52;
        // What stands at 2^256 and above, below 2^41: t 2^256 = t 2^32 + 977 t.
        ulong t = (d4 >> TopBits) + (above << 4);
        ulong n0 = (d0 & Limbs52.Mask) + ((t << 32) & Limbs52.Mask) + t * 977;
        ulong n1 = (d1 & Limbs52.Mask) + (t >> 20) + (n0 >> 52);
        FieldElement result = new(n0 & Limbs52.Mask, n1, d2 & Limbs52.Mask, d3 & Limbs52.Mask, d4 & TopMask);
        AssertMagnitude(result, 1);
        return result;
    }

    // Limbs below 2^63 to magnitude 1.
    private static FieldElement Carried(ulong n0, ulong n1, ulong n2, ulong n3, ulong n4)
    {
        n0 += (n4 >> TopBits) * Fold256;
        n4 &= TopMask;
        n1 += n0 >> 52;
        n2 += n1 >> 52;
        n3 += n2 >> 52;
        n4 += n3 >> 52;
        return new(n0 & Limbs52.Mask, n1 & Limbs52.Mask, n2 & Limbs52.Mask, n3 & Limbs52.Mask, n4);
    }

    private (ulong N0, ulong N1, ulong N2, ulong N3, ulong N4) Canonical()
    {
        // After the first pass the value is below 2^256 + 2^220, so the second leaves it below 2^256.
        FieldElement c = Carried(_n0, _n1, _n2, _n3, _n4);
        c = Carried(c._n0, c._n1, c._n2, c._n3, c._n4);
        bool reduce = c._n4 == PTop && (c._n3 & c._n2 & c._n1) == PMiddle && c._n0 >= P0;
        return reduce ? (c._n0 - P0, 0, 0, 0, 0) : (c._n0, c._n1, c._n2, c._n3, c._n4);
    }

    private bool IsZeroInFull()
    {
        (ulong n0, ulong n1, ulong n2, ulong n3, ulong n4) = Canonical();
        return (n0 | n1 | n2 | n3 | n4) == 0;
    }

    [Conditional("DEBUG")]
    private static void AssertProduct(in FieldElement a, in FieldElement b) => Debug.Assert(
        a.Magnitude() * b.Magnitude() <= Limbs52.ProductMagnitudeMax, "magnitudes of a product are out of bounds");

    [Conditional("DEBUG")]
    private static void AssertMagnitude(in FieldElement a, uint magnitude) =>
        Debug.Assert(a.Magnitude() <= magnitude, "magnitude is out of bounds");

    // The least magnitude that covers the limbs.
    private ulong Magnitude()
    {
        const ulong unit = (1UL << 52) + (1UL << 24), topUnit = (1UL << 48) + (1UL << 24);
        ulong most = Math.Max(Math.Max(_n0, _n1), Math.Max(_n2, _n3));
        return Math.Max(1, Math.Max((most + unit - 1) / unit, (_n4 + topUnit - 1) / topUnit));
    }
}
