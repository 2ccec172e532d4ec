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
        Span<LaneElement<TVector>> x = stackalloc LaneElement<TVector>[LaneRoot<TVector, TLanes>.Together];
        Span<LaneElement<TVector>> root = stackalloc LaneElement<TVector>[x.Length];
        int done = 0;
        while (xs.Length - done >= TLanes.UsedMin)
        {
            ReadOnlySpan<Words256> group = xs.Slice(done, Math.Min(x.Length * TLanes.Count, xs.Length - done));
            int vectors = (group.Length + TLanes.Count - 1) / TLanes.Count;
            for (int v = 0; v < vectors; v++)
            {
                int start = v * TLanes.Count;
                LaneField<TVector, TLanes>.FromWords(out x[v], group[start..Math.Min(start + TLanes.Count, group.Length)]);
            }
            LaneRoot<TVector, TLanes>.OfCurve(root[..vectors], x[..vectors]);
            for (int i = 0; i < group.Length; i++)
                roots[done + i] = LaneField<TVector, TLanes>.Extract(root[i / TLanes.Count], i % TLanes.Count);
            done += group.Length;
        }
        return done;
    }
}
