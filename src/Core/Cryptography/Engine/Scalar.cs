using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>An integer modulo n, the order of the group, in five limbs of 52 bits, with Montgomery's product.</summary>
/// <remarks>
/// R = 2^260. A value is below 2n, which the product keeps: (2n)(2n) / R + n is below 1.25 n as R is above 16 n. Limbs
/// are below 2^52. Public data only.
/// </remarks>
internal readonly struct Scalar
{
    private const ulong N0 = 0x25E8CD0364141, N1 = 0xE6AF48A03BBFD, N2 = 0xFFFFFFEBAAEDC, N3 = 0xFFFFFFFFFFFFF;
    private const ulong N4 = 0xFFFFFFFFFFFF;

    // -1 / n modulo 2^52.
    private const ulong NegatedInverse = 0xDFF665588B13F;

    private readonly ulong _n0, _n1, _n2, _n3, _n4;

    private Scalar(ulong n0, ulong n1, ulong n2, ulong n3, ulong n4) =>
        (_n0, _n1, _n2, _n3, _n4) = (n0, n1, n2, n3, n4);

    public static Scalar One => new(1, 0, 0, 0, 0);

    /// <summary>R modulo n: one in Montgomery's form.</summary>
    public static Scalar R => new(0xA1732FC9BEBF0, 0x950B75FC4402D, 0x14551231, 0, 0);

    /// <summary>R^2 modulo n.</summary>
    public static Scalar RSquared =>
        new(0xE180C268B3B23, 0x94FD6E33E4C8E, 0xD07C73B975948, 0xC5E697F5E45BC, 0x671CD581C69B);

    /// <summary>R / 2 modulo n: one half in Montgomery's form.</summary>
    public static Scalar HalfR => new(0xD0B997E4DF5F8, 0xCA85BAFE22016, 0xA2A8918, 0, 0);

    /// <summary>A number below 2^256, n or more included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar From(in Words256 w) => new(
        w.W0 & Limbs52.Mask, ((w.W0 >> 52) | (w.W1 << 12)) & Limbs52.Mask, ((w.W1 >> 40) | (w.W2 << 24)) & Limbs52.Mask,
        ((w.W2 >> 28) | (w.W3 << 36)) & Limbs52.Mask, w.W3 >> 16);

    /// <summary>The number in [0, n - 1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Words256 ToWords()
    {
        Scalar c = LessN(this);
        return new(
            c._n0 | (c._n1 << 52), (c._n1 >> 12) | (c._n2 << 40), (c._n2 >> 24) | (c._n3 << 28),
            (c._n3 >> 36) | (c._n4 << 16));
    }

    /// <summary>Whether this is a multiple of n.</summary>
    public bool IsZero()
    {
        Scalar c = LessN(this);
        return (c._n0 | c._n1 | c._n2 | c._n3 | c._n4) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar operator +(in Scalar a, in Scalar b)
    {
        // Below 4n; taking off 2n where it fits would need its own comparison, taking n off twice serves.
        ulong n0 = a._n0 + b._n0;
        ulong n1 = a._n1 + b._n1 + (n0 >> 52);
        ulong n2 = a._n2 + b._n2 + (n1 >> 52);
        ulong n3 = a._n3 + b._n3 + (n2 >> 52);
        ulong n4 = a._n4 + b._n4 + (n3 >> 52);
        Scalar sum = new(n0 & Limbs52.Mask, n1 & Limbs52.Mask, n2 & Limbs52.Mask, n3 & Limbs52.Mask, n4);
        return LessN(LessN(sum));
    }

    /// <summary>Montgomery's product: a b / R modulo n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar operator *(in Scalar a, in Scalar b)
    {
        Limbs52.Multiply(
            a._n0, a._n1, a._n2, a._n3, a._n4, b._n0, b._n1, b._n2, b._n3, b._n4,
            out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
            out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9);
        return Reduced(d0, d1, d2, d3, d4, d5, d6, d7, d8, d9);
    }

    private Scalar Square()
    {
        Limbs52.Square(
            _n0, _n1, _n2, _n3, _n4, out ulong d0, out ulong d1, out ulong d2, out ulong d3, out ulong d4,
            out ulong d5, out ulong d6, out ulong d7, out ulong d8, out ulong d9);
        return Reduced(d0, d1, d2, d3, d4, d5, d6, d7, d8, d9);
    }

    /// <summary>R / x, the inverse in Montgomery's form, for x as it stands; zero for zero.</summary>
    public Scalar InverseTimesR()
    {
        // The power of n - 2, four bits at a time from the top.
        Span<Scalar> powers = stackalloc Scalar[16];
        powers[0] = R;
        powers[1] = this * RSquared;
        for (int i = 2; i < powers.Length; i++)
            powers[i] = powers[i - 1] * powers[1];
        Scalar t = R;
        foreach (byte pair in ExponentOfInverse)
        {
            t = t.Square().Square().Square().Square() * powers[pair >> 4];
            t = t.Square().Square().Square().Square() * powers[pair & 15];
        }
        return t;
    }

    // n - 2, big-endian.
    private static ReadOnlySpan<byte> ExponentOfInverse =>
    [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
        0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x3f,
    ];

    // Each step adds the multiple of n that clears the lowest column and carries the rest of it upwards. Columns of a
    // product are below 2^56, five steps add at most five low and five high parts of 52 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Scalar Reduced(
        ulong d0, ulong d1, ulong d2, ulong d3, ulong d4, ulong d5, ulong d6, ulong d7, ulong d8, ulong d9)
    {
        Clear(d0, ref d1, ref d2, ref d3, ref d4, ref d5);
        Clear(d1, ref d2, ref d3, ref d4, ref d5, ref d6);
        Clear(d2, ref d3, ref d4, ref d5, ref d6, ref d7);
        Clear(d3, ref d4, ref d5, ref d6, ref d7, ref d8);
        Clear(d4, ref d5, ref d6, ref d7, ref d8, ref d9);
        d6 += d5 >> 52;
        d7 += d6 >> 52;
        d8 += d7 >> 52;
        d9 += d8 >> 52;
        Debug.Assert(d9 < 1UL << 49, "the product is below 2n");
        return new(d5 & Limbs52.Mask, d6 & Limbs52.Mask, d7 & Limbs52.Mask, d8 & Limbs52.Mask, d9);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(ulong c0, ref ulong c1, ref ulong c2, ref ulong c3, ref ulong c4, ref ulong c5)
    {
        ulong m = (c0 * NegatedInverse) & Limbs52.Mask, x = m << 12;
        c1 += ((c0 + Limbs52.Low(m, N0)) >> 52) + Limbs52.High(x, N0) + Limbs52.Low(m, N1);
        c2 += Limbs52.High(x, N1) + Limbs52.Low(m, N2);
        c3 += Limbs52.High(x, N2) + Limbs52.Low(m, N3);
        c4 += Limbs52.High(x, N3) + Limbs52.Low(m, N4);
        c5 += Limbs52.High(x, N4);
    }

    // The value less n where that is not negative, else the value.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Scalar LessN(in Scalar a)
    {
        long b0 = (long)a._n0 - (long)N0;
        long b1 = (long)a._n1 - (long)N1 + (b0 >> 52);
        long b2 = (long)a._n2 - (long)N2 + (b1 >> 52);
        long b3 = (long)a._n3 - (long)N3 + (b2 >> 52);
        long b4 = (long)a._n4 - (long)N4 + (b3 >> 52);
        return b4 < 0
            ? a
            : new((ulong)b0 & Limbs52.Mask, (ulong)b1 & Limbs52.Mask, (ulong)b2 & Limbs52.Mask,
                (ulong)b3 & Limbs52.Mask, (ulong)b4);
    }
}
