using System.Diagnostics.CodeAnalysis;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>Why bytes are not a consensus message.</summary>
public enum DecodeFailure
{
    /// <summary>They are one.</summary>
    None = 0,

    /// <summary>Longer than any message.</summary>
    TooLong,

    /// <summary>A version this software does not speak.</summary>
    UnknownVersion,

    /// <summary>A type this software does not know.</summary>
    UnknownType,

    /// <summary>Too short, too long, a count beyond its bound, or a field outside its range.</summary>
    Malformed,
}

/// <summary>
/// The fixed binary layouts of docs/PROTOCOL.md, "Messages". Strict: one encoding per message, every count is checked
/// against its bound and the bytes present before anything is allocated. Never throws on what came from outside.
/// </summary>
public static partial class ConsensusMessageCodec
{
    /// <summary>The version byte.</summary>
    public const byte Version = 1;

    /// <summary>A proposal of the most transactions with the largest justification.</summary>
    public const int MessageBytesMax =
        ProposeFixedSize + BlockFixedSize + (int)Limits.BlockTransactionsCeiling * Digest.Size
        + 2 + Limits.ValidatorsMax * PayloadSize + 4 + Certificate.SizeMax;

    private const int Prefix = 2;
    private const int PayloadSize = 2 + 4 + Digest.Size + Signature.Size;
    private const int BlockFixedSize = BlockHeader.Size + 4;
    private const int ProposeFixedSize = Prefix + 4 + 2 + Signature.Size + 1;
    private const int VoteSize = Prefix + 8 + 8 + 4 + Digest.Size + 2 + Signature.Size;
    private const int ViewChangeFixedSize = Prefix + 8 + 8 + 4 + PayloadSize + 4;

    private const byte TypePropose = 1;
    private const byte TypePrepare = 2;
    private const byte TypeCommit = 3;
    private const byte TypeViewChange = 4;
    private const byte TypeDecided = 5;
    private const byte TypeStatus = 6;
    private const byte TypeProposalRequest = 7;
    private const byte TypeProposalResponse = 8;
    private const byte TypeRecallRequest = 9;
    private const byte TypeRecallResponse = 10;
    private const byte TypeEvidence = 11;

    /// <summary>The message's bytes.</summary>
    /// <exception cref="ArgumentException">A message of a type without layout, or a vote that is neither Prepare nor
    /// Commit.</exception>
    public static byte[] Encode(ConsensusMessage message) => message switch
    {
        ProposeMessage m => EncodePropose(m),
        VoteMessage { Type: VoteType.Prepare or VoteType.Commit } m => EncodeVote(m),
        ViewChangeMessage m => EncodeViewChange(m),
        DecidedMessage m => EncodeDecided(m),
        StatusMessage m => EncodeStatus(m),
        ProposalRequest m => EncodeRequest(m),
        ProposalResponse m => EncodeResponse(m),
        RecallRequest m => EncodeRecallRequest(m),
        RecallResponse m => EncodeRecallResponse(m),
        EvidenceMessage m => EncodeEvidence(m),
        _ => throw new ArgumentException($"No layout for {message}.", nameof(message)),
    };

    /// <summary>Reads exactly one message.</summary>
    public static DecodeFailure TryDecode(ReadOnlySpan<byte> bytes, out ConsensusMessage? message)
    {
        message = null;
        if (bytes.Length > MessageBytesMax)
            return DecodeFailure.TooLong;
        if (bytes.Length < Prefix)
            return DecodeFailure.Malformed;
        if (bytes[0] != Version)
            return DecodeFailure.UnknownVersion;
        var r = new BigEndianReader(bytes[Prefix..]);
        switch (bytes[1])
        {
            case TypePropose:
                message = ReadPropose(ref r);
                break;
            case TypePrepare:
                message = ReadVote(ref r, VoteType.Prepare);
                break;
            case TypeCommit:
                message = ReadVote(ref r, VoteType.Commit);
                break;
            case TypeViewChange:
                message = ReadViewChange(ref r);
                break;
            case TypeDecided:
                message = ReadDecided(ref r);
                break;
            case TypeStatus:
                message = ReadStatus(ref r);
                break;
            case TypeProposalRequest:
                message = new ProposalRequest(r.U64(), r.Digest());
                break;
            case TypeProposalResponse:
                message = ReadBlock(ref r) is { } block ? new ProposalResponse(block) : null;
                break;
            case TypeRecallRequest:
                message = new RecallRequest(r.U64(), r.U64());
                break;
            case TypeRecallResponse:
                message = ReadRecallResponse(ref r);
                break;
            case TypeEvidence:
                message = ReadEvidence(ref r);
                break;
            default:
                return DecodeFailure.UnknownType;
        }
        if (message is not null && r.AtEnd)
            return DecodeFailure.None;
        message = null;
        return DecodeFailure.Malformed;
    }

