using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Node.Tls;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Tls;

/// <summary>Goal: the client listener's certificate is one that clients can check, and is renewed without a restart.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ClientCertificateTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-tls-").FullName;
    private readonly ManualClock _clock = new() { Now = DateTimeOffset.UtcNow };
    private readonly Messages _log = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Authority_OpenedAgain_IsTheSame_AndItsKeyIsPrivate()
    {
        using (LocalCertificateAuthority.OpenOrCreate(_directory))
        {
        }
        string made = File.ReadAllText(At("ca.pem"));

        using (LocalCertificateAuthority.OpenOrCreate(_directory))
            Assert.That(File.ReadAllText(At("ca.pem")), Is.EqualTo(made));
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(At("ca.key")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void Authority_MadeByEightAtOnce_IsOne()
    {
        X509Certificate2[] issued = [.. Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ =>
        {
            using var authority = LocalCertificateAuthority.OpenOrCreate(_directory);
            return authority.IssueServerCertificate([], DateTimeOffset.UtcNow);
        })];

        foreach (X509Certificate2 certificate in issued)
        {
            Assert.That(Chains(certificate), Is.True);
            certificate.Dispose();
        }
    }

    [Test]
    public void Authority_IssuedCertificate_ChainsToItAndNamesWhatWasAsked()
    {
        using var authority = LocalCertificateAuthority.OpenOrCreate(_directory);
        using X509Certificate2 certificate =
            authority.IssueServerCertificate(["node.land.example", "10.1.2.3"], DateTimeOffset.UtcNow);

        Assert.That(Chains(certificate), Is.True);
        Assert.That(certificate.HasPrivateKey, Is.True);
        foreach (string name in new[] { "localhost", "127.0.0.1", "node.land.example", "10.1.2.3" })
            Assert.That(certificate.MatchesHostname(name), Is.True, name);
        Assert.That(certificate.MatchesHostname("node.tax.example"), Is.False);
    }

    [Test]
    public void FromAuthority_ThirtyDaysBeforeItsEnd_IsIssuedAnew()
    {
        var source = ClientCertificate.FromAuthority(_directory, [], _clock, _log);
        X509Certificate2 first = source.Current.TargetCertificate;

        _clock.Now = new DateTimeOffset(first.NotAfter) - TimeSpan.FromDays(31);
        Assert.That(source.Current.TargetCertificate, Is.SameAs(first));
        _clock.Now += TimeSpan.FromDays(2);
        X509Certificate2 second = source.Current.TargetCertificate;

        Assert.That(second.NotAfter, Is.GreaterThan(first.NotAfter.AddDays(300)));
        Assert.That(_log.Texts, Has.Some.Contains("has a new certificate"));
        Assert.That(_log.Texts, Has.None.Contains("Renew it"));
    }

    [TestCase(-1)]
    [TestCase(20)]
    [TestCase(400)]
    [TestCase(-400)]
    public void FromAuthority_ClockWrongAtTheStartAndSetRightLater_HoldsNow(int daysAhead)
    {
        using (LocalCertificateAuthority.OpenOrCreate(_directory))
        {
        }
        DateTimeOffset right = _clock.Now;
        _clock.Now += TimeSpan.FromDays(daysAhead);
        var source = ClientCertificate.FromAuthority(_directory, [], _clock, _log);

        _clock.Now = right;
        X509Certificate2 shown = source.Current.TargetCertificate;

        Assert.That(right.LocalDateTime, Is.InRange(shown.NotBefore, shown.NotAfter));
    }

    [Test]
    public void FromFiles_ReplacedFiles_AreShownAfterTheNextCheck()
    {
        Write("CN=first", _clock.Now.AddDays(90), DateTime.UtcNow.AddMinutes(-5));
        var source = ClientCertificate.FromFiles(At("tls.pem"), At("tls.key"), _clock, _log);
        Write("CN=second", _clock.Now.AddDays(90), DateTime.UtcNow);

        Assert.That(source.Current.TargetCertificate.Subject, Is.EqualTo("CN=first"));
        _clock.Now += ClientCertificate.CheckInterval;
        Assert.That(source.Current.TargetCertificate.Subject, Is.EqualTo("CN=second"));
    }

    [Test]
    public void FromFiles_ReplacedByRubbish_KeepsTheOldOneAndSaysSo()
    {
        Write("CN=first", _clock.Now.AddDays(90), DateTime.UtcNow.AddMinutes(-5));
        var source = ClientCertificate.FromFiles(At("tls.pem"), At("tls.key"), _clock, _log);
        File.WriteAllText(At("tls.pem"), "rubbish");

        _clock.Now += ClientCertificate.CheckInterval;

        Assert.That(source.Current.TargetCertificate.Subject, Is.EqualTo("CN=first"));
        Assert.That(_log.Texts, Has.Some.Contains("keeps its certificate"));
    }

    [Test]
    public void FromFiles_NearItsEndOrBeyond_ServesAndWarnsOnceADay()
    {
        Write("CN=old", _clock.Now.AddDays(10), DateTime.UtcNow);
        var source = ClientCertificate.FromFiles(At("tls.pem"), At("tls.key"), _clock, _log);
        Assert.That(_log.Texts, Has.Exactly(1).Contains("Renew it"));

        for (int i = 0; i < 6 * 24; i++)
        {
            _clock.Now += TimeSpan.FromHours(2);
            Assert.That(source.Current.TargetCertificate.Subject, Is.EqualTo("CN=old"));
        }
        Assert.That(_log.Texts.Count(t => t.Contains("Renew it")), Is.EqualTo(13), "at the start, and on each of 12 days");
    }

    [Test]
    public void FromFiles_KeyOfAnotherCertificate_Throws()
    {
        Write("CN=first", _clock.Now.AddDays(90), DateTime.UtcNow);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(At("tls.key"), other.ExportPkcs8PrivateKeyPem());

        Assert.That(() => ClientCertificate.FromFiles(At("tls.pem"), At("tls.key"), _clock, _log),
            Throws.InstanceOf<CryptographicException>());
    }

    private string At(string file) => Path.Combine(_directory, file);

    private bool Chains(X509Certificate2 certificate)
    {
        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(At("ca.pem"));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private void Write(string subject, DateTimeOffset notAfter, DateTime writtenAt)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest(subject, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Start.AddYears(-1), notAfter);
        File.WriteAllText(At("tls.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At("tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(At("tls.pem"), writtenAt);
        File.SetLastWriteTimeUtc(At("tls.key"), writtenAt);
    }

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class Messages : ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Texts.Add(formatter(state, exception));
    }
}
