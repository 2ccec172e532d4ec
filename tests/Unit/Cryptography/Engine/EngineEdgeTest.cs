using System.Numerics;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: every path answers as textbook ECDSA does, with low s required, where arithmetic has its exceptions: sums that
/// are infinity, equal and opposite points within a sum, scalars at their ends, r that wraps past n. Method: the twin's
/// verdict on cases made for each, in one batch and in many orders, for each path with and without tables.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineEdgeTest
{
    private static readonly BigInteger N = EcdsaTwin.N, P = EcdsaTwin.P;

    [Test]
    public void Verify_EqualAndOppositePointsAndInfinity_AgreesWithTheTwin()
    {
        // With Q a small or special multiple of G and u1, u2 chosen, entries of the two combs meet, cancel and double.
        List<SignatureCheck> checks = [];
        BigInteger[] keys = [1, 2, 255, 257, N - 1, (N + 1) / 2, BigInteger.One << 8, BigInteger.One << 128];
        foreach (BigInteger d in keys)
        {
            PublicKey key = EcdsaTwin.PublicKeyOf(d);
            foreach (BigInteger u2 in (BigInteger[])[1, 2, N - 1, BigInteger.One << 8, BigInteger.Pow(3, 100)])
            {
                // k = u1 + u2 d for sums of 1, 2 and -1 times G, and infinity; r can only be right for the first ones.
                foreach (BigInteger k in (BigInteger[])[1, 2, N - 1, 0])
                    Add(checks, key, EngineNumbers.Mod(k - u2 * d, N), u2, k);
                Add(checks, key, u2 * d % N, u2, 2 * u2 * d % N);
                Add(checks, key, 0, u2, u2 * d % N);
            }
        }
        AssertAgree(checks);
    }

    [Test]
    public void Verify_PointsThatMeetWithinTheSum_AreAddedByTheCompleteFormulas()
    {
        // The first column's entries of Q sum up to c Q, and the generator's first entry is g G: for Q = (g / c) G they are
        // equal, for its opposite they cancel. Without tables, u1 G and u2 Q are equal or opposite at the end.
        List<SignatureCheck> checks = [];
        for (int i = 1; i <= 6; i++)
        {
            BigInteger u1 = BigInteger.Pow(3, 90 + i) % N, u2 = BigInteger.Pow(5, 70 + i) % N;
            BigInteger c = CombValues.ColumnOf(u2, 7, CombTable.SignerTeeth, CombTable.SignerBlocks);
            BigInteger g = CombValues.ColumnOf(u1, 7, CombTable.GeneratorTeeth, 1);
            BigInteger d = EngineNumbers.Mod(g * EcdsaTwin.Inverse(EngineNumbers.Mod(c, N), N), N);
            foreach (BigInteger key in (BigInteger[])[d, N - d])
                Add(checks, EcdsaTwin.PublicKeyOf(key), u1, u2, (u1 + u2 * key) % N);
            BigInteger equal = u1 * EcdsaTwin.Inverse(u2, N) % N;
            Add(checks, EcdsaTwin.PublicKeyOf(equal), u1, u2, 2 * u1 % N);
            Add(checks, EcdsaTwin.PublicKeyOf(N - equal), u1, u2, 0);
        }
        Assert.That(AssertAgree(checks).Count(static e => e), Is.GreaterThanOrEqualTo(18));
    }

    [Test]
    public void Verify_PointsThatMeetWhileColumnsAreSummedUpOrJoined_AreAddedByTheCompleteFormulas()
    {
        // Chosen keys and scalars: in the last column the sum before the generator's second or third entry is equal or opposite to
        // it; the two last columns are equal or opposite; or the last column's double is the next one's opposite.
        List<SignatureCheck> checks = [];
        for (int i = 1; i <= 4; i++)
        {
            BigInteger u1 = BigInteger.Pow(7, 80 + i) % N, u2 = BigInteger.Pow(11, 70 + i) % N;
            BigInteger c7 = Column(u2, 7, CombTable.SignerTeeth, CombTable.SignerBlocks);
            BigInteger c6 = Column(u2, 6, CombTable.SignerTeeth, CombTable.SignerBlocks);
            BigInteger[] g7 = [.. Enumerable.Range(1, 3).Select(blocks => Column(u1, 7, CombTable.GeneratorTeeth, blocks))];
            BigInteger g6 = Column(u1, 6, CombTable.GeneratorTeeth, CombTable.GeneratorBlocks);
            AddMeeting(checks, u1, u2, c7, g7[1] - 2 * g7[0]);
            AddMeeting(checks, u1, u2, c7, -g7[1]);
            AddMeeting(checks, u1, u2, c7, g7[2] - 2 * g7[1]);
            AddMeeting(checks, u1, u2, c7, -g7[2]);
            AddMeeting(checks, u1, u2, c7 - c6, g6 - g7[2]);
            AddMeeting(checks, u1, u2, c7 + c6, -g6 - g7[2]);
            AddMeeting(checks, u1, u2, 2 * c7 + c6, -g6 - 2 * g7[2]);
        }
        // Without tables only the generator's columns are joined so: digits that are the same, or opposite, in both columns.
        foreach (byte digits in (byte[])[0b1101_0110, 0b1000_0001, 0b0011_0101, 0b0110_1010])
        {
            BigInteger d = EcdsaTwin.FromBytes([0, .. Enumerable.Repeat(digits, 31)]);
            BigInteger u1 = EngineNumbers.Mod(2 * d - (BigInteger.One << 264) + 1, N), u2 = BigInteger.Pow(5, 60 + digits) % N;
            bool same = Column(u1, 7, CombTable.GeneratorTeeth, 2) == Column(u1, 6, CombTable.GeneratorTeeth, 2);
            Assert.That(same, Is.EqualTo((digits >> 7) == ((digits >> 6) & 1)));
            Add(checks, EcdsaTwin.PublicKeyOf(9), u1, u2, (u1 + 9 * u2) % N);
        }
        Assert.That(AssertAgree(checks).Count(static e => e), Is.GreaterThanOrEqualTo(28));
    }

    private static BigInteger Column(BigInteger scalar, int column, int teeth, int blocks) =>
        CombValues.ColumnOf(scalar, column, teeth, blocks);

    // For the key with which multiple times the key is rest.
    private static void AddMeeting(List<SignatureCheck> checks, BigInteger u1, BigInteger u2, BigInteger multiple, BigInteger rest)
    {
        BigInteger key = EngineNumbers.Mod(rest * EcdsaTwin.Inverse(EngineNumbers.Mod(multiple, N), N), N);
        Add(checks, EcdsaTwin.PublicKeyOf(key), u1, u2, (u1 + u2 * key) % N);
    }

    // The check whose u1 and u2 are these: r from the point k G (any r where that is infinity), s = r / u2, e = u1 s.
    private static void Add(List<SignatureCheck> checks, PublicKey key, BigInteger u1, BigInteger u2, BigInteger k)
    {
        BigInteger r = k == 0 ? 77 : EcdsaTwin.FromBytes(EcdsaTwin.PublicPoint(k).AsSpan(1, 32)) % N;
        BigInteger s = r * EcdsaTwin.Inverse(u2, N) % N;
        checks.Add(Check(key, u1 * s % N, r, s));
        checks.Add(Check(key, u1 * s % N, r, s, normalise: true));
        checks.Add(Check(key, u1 * s % N, r % (N - 1) + 1, s));
    }

    [Test]
    public void Verify_RWrapsPastN_AcceptsExactlyTheWrappedOne()
    {
        // Points with n <= x < p: their r is x - n. A key for such an r is found backwards, Q = (s R - e G) / r.
        List<SignatureCheck> checks = [];
        int accepted = 0;
        for (BigInteger x = N; accepted < 6; x++)
        {
            byte[] compressed = [0x02, .. EcdsaTwin.ToBytes(x)];
            if (!PublicKey.TryParse(compressed, out PublicKey? point) || x == N)
                continue;
            accepted++;
            BigInteger r = x - N, s = 12345 + accepted, e = 999 + x % 1000;
            PublicKey key = EcdsaTwin.Recover(point, e, r, s);
            checks.Add(Check(key, e, r, s));
            checks.Add(Check(key, e, r + 1, s));
            checks.Add(Check(key, e + 1, r, s));
        }
        // r + n of p or more is no x, though less p it is that of a point: x = 1 is not meant by 1 + p - n.
        Assert.That(PublicKey.TryParse([0x02, .. EcdsaTwin.ToBytes(1)], out PublicKey? one), Is.True);
        checks.Add(Check(EcdsaTwin.Recover(one!, 321, 1 + P - N, 54321), 321, 1 + P - N, 54321));
        // x just below n does not wrap, x just below p is the largest that does.
        checks.Add(Check(EcdsaTwin.PublicKeyOf(5), 1, P - N - 1, 1));
        checks.Add(Check(EcdsaTwin.PublicKeyOf(5), 1, P - N, 1));
        bool[] expected = AssertAgree(checks);
        Assert.That(expected.Count(static e => e), Is.EqualTo(6));
    }

    [Test]
    public void Verify_ScalarsAtTheirEnds_AgreesWithTheTwin()
    {
        List<SignatureCheck> checks = [];
        BigInteger[] ends = [1, 2, (N - 1) / 2, (N + 1) / 2, N - 2, N - 1];
        BigInteger[] digests = [0, 1, N - 1, N, N + 1, EngineNumbers.Two256 - 1];
        foreach (BigInteger e in digests)
        {
            foreach (BigInteger r in ends)
            {
                foreach (BigInteger s in ends)
                    checks.Add(Check(EcdsaTwin.PublicKeyOf(7), e, r, s));
            }
            byte[] signed = EcdsaTwin.Sign(7, 3, EcdsaTwin.ToBytes(e));
            checks.Add(Check(EcdsaTwin.PublicKeyOf(7), e, EcdsaTwin.FromBytes(signed.AsSpan(0, 32)), EcdsaTwin.FromBytes(signed.AsSpan(32)), normalise: true));
        }
        checks.Add(new SignatureCheck(EcdsaTwin.PublicKeyOf(7), Sha256.Hash([]), default));
        AssertAgree(checks);
    }

    [Test]
    public void Verify_EverySizeOfBatch_AnswersEachOnItsOwn()
    {
        SignatureCheck[] checks = [.. Enumerable.Range(0, 20).Select(i =>
        {
            byte[] digest = EcdsaTwin.ToBytes(1000 + i);
            byte[] signed = EcdsaTwin.Sign(i % 3 + 11, i + 5, digest);
            return Check(
                EcdsaTwin.PublicKeyOf(i % 3 + 11), 1000 + (i % 4 == 1 ? i + 1 : i), EcdsaTwin.FromBytes(signed.AsSpan(0, 32)),
                EcdsaTwin.FromBytes(signed.AsSpan(32)), normalise: true);
        })];
        foreach (EnginePath path in Enum.GetValues<EnginePath>().Where(EnginePaths.IsSupported))
        {
            EngineVerifier verifier = new(path);
            verifier.Enrol(EcdsaTwin.PublicKeyOf(11));
            verifier.Enrol(EcdsaTwin.PublicKeyOf(12));
            for (int size = 0; size <= checks.Length; size++)
            {
                bool[] results = new bool[size];
                verifier.Verify(checks.AsSpan(0, size), results);
                Assert.That(results, Is.EqualTo(Enumerable.Range(0, size).Select(static i => i % 4 != 1)), $"{path}, {size}");
            }
        }
    }

    private static SignatureCheck Check(PublicKey key, BigInteger e, BigInteger r, BigInteger s, bool normalise = false)
    {
        Assert.That(Signature.TryParse([.. EcdsaTwin.ToBytes(r), .. EcdsaTwin.ToBytes(s)], out Signature signature), Is.True);
        return new SignatureCheck(key, new Digest(EcdsaTwin.ToBytes(e)), normalise ? signature.Normalise() : signature);
    }

    private static bool[] AssertAgree(IReadOnlyList<SignatureCheck> checks)
    {
        bool[] expected = [.. checks.Select(static c =>
            c.Signature.IsLowS && EcdsaTwin.Verify(c.Signer, c.Digest.Span, c.Signature.Span))];
        foreach (ForcedVerifier verifier in ForcedVerifier.All)
        {
            bool[] results = new bool[checks.Count];
            verifier.Verify([.. checks], results);
            for (int i = 0; i < results.Length; i++)
                Assert.That(results[i], Is.EqualTo(expected[i]), $"{verifier}: {checks[i]}");
        }
        return expected;
    }
}
