using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GovChain.Client;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Tls;

/// <summary>
/// What the client and administration listeners show: a certificate of the department's PKI from PEM files, read again
/// when they change, or one of a <see cref="LocalCertificateAuthority"/>, issued anew in time. No restart is needed for
/// either. Near its end it warns once a day; it never refuses to serve. Safe from any thread.
/// </summary>
internal sealed class ClientCertificate
{
    /// <summary>How long before its end a certificate is renewed, or warned of.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>How often it is looked at.</summary>
    public static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(10);

    private const int FileBytesMax = 1024 * 1024;

    private static readonly TimeSpan WarnInterval = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly Func<DateTimeOffset, SslStreamCertificateContext> _load;
    private readonly Func<DateTimeOffset, X509Certificate2, bool> _isStale;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private SslStreamCertificateContext _current;
    private DateTimeOffset _nextCheck;
    private DateTimeOffset _nextWarning = DateTimeOffset.MinValue;

    private ClientCertificate(
        Func<DateTimeOffset, SslStreamCertificateContext> load, Func<DateTimeOffset, X509Certificate2, bool> isStale,
        TimeProvider clock, ILogger logger)
    {
        _load = load;
        _isStale = isStale;
        _clock = clock;
        _logger = logger;
        DateTimeOffset now = clock.GetUtcNow();
        _current = load(now);
        _nextCheck = now + CheckInterval;
        WarnIfEnding(now);
    }

    /// <summary>The certificate to show now, with the intermediate ones that lead to its root.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                DateTimeOffset now = _clock.GetUtcNow();
                // A clock that was set back may have made a certificate of a time that is still to come.
                if (now >= _nextCheck || now < _nextCheck - CheckInterval)
                {
                    _nextCheck = now + CheckInterval;
                    Refresh(now);
                }
                return _current;
            }
        }
    }

    /// <summary>From PEM files: the certificate first, then intermediate ones; and its unencrypted private key.</summary>
    /// <exception cref="CryptographicException">They are no certificate and key that belong together.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read.</exception>
    public static ClientCertificate FromFiles(string certificateFile, string keyFile, TimeProvider clock, ILogger logger)
    {
        (DateTime, DateTime) loaded = default;
        return new ClientCertificate(
            _ =>
            {
                loaded = Stamp();
                return Read(certificateFile, keyFile);
            },
            (_, _) => Stamp() != loaded,
            clock, logger);

        (DateTime, DateTime) Stamp() => (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile));
    }

    /// <summary>Issued by the authority in a directory, which is made where there is none and read only to issue.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="names">Names and addresses besides those of this machine's loopback.</param>
    /// <param name="clock">When to renew.</param>
    /// <param name="logger">Where to say so.</param>
    /// <exception cref="CryptographicException">The authority's files are no certificate and key.</exception>
    /// <exception cref="IOException">The directory cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be read or written.</exception>
    public static ClientCertificate FromAuthority(
        string directory, IReadOnlyList<string> names, TimeProvider clock, ILogger logger) => new(
            now =>
            {
                using var authority = LocalCertificateAuthority.OpenOrCreate(directory);
                return SslStreamCertificateContext.Create(
                    authority.IssueServerCertificate(names, now), null, offline: true);
            },
            (now, current) => current.NotAfter - now < RenewBefore || now < current.NotBefore,
            clock, logger);

    private void Refresh(DateTimeOffset now)
    {
        try
        {
            if (_isStale(now, _current.TargetCertificate))
            {
                _current = _load(now);
                _logger.CertificateRenewed(_current.TargetCertificate.Subject, _current.TargetCertificate.NotAfter);
            }
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            _logger.CertificateNotRenewed(e.Message);
        }
        WarnIfEnding(now);
    }

    private void WarnIfEnding(DateTimeOffset now)
    {
        X509Certificate2 certificate = _current.TargetCertificate;
        if (certificate.NotAfter - now >= RenewBefore || now < _nextWarning)
            return;
        _nextWarning = now + WarnInterval;
        _logger.CertificateExpires(certificate.Subject, certificate.NotAfter);
    }

    private static SslStreamCertificateContext Read(string certificateFile, string keyFile)
    {
        string certificates = ReadPem(certificateFile);
        using X509Certificate2 pem = Pair(certificates, ReadPem(keyFile), certificateFile, keyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificates);
        // Through PKCS#12: a key that only lives in memory is not usable for TLS on every platform.
        X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    private static string ReadPem(string file) => Encoding.UTF8.GetString(BoundedFile.Read(file, FileBytesMax));

    private static X509Certificate2 Pair(string certificate, string key, string certificateFile, string keyFile)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException($"{keyFile} is not the key of {certificateFile}.", e);
        }
    }
}