    private static BigEndianWriter Begin(byte[] bytes, byte type)
    {
        var w = new BigEndianWriter(bytes);
        w.U8(Version);
        w.U8(type);
        return w;
    }

    private static byte[] EncodePropose(ProposeMessage m)
    {
        Justification? j = m.Justification;
        int size = ProposeFixedSize + BlockSize(m.Block);
        if (j is not null)
            size += JustificationSize(j);
        byte[] bytes = new byte[size];
        BigEndianWriter w = Begin(bytes, TypePropose);
        w.U32(m.View);
        w.U16(m.Signer);
        w.Bytes(m.Signature.Span);
        WriteBlock(ref w, m.Block);
        w.U8((byte)(j is null ? 0 : 1));
        if (j is not null)
            WriteJustification(ref w, j);
        return bytes;
    }

    private static ProposeMessage? ReadPropose(ref BigEndianReader r)
    {
        uint view = r.U32();
        ushort signer = r.U16();
        if (!TryReadSignature(ref r, out Signature signature) || ReadBlock(ref r) is not { } block)
            return null;
        byte justified = r.U8();
        if (r.Failed || justified > 1 || (justified == 1) != (view > 0))
            return null;
        if (justified == 0)
            return new ProposeMessage(view, signer, signature, block, null);
        return ReadJustification(ref r) is { } justification
            ? new ProposeMessage(view, signer, signature, block, justification)
            : null;
    }

    private static int JustificationSize(Justification j) =>
        2 + j.ViewChanges.Count * PayloadSize + 4 + (j.Prepared?.EncodedSize ?? 0);

    private static void WriteJustification(ref BigEndianWriter w, Justification j)
    {
        w.U16(j.ViewChanges.Count);
        foreach (ViewChangePayload payload in j.ViewChanges)
            WritePayload(ref w, payload);
        WriteCertificate(ref w, j.Prepared);
    }

