using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <content>From columns back to limbs, and the bounds.</content>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    // 2^63: half of what a lane holds. With what the lower columns take besides, all of it together is a multiple of p.
    private const ulong HighBias = 1UL << 63;
    private const ulong Bias0 = HighBias + 0x85C382F, Bias1 = HighBias + 0x1489BBD, Bias2 = HighBias + 0x1FD09BDF;
    private const ulong BiasMiddle = HighBias + 0x1FF09BDF, BiasTop = HighBias + 0xF09BDF;

    // What a column starts with.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Start<TSign>(ulong bias)
        where TSign : struct, ISign => TLanes.Broadcast(TSign.IsSigned ? bias : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector StartLess<TLess>(ulong bias, TVector limb)
        where TLess : struct, ILess =>
        TLess.IsSomething ? TLanes.Subtract(TLanes.Broadcast(bias), limb) : TLanes.Broadcast(bias);

    // The first three pairs of columns give the limbs 0 to 2. high and low are the last columns that were carried, h is the limb
    // of 29 bits that high gave.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldFirst(
        out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low,
        TVector c0, TVector c1, TVector c2, TVector c9, TVector c10, TVector c11)
    {
        TVector mask = TLanes.Broadcast(Mask);
        high = c9;
        h = TLanes.And(high, mask);
        low = TLanes.MultiplyAdd(c0, h, TLanes.Broadcast(Fold));
        r0 = TLanes.And(low, mask);
        Step(out r1, ref high, ref h, ref low, c1, c10);
        Step(out r2, ref high, ref h, ref low, c2, c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldMiddle(
        out TVector r3, out TVector r4, out TVector r5, ref TVector high, ref TVector h, ref TVector low,
        TVector c3, TVector c4, TVector c5, TVector c12, TVector c13, TVector c14)
    {
        Step(out r3, ref high, ref h, ref low, c3, c12);
        Step(out r4, ref high, ref h, ref low, c4, c13);
        Step(out r5, ref high, ref h, ref low, c5, c14);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldLast(
        out LaneElement<TVector> r, TVector r0, TVector r1, TVector r2, TVector r3, TVector r4, TVector r5,
        TVector high, TVector h, TVector low, TVector c6, TVector c7, TVector c8, TVector c15, TVector c16)
    {
        TVector mask = TLanes.Broadcast(Mask), fold = TLanes.Broadcast(Fold);
        Step(out TVector r6, ref high, ref h, ref low, c6, c15);
        Step(out TVector r7, ref high, ref h, ref low, c7, c16);
        TVector carry = TLanes.ShiftRight(high, Bits);
        TVector h8 = TLanes.And(carry, mask), h9 = TLanes.ShiftRight(carry, Bits);
        low = TLanes.Add(Folded(c8, h, h8), TLanes.ShiftRight(low, Bits));
        TVector r8 = TLanes.And(low, mask);

        TVector top = TLanes.Add(TLanes.ShiftRight(low, Bits), TLanes.ShiftLeft(h8, 8));
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

    // Carries the next column of the upper half, folds its limb and carries the column of the lower half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        out TVector r, ref TVector high, ref TVector h, ref TVector low, TVector lower, TVector upper)
    {
        TVector mask = TLanes.Broadcast(Mask), below = h;
        high = TLanes.Add(upper, TLanes.ShiftRight(high, Bits));
        h = TLanes.And(high, mask);
        low = TLanes.Add(Folded(lower, below, h), TLanes.ShiftRight(low, Bits));
        r = TLanes.And(low, mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Folded(TVector column, TVector below, TVector own) =>
        TLanes.MultiplyAdd(TLanes.Add(column, TLanes.ShiftLeft(below, 8)), own, TLanes.Broadcast(Fold));

    [Conditional("DEBUG")]
    private static void AssertFactors<TSign>(in LaneElement<TVector> a, in LaneElement<TVector> b)
        where TSign : struct, ISign
    {
        Debug.Assert(TSign.IsSigned ? Most(a, b) <= 3 * Product : Most(a, b) <= 6 * Product && Range(a).Low >= 0 && Range(b).Low >= 0, "factors out of bounds");
    }

    // Of two products in the same columns, which count together.
    [Conditional("DEBUG")]
    private static void AssertFactors(
        in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d, in LaneElement<TVector> e)
    {
        Debug.Assert(Most(a, b) + Most(d, e) <= 3 * Product, "factors out of bounds");
    }

    private static Int128 Product => (Int128)1 << (2 * Bits);

    private static Int128 Most(in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        (long aLow, long aHigh) = Range(a);
        (long bLow, long bHigh) = Range(b);
        Debug.Assert(aLow >= int.MinValue && aHigh <= int.MaxValue && bLow >= int.MinValue && bHigh <= int.MaxValue, "a multiplier takes 32 bits");
        return (Int128)Math.Max(-aLow, aHigh) * Math.Max(-bLow, bHigh);
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

    private interface ILess
    {
        static abstract bool IsSomething { get; }
    }

    private readonly struct Something : ILess
    {
        public static bool IsSomething => true;
    }

    private readonly struct Nothing : ILess
    {
        public static bool IsSomething => false;
    }
}
