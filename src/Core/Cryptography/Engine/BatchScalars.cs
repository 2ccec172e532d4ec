namespace GovChain.Core.Cryptography.Engine;

/// <summary>The halves of u1 = e / s and u2 = r / s modulo n for a batch, with one inversion for all.</summary>
internal static class BatchScalars
{
    /// <summary>Computes both halves for every check; where r or s is zero, which only a default signature has, both
    /// are zero.</summary>
    /// <param name="checks">The checks.</param>
    /// <param name="halves">Two places for each: half of u1, half of u2.</param>
    public static void Write(ReadOnlySpan<SignatureCheck> checks, Span<Scalar> halves)
    {
        // Montgomery's trick with Montgomery's product, on plain values: with P[i] = P[i-1] s[i] / R and
        // I[i] = R / (2 P[i]), I[i] P[i-1] / R = R / (2 s[i]) and I[i-1] = I[i] s[i] / R; the powers of R cancel. Until
        // its turn a signature keeps P[i-1] in its first place and s[i] in its second.
        Scalar product = Scalar.R;
        for (int i = 0; i < checks.Length; i++)
        {
            Scalar s = Scalar.From(Words256.Read(checks[i].Signature.S));
            halves[2 * i] = product;
            halves[2 * i + 1] = s;
            if (!s.IsZero())
                product *= s;
        }
        Scalar inverse = product.InverseTimesR() * Scalar.HalfR;
        for (int i = checks.Length - 1; i >= 0; i--)
        {
            Scalar s = halves[2 * i + 1];
            if (s.IsZero())
            {
                halves[2 * i] = s;
                continue;
            }
            Scalar w = inverse * halves[2 * i];
            inverse *= s;
            halves[2 * i] = Scalar.From(Words256.Read(checks[i].Digest.Span)) * w;
            halves[2 * i + 1] = Scalar.From(Words256.Read(checks[i].Signature.R)) * w;
        }
    }
}
