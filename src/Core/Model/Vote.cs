using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>What a vote says. The numbers are signed: frozen.</summary>
public enum VoteType : byte
{
    /// <summary>The leader proposes this block.</summary>
    Propose = 1,

    /// <summary>I hold the whole block and it is valid.</summary>
    Prepare = 2,

    /// <summary>I hold a prepared certificate; this signature is the block's seal.</summary>
    Commit = 3,

    /// <summary>I promise to vote in no older view of this height; the hash is the block I hold prepared.</summary>
    ViewChange = 4,
}

/// <summary>The kinds in words.</summary>
public static class VoteTypes
{
    /// <summary>What a vote of this kind is called where people read it.</summary>
    public static string Explain(this VoteType type) => type switch
    {
        VoteType.Propose => "proposal",
        VoteType.Prepare => "prepare",
        VoteType.Commit => "commit",
        VoteType.ViewChange => "view change",
        _ => $"vote {(byte)type}",
    };
}

/// <summary>The content of a vote, the same bytes for every signer (docs/SPEC.md, "Votes").</summary>
/// <param name="Type">What the vote says.</param>
/// <param name="ChainId">The genesis digest.</param>
/// <param name="Epoch">The validator set's epoch.</param>
/// <param name="Height">The block's height.</param>
/// <param name="View">The attempt at this height; for a view change the view asked for.</param>
/// <param name="BlockHash">The block; for a view change the prepared block, or zero.</param>
/// <param name="PreparedView">Only for a view change: the view the block was prepared in, or -1.</param>
public readonly record struct Vote(
    VoteType Type, Digest ChainId, ulong Epoch, ulong Height, uint View, Digest BlockHash, long PreparedView = -1)
{
    /// <summary>The layout's version.</summary>
    public const ushort FormatVersion = 1;

    /// <summary>Length of the sign bytes, without the view change's extra four.</summary>
    public const int SignBytesSize = DomainTag.Size + 2 + 1 + 32 + 8 + 8 + 4 + 32;

    /// <summary>
    /// tag | version u16 | type u8 | chain id | epoch u64 | height u64 | view u32 | block hash
    /// [| prepared view + 1 as u32, 0 = none].
    /// </summary>
    public byte[] SignBytes()
    {
        bool viewChange = Type == VoteType.ViewChange;
        byte[] bytes = new byte[SignBytesSize + (viewChange ? 4 : 0)];
        var w = new BigEndianWriter(bytes);
        w.Bytes(DomainTag.Vote);
        w.U16(FormatVersion);
        w.U8((byte)Type);
        w.Digest(ChainId);
        w.U64(Epoch);
        w.U64(Height);
        w.U32(View);
        w.Digest(BlockHash);
        if (viewChange)
            w.U32(checked((uint)(PreparedView + 1)));
        return bytes;
    }

    /// <summary>SHA-256 of the sign bytes: what the validator's key signs.</summary>
    public Digest SigningDigest() => Sha256.Hash(SignBytes());
}
