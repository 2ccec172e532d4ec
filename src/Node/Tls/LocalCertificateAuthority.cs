using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client;
using GovChain.Storage;

namespace GovChain.Node.Tls;

/// <summary>
/// A certificate authority of a department's own, for the client listener where the department has no PKI: <c>ca.pem</c>,
/// which clients trust, and <c>ca.key</c>, which only this machine reads. Peers do not use it: they know each other by
/// their ledger keys.
/// </summary>
internal sealed class LocalCertificateAuthority : IDisposable
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan ServerLife = TimeSpan.FromDays(397);
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    /// <summary>A machine whose clock is ahead when its node starts would otherwise shut out every client until its
    /// certificate's time has come.</summary>
    private static readonly TimeSpan ServerBackdated = TimeSpan.FromDays(30);

    // Making an authority takes milliseconds; ten seconds are a machine in trouble.
    private const int LockAttempts = 200;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    private readonly X509Certificate2 _certificate;

    private LocalCertificateAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>Opens the authority in a directory, or makes one where there is none.</summary>
    /// <exception cref="IOException">The directory cannot be read or written.</exception>
    /// <exception cref="CryptographicException">Its files are no certificate and key.</exception>
    public static LocalCertificateAuthority OpenOrCreate(string directory)
    {
        string certificate = Path.Combine(directory, "ca.pem");
        string key = Path.Combine(directory, "ca.key");
        if (!File.Exists(certificate) || !File.Exists(key))
            CreateOnce(directory, certificate, key);
        foreach (string file in new[] { certificate, key })
        {
            if (BoundedFile.Misfit(file) is { } kind)
                throw new IOException($"{file} is {kind} and no file.");
        }
        return new LocalCertificateAuthority(X509Certificate2.CreateFromPemFile(certificate, key));
    }

    /// <summary>A new server certificate with its key, for localhost, the loopback addresses and the given names.</summary>
    /// <param name="names">Names and addresses.</param>
    /// <param name="now">The clock. It holds from 30 days before and for 397 days, within the authority's own life.</param>
    public X509Certificate2 IssueServerCertificate(IEnumerable<string> names, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=govchain node", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddDnsName("localhost");
        alternatives.AddIpAddress(IPAddress.Loopback);
        alternatives.AddIpAddress(IPAddress.IPv6Loopback);
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], false));
        // OpenSSL in strict mode wants to see whose key signed.
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        DateTimeOffset start = now - ServerBackdated > _certificate.NotBefore ? now - ServerBackdated : _certificate.NotBefore;
        DateTimeOffset end = start + ServerLife < _certificate.NotAfter ? start + ServerLife : _certificate.NotAfter;
        using X509Certificate2 issued = request.Create(_certificate, start, end, RandomNumberGenerator.GetBytes(16));
        using X509Certificate2 withKey = issued.CopyWithPrivateKey(key);
        // Through PKCS#12: a key that only lives in memory is not usable for TLS on every platform.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    /// <summary>Nodes that share the directory may start at once: one of them makes the authority, under a lock.</summary>
    private static void CreateOnce(string directory, string certificateFile, string keyFile)
    {
        Directory.CreateDirectory(directory);
        using FileStream held = Hold(Path.Combine(directory, "ca.lock"));
        if (!File.Exists(certificateFile) || !File.Exists(keyFile))
            Create(certificateFile, keyFile);
    }

    private static FileStream Hold(string file)
    {
        for (int attempt = 1; attempt <= LockAttempts; attempt++)
        {
            if (FileLock.TryHold(file) is { } held)
                return held;
            Thread.Sleep(LockPause);
        }
        throw new IOException($"Another process has held {file} for {LockAttempts * LockPause.TotalSeconds:0} seconds.");
    }

    private static void Create(string certificateFile, string keyFile)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=govchain local authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now - Backdated, now + AuthorityLife);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new StreamWriter(keyFile, options))
            file.Write(key.ExportPkcs8PrivateKeyPem() + "\n");
        // The certificate appears last and whole: whoever sees it may use both.
        string unfinished = certificateFile + ".new";
        File.WriteAllText(unfinished, certificate.ExportCertificatePem() + "\n");
        File.Move(unfinished, certificateFile, overwrite: true);
    }
}
