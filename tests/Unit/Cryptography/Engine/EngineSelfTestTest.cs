using System.Numerics;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>Goal: the self-test's verdicts are the twin's and the platform's, and every path passes it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineSelfTestTest
{
    [TestCase(EnginePath.Portable)]
    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Run_PathOfThisProcessor_FindsNothing(EnginePath path)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        Assert.That(EngineSelfTest.Run(path), Is.Null);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Run_OneVerdictFlipped_NamesItsVector_WithTablesAndWithout(bool tables)
    {
        foreach (EngineSelfTest.Vector vector in EngineSelfTest.Vectors)
        {
            string? found = EngineSelfTest.Run(
                EnginePath.Portable,
                (checks, known, results) =>
                {
                    Expect(checks, results);
                    // Where it stands last: no other position has a wrong verdict.
                    if (known[0] is not null == tables)
                        results[LastOf(checks, vector.ToCheck())] = !vector.IsValid;
                },
                static (_, _) => 0);
            Assert.That(found, Does.Contain($"\"{vector.Name}\"").And.Contain(tables ? "with tables" : "without tables"));
        }
    }

    [Test]
    public void Run_ARootThatIsWrong_SaysSo([Values(0, 1, 5, 13, 47)] int place)
    {
        string? found = EngineSelfTest.Run(
            EnginePath.Portable, static (checks, _, results) => Expect(checks, results),
            (xs, roots) =>
            {
                for (int i = 0; i < xs.Length; i++)
                    roots[i] = RootOf(xs[i]);
                roots[place] += FieldElement.One;
                return xs.Length;
            });
        Assert.That(found, Does.StartWith("Portable, keys: "));
    }

    [TestCase(1, 8)]
    [TestCase(128, 256)]
    public void Run_WrongOnlyWhereSoManyAreVerifiedAtOnce_SaysSo(int least, int most)
    {
        string? found = EngineSelfTest.Run(
            EnginePath.Portable,
            (checks, _, results) =>
            {
                Expect(checks, results);
                if (checks.Length >= least && checks.Length <= most)
                    results[0] = !results[0];
            },
            static (_, _) => 0);
        Assert.That(found, Does.Contain("the test signature"));
    }

    [Test]
    public void Run_RightAnswersOfAnother_FindsNothing_AndEachStandsInEveryLane_AFewAtATimeAndAllAtOnce()
    {
        var lanes = new Dictionary<(SignatureCheck Check, bool AreFew, bool HaveTables), List<int>>();
        string? found = EngineSelfTest.Run(
            EnginePath.Portable,
            (checks, tables, results) =>
            {
                Expect(checks, results);
                for (int i = 0; i < checks.Length; i++)
                {
                    var key = (checks[i], checks.Length <= 8, tables[i] is not null);
                    if (!lanes.TryGetValue(key, out List<int>? own))
                        lanes.Add(key, own = []);
                    own.Add(i % 8);
                }
            },
            static (xs, roots) =>
            {
                Words256[] all = xs.ToArray();
                for (int i = 0; i < all.Length; i++)
                    roots[i] = RootOf(all[i]);
                bool[] onCurve = [.. roots.ToArray().Select((root, i) => IsRoot(all[i], root))];
                Assert.That(onCurve.Count(static c => !c), Is.EqualTo(8), "one x without a point, in each of eight lanes");
                return all.Length;
            });
        Assert.That(found, Is.Null);
        foreach (SignatureCheck check in EngineSelfTest.Vectors.Select(static v => v.ToCheck()).Where(static c => c.Signature.IsLowS))
        {
            foreach (bool tables in new[] { false, true })
            {
                Assert.That(lanes[(check, true, tables)], Is.EquivalentTo(Enumerable.Range(0, 8)));
                Assert.That(lanes[(check, false, tables)], Is.EquivalentTo(Enumerable.Range(0, 16).Select(static i => i % 8)));
            }
        }
    }

    [Test]
    public void Vectors_AreWhatTheTwinAndThePlatformSay()
    {
        using PlatformSignatureVerifier platform = new();
        foreach (EngineSelfTest.Vector vector in EngineSelfTest.Vectors)
        {
            SignatureCheck check = vector.ToCheck();
            bool twin = check.Signature.IsLowS && EcdsaTwin.Verify(check.Signer, check.Digest.Span, check.Signature.Span);
            Assert.That(vector.IsValid, Is.EqualTo(twin), vector.Name);
            Assert.That(vector.IsValid, Is.EqualTo(platform.VerifyOne(check)), vector.Name);
        }
        Assert.That(EngineSelfTest.Vectors.Count(static v => v.IsValid), Is.EqualTo(7));
    }

    private static void Expect(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            SignatureCheck check = checks[i];
            results[i] = EngineSelfTest.Vectors.First(v => v.ToCheck() == check).IsValid;
        }
    }

    private static int LastOf(ReadOnlySpan<SignatureCheck> checks, SignatureCheck check)
    {
        int i = checks.Length - 1;
        while (checks[i] != check)
            i--;
        return i;
    }

    private static FieldElement RootOf(Words256 x) => FieldElement.From(WordsOf(BigInteger.ModPow(CurveAt(x), (EcdsaTwin.P + 1) / 4, EcdsaTwin.P)));

    private static bool IsRoot(Words256 x, FieldElement root) => BigInteger.ModPow(NumberOf(root.ToWords()), 2, EcdsaTwin.P) == CurveAt(x);

    private static BigInteger CurveAt(Words256 x) => (BigInteger.ModPow(NumberOf(x), 3, EcdsaTwin.P) + 7) % EcdsaTwin.P;

    private static Words256 WordsOf(BigInteger number) => Words256.Read(EcdsaTwin.ToBytes(number));

    private static BigInteger NumberOf(Words256 words)
    {
        byte[] bytes = new byte[32];
        words.Write(bytes);
        return EcdsaTwin.FromBytes(bytes);
    }
}
