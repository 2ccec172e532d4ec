namespace GovChain.Core.Cryptography.Engine;

/// <summary>
/// u1 G + u2 Q for one signature, in the processor's ordinary registers, with complete formulas: right for every input.
/// The vector paths come back here with the rare signatures on which their incomplete formulas fail.
/// </summary>
internal static class PortablePath
{
    /// <summary>The sum for a signer whose table is known: 55 additions and 7 doublings.</summary>
    /// <param name="codes">The codes of <see cref="CombDigits"/> for both scalars.</param>
    /// <param name="stride">Between two codes.</param>
    /// <param name="signer">Q's table.</param>
    public static CurvePoint Sum(ReadOnlySpan<uint> codes, int stride, CombTable signer)
    {
        CurvePoint sum = default;
        for (int column = CombTable.Spacing - 1; column >= 0; column--)
        {
            sum = sum.Double();
            for (int b = 0; b < CombTable.SignerBlocks; b++)
                sum = sum.Add(signer.PointOf(codes[(column * CombDigits.PerColumn + b) * stride]));
            sum = AddGenerator(sum, codes, column, stride);
        }
        return sum;
    }

    /// <summary>The sum for a signer without a table: 129 doublings and 96 additions but for those of infinity, one inversion.</summary>
    /// <param name="codes">The generator's codes of <see cref="CombDigits"/>; the signer's are not read.</param>
    /// <param name="digits">The digits of <see cref="SplitScalar"/> for u2.</param>
    /// <param name="stride">Between two codes, and between two digits.</param>
    /// <param name="signer">Q, of order n.</param>
    public static CurvePoint Sum(
        ReadOnlySpan<uint> codes, ReadOnlySpan<uint> digits, int stride, in AffinePoint signer)
    {
        Span<AffinePoint> multiples = stackalloc AffinePoint[2 * SplitScalar.Multiples];
        OddMultiples(signer, multiples);
        CurvePoint sum = default;
        for (int bit = SplitScalar.Digits * SplitScalar.DigitBits - 1; bit >= 0; bit--)
        {
            sum = sum.Double();
            if (bit % SplitScalar.DigitBits == 0)
            {
                int i = bit / SplitScalar.DigitBits;
                sum = sum.Add(Multiple(multiples, digits[2 * i * stride], 0));
                sum = sum.Add(Multiple(multiples, digits[(2 * i + 1) * stride], 1));
            }
            if (bit < CombTable.Spacing)
                sum = AddGenerator(sum, codes, bit, stride);
        }
        return sum;
    }

    private static CurvePoint AddGenerator(CurvePoint sum, ReadOnlySpan<uint> codes, int column, int stride)
    {
        for (int b = CombTable.SignerBlocks; b < CombDigits.PerColumn; b++)
            sum = sum.Add(CombTable.Generator.PointOf(codes[(column * CombDigits.PerColumn + b) * stride]));
        return sum;
    }

    // Q, 3Q, ..., 15Q, then the same times lambda.
    private static void OddMultiples(in AffinePoint q, Span<AffinePoint> multiples)
    {
        Span<CurvePoint> points = stackalloc CurvePoint[SplitScalar.Multiples];
        points[0] = new(q);
        CurvePoint twice = points[0].Double();
        for (int i = 1; i < points.Length; i++)
            points[i] = points[i - 1].Add(twice);
        CurvePoint.Normalise(points, multiples[..points.Length]);
        FieldElement beta = SplitScalar.Beta;
        for (int i = 0; i < points.Length; i++)
            multiples[points.Length + i] = new AffinePoint(multiples[i].X * beta, multiples[i].Y);
    }

    private static AffinePoint Multiple(ReadOnlySpan<AffinePoint> multiples, uint digit, int half)
    {
        ref readonly AffinePoint p = ref multiples[half * SplitScalar.Multiples + (int)(digit >> 1)];
        return (digit & 1) == 0 ? p : new AffinePoint(p.X, p.Y.Negate(1));
    }
}
