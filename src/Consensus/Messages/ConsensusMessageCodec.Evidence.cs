using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>Evidence, and the justifications that are kept for it.</content>
public static partial class ConsensusMessageCodec
{
    private const ushort KeptVersion = 1;
    private const int KeptFixedSize = 2 + Digest.Size + 8 + 8 + 4 + Digest.Size;

    /// <summary>The longest kept justification in bytes.</summary>
    public const int KeptBytesMax =
        KeptFixedSize + 2 + Limits.ValidatorsMax * PayloadSize + 4 + Certificate.SizeMax;

    /// <summary>version u16 | chain id | epoch u64 | height u64 | view u32 | block hash | count u16 | payloads |
    /// certificate.</summary>
    public static byte[] Encode(KeptJustification kept)
    {
        byte[] bytes = new byte[KeptFixedSize + JustificationSize(kept.Justification)];
        var w = new BigEndianWriter(bytes);
        w.U16(KeptVersion);
        w.Digest(kept.ChainId);
        w.U64(kept.Epoch);
        w.U64(kept.Height);
        w.U32(kept.View);
        w.Digest(kept.BlockHash);
        WriteJustification(ref w, kept.Justification);
        return bytes;
    }

    /// <summary>Reads exactly one kept justification; null for anything else.</summary>
    public static KeptJustification? TryDecodeKept(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > KeptBytesMax)
            return null;
        var r = new BigEndianReader(bytes);
        if (r.U16() != KeptVersion)
            return null;
        (Digest chainId, ulong epoch, ulong height, uint view, Digest hash) = (r.Digest(), r.U64(), r.U64(), r.U32(), r.Digest());
        return ReadJustification(ref r) is { } justification && r.AtEnd && view > 0
            ? new KeptJustification(chainId, epoch, height, view, hash, justification)
            : null;
    }

    private static byte[] EncodeEvidence(EvidenceMessage m)
    {
        byte[] bytes = new byte[Prefix + Evidence.Size];
        BigEndianWriter w = Begin(bytes, TypeEvidence);
        w.Bytes(m.Evidence.ToBytes());
        return bytes;
    }

    private static EvidenceMessage? ReadEvidence(ref BigEndianReader r) =>
        Evidence.TryRead(r.Take(Evidence.Size)) is { } evidence ? new EvidenceMessage(evidence) : null;
}
