using System.Numerics;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>The comb by its definition: digits +1 and -1, teeth eight bits apart.</summary>
internal static class CombValues
{
    /// <summary>The multiple of the point that column <paramref name="column"/> of the comb adds for a scalar.</summary>
    public static BigInteger ColumnOf(BigInteger scalar, int column, int teeth, int blocks)
    {
        int bits = teeth == 8 ? 256 : 264;
        BigInteger half = EcdsaTwin.Inverse(2, EcdsaTwin.N);
        BigInteger d = (scalar + (BigInteger.One << bits) - 1) * half % EcdsaTwin.N;
        BigInteger sum = 0;
        for (int tooth = 0; tooth < teeth * blocks; tooth++)
            sum += (((d >> (8 * tooth + column)) & 1).IsZero ? BigInteger.MinusOne : BigInteger.One) << (8 * tooth);
        return sum;
    }
}
