using System.Numerics;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;
using static GovChain.Tests.Unit.Cryptography.Engine.EngineNumbers;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: addition and doubling are complete and right. Method: exhaustively in groups of 13 and 199 points, which curves
/// y^2 = x^3 + b over the same field have and on which, as no formula uses b, the same code runs; and tables of the
/// curve's own points, entry by entry, against the twin.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CurvePointTest
{
    [TestCase(13)]
    [TestCase(199)]
    public void Add_AllPairsOfASmallGroup_AgreesWithTheGroup(int order)
    {
        SmallGroup group = SmallGroup.Of(order);
        for (int i = 0; i < order; i++)
        {
            // The point itself, and with other denominators: as a sum.
            CurvePoint[] forms = [group.Point(i), group.Point(i + 1).Add(group.Affine(order - 1))];
            foreach (CurvePoint a in forms)
            {
                group.AssertIs(a, i);
                group.AssertIs(a.Double(), 2 * i);
                for (int j = 0; j < order; j++)
                {
                    group.AssertIs(a.Add(group.Point(j)), i + j);
                    if (j == 0)
                        continue;
                    AffinePoint b = group.Affine(j);
                    group.AssertIs(a.Add(b), i + j);
                    group.AssertIs(a.Add(new AffinePoint(b.X, b.Y.Negate(1))), i - j);
                    group.AssertIs(a.Add(group.Point(j + 1).Add(group.Affine(order - 1))), i + j);
                }
            }
        }
    }

    [Test]
    public void Normalise_ManyPoints_GivesEachItsAffineForm()
    {
        SmallGroup group = SmallGroup.Of(199);
        CurvePoint[] points = [.. Enumerable.Range(1, 198).Select(i => group.Point(i).Add(group.Affine(198)).Add(group.Affine(1)))];
        CurvePoint[] finite = [.. points.Where(static p => !p.IsInfinity)];
        Assert.That(finite, Has.Length.EqualTo(198));
        AffinePoint[] affine = new AffinePoint[finite.Length];
        CurvePoint.Normalise(finite, affine);
        for (int i = 0; i < affine.Length; i++)
            group.AssertIs(new CurvePoint(affine[i]), i + 1);
    }

    [TestCase(CombTable.SignerTeeth, CombTable.SignerBlocks)]
    [TestCase(CombTable.GeneratorTeeth, CombTable.GeneratorBlocks)]
    public void CombTable_Entries_AreTheTwinsMultiples(int teeth, int blocks)
    {
        CombTable table = CombTable.Build(AffinePoint.Generator, teeth, blocks);
        int half = 1 << (teeth - 1);
        int[] some = [0, 1, 2, half / 2 - 1, half / 2, half - 2, half - 1, half * 3 / 7];
        foreach (int index in Enumerable.Range(0, blocks).SelectMany(b => some.Select(v => b * half + v)))
        {
            (int block, int v) = Math.DivRem(index, half);
            BigInteger multiple = BigInteger.One << (8 * (block * teeth + teeth - 1));
            for (int i = 0; i < teeth - 1; i++)
                multiple += ((v >> i & 1) != 0 ? BigInteger.One : BigInteger.MinusOne) << (8 * (block * teeth + i));
            byte[] expected = EcdsaTwin.PublicPoint(multiple % EcdsaTwin.N);
            AffinePoint entry = table.PointOf((uint)index << 1), negated = table.PointOf((uint)index << 1 | 1);
            Assert.That(EcdsaTwin.ToBytes(Big(entry.X)), Is.EqualTo(expected[1..33]), $"x of {index}");
            Assert.That(EcdsaTwin.ToBytes(Big(entry.Y)), Is.EqualTo(expected[33..]), $"y of {index}");
            Assert.That(Big(negated.X), Is.EqualTo(Big(entry.X)));
            Assert.That(Big(negated.Y), Is.EqualTo(EcdsaTwin.P - Big(entry.Y)));
        }
    }

    [Test]
    public void CombTable_OfASigner_IsOfTheStatedSize() =>
        Assert.That(EngineVerifier.TableBytes, Is.EqualTo(32 * 1024));
}
