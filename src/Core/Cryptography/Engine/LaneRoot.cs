namespace GovChain.Core.Cryptography.Engine;

/// <summary>What may be the y of points with given x, in each lane of a vector or a few.</summary>
/// <remarks>
/// Each step waits for the one before, so the vectors take turns: of two, the processor works on one while the other waits.
/// </remarks>
internal static class LaneRoot<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>Vectors that are worth taking turns.</summary>
    public const int Together = 2;

    /// <summary>
    /// x^3 + 7 to the power of (p + 1) / 4: its square root where it has one, else that of its negation. Reduced.
    /// </summary>
    /// <param name="roots">The powers.</param>
    /// <param name="xs">As many, reduced; at most <see cref="Together"/>.</param>
    public static void OfCurve(Span<LaneElement<TVector>> roots, ReadOnlySpan<LaneElement<TVector>> xs)
    {
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> seven, new Words256(7, 0, 0, 0));
        LaneField<TVector, TLanes>.Negate(out seven, seven);
        Span<LaneElement<TVector>> cubes = stackalloc LaneElement<TVector>[xs.Length];
        for (int i = 0; i < xs.Length; i++)
        {
            LaneField<TVector, TLanes>.Square(out cubes[i], xs[i]);
            LaneField<TVector, TLanes>.MultiplyLess(out cubes[i], cubes[i], xs[i], seven);
        }
        Power(roots, cubes);
    }

    // The exponent is 223 ones, a zero, 22 ones, 0000, 11, 00 in binary: the chain of FieldElement.TrySqrt.
    private static void Power(Span<LaneElement<TVector>> t, ReadOnlySpan<LaneElement<TVector>> a)
    {
        int count = a.Length;
        Span<LaneElement<TVector>> memory = stackalloc LaneElement<TVector>[5 * count];
        Span<LaneElement<TVector>> x2 = memory[..count], x3 = memory.Slice(count, count), x22 = memory.Slice(2 * count, count);
        Span<LaneElement<TVector>> x44 = memory.Slice(3 * count, count), x88 = memory.Slice(4 * count, count);
        Shifted(x2, a, 1, a);
        Shifted(x3, x2, 1, a);
        Shifted(t, x3, 3, x3);
        Shifted(t, t, 3, x3);
        Shifted(t, t, 2, x2);
        Shifted(x22, t, 11, t);
        Shifted(x44, x22, 22, x22);
        Shifted(x88, x44, 44, x44);
        Shifted(t, x88, 88, x88);
        Shifted(t, t, 44, x44);
        Shifted(t, t, 3, x3);
        Shifted(t, t, 23, x22);
        Shifted(t, t, 6, x2);
        Square(t, 2);
    }

    // a to the power of 2^times, times b: the exponent of b behind that of a.
    private static void Shifted(
        Span<LaneElement<TVector>> r, ReadOnlySpan<LaneElement<TVector>> a, int times, ReadOnlySpan<LaneElement<TVector>> b)
    {
        Span<LaneElement<TVector>> power = stackalloc LaneElement<TVector>[a.Length];
        a.CopyTo(power);
        Square(power, times);
        for (int i = 0; i < power.Length; i++)
            LaneField<TVector, TLanes>.Multiply(out r[i], power[i], b[i]);
    }

    private static void Square(Span<LaneElement<TVector>> powers, int times)
    {
        for (int i = 0; i < times; i++)
        {
            for (int k = 0; k < powers.Length; k++)
                LaneField<TVector, TLanes>.Square(out powers[k], powers[k]);
        }
    }
}
