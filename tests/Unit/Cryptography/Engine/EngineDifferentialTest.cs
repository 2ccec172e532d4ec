using System.Numerics;
using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>
/// Goal: all paths, with tables and without, and second opinions agree on many signatures, whole and broken. Method: cases
/// whose verdict is known from how they were made - for a nonce k and any s, the digest s k - r d is signed by (r, s) -
/// half of them broken in one bit, given to another key or made high. The seed is printed; ./soak signatures runs more of
/// them (docs/TESTING.md).
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineDifferentialTest
{
    // The others take fifty times as long as a path in lanes: they are asked for a share of each batch.
    private const int BatchSize = 250, OthersShare = 10, Signers = 24, ProgressEvery = 100_000;
    private static readonly BigInteger N = EcdsaTwin.N;

    [Test]
    public void Verify_ManySignaturesWholeAndBroken_AllPathsAndSecondOpinionsAgree()
    {
        int cases = EnvironmentNumber.Read("CASES", least: 1) ?? 50_000, seed = EnvironmentNumber.Read("SEED") ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Out.WriteLine($"{cases} cases, SEED={seed}");
        Maker maker = new(new Random(seed));
        using SecondOpinions others = new();
        IReadOnlyList<ForcedVerifier> paths = ForcedVerifier.All;
        (int valid, int invalid, int asked) = (0, 0, 0);
        bool[] results = new bool[BatchSize];
        for (int batch = 0; batch * BatchSize < cases; batch++)
        {
            SignatureCheck[] checks = maker.Make(out bool[] expected);
            for (int p = 0; p < paths.Count; p++)
            {
                // Without tables a path takes some three times as long: every fourth batch.
                if (p % 2 == 1 && batch % 4 != 0)
                    continue;
                paths[p].Verify(checks, results);
                AssertSame(checks, expected, results, $"{paths[p]}, batch {batch}, seed {seed}");
            }
            foreach (ISignatureVerifier other in others.All)
            {
                other.Verify(checks.AsSpan(0, OthersShare), results.AsSpan(0, OthersShare));
                AssertSame(checks.AsSpan(0, OthersShare), expected, results, $"{other}, batch {batch}, seed {seed}");
            }
            asked += OthersShare;
            valid += expected.Count(static e => e);
            invalid += expected.Count(static e => !e);
            if ((valid + invalid) % ProgressEvery == 0)
                TestContext.Progress.WriteLine($"SEED={seed}: {valid + invalid} of {cases} cases agree");
        }
        TestContext.Out.WriteLine($"{valid} valid, {invalid} not; asked for {asked} of them: {others}");
        Assert.That(Math.Min(valid, invalid), Is.GreaterThan(cases / 4));
    }

    private static void AssertSame(
        ReadOnlySpan<SignatureCheck> checks, ReadOnlySpan<bool> expected, ReadOnlySpan<bool> results, string who)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            if (expected[i] != results[i])
                Assert.Fail($"{who}: case {i} is {(expected[i] ? "valid" : "not valid")}: {checks[i]}");
        }
    }

    /// <summary>Makes cases: nonces go up by one, so that a case costs one addition of points.</summary>
    private sealed class Maker
    {
        private readonly Random _random;
        private readonly (BigInteger D, PublicKey Key)[] _signers;
        private BigInteger _nonce;
        private CurvePoint _point;

        public Maker(Random random)
        {
            _random = random;
            _signers = [.. Enumerable.Range(0, Signers).Select(_ => Scalar()).Select(d => (d, EcdsaTwin.PublicKeyOf(d)))];
            _nonce = Scalar() >> 1;
            _point = new CurvePoint(AffinePoint.Of(EcdsaTwin.PublicKeyOf(_nonce)));
        }

        public SignatureCheck[] Make(out bool[] expected)
        {
            CurvePoint[] points = new CurvePoint[BatchSize];
            AffinePoint[] affine = new AffinePoint[BatchSize];
            BigInteger first = _nonce + 1;
            for (int i = 0; i < BatchSize; i++)
                points[i] = _point = _point.Add(AffinePoint.Generator);
            CurvePoint.Normalise(points, affine);
            _nonce += BatchSize;
            SignatureCheck[] checks = new SignatureCheck[BatchSize];
            expected = new bool[BatchSize];
            for (int i = 0; i < BatchSize; i++)
                checks[i] = Case(first + i, EngineNumbers.Big(affine[i].X) % N, out expected[i]);
            return checks;
        }

        private SignatureCheck Case(BigInteger k, BigInteger r, out bool valid)
        {
            (BigInteger d, PublicKey key) = _signers[_random.Next(Signers)];
            BigInteger s = Scalar();
            byte[] digest = EcdsaTwin.ToBytes(EngineNumbers.Mod(s * k - r * d, N));
            byte[] signature = [.. EcdsaTwin.ToBytes(r), .. EcdsaTwin.ToBytes(s)];
            int kind = _random.Next(10), bit = _random.Next(256);
            valid = kind > 4;
            switch (kind)
            {
                case 0:
                    digest[bit >> 3] ^= (byte)(1 << (bit & 7));
                    break;
                case 1:
                    signature[bit >> 3] ^= (byte)(1 << (bit & 7));
                    break;
                case 2:
                    signature[32 + (bit >> 3)] ^= (byte)(1 << (bit & 7));
                    break;
                case 3:
                    PublicKey other = _signers[_random.Next(Signers)].Key;
                    valid = other == key;
                    key = other;
                    break;
            }
            if (!Signature.TryParse(signature, out Signature parsed))
                valid = false;
            parsed = parsed.Normalise();
            if (kind == 4 && valid == false)
                parsed = High(parsed);
            return new SignatureCheck(key, new Digest(digest), parsed);
        }

        private static Signature High(Signature low) =>
            Signature.TryParse([.. low.R, .. EcdsaTwin.ToBytes(N - EcdsaTwin.FromBytes(low.S))], out Signature high)
                ? high : throw new InvalidOperationException("n - s is a scalar");

        private BigInteger Scalar()
        {
            byte[] bytes = new byte[32];
            _random.NextBytes(bytes);
            return EcdsaTwin.FromBytes(bytes) % (N - 1) + 1;
        }
    }
}
