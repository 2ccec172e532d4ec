using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;

namespace GovChain.Node.Tls;

/// <summary>
/// What a node shows to its peers: a TLS key made for this run and never stored, in a self-signed certificate that
/// carries the ledger key's statement (<see cref="TlsBinding"/>), and what proves a new ledger key (<see cref="KeySuccession"/>).
/// </summary>
internal sealed class NodeIdentity : IDisposable
{
    private NodeIdentity(string department, Digest chainId, X509Certificate2 certificate)
    {
        Department = department;
        ChainId = chainId;
        Certificate = certificate;
    }

    public string Department { get; }

    public Digest ChainId { get; }

    /// <summary>The certificate with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Makes a P-256 key and its certificate, and has the ledger key sign for it.</summary>
    /// <param name="signer">The ledger key.</param>
    /// <param name="chainId">The ledger.</param>
    /// <param name="department">Whose node it is.</param>
    /// <param name="succession">Proves the key to those whose ledger has the one before it; null: none.</param>
    /// <remarks>The dates are there because X.509 wants some; peers do not read them.</remarks>
    public static NodeIdentity Create(ISigner signer, Digest chainId, string department, KeySuccession? succession = null)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return Create(signer, chainId, department, now.AddDays(-1), now.AddYears(10), succession);
    }

    /// <summary>As above, with dates.</summary>
    public static NodeIdentity Create(
        ISigner signer, Digest chainId, string department, DateTimeOffset notBefore, DateTimeOffset notAfter, KeySuccession? succession = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Signature signature = signer.Sign(TlsBinding.SigningDigest(chainId, key.ExportSubjectPublicKeyInfo()));
        var request = new CertificateRequest($"CN={department}, O=GovChain node", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new TlsBinding(department, chainId, signer.PublicKey, signature).ToExtension());
        if (succession is not null)
            request.CertificateExtensions.Add(succession.ToExtension());
        return new NodeIdentity(department, chainId, request.CreateSelfSigned(notBefore, notAfter));
    }

    public void Dispose() => Certificate.Dispose();
}
