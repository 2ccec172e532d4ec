using System.Runtime.Intrinsics;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>The square roots that decompressing keys takes, as many at once as there are lanes.</summary>
/// <remarks>Whoever reads what comes out squares it, by the portable arithmetic, before it is believed.</remarks>
internal static class KeyRoots
{
    /// <summary>
    /// Computes x^3 + 7 to the power of (p + 1) / 4 for the first of them, as far as lanes are faster than one at a time.
    /// </summary>
    /// <param name="path">How; the processor has it.</param>
    /// <param name="xs">Any numbers below 2^256.</param>
    /// <param name="roots">As many.</param>
    /// <returns>How many were computed.</returns>
    public static int Compute(EnginePath path, ReadOnlySpan<Words256> xs, Span<FieldElement> roots) => path switch
    {
        EnginePath.Avx512 => Compute<Vector512<ulong>, Lanes512>(xs, roots),
        EnginePath.Avx2 => Compute<Vector256<ulong>, Lanes256>(xs, roots),
        _ => 0,
    };

    private static int Compute<TVector, TLanes>(ReadOnlySpan<Words256> xs, Span<FieldElement> roots)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        int done = 0;
        while (xs.Length - done >= TLanes.UsedMin)
        {
            ReadOnlySpan<Words256> group = xs.Slice(done, Math.Min(TLanes.Count, xs.Length - done));
            LaneField<TVector, TLanes>.FromWords(out LaneElement<TVector> x, group);
            LaneRoot<TVector, TLanes>.OfCurve(out LaneElement<TVector> root, x);
            for (int lane = 0; lane < group.Length; lane++)
                roots[done + lane] = LaneField<TVector, TLanes>.Extract(root, lane);
            done += group.Length;
        }
        return done;
    }
}
