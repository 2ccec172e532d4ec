using System.Formats.Asn1;
using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys;

/// <summary>Goal: what the platform signs is low-s and verifies; only whole secp256k1 keys become signers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PlatformSignerTest
{
    [Test]
    public void Sign_ManyDigests_IsAlwaysLowSAndValid()
    {
        // Half of the platform's own signatures are high-s: 64 low ones in a row are no accident.
        using PlatformSigner signer = PlatformSigner.Create();
        using PlatformSignatureVerifier verifier = new();
        for (int i = 0; i < 64; i++)
        {
            Digest digest = Sha256.Hash([(byte)i]);
            Signature signature = signer.Sign(digest);
            Assert.That(signature.IsLowS, Is.True);
            Assert.That(verifier.VerifyOne(signer.PublicKey, digest, signature), Is.True);
        }
    }

    [Test]
    public void Sign_ByTwin_VerifiesUnderTextbookEcdsa()
    {
        using PlatformSigner signer = PlatformSigner.Create();
        Digest digest = Sha256.Hash("a licence"u8);
        Assert.That(EcdsaTwin.Verify(signer.PublicKey, digest.Span, signer.Sign(digest).Span), Is.True);
    }

    [Test]
    public void Sign_FromManyThreads_AllValid()
    {
        using PlatformSigner signer = PlatformSigner.Create();
        using PlatformSignatureVerifier verifier = new();
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            Digest digest = Sha256.Hash([(byte)i]);
            Assert.That(verifier.VerifyOne(signer.PublicKey, digest, signer.Sign(digest)), Is.True);
        });
    }

    [Test]
    public void Create_Twice_GivesDifferentKeys()
    {
        using PlatformSigner one = PlatformSigner.Create();
        using PlatformSigner other = PlatformSigner.Create();
        Assert.That(one.PublicKey, Is.Not.EqualTo(other.PublicKey));
    }

    [Test]
    public void FromPkcs8_KnownScalar_HasItsPublicKey()
    {
        using PlatformSigner signer = PlatformSigner.FromPkcs8(Pkcs8(7, 7));
        Assert.That(signer.PublicKey, Is.EqualTo(EcdsaTwin.PublicKeyOf(7)));
    }

    [Test]
    public void FromPkcs8_PublicHalfOfAnotherKey_Refuses() =>
        Assert.That(() => PlatformSigner.FromPkcs8(Pkcs8(7, 8)), Throws.InstanceOf<CryptographicException>());

    [Test]
    public void FromPkcs8_OtherCurve_Refuses()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] der = p256.ExportPkcs8PrivateKey();
        Assert.That(() => PlatformSigner.FromPkcs8(der), Throws.InstanceOf<CryptographicException>());
    }

    [Test]
    public void FromPkcs8_BytesAfterTheKey_Refuses() =>
        Assert.That(
            () => PlatformSigner.FromPkcs8([.. Pkcs8(7, 7), 0]), Throws.InstanceOf<CryptographicException>());

    [Test]
    public void Sign_AfterDispose_Throws()
    {
        PlatformSigner signer = PlatformSigner.Create();
        signer.Dispose();
        Assert.That(() => signer.Sign(Digest.Zero), Throws.InstanceOf<ObjectDisposedException>());
    }

    // RFC 5958 around RFC 5915, with the public half of any key one likes.
    private static byte[] Pkcs8(int privateScalar, int publicScalar)
    {
        AsnWriter key = new(AsnEncodingRules.DER);
        using (key.PushSequence())
        {
            key.WriteInteger(1);
            key.WriteOctetString(EcdsaTwin.ToBytes(privateScalar));
            using (key.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                key.WriteBitString(EcdsaTwin.PublicPoint(publicScalar));
        }
        AsnWriter info = new(AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            info.WriteInteger(0);
            using (info.PushSequence())
            {
                info.WriteObjectIdentifier("1.2.840.10045.2.1");
                info.WriteObjectIdentifier("1.3.132.0.10");
            }
            info.WriteOctetString(key.Encode());
        }
        return info.Encode();
    }
}
