using System.Numerics;
using CsCheck;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: the platform verifier answers as textbook ECDSA does, with low s required, for any input and from any number
/// of threads. Method: comparison with the twin on random and edge values; a failure prints CsCheck's seed.
/// Invariant: an answer depends on its own check alone.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SignatureVerifierTest : IDisposable
{
    private static readonly BigInteger N = EcdsaTwin.N;
    private readonly PlatformSignatureVerifier _verifier = new();

    private static readonly Gen<BigInteger> Scalar = Gen.Frequency(
        (3, Gen.Byte.Array[32].Select(b => EcdsaTwin.FromBytes(b) % (N - 1) + 1)),
        (1, Gen.OneOf<BigInteger>(1, 2, 3, N / 2, N / 2 + 1, N - 2, N - 1)));

    private static readonly Gen<byte[]> DigestBytes = Gen.Frequency(
        (3, Gen.Byte.Array[32]),
        (1, Gen.OneOf(BigInteger.Zero, 1, N - 1, N, N + 1, BigInteger.Pow(2, 256) - 1).Select(EcdsaTwin.ToBytes)));

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Verify_SignedByTheTwin_IsValidInLowFormAndRefusedInHighForm() =>
        Gen.Select(Scalar, Scalar, DigestBytes).Sample(
            (d, k, bytes) =>
            {
                if (!Signature.TryParse(EcdsaTwin.Sign(d, k, bytes), out Signature signature))
                    return true;
                PublicKey key = EcdsaTwin.PublicKeyOf(d);
                Signature low = signature.Normalise();
                Signature high = High(low);
                Digest digest = new(bytes);
                return EcdsaTwin.Verify(key, bytes, high.Span)
                    && _verifier.VerifyOne(key, digest, low)
                    && !_verifier.VerifyOne(key, digest, high);
            },
            iter: 150);

    [Test]
    public void Verify_OneBitChanged_AgreesWithTheTwin() =>
        Gen.Select(Scalar, Scalar, DigestBytes, Gen.Int[0, 511], Gen.Int[0, 2]).Sample(
            (d, k, bytes, bit, part) =>
            {
                byte[] signature = EcdsaTwin.Sign(d, k, bytes);
                PublicKey key = EcdsaTwin.PublicKeyOf(part == 0 ? d % (N - 1) + 1 : d);
                if (part == 1)
                    bytes = Flip(bytes, bit % 256);
                if (part == 2)
                    signature = Flip(signature, bit);
                return Agree(key, bytes, signature);
            },
            iter: 150);

    [Test]
    public void Verify_ArbitraryScalars_AgreesWithTheTwin() =>
        Gen.Select(Scalar, Scalar, Scalar, DigestBytes).Sample(
            (d, r, s, bytes) =>
                Agree(EcdsaTwin.PublicKeyOf(d), bytes, [.. EcdsaTwin.ToBytes(r), .. EcdsaTwin.ToBytes(s)]),
            iter: 100);

    [Test]
    public void Verify_SumIsInfinity_IsInvalid()
    {
        // With e = -r d the two multiples cancel, whatever s is.
        BigInteger d = 123456789, r = 987654321;
        byte[] bytes = EcdsaTwin.ToBytes(N - r * d % N);
        byte[] signature = [.. EcdsaTwin.ToBytes(r), .. EcdsaTwin.ToBytes(5)];
        Assert.That(EcdsaTwin.Verify(EcdsaTwin.PublicKeyOf(d), bytes, signature), Is.False);
        Assert.That(Agree(EcdsaTwin.PublicKeyOf(d), bytes, signature), Is.True);
    }

    [Test]
    public void Verify_DefaultSignature_IsInvalid() =>
        Assert.That(_verifier.VerifyOne(EcdsaTwin.PublicKeyOf(1), Sha256.Hash([]), default), Is.False);

    [Test]
    public void Verify_BatchOfValidAndInvalid_AnswersEachOnItsOwn()
    {
        SignatureCheck[] checks = MixedChecks(24, signers: 3, out bool[] expected);
        bool[] results = new bool[checks.Length];
        _verifier.Verify(checks, results);
        Assert.That(results, Is.EqualTo(expected));
        _verifier.Verify([], []);
    }

    [Test]
    public void Verify_ResultsOfOtherLength_Throws()
    {
        SignatureCheck[] checks = MixedChecks(2, signers: 1, out _);
        Assert.That(() => _verifier.Verify(checks, new bool[3]), Throws.ArgumentException);
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(PlatformSignatureVerifier.DefaultIdleKeysMax)]
    public void Verify_ManyThreadsAndMoreSignersThanAreKept_AnswersAsOneThread(int idleKeysMax)
    {
        using PlatformSignatureVerifier verifier = new(idleKeysMax);
        SignatureCheck[] checks = MixedChecks(40, signers: 5, out bool[] expected);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            bool[] results = new bool[checks.Length];
            verifier.Verify(checks, results);
            Assert.That(results, Is.EqualTo(expected));
        });
    }

    [Test]
    public void Verify_AfterDispose_Throws()
    {
        SignatureCheck[] checks = MixedChecks(1, signers: 1, out _);
        _verifier.Verify(checks, new bool[1]);
        _verifier.Dispose();
        Assert.That(() => _verifier.Verify(checks, new bool[1]), Throws.InstanceOf<ObjectDisposedException>());
    }

    private bool Agree(PublicKey key, byte[] digest, byte[] signature)
    {
        if (!Signature.TryParse(signature, out Signature parsed))
            return !EcdsaTwin.Verify(key, digest, signature);
        bool plain = EcdsaTwin.Verify(key, digest, signature);
        return _verifier.VerifyOne(key, new Digest(digest), parsed) == (plain && parsed.IsLowS)
            && _verifier.VerifyOne(key, new Digest(digest), parsed.Normalise()) == plain;
    }

    // Every third check is false: its digest is another's.
    private static SignatureCheck[] MixedChecks(int count, int signers, out bool[] expected)
    {
        SignatureCheck[] checks = new SignatureCheck[count];
        expected = new bool[count];
        for (int i = 0; i < count; i++)
        {
            BigInteger d = i % signers + 10;
            Digest digest = Sha256.Hash([(byte)i]);
            Assert.That(Signature.TryParse(EcdsaTwin.Sign(d, i + 1000, digest.Span), out Signature s), Is.True);
            expected[i] = i % 3 != 0;
            checks[i] = new(EcdsaTwin.PublicKeyOf(d), expected[i] ? digest : Sha256.Hash(digest.Span), s.Normalise());
        }
        return checks;
    }

    private static Signature High(Signature low)
    {
        byte[] high = [.. low.R, .. EcdsaTwin.ToBytes(N - EcdsaTwin.FromBytes(low.S))];
        Assert.That(Signature.TryParse(high, out Signature signature), Is.True);
        return signature;
    }

    private static byte[] Flip(byte[] bytes, int bit)
    {
        byte[] flipped = [.. bytes];
        flipped[bit >> 3] ^= (byte)(1 << (bit & 7));
        return flipped;
    }
}
