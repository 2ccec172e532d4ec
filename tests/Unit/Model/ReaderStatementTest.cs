using System.Formats.Asn1;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Model;

/// <summary>
/// Goal: a statement vouches for one TLS key, at one ledger, in one encoding and within its time; docs/SPEC.md, "Reader statement".
/// Method: every bit of one changed, every length, and its times to the millisecond.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReaderStatementTest
{
    private const ulong FromMs = TestLedger.StartMs, ToMs = FromMs + 86_400_000;

    private static readonly TestKey Officer = new(720);
    private static readonly Digest Chain = Sha256.Hash("a ledger"u8);
    private static readonly byte[] TlsKey = [.. Enumerable.Range(0, 91).Select(static i => (byte)i)];

    private static ReaderStatement Issue(ulong fromMs = FromMs, ulong toMs = ToMs) =>
        ReaderStatement.Issue(Chain, TlsKey, Officer.Public, fromMs, toMs, Officer.Sign);

    [Test]
    public void Statement_ReadBack_SaysWhatItWasIssuedWith()
    {
        byte[] extension = Issue().ToExtension();
        ReaderStatement read = ReaderStatement.TryReadExtension(extension)!;
        Assert.That((read.ChainId, read.Signer, read.FromMs, read.ToMs), Is.EqualTo((Chain, Officer.Public, FromMs, ToMs)));
        // As another reader of DER sees it, and the digest by the words of docs/SPEC.md.
        byte[] content = AsnDecoder.ReadOctetString(extension, AsnEncodingRules.DER, out int consumed);
        Assert.That((consumed, content.Length), Is.EqualTo((extension.Length, 146)));
        byte[] signed = [.. "govchain/rst/v1\0"u8, .. content[..82], .. System.Security.Cryptography.SHA256.HashData(TlsKey)];
        Assert.That(read.IdFor(TlsKey).ToArray(), Is.EqualTo(System.Security.Cryptography.SHA256.HashData(signed)));
    }

    [Test]
    public void Statement_ForAnotherKey_HasNoSignature()
    {
        using var verifier = new PlatformSignatureVerifier();
        ReaderStatement statement = Issue();
        Assert.That(verifier.VerifyOne(statement.CheckFor(TlsKey)), Is.True);
        for (int i = 0; i < TlsKey.Length; i++)
        {
            byte[] other = [.. TlsKey];
            other[i] ^= 1;
            Assert.That(verifier.VerifyOne(statement.CheckFor(other)), Is.False, $"byte {i}");
        }
    }

    [Test]
    public void Statement_WithAnyBitChanged_IsNoneOrHasNoSignature()
    {
        using var verifier = new PlatformSignatureVerifier();
        byte[] bytes = Issue().ToExtension();
        for (int bit = 0; bit < 8 * bytes.Length; bit++)
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            if (ReaderStatement.TryReadExtension(changed) is { } read)
                Assert.That(verifier.VerifyOne(read.CheckFor(TlsKey)), Is.False, $"bit {bit}");
        }
    }

    [Test]
    public void Statement_CutOffOrLengthened_IsNone()
    {
        byte[] bytes = Issue().ToExtension();
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(ReaderStatement.TryReadExtension(bytes.AsSpan(..length)), Is.Null, $"{length} bytes");
        Assert.That(ReaderStatement.TryReadExtension([.. bytes, 0]), Is.Null);
    }

    /// <summary>docs/vectors/reader-statement.json, which other implementations read, too.</summary>
    [Test]
    public void Vectors_AreWhatTheCodeGives()
    {
        object Vector(string name, byte[] extension)
        {
            var statement = ReaderStatement.TryReadExtension(extension);
            return new
            {
                name,
                extension = Convert.ToHexStringLower(extension),
                id = statement?.IdFor(TlsKey).ToString(),
                refusal = statement is null ? "CERTIFICATE_MALFORMED" : statement.Check(FromMs) is { } refusal ? ErrorStatus.NameOf(refusal) : null,
            };
        }
        byte[] Changed(int at, byte value)
        {
            byte[] extension = Issue().ToExtension();
            extension[at] = value;
            return extension;
        }
        VectorFile.Hold("reader-statement", new
        {
            chainId = Chain.ToString(),
            publicKey = Officer.Public.ToString(),
            subjectPublicKeyInfo = Convert.ToHexStringLower(TlsKey),
            nowMs = FromMs,
            statements = new[]
            {
                Vector("good", Issue().ToExtension()),
                Vector("for the longest time", Issue(toMs: FromMs + ReaderStatement.LifetimeMaxMs).ToExtension()),
                Vector("from 30 s ahead", Issue(FromMs + 30_000).ToExtension()),
                Vector("from 30,001 ms ahead", Issue(FromMs + 30_001).ToExtension()),
                Vector("in its last millisecond", Issue(FromMs - 1, FromMs + 1).ToExtension()),
                Vector("at its end", Issue(FromMs - 1, FromMs).ToExtension()),
                Vector("another tag", Changed(0, 0x0c)),
                Vector("another length", Changed(2, 145)),
                Vector("another version", Changed(3, 2)),
                Vector("no point of the curve", Changed(36, 4)),
                Vector("from after its end", Changed(69, 0xff)),
                Vector("a byte longer", [.. Issue().ToExtension(), 0]),
            },
        });
    }

    [TestCase(0UL, 0UL)]
    [TestCase(1UL, 0UL)]
    [TestCase(0UL, ReaderStatement.LifetimeMaxMs + 1)]
    [TestCase(ulong.MaxValue, 0UL)]
    public void Times_OutsideTheirBounds_AreNotIssued(ulong fromMs, ulong toMs) => Assert.Throws<ArgumentException>(() => Issue(fromMs, toMs));

    [TestCase(-30_001, CertificateRefusal.CertificateNotYetValid)]
    [TestCase(-30_000, null)]
    [TestCase(0, null)]
    [TestCase(86_399_999, null)]
    [TestCase(86_400_000, CertificateRefusal.CertificateExpired)]
    public void Times_CountToTheMillisecond(int afterMs, CertificateRefusal? expected) =>
        Assert.That(Issue().Check(FromMs + (ulong)afterMs), Is.EqualTo(expected));

    [Test]
    public void Times_AtTheirEnds_DoNotWrap()
    {
        Assert.That(Issue(ulong.MaxValue - 1, ulong.MaxValue).Check(0), Is.EqualTo(CertificateRefusal.CertificateNotYetValid));
        Assert.That(Issue(0, 1).Check(ulong.MaxValue), Is.EqualTo(CertificateRefusal.CertificateExpired));
        Assert.That(Issue(0, ReaderStatement.LifetimeMaxMs).Check(0), Is.Null);
    }
}
