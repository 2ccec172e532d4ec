using GovChain.Core.Cryptography;
using GovChain.Core.Verification;

namespace GovChain.Core.Model;

/// <summary>
/// By it an officer's key vouches for the TLS key of a system that reads in the officer's name (docs/SPEC.md, "Reader statement"). It travels
/// as an X.509 extension; what else the certificate says counts for nothing.
/// </summary>
/// <remarks>Which node is asked is not in it, as in a token: TLS proves the key to one node at a time, and what that node hears is of no use
/// at another.</remarks>
public sealed class ReaderStatement
{
    /// <summary>The layout's version.</summary>
    public const byte FormatVersion = 1;

    /// <summary>2.25.(UUID c3d0a6f2-8b1e-4c57-9d24-6f0b7a5ce318 as an integer), an arc that needs no registration.</summary>
    public const string Oid = "2.25.260282843020898418648034926264451916568";

    /// <summary>How long one may count, milliseconds: 366 days.</summary>
    public const ulong LifetimeMaxMs = 366UL * 24 * 60 * 60 * 1_000;

    /// <summary>How far the clock of who signs may be ahead of the node's, milliseconds.</summary>
    public const ulong ClockAheadMaxMs = 30_000;

    private const int SignedSize = 1 + Digest.Size + PublicKey.Size + 8 + 8;
    private const int Size = SignedSize + Signature.Size;
    private const byte OctetStringTag = 0x04;
    private const byte OneLengthByte = 0x81;
    private const int HeaderSize = 3;

    private readonly byte[] _bytes;

    private ReaderStatement(byte[] bytes, Digest chainId, PublicKey signer, ulong fromMs, ulong toMs, Signature signature)
    {
        _bytes = bytes;
        (ChainId, Signer, FromMs, ToMs, Signature) = (chainId, signer, fromMs, toMs, signature);
    }

    /// <summary>The ledger.</summary>
    public Digest ChainId { get; }

    /// <summary>The officer's key.</summary>
    public PublicKey Signer { get; }

    /// <summary>It counts from this time on, UTC milliseconds.</summary>
    public ulong FromMs { get; }

    /// <summary>From this time on it does not count any more, UTC milliseconds.</summary>
    public ulong ToMs { get; }

    /// <summary>64 bytes r || s, low-s.</summary>
    public Signature Signature { get; }

    /// <summary>Makes a statement.</summary>
    /// <param name="chainId">The ledger.</param>
    /// <param name="subjectPublicKeyInfo">The TLS key, DER.</param>
    /// <param name="signer">The officer's key.</param>
    /// <param name="fromMs">From when it counts, UTC milliseconds.</param>
    /// <param name="toMs">Until when; more than <paramref name="fromMs"/>, by <see cref="LifetimeMaxMs"/> at most.</param>
    /// <param name="sign">Signs the 32 bytes with the officer's key; low-s.</param>
    /// <exception cref="ArgumentException">The times or the signature break their rules.</exception>
    public static ReaderStatement Issue(
        Digest chainId, ReadOnlySpan<byte> subjectPublicKeyInfo, PublicKey signer, ulong fromMs, ulong toMs, Func<Digest, Signature> sign)
    {
        byte[] bytes = new byte[Size];
        var w = new BigEndianWriter(bytes);
        w.U8(FormatVersion);
        w.Digest(chainId);
        w.Bytes(signer.Span);
        w.U64(fromMs);
        w.U64(toMs);
        w.Bytes(sign(IdOf(bytes, subjectPublicKeyInfo)).Span);
        return TryRead(bytes) ?? throw new ArgumentException("A statement counts from one time to a later one, for 366 days at most, and its signature is low-s.");
    }

    /// <summary>Reads the value of the extension <see cref="Oid"/>: exactly one statement in its one encoding; null for anything else. Whose
    /// signature it is is not looked at.</summary>
    /// <param name="value">Any bytes.</param>
    public static ReaderStatement? TryReadExtension(ReadOnlySpan<byte> value) =>
        value.Length == HeaderSize + Size && value[0] == OctetStringTag && value[1] == OneLengthByte && value[2] == Size
            ? TryRead(value[HeaderSize..]) : null;

    /// <summary>Whether it counts now, as far as it says itself; who signed it is not looked at.</summary>
    /// <param name="nowMs">The node's clock, UTC milliseconds.</param>
    public CertificateRefusal? Check(ulong nowMs)
    {
        if (FromMs > nowMs && FromMs - nowMs > ClockAheadMaxMs)
            return CertificateRefusal.CertificateNotYetValid;
        return nowMs >= ToMs ? CertificateRefusal.CertificateExpired : null;
    }

    /// <summary>SHA-256(tag | what is before the signature | SHA-256(SubjectPublicKeyInfo)): what the officer signs for a TLS key, and the
    /// name under which the read log has it.</summary>
    /// <param name="subjectPublicKeyInfo">The key of the certificate that carries the statement, DER.</param>
    public Digest IdFor(ReadOnlySpan<byte> subjectPublicKeyInfo) => IdOf(_bytes, subjectPublicKeyInfo);

    /// <summary>Who is said to have signed what, if it vouches for this key.</summary>
    /// <param name="subjectPublicKeyInfo">The key of the certificate that carries the statement, DER.</param>
    public SignatureCheck CheckFor(ReadOnlySpan<byte> subjectPublicKeyInfo) => new(Signer, IdFor(subjectPublicKeyInfo), Signature);

    /// <summary>DER OCTET STRING over version u8 | chain id | signer | from u64 | to u64 | signature.</summary>
    public byte[] ToExtension() => [OctetStringTag, OneLengthByte, Size, .. _bytes];

    private static Digest IdOf(ReadOnlySpan<byte> statement, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        Span<byte> content = stackalloc byte[SignedSize + Digest.Size];
        statement[..SignedSize].CopyTo(content);
        Sha256.Hash(subjectPublicKeyInfo).CopyTo(content[SignedSize..]);
        return DomainTag.Hash(DomainTag.ReaderStatement, content);
    }

    private static ReaderStatement? TryRead(ReadOnlySpan<byte> bytes)
    {
        var r = new BigEndianReader(bytes);
        if (r.U8() != FormatVersion)
            return null;
        Digest chainId = r.Digest();
        if (!PublicKey.TryParse(r.Take(PublicKey.Size), out PublicKey? signer))
            return null;
        (ulong fromMs, ulong toMs) = (r.U64(), r.U64());
        return fromMs < toMs && toMs - fromMs <= LifetimeMaxMs
            && Signature.TryParse(r.Take(Signature.Size), out Signature signature) && signature.IsLowS
            ? new ReaderStatement(bytes.ToArray(), chainId, signer, fromMs, toMs, signature) : null;
    }
}
