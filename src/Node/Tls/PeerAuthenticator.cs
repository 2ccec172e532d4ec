using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using PublicKey = GovChain.Core.Cryptography.PublicKey;

namespace GovChain.Node.Tls;

/// <summary>
/// Decides who is at the other end of a peer connection. A certificate is believed if the ledger's key for the
/// department that it names signed the certificate's own key. Dates, issuers and names are not judged, so that no
/// expiry can stop the network. Safe from any thread.
/// </summary>
/// <param name="chainId">The ledger.</param>
/// <param name="keyOf">The ledger's validator key of a department, or null.</param>
/// <param name="verifier">Checks the statement's signature.</param>
/// <param name="awaitedKeyOf">The key that the operator states for a department until the ledger here has come to name it;
/// null, or null for a department: none.</param>
/// <param name="history">Who votes by the ledger here: a key that they have certified for the next epoch is awaited, too. Null: no
/// such proof is looked at.</param>
internal sealed class PeerAuthenticator(
    Digest chainId, Func<string, PublicKey?> keyOf, ISignatureVerifier verifier, Func<string, PublicKey?>? awaitedKeyOf = null,
    ValidatorHistory? history = null)
{
    /// <summary>
    /// How the platform may look at a peer's certificate before we do: it must not fetch anything from addresses that a
    /// stranger put into it. A copy for each connection, as the platform changes it.
    /// </summary>
    public static X509ChainPolicy ChainPolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    /// <summary>Judges a peer's certificate. TLS itself has shown that the peer holds its private key.</summary>
    public PeerVerdict Judge(X509Certificate? presented)
    {
        if (presented is not X509Certificate2 certificate)
            return PeerVerdict.Refuse(PeerRefusal.NoCertificate, "The other side showed no certificate.");
        if (TlsBinding.TryRead(certificate, out PeerRefusal refusal) is not { } binding)
        {
            return PeerVerdict.Refuse(refusal, refusal == PeerRefusal.NoBinding
                ? "The other side's certificate carries no ledger key: it is not a GovChain node."
                : "The other side's certificate carries a statement that this program cannot read.");
        }
        if (binding.ChainId != chainId)
        {
            return PeerVerdict.Refuse(PeerRefusal.WrongChain,
                $"The other side says it is {binding.Department} of the ledger {binding.ChainId}; this is {chainId}.",
                binding.Department);
        }
        if (keyOf(binding.Department) is not { } expected)
        {
            return PeerVerdict.Refuse(PeerRefusal.UnknownDepartment,
                $"The other side says it is {binding.Department}, which is no department of this ledger.");
        }
        PublicKey? awaited = awaitedKeyOf?.Invoke(binding.Department);
        if (binding.LedgerKey != expected && binding.LedgerKey != awaited && !IsSuccessor(certificate, binding))
        {
            return PeerVerdict.Refuse(PeerRefusal.WrongKey,
                $"The other side says it is {binding.Department} but shows the key {binding.LedgerKey.ToShortString()}; "
                + $"the ledger has {expected.ToShortString()}"
                + (awaited is null ? "." : $", and peers.observers states {awaited.ToShortString()}."), binding.Department);
        }
        Digest signed = TlsBinding.SigningDigest(chainId, certificate.PublicKey.ExportSubjectPublicKeyInfo());
        return verifier.VerifyOne(binding.LedgerKey, signed, binding.Signature)
            ? PeerVerdict.Accept(binding.Department, binding.LedgerKey != expected)
            : PeerVerdict.Refuse(PeerRefusal.BadSignature,
                $"The other side says it is {binding.Department}, but that department's key did not sign its certificate.",
                binding.Department);
    }

    /// <summary>Whether the certificate proves that its key is its department's from the next epoch on. Only whether that key signed for
    /// the certificate is not asked.</summary>
    private bool IsSuccessor(X509Certificate2 certificate, TlsBinding binding) =>
        history is not null && KeySuccession.TryRead(certificate) is { } succession
        && succession.Proves(chainId, history, binding.Department, binding.LedgerKey, verifier);

    /// <summary>As <see cref="Judge(X509Certificate?)"/>, and it must be this department.</summary>
    public PeerVerdict Judge(X509Certificate? presented, string department)
    {
        PeerVerdict verdict = Judge(presented);
        return verdict.Department is null || verdict.Department == department
            ? verdict
            : PeerVerdict.Refuse(PeerRefusal.WrongDepartment,
                $"{verdict.Department} answers where {department} should listen: check the endpoints.");
    }

    /// <summary>Client options of a TLS connection to a department.</summary>
    /// <param name="identity">What to show.</param>
    /// <param name="department">Who must answer.</param>
    /// <param name="judged">Told who answers, or why the connection is given up.</param>
    public SslClientAuthenticationOptions ClientOptions(
        NodeIdentity identity, string department, Action<PeerVerdict> judged) => new()
        {
            ClientCertificates = [identity.Certificate],
            LocalCertificateSelectionCallback = (_, _, _, _, _) => identity.Certificate,
            CertificateChainPolicy = ChainPolicy(),
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                PeerVerdict verdict = Judge(certificate, department);
                judged(verdict);
                return verdict.Refusal is null;
            },
        };
}
