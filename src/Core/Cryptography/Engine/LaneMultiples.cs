using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Q, 3Q, ..., 15Q and the same times lambda, a Q in each lane, as affine points without any inversion.</summary>
/// <remarks>
/// The points are affine not on the curve itself but on one isomorphic to it, (x, y) -> (x Z^2, y Z^3), y^2 = x^3 + 7 Z^6:
/// the formulas know neither b. Z is that of 2Q, which makes 2Q affine, times that of 15Q, to which the others are
/// brought. A sum of them is brought back to the curve by multiplying its Z by this one.
/// </remarks>
internal struct LaneMultiples<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    private Elements _x, _xLambda, _y;
    private LaneElement<TVector> _zz, _zzz;

    public LaneMultiples(in LaneElement<TVector> x, in LaneElement<TVector> y)
    {
        LanePoint<TVector, TLanes> twice = default;
        twice.Set(x, y);
        twice.Double();
        LanePoint<TVector, TLanes> point = default;
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> x1, x, twice.ZZ);
        LaneField<TVector, TLanes>.Multiply(out LaneElement<TVector> y1, y, twice.ZZZ);
        point.Set(x1, y1);
        Elements ratios = default;
        (_x[0], _y[0]) = (point.X, point.Y);
        for (int i = 1; i < SplitScalar.Multiples; i++)
        {
            point.Add(twice.X, twice.Y, out ratios[i]);
            (_x[i], _y[i]) = (point.X, point.Y);
        }
        LaneField<TVector, TLanes>.Multiply(out _zz, point.ZZ, twice.ZZ);
        LaneField<TVector, TLanes>.Multiply(out _zzz, point.ZZZ, twice.ZZZ);
        BringToLast(ratios);
        LaneField<TVector, TLanes>.Broadcast(out LaneElement<TVector> beta, SplitScalar.Beta.ToWords());
        for (int i = 0; i < SplitScalar.Multiples; i++)
            LaneField<TVector, TLanes>.Multiply(out _xLambda[i], _x[i], beta);
    }

    /// <summary>The points that a digit of <see cref="SplitScalar"/> asks for in each lane.</summary>
    /// <param name="digit">One digit a lane.</param>
    /// <param name="half">0 for a digit of k1, 1 for one of k2.</param>
    /// <param name="x">Their x, reduced.</param>
    /// <param name="y">Their y, magnitude 1.</param>
    public readonly void Load(TVector digit, int half, out LaneElement<TVector> x, out LaneElement<TVector> y)
    {
        TVector bit0 = LanePath<TVector, TLanes>.Negative(TLanes.ShiftRight(digit, 1));
        TVector bit1 = LanePath<TVector, TLanes>.Negative(TLanes.ShiftRight(digit, 2));
        TVector bit2 = LanePath<TVector, TLanes>.Negative(TLanes.ShiftRight(digit, 3));
        if (half == 0)
            Select(_x, bit0, bit1, bit2, out x);
        else
            Select(_xLambda, bit0, bit1, bit2, out x);
        Select(_y, bit0, bit1, bit2, out y);
        LaneField<TVector, TLanes>.NegateWhere(out y, LanePath<TVector, TLanes>.Negative(digit), y);
    }

    /// <summary>Brings a sum of these points back to the curve.</summary>
    public readonly void Rescale(ref LanePoint<TVector, TLanes> sum)
    {
        LaneField<TVector, TLanes>.Multiply(out sum.ZZ, sum.ZZ, _zz);
        LaneField<TVector, TLanes>.Multiply(out sum.ZZZ, sum.ZZZ, _zzz);
    }

    // Brings the points before the last to its Z: each one's was multiplied by the ratios of all later ones.
    private void BringToLast(in Elements ratios)
    {
        LaneElement<TVector> scale = ratios[SplitScalar.Multiples - 1];
        for (int i = SplitScalar.Multiples - 2; i >= 0; i--)
        {
            LaneField<TVector, TLanes>.Square(out LaneElement<TVector> square, scale);
            LaneField<TVector, TLanes>.MultiplySigned(out LaneElement<TVector> cube, square, scale);
            LaneField<TVector, TLanes>.Multiply(out _x[i], _x[i], square);
            LaneField<TVector, TLanes>.Multiply(out _y[i], _y[i], cube);
            if (i > 0)
                LaneField<TVector, TLanes>.MultiplySigned(out scale, scale, ratios[i]);
        }
    }

    private static void Select(
        in Elements elements, TVector bit0, TVector bit1, TVector bit2, out LaneElement<TVector> chosen)
    {
        const int limbs = 9;
        Unsafe.SkipInit(out chosen);
        ref TVector from = ref Unsafe.As<Elements, TVector>(ref Unsafe.AsRef(in elements));
        ref TVector to = ref Unsafe.As<LaneElement<TVector>, TVector>(ref chosen);
        for (int k = 0; k < limbs; k++)
        {
            ref TVector e = ref Unsafe.Add(ref from, k);
            TVector c01 = TLanes.Select(bit0, Unsafe.Add(ref e, limbs), e);
            TVector c23 = TLanes.Select(bit0, Unsafe.Add(ref e, 3 * limbs), Unsafe.Add(ref e, 2 * limbs));
            TVector c45 = TLanes.Select(bit0, Unsafe.Add(ref e, 5 * limbs), Unsafe.Add(ref e, 4 * limbs));
            TVector c67 = TLanes.Select(bit0, Unsafe.Add(ref e, 7 * limbs), Unsafe.Add(ref e, 6 * limbs));
            TVector c03 = TLanes.Select(bit1, c23, c01), c47 = TLanes.Select(bit1, c67, c45);
            Unsafe.Add(ref to, k) = TLanes.Select(bit2, c47, c03);
        }
    }

    [InlineArray(SplitScalar.Multiples)]
    private struct Elements
    {
        private LaneElement<TVector> _first;
    }
}
