namespace GovChain.Core.Cryptography.Engine;

/// <summary>What may be the y of a point with a given x, a point in each lane.</summary>
internal static class LaneRoot<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>
    /// x^3 + 7 to the power of (p + 1) / 4: its square root where it has one, else that of its negation. Reduced.
    /// </summary>
    /// <param name="root">The powers.</param>
    /// <param name="x">Reduced.</param>
    public static void OfCurve(out LaneElement<TVector> root, in LaneElement<TVector> x)
    {
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> seven, new Words256(7, 0, 0, 0));
        LaneField<TVector, TLanes>.Negate(out seven, seven);
        LaneField<TVector, TLanes>.Square(out LaneElement<TVector> cube, x);
        LaneField<TVector, TLanes>.MultiplyLess(out cube, cube, x, seven);
        Power(out root, cube);
    }

    // The exponent is 223 ones, a zero, 22 ones, 0000, 11, 00 in binary: the chain of FieldElement.TrySqrt.
    private static void Power(out LaneElement<TVector> root, in LaneElement<TVector> a)
    {
        Shifted(out LaneElement<TVector> x2, a, 1, a);
        Shifted(out LaneElement<TVector> x3, x2, 1, a);
        Shifted(out LaneElement<TVector> t, x3, 3, x3);
        Shifted(out t, t, 3, x3);
        Shifted(out t, t, 2, x2);
        Shifted(out LaneElement<TVector> x22, t, 11, t);
        Shifted(out LaneElement<TVector> x44, x22, 22, x22);
        Shifted(out LaneElement<TVector> x88, x44, 44, x44);
        Shifted(out t, x88, 88, x88);
        Shifted(out t, t, 44, x44);
        Shifted(out t, t, 3, x3);
        Shifted(out t, t, 23, x22);
        Shifted(out t, t, 6, x2);
        LaneField<TVector, TLanes>.Square(out t, t);
        LaneField<TVector, TLanes>.Square(out root, t);
    }

    // a to the power of 2^count, times b: the exponent of b behind that of a.
    private static void Shifted(
        out LaneElement<TVector> r, in LaneElement<TVector> a, int count, in LaneElement<TVector> b)
    {
        LaneElement<TVector> power = a;
        for (int i = 0; i < count; i++)
            LaneField<TVector, TLanes>.Square(out power, power);
        LaneField<TVector, TLanes>.Multiply(out r, power, b);
    }
}
