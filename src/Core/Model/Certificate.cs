using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>One validator's signature in a certificate.</summary>
public readonly record struct ValidatorSignature(ushort Validator, Signature Signature);

/// <summary>
/// Signatures of a quorum of validators over one vote: a prepared certificate (type Prepare) or a commit certificate
/// (type Commit). Sorted by validator index, none twice (docs/SPEC.md, "Certificate").
/// </summary>
/// <param name="Type">Prepare or Commit.</param>
/// <param name="Epoch">The epoch signed.</param>
/// <param name="Height">The height signed.</param>
/// <param name="View">The view signed.</param>
/// <param name="BlockHash">The block signed.</param>
/// <param name="Signatures">Ascending by validator index.</param>
public sealed record Certificate(
    VoteType Type, ulong Epoch, ulong Height, uint View, Digest BlockHash, IReadOnlyList<ValidatorSignature> Signatures)
{
    /// <summary>The layout's version.</summary>
    public const ushort FormatVersion = 1;

    /// <summary>Bytes before the signatures.</summary>
    public const int PrefixSize = 2 + 1 + 8 + 8 + 4 + 32 + 2;

    /// <summary>Bytes of one signature with its index.</summary>
    public const int EntrySize = 2 + Signature.Size;

    /// <summary>The longest encoding that is read, in bytes.</summary>
    public const int SizeMax = PrefixSize + Limits.ValidatorsMax * EntrySize;

    /// <summary>The encoding's length in bytes.</summary>
    public int EncodedSize => PrefixSize + Signatures.Count * EntrySize;

    /// <summary>The vote that every signature is over.</summary>
    public Vote VoteOn(Digest chainId) => new(Type, chainId, Epoch, Height, View, BlockHash);

    /// <summary>version u16 | type u8 | epoch u64 | height u64 | view u32 | block hash | count u16 | entries.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[EncodedSize];
        var w = new BigEndianWriter(bytes);
        w.U16(FormatVersion);
        w.U8((byte)Type);
        w.U64(Epoch);
        w.U64(Height);
        w.U32(View);
        w.Digest(BlockHash);
        w.U16(Signatures.Count);
        foreach (ValidatorSignature s in Signatures)
        {
            w.U16(s.Validator);
            w.Bytes(s.Signature.Span);
        }
        return bytes;
    }

    /// <summary>
    /// Reads a whole certificate: known version, type Prepare or Commit, indexes strictly ascending, signatures in
    /// range and low-s, no byte left over. Null for anything else. Says nothing about validity.
    /// </summary>
    public static Certificate? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > SizeMax)
            return null;
        var r = new BigEndianReader(bytes);
        if (r.U16() != FormatVersion)
            return null;
        var type = (VoteType)r.U8();
        if (type is not (VoteType.Prepare or VoteType.Commit))
            return null;
        ulong epoch = r.U64();
        ulong height = r.U64();
        uint view = r.U32();
        Digest hash = r.Digest();
        int count = r.U16();
        if (r.Failed || count > Limits.ValidatorsMax || r.Remaining != count * EntrySize)
            return null;
        var signatures = new ValidatorSignature[count];
        for (int i = 0; i < count; i++)
        {
            ushort validator = r.U16();
            if (!Signature.TryParse(r.Take(Signature.Size), out Signature signature) || !signature.IsLowS
                || (i > 0 && validator <= signatures[i - 1].Validator))
                return null;
            signatures[i] = new ValidatorSignature(validator, signature);
        }
        return new Certificate(type, epoch, height, view, hash, signatures);
    }

    /// <summary>Two certificates are equal when their encodings are.</summary>
    public bool Equals(Certificate? other) =>
        other is not null && Type == other.Type && Epoch == other.Epoch && Height == other.Height && View == other.View
        && BlockHash == other.BlockHash && Signatures.SequenceEqual(other.Signatures);

    /// <inheritdoc/>
    public override int GetHashCode() => BlockHash.GetHashCode() ^ (int)View ^ ((int)Type << 24);
}
