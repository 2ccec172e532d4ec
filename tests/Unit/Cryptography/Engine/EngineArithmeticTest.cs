using System.Numerics;
using CsCheck;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;
using static GovChain.Tests.Unit.Cryptography.Engine.EngineNumbers;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: field and scalar arithmetic of the portable path is arithmetic modulo p and n. Method: big integers on every
/// pair of edge values and on random ones; CsCheck prints the seed of a failure. Bounds of magnitudes are asserted inside
/// the code in a debug build.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineArithmeticTest
{
    private static readonly BigInteger P = EcdsaTwin.P, N = EcdsaTwin.N;

    private static void ForEdgesAndRandom(Action<BigInteger, BigInteger> check)
    {
        foreach (BigInteger a in Edges)
        {
            foreach (BigInteger b in Edges)
                check(a, b);
        }
        Gen.Select(Number, Number).Sample((a, b) => check(a, b), iter: 3000, threads: 1);
    }

    [Test]
    public void Field_ProductSumSquareNegation_IsArithmeticModuloP() => ForEdgesAndRandom((a, b) =>
    {
        FieldElement fa = Field(a), fb = Field(b);
        Assert.That(Big(fa * fb), Is.EqualTo(a * b % P), $"{a} * {b}");
        Assert.That(Big(fa + fb), Is.EqualTo((a + b) % P), $"{a} + {b}");
        Assert.That(Big(fa.Square()), Is.EqualTo(a * a % P), $"{a}^2");
        Assert.That(Big(fa + fb.Negate(1)), Is.EqualTo(Mod(a - b, P)), $"{a} - {b}");
        Assert.That((fa + fb.Negate(1)).IsZero(), Is.EqualTo((a - b) % P == 0), $"{a} = {b}");
        Assert.That(fa.IsOdd(), Is.EqualTo(!(a % P).IsEven), $"{a} odd");
    });

    [Test]
    public void Field_FactorsOfTheLargestMagnitude_GiveTheProduct()
    {
        // All limbs at their bound: 8 times and 7 + 1 times p and 2^256 - 1.
        foreach (BigInteger a in Edges)
        {
            foreach (BigInteger b in (BigInteger[])[P, Two256 - 1, 0, 1, P - 1])
            {
                FieldElement left = Field(a).Times(8), right = Field(b).Times(6).Negate(6) + FieldElement.One;
                BigInteger l = 8 * a, r = Mod(1 - 6 * b, P);
                Assert.That(Big(left * right), Is.EqualTo(l * r % P), $"{a}, {b}");
                Assert.That(Big(left.Square()), Is.EqualTo(l * l % P), $"{a}");
                Assert.That(Big(right.Square()), Is.EqualTo(r * r % P), $"{b}");
                Assert.That((left + Field(Mod(-l, P))).IsZero(), Is.True, $"{a}");
                Assert.That((left + Field(Mod(1 - l, P))).IsZero(), Is.False, $"{a}");
            }
        }
    }

    [Test]
    public void Field_InverseAndRoot_AreThoseOfTheTwin() => Number.Sample(
        a =>
        {
            FieldElement f = Field(a);
            Assert.That(Big(f.Inverse()), Is.EqualTo(EcdsaTwin.Inverse(a % P, P)), $"{a}");
            Assert.That(Big(FieldElement.One), Is.EqualTo(BigInteger.One));
            bool isSquare = a % P == 0 || BigInteger.ModPow(a, (P - 1) / 2, P) == 1;
            Assert.That(f.TrySqrt(out FieldElement root), Is.EqualTo(isSquare), $"{a}");
            if (isSquare)
                Assert.That(Big(root.Square()), Is.EqualTo(a % P), $"{a}");
        },
        iter: 300, threads: 1);

    [Test]
    public void Field_FromLimbsOf29Bits_IsTheirSum() => Gen.Select(Gen.ULong[0, 1UL << 30].Array[9], Gen.Int[0, 511]).Sample(
        (limbs, extreme) =>
        {
            BigInteger sum = 0;
            for (int i = 0; i < 9; i++)
            {
                if ((extreme >> i & 1) != 0)
                    limbs[i] = 1UL << 30;
                sum += (BigInteger)limbs[i] << (29 * i);
            }
            Assert.That(Big(FieldElement.FromLimbs29(limbs)), Is.EqualTo(sum % P), string.Join(' ', limbs));
        },
        iter: 2000, threads: 1);

    [Test]
    public void Scalar_ProductAndSum_AreArithmeticModuloN()
    {
        BigInteger unR = EcdsaTwin.Inverse((BigInteger.One << 260) % N, N);
        ForEdgesAndRandom((a, b) =>
        {
            Scalar product = AsScalar(a) * AsScalar(b);
            Assert.That(Big(product.ToWords()), Is.EqualTo(a * b % N * unR % N), $"{a} * {b} / R");
            Assert.That(product.IsZero(), Is.EqualTo(a % N == 0 || b % N == 0), $"{a} * {b} = 0");
            Assert.That(Big((AsScalar(a) + AsScalar(b)).ToWords()), Is.EqualTo((a + b) % N), $"{a} + {b}");
        });
    }

    [Test]
    public void Scalar_Constants_AreWhatTheirNamesSay()
    {
        BigInteger r = (BigInteger.One << 260) % N;
        Assert.That(Big(Scalar.R.ToWords()), Is.EqualTo(r));
        Assert.That(Big(Scalar.RSquared.ToWords()), Is.EqualTo(r * r % N));
        Assert.That(2 * Big(Scalar.HalfR.ToWords()) % N, Is.EqualTo(r));
    }

    [Test]
    public void Scalar_Inverse_IsThatOfTheTwinTimesR() => Number.Sample(
        a => Assert.That(
            Big(AsScalar(a).InverseTimesR().ToWords()),
            Is.EqualTo((EcdsaTwin.Inverse(a % N, N) << 260) % N), $"{a}"),
        iter: 300, threads: 1);

    [Test]
    public void CombDigits_ForAnyScalar_AddUpToIt()
    {
        uint[] codes = new uint[3 * CombDigits.Count];
        Number.Sample(
            half =>
            {
                CombDigits.WriteSigner(AsScalar(half), codes.AsSpan(1), 3);
                CombDigits.WriteGenerator(AsScalar(half), codes.AsSpan(1), 3);
                foreach ((int first, int blocks, int teeth) in ((int, int, int)[])[(0, 4, 8), (4, 3, 11)])
                {
                    BigInteger sum = 0;
                    for (int column = 7; column >= 0; column--)
                    {
                        sum *= 2;
                        for (int b = 0; b < blocks; b++)
                            sum += EntryOf(codes[3 * (column * CombDigits.PerColumn + first + b) + 1], teeth);
                    }
                    Assert.That(Mod(sum, N), Is.EqualTo(2 * half % N), $"{half}, {blocks} blocks");
                }
            },
            iter: 1000, threads: 1);

        // The multiple of the point that an entry stands for, from the definition of the comb.
        static BigInteger EntryOf(uint code, int teeth)
        {
            int index = (int)(code >> 1), half = 1 << (teeth - 1), block = index / half, v = index % half;
            BigInteger entry = BigInteger.One << (8 * (block * teeth + teeth - 1));
            for (int i = 0; i < teeth - 1; i++)
                entry += ((v >> i & 1) != 0 ? BigInteger.One : BigInteger.MinusOne) << (8 * (block * teeth + i));
            return (code & 1) == 0 ? entry : -entry;
        }
    }

    [Test]
    public void SplitScalar_ForAnyScalar_AddsUpToIt()
    {
        BigInteger lambda = EcdsaTwin.Parse("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
        Assert.That(BigInteger.ModPow(lambda, 3, N), Is.EqualTo(BigInteger.One));
        uint[] codes = new uint[2 * 2 * SplitScalar.Digits];
        Number.Sample(
            number =>
            {
                BigInteger k = number % N;
                SplitScalar.Write(Words(k), codes, 2);
                BigInteger k1 = 0, k2 = 0;
                for (int i = SplitScalar.Digits - 1; i >= 0; i--)
                {
                    k1 = 16 * k1 + DigitOf(codes[4 * i]);
                    k2 = 16 * k2 + DigitOf(codes[4 * i + 2]);
                }
                Assert.That(Mod(k1 + k2 * lambda, N), Is.EqualTo(k), $"{k}");
            },
            iter: 5000, threads: 1);

        static int DigitOf(uint code)
        {
            Assert.That(code >> 1, Is.LessThan(SplitScalar.Multiples));
            int odd = 2 * (int)(code >> 1) + 1;
            return (code & 1) == 0 ? odd : -odd;
        }
    }
}
