using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Node.Tls;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Tls;

/// <summary>What an authority of a department's own issues: trusted through it alone, and for no more than is asked.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LocalCertificateAuthorityTests : IDisposable
{
    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public void OpenOrCreate_FilesThatAreNoCertificate_Throws()
    {
        _directory.Write("ca.pem", "nonsense"u8.ToArray());
        _directory.Write("ca.key", "nonsense"u8.ToArray());
        Assert.That(
            () => LocalCertificateAuthority.OpenOrCreate(Path.GetDirectoryName(_directory["ca.pem"])!),
            Throws.InstanceOf<CryptographicException>());
        Assert.That(File.ReadAllText(_directory["ca.key"]), Is.EqualTo("nonsense"), "nothing is written over");
    }

    [Test]
    public void IssueServerCertificate_IsTrustedThroughTheAuthorityAlone()
    {
        using LocalCertificateAuthority authority = Open();
        using X509Certificate2 server = authority.IssueServerCertificate([], Now);
        Assert.That(Builds(server, out string problems), problems);
        Assert.That(server.HasPrivateKey);

        using LocalCertificateAuthority other = LocalCertificateAuthority.OpenOrCreate(_directory["other"]);
        using X509Certificate2 foreign = other.IssueServerCertificate([], Now);
        Assert.That(Builds(foreign, out _), Is.False, "issued by an authority of the same name and another key");
    }

    [Test]
    public void IssueServerCertificate_IsForThisMachineAndTheNamesGiven()
    {
        using LocalCertificateAuthority authority = Open();
        string[] given = ["node.tax.example", "*.land.example", "192.0.2.7", "2001:db8::1"];
        using X509Certificate2 server = authority.IssueServerCertificate(given, Now);
        string[] names =
            ["localhost", "127.0.0.1", "::1", "node.tax.example", "a.land.example", "192.0.2.7", "2001:db8::1"];
        foreach (string name in names)
            Assert.That(server.MatchesHostname(name, allowCommonName: false), name);
        foreach (string name in (string[])["127.0.0.2", "example", "other.tax.example", "a.b.land.example"])
            Assert.That(server.MatchesHostname(name, allowCommonName: false), Is.False, name);
    }

    [Test]
    public void IssueServerCertificate_IsForServersOnlyAndNoLongerThanTheAuthority()
    {
        using LocalCertificateAuthority authority = Open();
        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(_directory["authority/ca.pem"]);
        using X509Certificate2 server = authority.IssueServerCertificate([], Now);
        Assert.That(server.NotBefore, Is.GreaterThanOrEqualTo(root.NotBefore));
        Assert.That(server.NotAfter, Is.LessThanOrEqualTo(root.NotAfter));
        Assert.That(
            server.NotAfter - server.NotBefore, Is.LessThan(TimeSpan.FromDays(398)), "the longest that clients accept");
        using X509Certificate2 last = authority.IssueServerCertificate([], root.NotAfter - TimeSpan.FromDays(3));
        Assert.That(last.NotAfter, Is.EqualTo(root.NotAfter));
        Assert.That(server.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority, Is.False);
        Assert.That(
            server.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value,
            Is.EqualTo("1.3.6.1.5.5.7.3.1"));
    }

    [Test]
    public void IssueServerCertificate_Twice_GivesOtherKeysAndNumbers()
    {
        using LocalCertificateAuthority authority = Open();
        using X509Certificate2 first = authority.IssueServerCertificate([], Now);
        using X509Certificate2 second = authority.IssueServerCertificate([], Now);
        Assert.That(first.SerialNumber, Is.Not.EqualTo(second.SerialNumber));
        Assert.That(first.GetPublicKey(), Is.Not.EqualTo(second.GetPublicKey()));
    }

    private LocalCertificateAuthority Open() => LocalCertificateAuthority.OpenOrCreate(_directory["authority"]);

    private bool Builds(X509Certificate2 server, out string problems)
    {
        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(_directory["authority/ca.pem"]);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        bool builds = chain.Build(server);
        problems = string.Join(' ', chain.ChainStatus.Select(s => s.StatusInformation));
        return builds;
    }
}
