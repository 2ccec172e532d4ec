using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <content>Products, column by column.</content>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>ab for a and b without negative limbs, of magnitudes that multiply to at most 6; reduced.</summary>
    public static void Multiply(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b) =>
        Multiply<Unsigned>(out r, a, b);

    /// <summary>ab for magnitudes that multiply to at most 2; reduced.</summary>
    public static void MultiplySigned(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b) =>
        Multiply<Signed>(out r, a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TSign>(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
        where TSign : struct, ISign
    {
        AssertFactors<TSign>(a, b);
        TVector a0 = a.N0, a1 = a.N1, a2 = a.N2, a3 = a.N3, a4 = a.N4;
        TVector a5 = a.N5, a6 = a.N6, a7 = a.N7, a8 = a.N8;
        TVector b0 = b.N0, b1 = b.N1, b2 = b.N2, b3 = b.N3, b4 = b.N4;
        TVector b5 = b.N5, b6 = b.N6, b7 = b.N7, b8 = b.N8;
        TVector c0 = TLanes.Multiply(a0, b0);
        TVector c1 = Plus(TLanes.Multiply(a0, b1), a1, b0);
        TVector c2 = Plus(TLanes.Multiply(a0, b2), a1, b1, a2, b0);
        TVector c3 = Plus(TLanes.Multiply(a0, b3), a1, b2, a2, b1, a3, b0);
        TVector c4 = Plus(TLanes.Multiply(a0, b4), a1, b3, a2, b2, a3, b1, a4, b0);
        TVector c5 = Plus(TLanes.Multiply(a0, b5), a1, b4, a2, b3, a3, b2, a4, b1, a5, b0);
        TVector c6 = Plus(TLanes.Multiply(a0, b6), a1, b5, a2, b4, a3, b3, a4, b2, a5, b1, a6, b0);
        TVector c7 = Plus(TLanes.Multiply(a0, b7), a1, b6, a2, b5, a3, b4, a4, b3, a5, b2, a6, b1, a7, b0);
        TVector c8 = Plus(TLanes.Multiply(a0, b8), a1, b7, a2, b6, a3, b5, a4, b4, a5, b3, a6, b2, a7, b1, a8, b0);
        TVector c9 = Plus(TLanes.Multiply(a1, b8), a2, b7, a3, b6, a4, b5, a5, b4, a6, b3, a7, b2, a8, b1);
        TVector c10 = Plus(TLanes.Multiply(a2, b8), a3, b7, a4, b6, a5, b5, a6, b4, a7, b3, a8, b2);
        TVector c11 = Plus(TLanes.Multiply(a3, b8), a4, b7, a5, b6, a6, b5, a7, b4, a8, b3);
        TVector c12 = Plus(TLanes.Multiply(a4, b8), a5, b7, a6, b6, a7, b5, a8, b4);
        TVector c13 = Plus(TLanes.Multiply(a5, b8), a6, b7, a7, b6, a8, b5);
        TVector c14 = Plus(TLanes.Multiply(a6, b8), a7, b7, a8, b6);
        TVector c15 = Plus(TLanes.Multiply(a7, b8), a8, b7);
        TVector c16 = TLanes.Multiply(a8, b8);
        Reduce<TSign>(
            out r, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
    }

    /// <summary>ab - d, for a and b of magnitudes that multiply to at most 2 and d of at most 8; reduced.</summary>
    public static void MultiplyLess(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d)
    {
        AssertFactors<Signed>(a, b);
        TVector a0 = a.N0, a1 = a.N1, a2 = a.N2, a3 = a.N3, a4 = a.N4;
        TVector a5 = a.N5, a6 = a.N6, a7 = a.N7, a8 = a.N8;
        TVector b0 = b.N0, b1 = b.N1, b2 = b.N2, b3 = b.N3, b4 = b.N4;
        TVector b5 = b.N5, b6 = b.N6, b7 = b.N7, b8 = b.N8;
        TVector c0 = TLanes.Multiply(a0, b0);
        TVector c1 = Plus(TLanes.Multiply(a0, b1), a1, b0);
        TVector c2 = Plus(TLanes.Multiply(a0, b2), a1, b1, a2, b0);
        TVector c3 = Plus(TLanes.Multiply(a0, b3), a1, b2, a2, b1, a3, b0);
        TVector c4 = Plus(TLanes.Multiply(a0, b4), a1, b3, a2, b2, a3, b1, a4, b0);
        TVector c5 = Plus(TLanes.Multiply(a0, b5), a1, b4, a2, b3, a3, b2, a4, b1, a5, b0);
        TVector c6 = Plus(TLanes.Multiply(a0, b6), a1, b5, a2, b4, a3, b3, a4, b2, a5, b1, a6, b0);
        TVector c7 = Plus(TLanes.Multiply(a0, b7), a1, b6, a2, b5, a3, b4, a4, b3, a5, b2, a6, b1, a7, b0);
        TVector c8 = Plus(TLanes.Multiply(a0, b8), a1, b7, a2, b6, a3, b5, a4, b4, a5, b3, a6, b2, a7, b1, a8, b0);
        TVector c9 = Plus(TLanes.Multiply(a1, b8), a2, b7, a3, b6, a4, b5, a5, b4, a6, b3, a7, b2, a8, b1);
        TVector c10 = Plus(TLanes.Multiply(a2, b8), a3, b7, a4, b6, a5, b5, a6, b4, a7, b3, a8, b2);
        TVector c11 = Plus(TLanes.Multiply(a3, b8), a4, b7, a5, b6, a6, b5, a7, b4, a8, b3);
        TVector c12 = Plus(TLanes.Multiply(a4, b8), a5, b7, a6, b6, a7, b5, a8, b4);
        TVector c13 = Plus(TLanes.Multiply(a5, b8), a6, b7, a7, b6, a8, b5);
        TVector c14 = Plus(TLanes.Multiply(a6, b8), a7, b7, a8, b6);
        TVector c15 = Plus(TLanes.Multiply(a7, b8), a8, b7);
        TVector c16 = TLanes.Multiply(a8, b8);
        c0 = TLanes.Subtract(c0, d.N0);
        c1 = TLanes.Subtract(c1, d.N1);
        c2 = TLanes.Subtract(c2, d.N2);
        c3 = TLanes.Subtract(c3, d.N3);
        c4 = TLanes.Subtract(c4, d.N4);
        c5 = TLanes.Subtract(c5, d.N5);
        c6 = TLanes.Subtract(c6, d.N6);
        c7 = TLanes.Subtract(c7, d.N7);
        c8 = TLanes.Subtract(c8, d.N8);
        Reduce<Signed>(
            out r, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
    }

    /// <summary>ab + de, reduced once, for magnitudes whose products sum up to at most 2.</summary>
    public static void MultiplyAndMultiply(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b,
        in LaneElement<TVector> d, in LaneElement<TVector> e)
    {
        AssertFactors<Signed>(a, b);
        AssertFactors<Signed>(d, e);
        TVector a0 = a.N0, a1 = a.N1, a2 = a.N2, a3 = a.N3, a4 = a.N4;
        TVector a5 = a.N5, a6 = a.N6, a7 = a.N7, a8 = a.N8;
        TVector b0 = b.N0, b1 = b.N1, b2 = b.N2, b3 = b.N3, b4 = b.N4;
        TVector b5 = b.N5, b6 = b.N6, b7 = b.N7, b8 = b.N8;
        TVector c0 = TLanes.Multiply(a0, b0);
        TVector c1 = Plus(TLanes.Multiply(a0, b1), a1, b0);
        TVector c2 = Plus(TLanes.Multiply(a0, b2), a1, b1, a2, b0);
        TVector c3 = Plus(TLanes.Multiply(a0, b3), a1, b2, a2, b1, a3, b0);
        TVector c4 = Plus(TLanes.Multiply(a0, b4), a1, b3, a2, b2, a3, b1, a4, b0);
        TVector c5 = Plus(TLanes.Multiply(a0, b5), a1, b4, a2, b3, a3, b2, a4, b1, a5, b0);
        TVector c6 = Plus(TLanes.Multiply(a0, b6), a1, b5, a2, b4, a3, b3, a4, b2, a5, b1, a6, b0);
        TVector c7 = Plus(TLanes.Multiply(a0, b7), a1, b6, a2, b5, a3, b4, a4, b3, a5, b2, a6, b1, a7, b0);
        TVector c8 = Plus(TLanes.Multiply(a0, b8), a1, b7, a2, b6, a3, b5, a4, b4, a5, b3, a6, b2, a7, b1, a8, b0);
        TVector c9 = Plus(TLanes.Multiply(a1, b8), a2, b7, a3, b6, a4, b5, a5, b4, a6, b3, a7, b2, a8, b1);
        TVector c10 = Plus(TLanes.Multiply(a2, b8), a3, b7, a4, b6, a5, b5, a6, b4, a7, b3, a8, b2);
        TVector c11 = Plus(TLanes.Multiply(a3, b8), a4, b7, a5, b6, a6, b5, a7, b4, a8, b3);
        TVector c12 = Plus(TLanes.Multiply(a4, b8), a5, b7, a6, b6, a7, b5, a8, b4);
        TVector c13 = Plus(TLanes.Multiply(a5, b8), a6, b7, a7, b6, a8, b5);
        TVector c14 = Plus(TLanes.Multiply(a6, b8), a7, b7, a8, b6);
        TVector c15 = Plus(TLanes.Multiply(a7, b8), a8, b7);
        TVector c16 = TLanes.Multiply(a8, b8);
        TVector d0 = d.N0, d1 = d.N1, d2 = d.N2, d3 = d.N3, d4 = d.N4;
        TVector d5 = d.N5, d6 = d.N6, d7 = d.N7, d8 = d.N8;
        TVector e0 = e.N0, e1 = e.N1, e2 = e.N2, e3 = e.N3, e4 = e.N4;
        TVector e5 = e.N5, e6 = e.N6, e7 = e.N7, e8 = e.N8;
        c0 = Plus(c0, d0, e0);
        c1 = Plus(c1, d0, e1, d1, e0);
        c2 = Plus(c2, d0, e2, d1, e1, d2, e0);
        c3 = Plus(c3, d0, e3, d1, e2, d2, e1, d3, e0);
        c4 = Plus(c4, d0, e4, d1, e3, d2, e2, d3, e1, d4, e0);
        c5 = Plus(c5, d0, e5, d1, e4, d2, e3, d3, e2, d4, e1, d5, e0);
        c6 = Plus(c6, d0, e6, d1, e5, d2, e4, d3, e3, d4, e2, d5, e1, d6, e0);
        c7 = Plus(c7, d0, e7, d1, e6, d2, e5, d3, e4, d4, e3, d5, e2, d6, e1, d7, e0);
        c8 = Plus(c8, d0, e8, d1, e7, d2, e6, d3, e5, d4, e4, d5, e3, d6, e2, d7, e1, d8, e0);
        c9 = Plus(c9, d1, e8, d2, e7, d3, e6, d4, e5, d5, e4, d6, e3, d7, e2, d8, e1);
        c10 = Plus(c10, d2, e8, d3, e7, d4, e6, d5, e5, d6, e4, d7, e3, d8, e2);
        c11 = Plus(c11, d3, e8, d4, e7, d5, e6, d6, e5, d7, e4, d8, e3);
        c12 = Plus(c12, d4, e8, d5, e7, d6, e6, d7, e5, d8, e4);
        c13 = Plus(c13, d5, e8, d6, e7, d7, e6, d8, e5);
        c14 = Plus(c14, d6, e8, d7, e7, d8, e6);
        c15 = Plus(c15, d7, e8, d8, e7);
        c16 = Plus(c16, d8, e8);
        Reduce<Signed>(
            out r, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
    }

    /// <summary>a^2 - b for a of magnitude at most 1 and b of at most 3; reduced.</summary>
    public static void SquareLess(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        AssertFactors<Signed>(a, a);
        TVector a0 = a.N0, a1 = a.N1, a2 = a.N2, a3 = a.N3, a4 = a.N4;
        TVector a5 = a.N5, a6 = a.N6, a7 = a.N7, a8 = a.N8;
        TVector c0 = TLanes.Multiply(a0, a0);
        c0 = TLanes.Subtract(c0, b.N0);
        TVector c1 = TLanes.Multiply(a0, a1);
        c1 = TLanes.Add(c1, c1);
        c1 = TLanes.Subtract(c1, b.N1);
        TVector c2 = TLanes.Multiply(a0, a2);
        c2 = TLanes.Add(c2, c2);
        c2 = TLanes.MultiplyAdd(c2, a1, a1);
        c2 = TLanes.Subtract(c2, b.N2);
        TVector c3 = Plus(TLanes.Multiply(a0, a3), a1, a2);
        c3 = TLanes.Add(c3, c3);
        c3 = TLanes.Subtract(c3, b.N3);
        TVector c4 = Plus(TLanes.Multiply(a0, a4), a1, a3);
        c4 = TLanes.Add(c4, c4);
        c4 = TLanes.MultiplyAdd(c4, a2, a2);
        c4 = TLanes.Subtract(c4, b.N4);
        TVector c5 = Plus(TLanes.Multiply(a0, a5), a1, a4, a2, a3);
        c5 = TLanes.Add(c5, c5);
        c5 = TLanes.Subtract(c5, b.N5);
        TVector c6 = Plus(TLanes.Multiply(a0, a6), a1, a5, a2, a4);
        c6 = TLanes.Add(c6, c6);
        c6 = TLanes.MultiplyAdd(c6, a3, a3);
        c6 = TLanes.Subtract(c6, b.N6);
        TVector c7 = Plus(TLanes.Multiply(a0, a7), a1, a6, a2, a5, a3, a4);
        c7 = TLanes.Add(c7, c7);
        c7 = TLanes.Subtract(c7, b.N7);
        TVector c8 = Plus(TLanes.Multiply(a0, a8), a1, a7, a2, a6, a3, a5);
        c8 = TLanes.Add(c8, c8);
        c8 = TLanes.MultiplyAdd(c8, a4, a4);
        c8 = TLanes.Subtract(c8, b.N8);
        TVector c9 = Plus(TLanes.Multiply(a1, a8), a2, a7, a3, a6, a4, a5);
        c9 = TLanes.Add(c9, c9);
        TVector c10 = Plus(TLanes.Multiply(a2, a8), a3, a7, a4, a6);
        c10 = TLanes.Add(c10, c10);
        c10 = TLanes.MultiplyAdd(c10, a5, a5);
        TVector c11 = Plus(TLanes.Multiply(a3, a8), a4, a7, a5, a6);
        c11 = TLanes.Add(c11, c11);
        TVector c12 = Plus(TLanes.Multiply(a4, a8), a5, a7);
        c12 = TLanes.Add(c12, c12);
        c12 = TLanes.MultiplyAdd(c12, a6, a6);
        TVector c13 = Plus(TLanes.Multiply(a5, a8), a6, a7);
        c13 = TLanes.Add(c13, c13);
        TVector c14 = TLanes.Multiply(a6, a8);
        c14 = TLanes.Add(c14, c14);
        c14 = TLanes.MultiplyAdd(c14, a7, a7);
        TVector c15 = TLanes.Multiply(a7, a8);
        c15 = TLanes.Add(c15, c15);
        TVector c16 = TLanes.Multiply(a8, a8);
        Reduce<Signed>(
            out r, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
    }

    /// <summary>a^2 for magnitudes up to 1; reduced.</summary>
    public static void Square(out LaneElement<TVector> r, in LaneElement<TVector> a)
    {
        LaneElement<TVector> zero = default;
        SquareLess(out r, a, zero);
    }

    // Sums of products, written out so that the compiler keeps every limb in a register.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(TVector sum, TVector a0, TVector b0)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(TVector sum, TVector a0, TVector b0, TVector a1, TVector b1)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3,
        TVector a4, TVector b4)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        sum = TLanes.MultiplyAdd(sum, a4, b4);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3,
        TVector a4, TVector b4, TVector a5, TVector b5)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        sum = TLanes.MultiplyAdd(sum, a4, b4);
        sum = TLanes.MultiplyAdd(sum, a5, b5);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3,
        TVector a4, TVector b4, TVector a5, TVector b5, TVector a6, TVector b6)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        sum = TLanes.MultiplyAdd(sum, a4, b4);
        sum = TLanes.MultiplyAdd(sum, a5, b5);
        sum = TLanes.MultiplyAdd(sum, a6, b6);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3,
        TVector a4, TVector b4, TVector a5, TVector b5, TVector a6, TVector b6, TVector a7, TVector b7)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        sum = TLanes.MultiplyAdd(sum, a4, b4);
        sum = TLanes.MultiplyAdd(sum, a5, b5);
        sum = TLanes.MultiplyAdd(sum, a6, b6);
        sum = TLanes.MultiplyAdd(sum, a7, b7);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Plus(
        TVector sum, TVector a0, TVector b0, TVector a1, TVector b1, TVector a2, TVector b2, TVector a3, TVector b3,
        TVector a4, TVector b4, TVector a5, TVector b5, TVector a6, TVector b6, TVector a7, TVector b7, TVector a8,
        TVector b8)
    {
        sum = TLanes.MultiplyAdd(sum, a0, b0);
        sum = TLanes.MultiplyAdd(sum, a1, b1);
        sum = TLanes.MultiplyAdd(sum, a2, b2);
        sum = TLanes.MultiplyAdd(sum, a3, b3);
        sum = TLanes.MultiplyAdd(sum, a4, b4);
        sum = TLanes.MultiplyAdd(sum, a5, b5);
        sum = TLanes.MultiplyAdd(sum, a6, b6);
        sum = TLanes.MultiplyAdd(sum, a7, b7);
        sum = TLanes.MultiplyAdd(sum, a8, b8);
        return sum;
    }
}
