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

    /// <summary>u2 Q for signers without tables: 128 doublings, 72 additions, those that make Q's multiples among them.</summary>
    /// <param name="digits">For each vector the digits of <see cref="SplitScalar"/> for u2.</param>
    /// <param name="x">For each vector each lane's x of Q, reduced.</param>
    /// <param name="y">As many: each lane's y of Q, reduced.</param>
    /// <param name="sums">As many: the sums; in lanes with ZZ = 0 modulo p nothing is known.</param>
    public static void Sum(
        ReadOnlySpan<uint> digits, ReadOnlySpan<LaneElement<TVector>> x, ReadOnlySpan<LaneElement<TVector>> y,
        Span<LanePoint<TVector, TLanes>> sums)
    {
        int vectors = x.Length;
        Span<LaneMultiples<TVector, TLanes>> multiples = stackalloc LaneMultiples<TVector, TLanes>[vectors];
        Span<LaneElement<TVector>> px = stackalloc LaneElement<TVector>[vectors], py = stackalloc LaneElement<TVector>[vectors];
        for (int v = 0; v < vectors; v++)
            multiples[v] = new(x[v], y[v]);
        LaneJacobian<TVector, TLanes> points = new(
            stackalloc LaneElement<TVector>[LaneJacobian<TVector, TLanes>.ElementsOf(vectors)], vectors);
        for (int i = SplitScalar.Digits - 1; i >= 0; i--)
        {
            // An even number: negated as often as not.
            for (int k = 0; k < SplitScalar.DigitBits && i != SplitScalar.Digits - 1; k++)
                points.DoubleAndNegate();
            for (int half = 0; half < 2; half++)
            {
                for (int v = 0; v < vectors; v++)
                {
                    int place = (2 * SplitScalar.Digits * v + 2 * i + half) * TLanes.Count;
                    multiples[v].Load(TLanes.Widen(digits.Slice(place, TLanes.Count)), half, out px[v], out py[v]);
                }
                if (i == SplitScalar.Digits - 1 && half == 0)
                    points.Set(px, py);
                else
                    points.Add(px, py);
            }
        }
        for (int v = 0; v < vectors; v++)
        {
            points.Get(v, out sums[v]);
            multiples[v].Rescale(ref sums[v]);
        }
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
