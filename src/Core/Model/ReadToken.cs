using System.Buffers;
using System.Buffers.Text;
using System.Text;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>
/// What an officer signs to be read to once, by one department's node and within a minute (docs/SPEC.md, "Read token"). An instance
/// says who asks if the signature is the signer's.
/// </summary>
public sealed class ReadToken
{
    /// <summary>The layout's version.</summary>
    public const byte FormatVersion = 1;

    /// <summary>Bytes of a token whose node has the longest name.</summary>
    public const int BytesMax = FixedBytes + Limits.DepartmentIdMax;

    /// <summary>Characters of the same in text.</summary>
    public const int TextMax = (BytesMax * 8 + 5) / 6;

    /// <summary>How long a token may live, milliseconds: long enough for a slow line, short enough for a node to remember all of them.
    /// </summary>
    public const uint LifetimeMaxMs = 60_000;

    /// <summary>How far the clock of who issues a token may be ahead of the node's, milliseconds.</summary>
    public const uint ClockAheadMaxMs = 30_000;

    private const int FixedBytes = 1 + Digest.Size + PublicKey.Size + 8 + 4 + Limits.NonceBytes + Signature.Size;

    private readonly byte[] _bytes;

    private ReadToken(byte[] bytes, Digest chainId, PublicKey signer, ulong issuedAtMs, uint lifetimeMs, string node, Signature signature)
    {
        _bytes = bytes;
        (ChainId, Signer, IssuedAtMs, LifetimeMs, Node, Signature) = (chainId, signer, issuedAtMs, lifetimeMs, node, signature);
        Id = DomainTag.Hash(DomainTag.ReadToken, bytes.AsSpan(..^Signature.Size));
    }

    /// <summary>The ledger.</summary>
    public Digest ChainId { get; }

    /// <summary>The officer's key.</summary>
    public PublicKey Signer { get; }

    /// <summary>When it was issued, UTC milliseconds by the clock of who did.</summary>
    public ulong IssuedAtMs { get; }

    /// <summary>How long it counts from then on, 1 to <see cref="LifetimeMaxMs"/>.</summary>
    public uint LifetimeMs { get; }

    /// <summary>The department whose node it is for.</summary>
    public string Node { get; }

    /// <summary>64 bytes r || s, low-s, over <see cref="Id"/>.</summary>
    public Signature Signature { get; }

    /// <summary>SHA-256(tag | what is before the signature): what is signed, and the token's name. Signatures differ each time, so they
    /// are not part of it.</summary>
    public Digest Id { get; }

    /// <summary>From this time on it does not count, UTC milliseconds.</summary>
    public ulong EndsAtMs => IssuedAtMs + LifetimeMs;

    /// <summary>Who is said to have signed what.</summary>
    public SignatureCheck SignatureCheck => new(Signer, Id, Signature);

    /// <summary>Makes a token.</summary>
    /// <param name="chainId">The ledger.</param>
    /// <param name="node">The department whose node will be asked.</param>
    /// <param name="signer">The officer's key.</param>
    /// <param name="issuedAtMs">Now, UTC milliseconds.</param>
    /// <param name="lifetimeMs">1 to <see cref="LifetimeMaxMs"/>.</param>
    /// <param name="nonce">16 random bytes, never used before.</param>
    /// <param name="sign">Signs the 32 bytes with that key; low-s.</param>
    /// <exception cref="ArgumentException">An argument breaks its rule.</exception>
    public static ReadToken Issue(
        Digest chainId, string node, PublicKey signer, ulong issuedAtMs, uint lifetimeMs, ReadOnlySpan<byte> nonce, Func<Digest, Signature> sign)
    {
        if (nonce.Length != Limits.NonceBytes || !Identifiers.IsDepartment(node))
            throw new ArgumentException($"A token has {Limits.NonceBytes} bytes of nonce and a department's id.");
        byte[] bytes = new byte[FixedBytes + node.Length];
        var w = new BigEndianWriter(bytes);
        w.U8(FormatVersion);
        w.Digest(chainId);
        w.Bytes(signer.Span);
        w.U64(issuedAtMs);
        w.U32(lifetimeMs);
        w.Bytes(nonce);
        w.Bytes(Encoding.ASCII.GetBytes(node));
        w.Bytes(sign(DomainTag.Hash(DomainTag.ReadToken, bytes.AsSpan(..^Signature.Size))).Span);
        return TryRead(bytes) ?? throw new ArgumentException("A token's lifetime is 1 to 60,000 ms, and its signature low-s.");
    }

    /// <summary>Reads exactly one token in its one encoding; null for anything else. Whether the signature is the signer's is not looked
    /// at.</summary>
    /// <param name="bytes">Any bytes.</param>
    public static ReadToken? TryRead(ReadOnlySpan<byte> bytes)
    {
        var r = new BigEndianReader(bytes);
        if (bytes.Length is <= FixedBytes or > BytesMax || r.U8() != FormatVersion)
            return null;
        Digest chainId = r.Digest();
        if (!PublicKey.TryParse(r.Take(PublicKey.Size), out PublicKey? signer))
            return null;
        (ulong issuedAtMs, uint lifetimeMs) = (r.U64(), r.U32());
        r.Take(Limits.NonceBytes);
        string node = Encoding.Latin1.GetString(r.Take(bytes.Length - FixedBytes));
        return lifetimeMs is >= 1 and <= LifetimeMaxMs && issuedAtMs <= ulong.MaxValue - LifetimeMaxMs && Identifiers.IsDepartment(node)
            && Signature.TryParse(r.Take(Signature.Size), out Signature signature) && signature.IsLowS
            ? new ReadToken(bytes.ToArray(), chainId, signer, issuedAtMs, lifetimeMs, node, signature) : null;
    }

    /// <summary>Reads the text of exactly one token: base64url without padding, in the one way to write it; null for anything else.</summary>
    /// <param name="text">Any characters.</param>
    public static ReadToken? TryParse(string text)
    {
        Span<byte> bytes = stackalloc byte[BytesMax];
        if (text.Length > TextMax || Base64Url.DecodeFromChars(text, bytes, out _, out int written) != OperationStatus.Done)
            return null;
        // The decoder takes padding, white space and spare bits; a token that can be spelt twice is two tokens to whoever compares text.
        return Base64Url.EncodeToString(bytes[..written]) == text ? TryRead(bytes[..written]) : null;
    }

    /// <summary>Whether it counts at a node now, as far as it says itself; who signed it is not looked at.</summary>
    /// <param name="node">The department whose node is asked.</param>
    /// <param name="nowMs">The node's clock, UTC milliseconds.</param>
    public TokenRefusal? Check(string node, ulong nowMs)
    {
        if (Node != node)
            return TokenRefusal.TokenWrongNode;
        if (IssuedAtMs > nowMs && IssuedAtMs - nowMs > ClockAheadMaxMs)
            return TokenRefusal.TokenNotYetValid;
        return nowMs >= EndsAtMs ? TokenRefusal.TokenExpired : null;
    }

    /// <summary>version u8 | chain id | signer | issued at u64 | lifetime u32 | nonce | node | signature.</summary>
    public byte[] ToBytes() => [.. _bytes];

    /// <summary>The bytes in base64url without padding, as <c>Authorization: Bearer</c> carries it.</summary>
    public override string ToString() => Base64Url.EncodeToString(_bytes);
}
