using System.Runtime.CompilerServices;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>u1 G + u2 Q for as many signatures as there are lanes.</summary>
/// <remarks>Codes and digits of one place stand side by side for all lanes: the stride is the number of lanes.</remarks>
internal static class LanePath<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    internal static readonly CombTable[] Generators = [.. Enumerable.Repeat(CombTable.Generator, TLanes.Count)];

    /// <summary>The sums for signers whose tables are known: 55 additions and 7 doublings.</summary>
    /// <param name="codes">The codes of <see cref="CombDigits"/> for both scalars.</param>
    /// <param name="signers">Each lane's table of Q.</param>
    /// <param name="sum">The sums; in lanes with ZZ = 0 modulo p nothing is known.</param>
    public static void Sum(
        ReadOnlySpan<uint> codes, ReadOnlySpan<CombTable> signers, out LanePoint<TVector, TLanes> sum)
    {
        sum = default;
        for (int column = CombTable.Spacing - 1; column >= 0; column--)
        {
            if (column != CombTable.Spacing - 1)
                sum.Double();
            for (int b = 0; b < CombDigits.PerColumn; b++)
            {
                ReadOnlySpan<CombTable> tables = b < CombTable.SignerBlocks ? signers : Generators;
                Load(tables, codes, column * CombDigits.PerColumn + b, out LaneElement<TVector> x, out LaneElement<TVector> y);
                if (column == CombTable.Spacing - 1 && b == 0)
                    sum.Set(x, y);
                else
                    sum.Add(x, y);
            }
        }
    }

    /// <summary>u2 Q for signers without tables: 129 doublings, 72 additions, those that make Q's multiples among them.</summary>
    /// <param name="digits">The digits of <see cref="SplitScalar"/> for u2.</param>
    /// <param name="x">Each lane's x of Q, reduced.</param>
    /// <param name="y">Each lane's y of Q, reduced.</param>
    /// <param name="sum">The sums; in lanes with ZZ = 0 modulo p nothing is known.</param>
    public static void Sum(
        ReadOnlySpan<uint> digits, in LaneElement<TVector> x, in LaneElement<TVector> y, out LanePoint<TVector, TLanes> sum)
    {
        LaneMultiples<TVector, TLanes> multiples = new(x, y);
        LaneJacobian<TVector, TLanes> point = default;
        for (int i = SplitScalar.Digits - 1; i >= 0; i--)
        {
            // An even number: negated as often as not.
            for (int k = 0; k < SplitScalar.DigitBits && i != SplitScalar.Digits - 1; k++)
                point.DoubleAndNegate();
            for (int half = 0; half < 2; half++)
            {
                TVector digit = TLanes.Widen(digits.Slice((2 * i + half) * TLanes.Count, TLanes.Count));
                multiples.Load(digit, half, out LaneElement<TVector> px, out LaneElement<TVector> py);
                if (i == SplitScalar.Digits - 1 && half == 0)
                    point.Set(px, py);
                else
                    point.Add(px, py);
            }
        }
        point.Get(out sum);
        multiples.Rescale(ref sum);
    }

    /// <summary>u1 G: 23 additions and 7 doublings.</summary>
    /// <param name="codes">The generator's codes of <see cref="CombDigits"/>; the signers' are not read.</param>
    /// <param name="sum">The sums; in lanes with ZZ = 0 modulo p nothing is known.</param>
    public static void GeneratorSum(ReadOnlySpan<uint> codes, out LanePoint<TVector, TLanes> sum)
    {
        sum = default;
        for (int column = CombTable.Spacing - 1; column >= 0; column--)
        {
            if (column != CombTable.Spacing - 1)
                sum.Double();
            for (int b = CombTable.SignerBlocks; b < CombDigits.PerColumn; b++)
            {
                Load(Generators, codes, column * CombDigits.PerColumn + b, out LaneElement<TVector> x, out LaneElement<TVector> y);
                if (column == CombTable.Spacing - 1 && b == CombTable.SignerBlocks)
                    sum.Set(x, y);
                else
                    sum.Add(x, y);
            }
        }
    }

    internal static void Load(
        ReadOnlySpan<CombTable> tables, ReadOnlySpan<uint> codes, int place,
        out LaneElement<TVector> x, out LaneElement<TVector> y)
    {
        ReadOnlySpan<uint> own = codes.Slice(place * TLanes.Count, TLanes.Count);
        TLanes.LoadEntries(
            tables, own, out TVector x0, out TVector x1, out TVector x2, out TVector x3,
            out TVector y0, out TVector y1, out TVector y2, out TVector y3);
        LaneField<TVector, TLanes>.FromWords(out x, x0, x1, x2, x3);
        LaneField<TVector, TLanes>.FromWords(out y, y0, y1, y2, y3);
        LaneField<TVector, TLanes>.NegateWhere(out y, Negative(TLanes.Widen(own)), y);
    }

    /// <summary>All ones where the lowest bit of a code is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVector Negative(TVector codes) =>
        TLanes.Subtract(TLanes.Broadcast(0), TLanes.And(codes, TLanes.Broadcast(1)));
}
