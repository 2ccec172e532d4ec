using System.Numerics;
using CsCheck;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>Between the engine's numbers and big integers, and the values at which arithmetic goes wrong.</summary>
internal static class EngineNumbers
{
    public static readonly BigInteger Two256 = BigInteger.One << 256;

    /// <summary>0, 1, the neighbours of n, p and 2^256, limbs and words that are all ones or a single bit.</summary>
    public static readonly BigInteger[] Edges =
    [
        0, 1, 2, 3, 7, EcdsaTwin.N - 1, EcdsaTwin.N, EcdsaTwin.N + 1, EcdsaTwin.P - 1, EcdsaTwin.P, EcdsaTwin.P + 1,
        Two256 - 1, Two256 - 2, (EcdsaTwin.N - 1) / 2, (EcdsaTwin.N + 1) / 2, (EcdsaTwin.P + 1) / 2, EcdsaTwin.P - EcdsaTwin.N,
        .. Enumerable.Range(0, 5).Select(i => ((BigInteger.One << 52) - 1) << (52 * i) & (Two256 - 1)),
        .. Enumerable.Range(0, 9).Select(i => ((BigInteger.One << 29) - 1) << (29 * i) & (Two256 - 1)),
        .. Enumerable.Range(0, 8).Select(i => BigInteger.One << (32 * i)),
    ];

    /// <summary>Edges and random numbers below 2^256, in equal parts.</summary>
    public static readonly Gen<BigInteger> Number = Gen.Frequency(
        (1, Gen.OneOf(Edges)), (1, Gen.Byte.Array[32].Select(b => EcdsaTwin.FromBytes(b))));

    public static Words256 Words(BigInteger value) => Words256.Read(EcdsaTwin.ToBytes(value));

    public static BigInteger Big(in Words256 words)
    {
        byte[] bytes = new byte[32];
        words.Write(bytes);
        return EcdsaTwin.FromBytes(bytes);
    }

    public static FieldElement Field(BigInteger value) => FieldElement.From(Words(value));

    public static BigInteger Big(in FieldElement value) => Big(value.ToWords());

    public static Scalar AsScalar(BigInteger value) => Scalar.From(Words(value));

    public static BigInteger Mod(BigInteger value, BigInteger modulus) => ((value % modulus) + modulus) % modulus;
}
