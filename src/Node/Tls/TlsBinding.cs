using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using PublicKey = GovChain.Core.Cryptography.PublicKey;

namespace GovChain.Node.Tls;

/// <summary>
/// The statement by which a ledger key vouches for a TLS key. It travels as an X.509 extension of the node's
/// self-signed certificate and makes the key, not a date or an issuer, what authenticates a department.
/// </summary>
/// <remarks>
/// Extension value: DER OCTET STRING over u8 version (1) | 32-byte chain id | 33-byte ledger key | 64-byte signature |
/// u8 length, department id. Signed digest: SHA-256(tls tag | chain id | SHA-256(SubjectPublicKeyInfo)).
/// </remarks>
internal sealed record TlsBinding(string Department, Digest ChainId, PublicKey LedgerKey, Signature Signature)
{
    /// <summary>2.25.(UUID 6f1c2f0e-52b4-4c0d-9a86-3b7a5d1e90c4 as an integer), an arc that needs no registration.
    /// </summary>
    public const string Oid = "2.25.147690646252206020497808041882356191428";

    private const byte Version = 1;
    private const int FixedSize = 1 + Digest.Size + PublicKey.Size + Signature.Size + 1;

    // A statement has 132 to 163 bytes, so that its DER header always is tag 4, one length byte, that byte.
    private const int HeaderSize = 3;
    private const byte OctetStringTag = 0x04;
    private const byte OneLengthByte = 0x81;

    /// <summary>What the ledger key signs for a TLS public key, given as its DER SubjectPublicKeyInfo.</summary>
    public static Digest SigningDigest(Digest chainId, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        Span<byte> content = stackalloc byte[2 * Digest.Size];
        chainId.CopyTo(content);
        SHA256.HashData(subjectPublicKeyInfo, content[Digest.Size..]);
        return DomainTag.Hash(DomainTag.TlsBinding, content);
    }

    /// <summary>The extension, not critical: ordinary TLS software need not know it.</summary>
    public X509Extension ToExtension()
    {
        byte[] encoded =
        [
            OctetStringTag, OneLengthByte, checked((byte)(FixedSize + Department.Length)),
            Version, .. ChainId.Span, .. LedgerKey.Span, .. Signature.Span,
            checked((byte)Department.Length), .. Encoding.ASCII.GetBytes(Department),
        ];
        return new X509Extension(Oid, encoded, critical: false);
    }

    /// <summary>The binding in a certificate: its one extension of this kind, bounded and well formed; signatures are
    /// not looked at.</summary>
    public static TlsBinding? TryRead(X509Certificate2 certificate, out PeerRefusal refusal)
    {
        refusal = PeerRefusal.NoBinding;
        X509Extension? found = null;
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != Oid)
                continue;
            refusal = PeerRefusal.MalformedBinding;
            if (found is not null)
                return null;
            found = extension;
        }
        return found is null ? null : TryDecode(found.RawData);
    }

    /// <summary>The statement of an extension's value; null for anything else.</summary>
    internal static TlsBinding? TryDecode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length is <= HeaderSize + FixedSize or > HeaderSize + FixedSize + Limits.DepartmentIdMax
            || encoded[0] != OctetStringTag || encoded[1] != OneLengthByte
            || encoded[2] != encoded.Length - HeaderSize)
            return null;
        ReadOnlySpan<byte> content = encoded[HeaderSize..];
        if (content[0] != Version)
            return null;
        var chainId = new Digest(content.Slice(1, Digest.Size));
        ReadOnlySpan<byte> key = content.Slice(1 + Digest.Size, PublicKey.Size);
        ReadOnlySpan<byte> signature = content.Slice(1 + Digest.Size + PublicKey.Size, Signature.Size);
        string department = Encoding.ASCII.GetString(content[FixedSize..]);
        if (content[FixedSize - 1] != department.Length || !Identifiers.IsDepartment(department)
            || !PublicKey.TryParse(key, out PublicKey? ledgerKey)
            || !Signature.TryParse(signature, out Signature parsed))
            return null;
        return new TlsBinding(department, chainId, ledgerKey, parsed);
    }
}
