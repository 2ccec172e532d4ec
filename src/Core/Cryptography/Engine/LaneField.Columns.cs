using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <content>Columns of products.</content>
/// <remarks>
/// Column k and column k + 9, which is folded into it, have nine products of limbs between them, one with each limb of
/// either factor. Three such pairs are summed up together, limb by limb of a, and carried before the next three: then six
/// columns and some five limbs live at a time, and sixteen registers hold them. Written out, so that the compiler keeps
/// them there.
/// </remarks>
internal static partial class LaneField<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FirstColumns(
        ref TVector c0, ref TVector c1, ref TVector c2, ref TVector c9, ref TVector c10, ref TVector c11,
        in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        TVector a0 = a.N0, b0 = b.N0, b1 = b.N1, b2 = b.N2;
        c0 = TLanes.MultiplyAdd(c0, a0, b0);
        c1 = TLanes.MultiplyAdd(c1, a0, b1);
        c2 = TLanes.MultiplyAdd(c2, a0, b2);
        TVector a1 = a.N1, b8 = b.N8;
        c9 = TLanes.MultiplyAdd(c9, a1, b8);
        c1 = TLanes.MultiplyAdd(c1, a1, b0);
        c2 = TLanes.MultiplyAdd(c2, a1, b1);
        TVector a2 = a.N2, b7 = b.N7;
        c9 = TLanes.MultiplyAdd(c9, a2, b7);
        c10 = TLanes.MultiplyAdd(c10, a2, b8);
        c2 = TLanes.MultiplyAdd(c2, a2, b0);
        TVector a3 = a.N3, b6 = b.N6;
        c9 = TLanes.MultiplyAdd(c9, a3, b6);
        c10 = TLanes.MultiplyAdd(c10, a3, b7);
        c11 = TLanes.MultiplyAdd(c11, a3, b8);
        TVector a4 = a.N4, b5 = b.N5;
        c9 = TLanes.MultiplyAdd(c9, a4, b5);
        c10 = TLanes.MultiplyAdd(c10, a4, b6);
        c11 = TLanes.MultiplyAdd(c11, a4, b7);
        TVector a5 = a.N5, b4 = b.N4;
        c9 = TLanes.MultiplyAdd(c9, a5, b4);
        c10 = TLanes.MultiplyAdd(c10, a5, b5);
        c11 = TLanes.MultiplyAdd(c11, a5, b6);
        TVector a6 = a.N6, b3 = b.N3;
        c9 = TLanes.MultiplyAdd(c9, a6, b3);
        c10 = TLanes.MultiplyAdd(c10, a6, b4);
        c11 = TLanes.MultiplyAdd(c11, a6, b5);
        TVector a7 = a.N7;
        c9 = TLanes.MultiplyAdd(c9, a7, b2);
        c10 = TLanes.MultiplyAdd(c10, a7, b3);
        c11 = TLanes.MultiplyAdd(c11, a7, b4);
        TVector a8 = a.N8;
        c9 = TLanes.MultiplyAdd(c9, a8, b1);
        c10 = TLanes.MultiplyAdd(c10, a8, b2);
        c11 = TLanes.MultiplyAdd(c11, a8, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MiddleColumns(
        ref TVector c3, ref TVector c4, ref TVector c5, ref TVector c12, ref TVector c13, ref TVector c14,
        in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        TVector a0 = a.N0, b3 = b.N3, b4 = b.N4, b5 = b.N5;
        c3 = TLanes.MultiplyAdd(c3, a0, b3);
        c4 = TLanes.MultiplyAdd(c4, a0, b4);
        c5 = TLanes.MultiplyAdd(c5, a0, b5);
        TVector a1 = a.N1, b2 = b.N2;
        c3 = TLanes.MultiplyAdd(c3, a1, b2);
        c4 = TLanes.MultiplyAdd(c4, a1, b3);
        c5 = TLanes.MultiplyAdd(c5, a1, b4);
        TVector a2 = a.N2, b1 = b.N1;
        c3 = TLanes.MultiplyAdd(c3, a2, b1);
        c4 = TLanes.MultiplyAdd(c4, a2, b2);
        c5 = TLanes.MultiplyAdd(c5, a2, b3);
        TVector a3 = a.N3, b0 = b.N0;
        c3 = TLanes.MultiplyAdd(c3, a3, b0);
        c4 = TLanes.MultiplyAdd(c4, a3, b1);
        c5 = TLanes.MultiplyAdd(c5, a3, b2);
        TVector a4 = a.N4, b8 = b.N8;
        c12 = TLanes.MultiplyAdd(c12, a4, b8);
        c4 = TLanes.MultiplyAdd(c4, a4, b0);
        c5 = TLanes.MultiplyAdd(c5, a4, b1);
        TVector a5 = a.N5, b7 = b.N7;
        c12 = TLanes.MultiplyAdd(c12, a5, b7);
        c13 = TLanes.MultiplyAdd(c13, a5, b8);
        c5 = TLanes.MultiplyAdd(c5, a5, b0);
        TVector a6 = a.N6, b6 = b.N6;
        c12 = TLanes.MultiplyAdd(c12, a6, b6);
        c13 = TLanes.MultiplyAdd(c13, a6, b7);
        c14 = TLanes.MultiplyAdd(c14, a6, b8);
        TVector a7 = a.N7;
        c12 = TLanes.MultiplyAdd(c12, a7, b5);
        c13 = TLanes.MultiplyAdd(c13, a7, b6);
        c14 = TLanes.MultiplyAdd(c14, a7, b7);
        TVector a8 = a.N8;
        c12 = TLanes.MultiplyAdd(c12, a8, b4);
        c13 = TLanes.MultiplyAdd(c13, a8, b5);
        c14 = TLanes.MultiplyAdd(c14, a8, b6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LastColumns(
        ref TVector c6, ref TVector c7, ref TVector c8, ref TVector c15, ref TVector c16,
        in LaneElement<TVector> a, in LaneElement<TVector> b)
    {
        TVector a0 = a.N0, b6 = b.N6, b7 = b.N7, b8 = b.N8;
        c6 = TLanes.MultiplyAdd(c6, a0, b6);
        c7 = TLanes.MultiplyAdd(c7, a0, b7);
        c8 = TLanes.MultiplyAdd(c8, a0, b8);
        TVector a1 = a.N1, b5 = b.N5;
        c6 = TLanes.MultiplyAdd(c6, a1, b5);
        c7 = TLanes.MultiplyAdd(c7, a1, b6);
        c8 = TLanes.MultiplyAdd(c8, a1, b7);
        TVector a2 = a.N2, b4 = b.N4;
        c6 = TLanes.MultiplyAdd(c6, a2, b4);
        c7 = TLanes.MultiplyAdd(c7, a2, b5);
        c8 = TLanes.MultiplyAdd(c8, a2, b6);
        TVector a3 = a.N3, b3 = b.N3;
        c6 = TLanes.MultiplyAdd(c6, a3, b3);
        c7 = TLanes.MultiplyAdd(c7, a3, b4);
        c8 = TLanes.MultiplyAdd(c8, a3, b5);
        TVector a4 = a.N4, b2 = b.N2;
        c6 = TLanes.MultiplyAdd(c6, a4, b2);
        c7 = TLanes.MultiplyAdd(c7, a4, b3);
        c8 = TLanes.MultiplyAdd(c8, a4, b4);
        TVector a5 = a.N5, b1 = b.N1;
        c6 = TLanes.MultiplyAdd(c6, a5, b1);
        c7 = TLanes.MultiplyAdd(c7, a5, b2);
        c8 = TLanes.MultiplyAdd(c8, a5, b3);
        TVector a6 = a.N6, b0 = b.N0;
        c6 = TLanes.MultiplyAdd(c6, a6, b0);
        c7 = TLanes.MultiplyAdd(c7, a6, b1);
        c8 = TLanes.MultiplyAdd(c8, a6, b2);
        TVector a7 = a.N7;
        c15 = TLanes.MultiplyAdd(c15, a7, b8);
        c7 = TLanes.MultiplyAdd(c7, a7, b0);
        c8 = TLanes.MultiplyAdd(c8, a7, b1);
        TVector a8 = a.N8;
        c15 = TLanes.MultiplyAdd(c15, a8, b7);
        c16 = TLanes.MultiplyAdd(c16, a8, b8);
        c8 = TLanes.MultiplyAdd(c8, a8, b0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FirstColumnsOfSquare(
        ref TVector c0, ref TVector c1, ref TVector c2, ref TVector c9, ref TVector c10, ref TVector c11,
        in LaneElement<TVector> a)
    {
        TVector a0 = a.N0, a1 = a.N1, a2 = a.N2, t0 = TLanes.Add(a0, a0);
        c0 = TLanes.MultiplyAdd(c0, a0, a0);
        c1 = TLanes.MultiplyAdd(c1, t0, a1);
        c2 = TLanes.MultiplyAdd(c2, t0, a2);
        TVector a8 = a.N8, t1 = TLanes.Add(a1, a1);
        c2 = TLanes.MultiplyAdd(c2, a1, a1);
        c9 = TLanes.MultiplyAdd(c9, t1, a8);
        TVector a7 = a.N7, t2 = TLanes.Add(a2, a2);
        c9 = TLanes.MultiplyAdd(c9, t2, a7);
        c10 = TLanes.MultiplyAdd(c10, t2, a8);
        TVector a3 = a.N3, a6 = a.N6, t3 = TLanes.Add(a3, a3);
        c9 = TLanes.MultiplyAdd(c9, t3, a6);
        c10 = TLanes.MultiplyAdd(c10, t3, a7);
        c11 = TLanes.MultiplyAdd(c11, t3, a8);
        TVector a4 = a.N4, a5 = a.N5, t4 = TLanes.Add(a4, a4);
        c9 = TLanes.MultiplyAdd(c9, t4, a5);
        c10 = TLanes.MultiplyAdd(c10, t4, a6);
        c11 = TLanes.MultiplyAdd(c11, t4, a7);
        TVector t5 = TLanes.Add(a5, a5);
        c10 = TLanes.MultiplyAdd(c10, a5, a5);
        c11 = TLanes.MultiplyAdd(c11, t5, a6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MiddleColumnsOfSquare(
        ref TVector c3, ref TVector c4, ref TVector c5, ref TVector c12, ref TVector c13, ref TVector c14,
        in LaneElement<TVector> a)
    {
        TVector a0 = a.N0, a3 = a.N3, a4 = a.N4, a5 = a.N5, t0 = TLanes.Add(a0, a0);
        c3 = TLanes.MultiplyAdd(c3, t0, a3);
        c4 = TLanes.MultiplyAdd(c4, t0, a4);
        c5 = TLanes.MultiplyAdd(c5, t0, a5);
        TVector a1 = a.N1, a2 = a.N2, t1 = TLanes.Add(a1, a1);
        c3 = TLanes.MultiplyAdd(c3, t1, a2);
        c4 = TLanes.MultiplyAdd(c4, t1, a3);
        c5 = TLanes.MultiplyAdd(c5, t1, a4);
        TVector t2 = TLanes.Add(a2, a2);
        c4 = TLanes.MultiplyAdd(c4, a2, a2);
        c5 = TLanes.MultiplyAdd(c5, t2, a3);
        TVector a8 = a.N8, t4 = TLanes.Add(a4, a4);
        c12 = TLanes.MultiplyAdd(c12, t4, a8);
        TVector a7 = a.N7, t5 = TLanes.Add(a5, a5);
        c12 = TLanes.MultiplyAdd(c12, t5, a7);
        c13 = TLanes.MultiplyAdd(c13, t5, a8);
        TVector a6 = a.N6, t6 = TLanes.Add(a6, a6);
        c12 = TLanes.MultiplyAdd(c12, a6, a6);
        c13 = TLanes.MultiplyAdd(c13, t6, a7);
        c14 = TLanes.MultiplyAdd(c14, t6, a8);
        c14 = TLanes.MultiplyAdd(c14, a7, a7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LastColumnsOfSquare(
        ref TVector c6, ref TVector c7, ref TVector c8, ref TVector c15, ref TVector c16,
        in LaneElement<TVector> a)
    {
        TVector a0 = a.N0, a6 = a.N6, a7 = a.N7, a8 = a.N8, t0 = TLanes.Add(a0, a0);
        c6 = TLanes.MultiplyAdd(c6, t0, a6);
        c7 = TLanes.MultiplyAdd(c7, t0, a7);
        c8 = TLanes.MultiplyAdd(c8, t0, a8);
        TVector a1 = a.N1, a5 = a.N5, t1 = TLanes.Add(a1, a1);
        c6 = TLanes.MultiplyAdd(c6, t1, a5);
        c7 = TLanes.MultiplyAdd(c7, t1, a6);
        c8 = TLanes.MultiplyAdd(c8, t1, a7);
        TVector a2 = a.N2, a4 = a.N4, t2 = TLanes.Add(a2, a2);
        c6 = TLanes.MultiplyAdd(c6, t2, a4);
        c7 = TLanes.MultiplyAdd(c7, t2, a5);
        c8 = TLanes.MultiplyAdd(c8, t2, a6);
        TVector a3 = a.N3, t3 = TLanes.Add(a3, a3);
        c6 = TLanes.MultiplyAdd(c6, a3, a3);
        c7 = TLanes.MultiplyAdd(c7, t3, a4);
        c8 = TLanes.MultiplyAdd(c8, t3, a5);
        c8 = TLanes.MultiplyAdd(c8, a4, a4);
        TVector t7 = TLanes.Add(a7, a7);
        c15 = TLanes.MultiplyAdd(c15, t7, a8);
        c16 = TLanes.MultiplyAdd(c16, a8, a8);
    }
}
