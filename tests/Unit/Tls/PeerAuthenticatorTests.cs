using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Tls;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Tls;

/// <summary>
/// Goal: a department is known by its ledger key alone. Method: certificates right in all but one respect.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerAuthenticatorTests : IDisposable
{
    private static readonly Digest Chain = Sha256.Hash("this ledger"u8);

    private readonly PlatformSigner _land = PlatformSigner.Create();
    private readonly PlatformSigner _tax = PlatformSigner.Create();
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly PeerAuthenticator _authenticator;

    public PeerAuthenticatorTests() => _authenticator = new PeerAuthenticator(
        Chain, id => id switch { "land" => _land.PublicKey, "tax" => _tax.PublicKey, _ => null }, _verifier);

    public void Dispose()
    {
        _land.Dispose();
        _tax.Dispose();
        _verifier.Dispose();
    }

    [Test]
    public void Judge_OwnCertificate_NamesTheDepartment()
    {
        using var identity = NodeIdentity.Create(_land, Chain, "land");

        PeerVerdict verdict = _authenticator.Judge(identity.Certificate);

        Assert.That(verdict.Department, Is.EqualTo("land"));
        Assert.That(verdict.Refusal, Is.Null);
    }

    [Test]
    public void Judge_ExpiredOrFutureCertificate_IsAccepted()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var expired = NodeIdentity.Create(_land, Chain, "land", now.AddYears(-3), now.AddYears(-2));
        using var future = NodeIdentity.Create(_land, Chain, "land", now.AddYears(2), now.AddYears(3));

        Assert.That(_authenticator.Judge(expired.Certificate).Department, Is.EqualTo("land"));
        Assert.That(_authenticator.Judge(future.Certificate).Department, Is.EqualTo("land"));
    }

    [Test]
    public void Judge_NoCertificate_IsRefused() => AssertRefused(null, PeerRefusal.NoCertificate);

    [Test]
    public void Judge_OrdinaryCertificate_IsRefused()
    {
        using X509Certificate2 certificate = Certificate();
        AssertRefused(certificate, PeerRefusal.NoBinding);
    }

    [Test]
    public void Judge_OtherLedger_IsRefused()
    {
        using var identity = NodeIdentity.Create(_land, Sha256.Hash("another ledger"u8), "land");
        AssertRefused(identity.Certificate, PeerRefusal.WrongChain);
    }

    [Test]
    public void Judge_UnknownDepartment_IsRefused()
    {
        using var identity = NodeIdentity.Create(_land, Chain, "stranger");
        AssertRefused(identity.Certificate, PeerRefusal.UnknownDepartment);
    }

    [Test]
    public void Judge_DepartmentWithAnothersKey_IsRefused()
    {
        using var identity = NodeIdentity.Create(_tax, Chain, "land");
        AssertRefused(identity.Certificate, PeerRefusal.WrongKey);
    }

    [Test]
    public void Judge_StatementCopiedToAnotherTlsKey_IsRefused()
    {
        using var honest = NodeIdentity.Create(_land, Chain, "land");
        using X509Certificate2 thief = Certificate(honest.Certificate.Extensions[TlsBinding.Oid]!);

        AssertRefused(thief, PeerRefusal.BadSignature);
    }

    [Test]
    public void Judge_KeyOfDepartmentWithSignatureOfAnother_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Signature signature = _tax.Sign(TlsBinding.SigningDigest(Chain, key.ExportSubjectPublicKeyInfo()));
        using X509Certificate2 certificate =
            Certificate(key, new TlsBinding("land", Chain, _land.PublicKey, signature).ToExtension());

        AssertRefused(certificate, PeerRefusal.BadSignature);
    }

    [Test]
    public void Judge_AnyChangedByteOfTheStatement_IsRefusedAndNeverThrows()
    {
        using var honest = NodeIdentity.Create(_land, Chain, "land");
        byte[] statement = honest.Certificate.Extensions[TlsBinding.Oid]!.RawData;
        for (int i = 0; i < statement.Length; i++)
        {
            byte[] changed = (byte[])statement.Clone();
            changed[i] ^= 0x01;
            using X509Certificate2 certificate = Certificate(new X509Extension(TlsBinding.Oid, changed, false));
            Assert.That(_authenticator.Judge(certificate).Refusal, Is.Not.Null, $"byte {i}");
        }
    }

    [TestCase(0), TestCase(1), TestCase(130), TestCase(4_096)]
    public void Judge_StatementOfAnotherLength_IsMalformed(int length)
    {
        using X509Certificate2 certificate = Certificate(new X509Extension(TlsBinding.Oid, new byte[length], false));
        AssertRefused(certificate, PeerRefusal.MalformedBinding);
    }

    [Test]
    public void Judge_AnotherDepartmentThanDialled_IsRefused()
    {
        using var identity = NodeIdentity.Create(_tax, Chain, "tax");

        PeerVerdict verdict = _authenticator.Judge(identity.Certificate, "land");

        Assert.That(verdict.Refusal, Is.EqualTo(PeerRefusal.WrongDepartment));
        Assert.That(verdict.Message, Does.Contain("tax").And.Contain("land"));
    }

    private void AssertRefused(X509Certificate2? certificate, PeerRefusal refusal)
    {
        PeerVerdict verdict = _authenticator.Judge(certificate);
        Assert.That(verdict.Refusal, Is.EqualTo(refusal));
        Assert.That(verdict.Department, Is.Null);
        Assert.That(verdict.Message, Is.Not.Empty);
    }

    private static X509Certificate2 Certificate(params X509Extension[] extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Certificate(key, extensions);
    }

    private static X509Certificate2 Certificate(ECDsa key, params X509Extension[] extensions)
    {
        var request = new CertificateRequest("CN=land", key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in extensions)
            request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