    private static Justification? ReadJustification(ref BigEndianReader r)
    {
        int count = r.U16();
        if (count > Limits.ValidatorsMax || r.Remaining < count * PayloadSize)
            return null;
        var payloads = new ViewChangePayload[count];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadPayload(ref r, out payloads[i]) || (i > 0 && payloads[i].Signer <= payloads[i - 1].Signer))
                return null;
        }
        return TryReadCertificate(ref r, out Certificate? prepared) ? new Justification(payloads, prepared) : null;
    }

    private static byte[] EncodeVote(VoteMessage m)
    {
        byte[] bytes = new byte[VoteSize];
        BigEndianWriter w = Begin(bytes, m.Type == VoteType.Prepare ? TypePrepare : TypeCommit);
        w.U64(m.Epoch);
        w.U64(m.VoteHeight);
        w.U32(m.View);
        w.Digest(m.BlockHash);
        w.U16(m.Signer);
        w.Bytes(m.Signature.Span);
        return bytes;
    }

    private static VoteMessage? ReadVote(ref BigEndianReader r, VoteType type)
    {
        ulong epoch = r.U64();
        ulong height = r.U64();
        uint view = r.U32();
        Digest hash = r.Digest();
        ushort signer = r.U16();
        return TryReadSignature(ref r, out Signature signature)
            ? new VoteMessage(type, epoch, height, view, hash, signer, signature)
            : null;
    }

    private static byte[] EncodeViewChange(ViewChangeMessage m)
    {
        byte[] bytes = new byte[ViewChangeFixedSize + (m.Prepared?.EncodedSize ?? 0)];
        BigEndianWriter w = Begin(bytes, TypeViewChange);
        w.U64(m.Epoch);
        w.U64(m.AtHeight);
        w.U32(m.View);
        WritePayload(ref w, m.Payload);
        WriteCertificate(ref w, m.Prepared);
        return bytes;
    }

    private static ViewChangeMessage? ReadViewChange(ref BigEndianReader r)
    {
        ulong epoch = r.U64();
        ulong height = r.U64();
        uint view = r.U32();
        return TryReadPayload(ref r, out ViewChangePayload payload) && view > 0
            && TryReadCertificate(ref r, out Certificate? prepared)
            ? new ViewChangeMessage(epoch, height, view, payload, prepared)
            : null;
    }

    private static byte[] EncodeDecided(DecidedMessage m)
    {
        byte[] bytes = new byte[Prefix + BlockHeader.Size + m.Certificate.EncodedSize];
        BigEndianWriter w = Begin(bytes, TypeDecided);
        WriteDecided(ref w, m);
        return bytes;
    }

    private static void WriteDecided(ref BigEndianWriter w, DecidedMessage m)
    {
        w.Bytes(m.Header.ToBytes());
        w.Bytes(m.Certificate.ToBytes());
    }

    private static DecidedMessage? ReadDecided(ref BigEndianReader r)
    {
        ReadOnlySpan<byte> header = r.Take(BlockHeader.Size);
        ReadOnlySpan<byte> certificate = r.Take(r.Remaining);
        return !r.Failed && BlockHeader.TryRead(header) is { } h && Certificate.TryRead(certificate) is { } c
            ? new DecidedMessage(h, c)
            : null;
    }

    private static byte[] EncodeStatus(StatusMessage m)
    {
        byte[] bytes = new byte[Prefix + 4 + Abstention.Size + 8 + TipSize(m.Tip)];
        BigEndianWriter w = Begin(bytes, TypeStatus);
        w.U32(m.View);
        w.U8((byte)m.Abstention.Reason);
        w.U64(m.Abstention.VotesAgainAt);
        w.U64(m.EvidenceSum);
        WriteTip(ref w, m.Tip);
        return bytes;
    }

    private static StatusMessage? ReadStatus(ref BigEndianReader r)
    {
        uint view = r.U32();
        var abstention = new Abstention((AbstainReason)r.U8(), r.U64());
        ulong evidenceSum = r.U64();
        return abstention.IsKnown && TryReadTip(ref r, out DecidedMessage? tip)
            ? new StatusMessage(view, tip, abstention, evidenceSum)
            : null;
    }

    private static int TipSize(DecidedMessage? tip) =>
        1 + (tip is null ? 0 : BlockHeader.Size + tip.Certificate.EncodedSize);

    private static void WriteTip(ref BigEndianWriter w, DecidedMessage? tip)
    {
        w.U8((byte)(tip is null ? 0 : 1));
        if (tip is not null)
            WriteDecided(ref w, tip);
    }

    /// <summary>To the end of the message.</summary>
    private static bool TryReadTip(ref BigEndianReader r, out DecidedMessage? tip)
    {
        tip = null;
        byte has = r.U8();
        if (r.Failed || has > 1)
            return false;
        if (has == 0)
            return true;
        tip = ReadDecided(ref r);
        return tip is { Height: < ulong.MaxValue - Abstention.Heights };
    }

    private static byte[] EncodeRequest(ProposalRequest m)
    {
        byte[] bytes = new byte[Prefix + 8 + Digest.Size];
        BigEndianWriter w = Begin(bytes, TypeProposalRequest);
        w.U64(m.AtHeight);
        w.Digest(m.BlockHash);
        return bytes;
    }

    private static byte[] EncodeResponse(ProposalResponse m)
    {
        byte[] bytes = new byte[Prefix + BlockSize(m.Block)];
        BigEndianWriter w = Begin(bytes, TypeProposalResponse);
        WriteBlock(ref w, m.Block);
        return bytes;
    }

    private static int BlockSize(ProposedBlock block) => BlockFixedSize + block.LeafHashes.Count * Digest.Size;

    private static void WriteBlock(ref BigEndianWriter w, ProposedBlock block)
    {
        w.Bytes(block.Header.ToBytes());
        w.U32((uint)block.LeafHashes.Count);
        foreach (Digest leaf in block.LeafHashes)
            w.Digest(leaf);
    }

    private static ProposedBlock? ReadBlock(ref BigEndianReader r)
    {
        ReadOnlySpan<byte> header = r.Take(BlockHeader.Size);
        uint count = r.U32();
        if (r.Failed || count is 0 or > Limits.BlockTransactionsCeiling || r.Remaining < (int)count * Digest.Size
            || BlockHeader.TryRead(header) is not { } read)
            return null;
        var leaves = new Digest[count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = r.Digest();
        return new ProposedBlock(read, leaves);
    }

    private static void WritePayload(ref BigEndianWriter w, in ViewChangePayload payload)
    {
        w.U16(payload.Signer);
        w.U32((uint)(payload.PreparedView + 1));
        w.Digest(payload.PreparedHash);
        w.Bytes(payload.Signature.Span);
    }

    private static bool TryReadPayload(ref BigEndianReader r, out ViewChangePayload payload)
    {
        ushort signer = r.U16();
        long preparedView = (long)r.U32() - 1;
        Digest hash = r.Digest();
        bool read = TryReadSignature(ref r, out Signature signature);
        payload = new ViewChangePayload(signer, preparedView, hash, signature);
        return read && (preparedView >= 0 || hash == Digest.Zero);
    }

    private static void WriteCertificate(ref BigEndianWriter w, Certificate? certificate)
    {
        w.U32((uint)(certificate?.EncodedSize ?? 0));
        if (certificate is not null)
            w.Bytes(certificate.ToBytes());
    }

    private static bool TryReadCertificate(ref BigEndianReader r, out Certificate? certificate)
    {
        certificate = null;
        uint length = r.U32();
        if (r.Failed || length > Certificate.SizeMax)
            return false;
        if (length == 0)
            return true;
        certificate = Certificate.TryRead(r.Take((int)length));
        return certificate is not null;
    }

    private static bool TryReadSignature(ref BigEndianReader r, [NotNullWhen(true)] out Signature signature)
    {
        return Signature.TryParse(r.Take(Signature.Size), out signature) && signature.IsLowS;
    }
}
