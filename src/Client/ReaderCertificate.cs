using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Client;

/// <summary>
/// The certificates by which a system reads what is not public in an officer's name, over mutual TLS and without the officer's key at hand
/// (docs/SPEC.md, "Reader statement").
/// </summary>
public static class ReaderCertificate
{
    private const int FileBytesMax = 64 * 1024;

    /// <summary>How long one may count.</summary>
    public static TimeSpan LifetimeMax => TimeSpan.FromMilliseconds(ReaderStatement.LifetimeMaxMs);

    /// <summary>Makes a TLS key (P-256) and a certificate for it, for which the officer's key vouches.</summary>
    /// <param name="chainId">The ledger.</param>
    /// <param name="signer">The officer's key.</param>
    /// <param name="lifetime">How long it counts from now on: more than nothing, <see cref="LifetimeMax"/> at most.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <returns>PEM of the certificate and of the private key, which opens all that the officer may read: nobody else may have it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime.</exception>
    public static string CreatePem(Digest chainId, ISigner signer, TimeSpan lifetime, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, LifetimeMax);
        DateTimeOffset from = (time ?? TimeProvider.System).GetUtcNow(), to = from + lifetime;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var statement = ReaderStatement.Issue(
            chainId, key.ExportSubjectPublicKeyInfo(), signer.PublicKey,
            (ulong)from.ToUnixTimeMilliseconds(), (ulong)to.ToUnixTimeMilliseconds(), signer.Sign);
        var request = new CertificateRequest($"CN={signer.PublicKey.ToShortString()}, O=GovChain reader", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension(ReaderStatement.Oid, statement.ToExtension(), critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(from, to);
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    /// <summary>Reads such a file.</summary>
    /// <param name="file">PEM, the certificate and its private key.</param>
    /// <exception cref="LedgerClientException">INVALID_CERTIFICATE_FILE.</exception>
    public static X509Certificate2 Load(string file)
    {
        try
        {
            string pem = Encoding.UTF8.GetString(SecretFile.Read(file, FileBytesMax, "certificate file"));
            using X509Certificate2 read = X509Certificate2.CreateFromPem(pem, pem);
            // Through PKCS#12: a key that only lives in memory is not usable for TLS on every platform.
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        }
        catch (KeyFileException e)
        {
            throw LedgerClientException.Unusable("INVALID_CERTIFICATE_FILE", e.Message, e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw LedgerClientException.Unusable("INVALID_CERTIFICATE_FILE",
                $"{file} cannot be read as PEM of a certificate and its private key, as 'govchain key certificate' writes it: {e.Message}", e);
        }
    }
}
