using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using PublicKey = GovChain.Core.Cryptography.PublicKey;

namespace GovChain.Node.Tls;

/// <summary>
/// How a department whose key was replaced proves the new one to those who do not have the block that did so yet: its header,
/// which names the next departments by their hash, under the certificate of those that they know. It stands beside the
/// <see cref="TlsBinding"/> in the node's certificate.
/// </summary>
/// <remarks>Extension value: DER OCTET STRING over u8 version (1) | header, 268 bytes | commit certificate to the end.</remarks>
/// <param name="Block">The last of the old key's epoch.</param>
internal sealed record KeySuccession(CertifiedBlock Block)
{
    /// <summary>2.25.(UUID 7f154e15-6ed7-4fef-80d2-ce6d682ae211 as an integer), an arc that needs no registration.</summary>
    public const string Oid = "2.25.168922577424757692485398586330641523217";

    private const byte Version = 1;
    private const int DerHeaderSizeMax = 4;
    private const int SizeMax = DerHeaderSizeMax + 1 + BlockHeader.Size + Certificate.SizeMax;

    /// <summary>Whether it shows that the key is a department's from the next epoch on: a quorum of those who act by this history has
    /// certified a header that names them, with just this key replaced.</summary>
    public bool Proves(Digest chainId, ValidatorHistory history, string department, PublicKey key, ISignatureVerifier verifier) =>
        EpochChain.Follow(chainId, history, [new EpochEnd(Block, department, key)], verifier, out _) is not null;

    /// <summary>The extension, not critical: ordinary TLS software need not know it.</summary>
    public X509Extension ToExtension()
    {
        var der = new AsnWriter(AsnEncodingRules.DER);
        der.WriteOctetString([Version, .. Block.Header.ToBytes(), .. Block.Certificate.ToBytes()]);
        return new X509Extension(Oid, der.Encode(), critical: false);
    }

    /// <summary>That of a certificate, if there is exactly one that can be read; signatures are not looked at.</summary>
    public static KeySuccession? TryRead(X509Certificate2 certificate) =>
        certificate.Extensions.Where(static e => e.Oid?.Value == Oid).Take(2).ToArray() is [var only] ? TryDecode(only.RawData) : null;

    /// <summary>The succession of an extension's value; null for anything else.</summary>
    internal static KeySuccession? TryDecode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length > SizeMax || TryReadOctets(encoded) is not { } content
            || content.Length <= 1 + BlockHeader.Size || content[0] != Version)
            return null;
        return BlockHeader.TryRead(content.AsSpan(1, BlockHeader.Size)) is { } header
            && Certificate.TryRead(content.AsSpan(1 + BlockHeader.Size)) is { } certificate
            ? new KeySuccession(new CertifiedBlock(header, certificate)) : null;
    }

    private static byte[]? TryReadOctets(ReadOnlySpan<byte> encoded)
    {
        try
        {
            byte[] content = AsnDecoder.ReadOctetString(encoded, AsnEncodingRules.DER, out int consumed);
            return consumed == encoded.Length ? content : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
