using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <content>From columns back to limbs, and the bounds.</content>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce<TSign>(
        out LaneElement<TVector> r,
        TVector c0, TVector c1, TVector c2, TVector c3, TVector c4, TVector c5, TVector c6, TVector c7, TVector c8,
        TVector c9, TVector c10, TVector c11, TVector c12, TVector c13, TVector c14, TVector c15, TVector c16)
        where TSign : struct, ISign
    {
        TVector mask = TLanes.Broadcast(Mask), fold = TLanes.Broadcast(Fold);
        TVector carry = Positive<TSign>(c9, HighBias);
        TVector h0 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c10, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h1 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c11, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h2 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c12, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h3 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c13, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h4 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c14, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h5 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c15, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h6 = TLanes.And(carry, mask);
        carry = TLanes.Add(Positive<TSign>(c16, HighBias), TLanes.ShiftRight(carry, Bits));
        TVector h7 = TLanes.And(carry, mask);
        carry = TLanes.ShiftRight(carry, Bits);
        TVector h8 = TLanes.And(carry, mask), h9 = TLanes.ShiftRight(carry, Bits);

        carry = TLanes.MultiplyAdd(Positive<TSign>(c0, HighBias + 0x85C382F), h0, fold);
        TVector r0 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c1, HighBias + 0x1489BBD, h0, h1, fold), TLanes.ShiftRight(carry, Bits));
        TVector r1 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c2, HighBias + 0x1FD09BDF, h1, h2, fold), TLanes.ShiftRight(carry, Bits));
        TVector r2 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c3, HighBias + 0x1FF09BDF, h2, h3, fold), TLanes.ShiftRight(carry, Bits));
        TVector r3 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c4, HighBias + 0x1FF09BDF, h3, h4, fold), TLanes.ShiftRight(carry, Bits));
        TVector r4 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c5, HighBias + 0x1FF09BDF, h4, h5, fold), TLanes.ShiftRight(carry, Bits));
        TVector r5 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c6, HighBias + 0x1FF09BDF, h5, h6, fold), TLanes.ShiftRight(carry, Bits));
        TVector r6 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c7, HighBias + 0x1FF09BDF, h6, h7, fold), TLanes.ShiftRight(carry, Bits));
        TVector r7 = TLanes.And(carry, mask);
        carry = TLanes.Add(Folded<TSign>(c8, HighBias + 0xF09BDF, h7, h8, fold), TLanes.ShiftRight(carry, Bits));
        TVector r8 = TLanes.And(carry, mask);

        TVector top = TLanes.Add(TLanes.ShiftRight(carry, Bits), TLanes.ShiftLeft(h8, 8));
        top = TLanes.MultiplyAdd(top, h9, fold);
        TVector t0 = TLanes.And(top, mask);
        TVector t1 = TLanes.Add(TLanes.ShiftRight(top, Bits), TLanes.ShiftLeft(h9, 8));
        r0 = TLanes.MultiplyAdd(r0, t0, fold);
        r1 = TLanes.Add(TLanes.MultiplyAdd(r1, t1, fold), TLanes.Add(TLanes.ShiftLeft(t0, 8), TLanes.ShiftRight(r0, Bits)));
        r2 = TLanes.Add(r2, TLanes.Add(TLanes.ShiftLeft(t1, 8), TLanes.ShiftRight(r1, Bits)));
        r.N0 = TLanes.And(r0, mask);
        r.N1 = TLanes.And(r1, mask);
        r.N2 = TLanes.And(r2, mask);
        r.N3 = TLanes.Add(r3, TLanes.ShiftRight(r2, Bits));
        r.N4 = r4;
        r.N5 = r5;
        r.N6 = r6;
        r.N7 = r7;
        r.N8 = r8;
        AssertReduced(r);
    }

    // 2^63: half of what a lane holds.
    private const ulong HighBias = 1UL << 63;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Positive<TSign>(TVector column, ulong bias)
        where TSign : struct, ISign =>
        TSign.IsSigned ? TLanes.Add(column, TLanes.Broadcast(bias)) : column;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Folded<TSign>(TVector column, ulong bias, TVector below, TVector own, TVector fold)
        where TSign : struct, ISign =>
        TLanes.MultiplyAdd(TLanes.Add(Positive<TSign>(column, bias), TLanes.ShiftLeft(below, 8)), own, fold);

    [Conditional("DEBUG")]
    private static void AssertFactors<TSign>(in LaneElement<TVector> a, in LaneElement<TVector> b)
        where TSign : struct, ISign
    {
        (long aLow, long aHigh) = Range(a);
        (long bLow, long bHigh) = Range(b);
        Int128 most = (Int128)Math.Max(-aLow, aHigh) * Math.Max(-bLow, bHigh);
        Int128 unit = (Int128)1 << (2 * Bits);
        Debug.Assert(aLow >= int.MinValue && aHigh <= int.MaxValue && bLow >= int.MinValue && bHigh <= int.MaxValue);
        Debug.Assert(TSign.IsSigned ? most <= 2 * unit : most <= 6 * unit && aLow >= 0 && bLow >= 0, "factors out of bounds");
    }

    [Conditional("DEBUG")]
    private static void AssertReduced(in LaneElement<TVector> r)
    {
        (long low, long high) = Range(r);
        Debug.Assert(low >= 0 && high <= 1L << Bits, "a reduced limb is out of bounds");
    }

    private static (long Low, long High) Range(in LaneElement<TVector> a)
    {
        (long low, long high) = (0, 0);
        ref long limbs = ref Unsafe.As<LaneElement<TVector>, long>(ref Unsafe.AsRef(in a));
        for (int i = 0; i < 9 * TLanes.Count; i++)
        {
            low = Math.Min(low, Unsafe.Add(ref limbs, i));
            high = Math.Max(high, Unsafe.Add(ref limbs, i));
        }
        return (low, high);
    }

    private interface ISign
    {
        static abstract bool IsSigned { get; }
    }

    private readonly struct Signed : ISign
    {
        public static bool IsSigned => true;
    }

    private readonly struct Unsigned : ISign
    {
        public static bool IsSigned => false;
    }
}
