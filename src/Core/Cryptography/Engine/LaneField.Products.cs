using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <content>Products, each a call: within another method its limbs would lose their registers.</content>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>ab for a and b without negative limbs, of magnitudes that multiply to at most 6; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b) =>
        Multiply<Unsigned>(out r, a, b);

    /// <summary>ab for magnitudes that multiply to at most 3; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplySigned(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b) =>
        Multiply<Signed>(out r, a, b);

    /// <summary>ab - d, for a and b of magnitudes that multiply to at most 3 and d of at most 8; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyLess(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d) =>
        MultiplyLess<Signed>(out r, a, b, d);

    /// <summary>ab + d for a and b as <see cref="Multiply"/> takes them and a reduced d; reduced.</summary>
    public static void MultiplyAdd(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d)
    {
        Negate(out LaneElement<TVector> negated, d);
        MultiplyLess<Unsigned>(out r, a, b, negated);
    }

    /// <summary>ab + de, reduced once, for magnitudes whose products sum up to at most 3.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyAndMultiply(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b,
        in LaneElement<TVector> d, in LaneElement<TVector> e)
    {
        AssertFactors(a, b, d, e);
        TVector c0 = Start<Signed>(Bias0), c1 = Start<Signed>(Bias1), c2 = Start<Signed>(Bias2);
        TVector c9 = Start<Signed>(HighBias), c10 = Start<Signed>(HighBias), c11 = Start<Signed>(HighBias);
        FirstColumns(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, a, b);
        FirstColumns(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, d, e);
        FoldFirst(
            out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low, c0, c1, c2, c9, c10, c11);
        TVector c3 = Start<Signed>(BiasMiddle), c4 = Start<Signed>(BiasMiddle), c5 = Start<Signed>(BiasMiddle);
        TVector c12 = Start<Signed>(HighBias), c13 = Start<Signed>(HighBias), c14 = Start<Signed>(HighBias);
        MiddleColumns(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, a, b);
        MiddleColumns(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, d, e);
        FoldMiddle(out TVector r3, out TVector r4, out TVector r5, ref high, ref h, ref low, c3, c4, c5, c12, c13, c14);
        TVector c6 = Start<Signed>(BiasMiddle), c7 = Start<Signed>(BiasMiddle), c8 = Start<Signed>(BiasTop);
        TVector c15 = Start<Signed>(HighBias), c16 = Start<Signed>(HighBias);
        LastColumns(ref c6, ref c7, ref c8, ref c15, ref c16, a, b);
        LastColumns(ref c6, ref c7, ref c8, ref c15, ref c16, d, e);
        FoldLast(out r, r0, r1, r2, r3, r4, r5, high, h, low, c6, c7, c8, c15, c16);
    }

    /// <summary>ab + d^2, reduced once, for magnitudes whose products sum up to at most 3.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyAndSquare(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d)
    {
        AssertFactors(a, b, d, d);
        TVector c0 = Start<Signed>(Bias0), c1 = Start<Signed>(Bias1), c2 = Start<Signed>(Bias2);
        TVector c9 = Start<Signed>(HighBias), c10 = Start<Signed>(HighBias), c11 = Start<Signed>(HighBias);
        FirstColumns(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, a, b);
        FirstColumnsOfSquare(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, d);
        FoldFirst(
            out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low, c0, c1, c2, c9, c10, c11);
        TVector c3 = Start<Signed>(BiasMiddle), c4 = Start<Signed>(BiasMiddle), c5 = Start<Signed>(BiasMiddle);
        TVector c12 = Start<Signed>(HighBias), c13 = Start<Signed>(HighBias), c14 = Start<Signed>(HighBias);
        MiddleColumns(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, a, b);
        MiddleColumnsOfSquare(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, d);
        FoldMiddle(out TVector r3, out TVector r4, out TVector r5, ref high, ref h, ref low, c3, c4, c5, c12, c13, c14);
        TVector c6 = Start<Signed>(BiasMiddle), c7 = Start<Signed>(BiasMiddle), c8 = Start<Signed>(BiasTop);
        TVector c15 = Start<Signed>(HighBias), c16 = Start<Signed>(HighBias);
        LastColumns(ref c6, ref c7, ref c8, ref c15, ref c16, a, b);
        LastColumnsOfSquare(ref c6, ref c7, ref c8, ref c15, ref c16, d);
        FoldLast(out r, r0, r1, r2, r3, r4, r5, high, h, low, c6, c7, c8, c15, c16);
    }

    /// <summary>a^2 - b for a of magnitude at most 1.7 and b of at most 8; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SquareLess(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b) =>
        SquareLess<Something>(out r, a, b);

    /// <summary>a^2 for magnitudes up to 1.7; reduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Square(out LaneElement<TVector> r, in LaneElement<TVector> a) => SquareLess<Nothing>(out r, a, a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Multiply<TSign>(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
        where TSign : struct, ISign
    {
        AssertFactors<TSign>(a, b);
        TVector c0 = Start<TSign>(Bias0), c1 = Start<TSign>(Bias1), c2 = Start<TSign>(Bias2);
        TVector c9 = Start<TSign>(HighBias), c10 = Start<TSign>(HighBias), c11 = Start<TSign>(HighBias);
        FirstColumns(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, a, b);
        FoldFirst(
            out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low, c0, c1, c2, c9, c10, c11);
        TVector c3 = Start<TSign>(BiasMiddle), c4 = Start<TSign>(BiasMiddle), c5 = Start<TSign>(BiasMiddle);
        TVector c12 = Start<TSign>(HighBias), c13 = Start<TSign>(HighBias), c14 = Start<TSign>(HighBias);
        MiddleColumns(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, a, b);
        FoldMiddle(out TVector r3, out TVector r4, out TVector r5, ref high, ref h, ref low, c3, c4, c5, c12, c13, c14);
        TVector c6 = Start<TSign>(BiasMiddle), c7 = Start<TSign>(BiasMiddle), c8 = Start<TSign>(BiasTop);
        TVector c15 = Start<TSign>(HighBias), c16 = Start<TSign>(HighBias);
        LastColumns(ref c6, ref c7, ref c8, ref c15, ref c16, a, b);
        FoldLast(out r, r0, r1, r2, r3, r4, r5, high, h, low, c6, c7, c8, c15, c16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MultiplyLess<TSign>(
        out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b, in LaneElement<TVector> d)
        where TSign : struct, ISign
    {
        AssertFactors<TSign>(a, b);
        TVector c0 = TLanes.Subtract(Start<TSign>(Bias0), d.N0), c1 = TLanes.Subtract(Start<TSign>(Bias1), d.N1);
        TVector c2 = TLanes.Subtract(Start<TSign>(Bias2), d.N2);
        TVector c9 = Start<TSign>(HighBias), c10 = Start<TSign>(HighBias), c11 = Start<TSign>(HighBias);
        FirstColumns(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, a, b);
        FoldFirst(
            out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low, c0, c1, c2, c9, c10, c11);
        TVector c3 = TLanes.Subtract(Start<TSign>(BiasMiddle), d.N3), c4 = TLanes.Subtract(Start<TSign>(BiasMiddle), d.N4);
        TVector c5 = TLanes.Subtract(Start<TSign>(BiasMiddle), d.N5);
        TVector c12 = Start<TSign>(HighBias), c13 = Start<TSign>(HighBias), c14 = Start<TSign>(HighBias);
        MiddleColumns(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, a, b);
        FoldMiddle(out TVector r3, out TVector r4, out TVector r5, ref high, ref h, ref low, c3, c4, c5, c12, c13, c14);
        TVector c6 = TLanes.Subtract(Start<TSign>(BiasMiddle), d.N6), c7 = TLanes.Subtract(Start<TSign>(BiasMiddle), d.N7);
        TVector c8 = TLanes.Subtract(Start<TSign>(BiasTop), d.N8);
        TVector c15 = Start<TSign>(HighBias), c16 = Start<TSign>(HighBias);
        LastColumns(ref c6, ref c7, ref c8, ref c15, ref c16, a, b);
        FoldLast(out r, r0, r1, r2, r3, r4, r5, high, h, low, c6, c7, c8, c15, c16);
    }

    // a^2 - b, or a^2, whatever b is.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SquareLess<TLess>(out LaneElement<TVector> r, in LaneElement<TVector> a, in LaneElement<TVector> b)
        where TLess : struct, ILess
    {
        AssertFactors<Signed>(a, a);
        TVector c0 = StartLess<TLess>(Bias0, b.N0), c1 = StartLess<TLess>(Bias1, b.N1);
        TVector c2 = StartLess<TLess>(Bias2, b.N2);
        TVector c9 = Start<Signed>(HighBias), c10 = Start<Signed>(HighBias), c11 = Start<Signed>(HighBias);
        FirstColumnsOfSquare(ref c0, ref c1, ref c2, ref c9, ref c10, ref c11, a);
        FoldFirst(
            out TVector r0, out TVector r1, out TVector r2, out TVector high, out TVector h, out TVector low, c0, c1, c2, c9, c10, c11);
        TVector c3 = StartLess<TLess>(BiasMiddle, b.N3), c4 = StartLess<TLess>(BiasMiddle, b.N4);
        TVector c5 = StartLess<TLess>(BiasMiddle, b.N5);
        TVector c12 = Start<Signed>(HighBias), c13 = Start<Signed>(HighBias), c14 = Start<Signed>(HighBias);
        MiddleColumnsOfSquare(ref c3, ref c4, ref c5, ref c12, ref c13, ref c14, a);
        FoldMiddle(out TVector r3, out TVector r4, out TVector r5, ref high, ref h, ref low, c3, c4, c5, c12, c13, c14);
        TVector c6 = StartLess<TLess>(BiasMiddle, b.N6), c7 = StartLess<TLess>(BiasMiddle, b.N7);
        TVector c8 = StartLess<TLess>(BiasTop, b.N8);
        TVector c15 = Start<Signed>(HighBias), c16 = Start<Signed>(HighBias);
        LastColumnsOfSquare(ref c6, ref c7, ref c8, ref c15, ref c16, a);
        FoldLast(out r, r0, r1, r2, r3, r4, r5, high, h, low, c6, c7, c8, c15, c16);
    }
}
