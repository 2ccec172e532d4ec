using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>A record of the vote journal.</summary>
internal abstract record JournalRecord;

/// <summary>A proposal this node accepted, or made, and its own Prepare. A leader's own carries its Propose signature.
/// </summary>
internal sealed record AcceptedRecord(ProposeMessage Proposal, VoteMessage Prepare) : JournalRecord;

/// <summary>A prepared certificate and this node's own Commit.</summary>
internal sealed record PreparedRecord(Certificate Certificate, VoteMessage Commit) : JournalRecord;

/// <summary>This node's own view change, with the prepared certificate in it.</summary>
internal sealed record PromisedRecord(ViewChangeMessage ViewChange) : JournalRecord;

/// <summary>A block is durable in the ledger, and whether this node votes after it.</summary>
internal sealed record StoredMark(ulong Height, Digest HeaderHash, Abstention Abstention = default) : JournalRecord;

/// <summary>This node began to ask the others what it signed above a height, or has learnt that it forgot nothing.
/// </summary>
internal sealed record RecallRecord(ulong Above, bool IsOver) : JournalRecord;

/// <summary>
/// The contents of journal records (docs/PROTOCOL.md, "Journal"). Framing, checksums and torn tails belong to the file.
/// </summary>
internal static class JournalCodec
{
    private const byte Version = 1;
    private const int Prefix = 2;
    private const int MarkSize = Prefix + 8 + Digest.Size + 1;

    private const byte KindAccepted = 1;
    private const byte KindPrepared = 2;
    private const byte KindPromised = 3;
    private const byte KindStored = 4;
    private const byte KindRecall = 5;
    private const byte KindStoredReturning = 6;

    /// <summary>The record's bytes.</summary>
    public static byte[] Encode(JournalRecord record) => record switch
    {
        AcceptedRecord r => Join(
            KindAccepted, ConsensusMessageCodec.Encode(r.Proposal), ConsensusMessageCodec.Encode(r.Prepare)),
        PreparedRecord r => Join(KindPrepared, r.Certificate.ToBytes(), ConsensusMessageCodec.Encode(r.Commit)),
        PromisedRecord r => Join(KindPromised, ConsensusMessageCodec.Encode(r.ViewChange), []),
        StoredMark r => EncodeMark(r),
        RecallRecord r => EncodeRecall(r),
        _ => throw new ArgumentException($"No layout for {record}.", nameof(record)),
    };

    /// <summary>Reads exactly one record; null for anything else.</summary>
    public static JournalRecord? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var r = new BigEndianReader(bytes);
        if (r.U8() != Version)
            return null;
        byte kind = r.U8();
        if (kind is KindStored or KindStoredReturning)
            return ReadMark(ref r, kind);
        if (kind == KindRecall)
            return ReadRecall(ref r);
        int firstLength = (int)Math.Min(r.U32(), int.MaxValue);
        ReadOnlySpan<byte> first = r.Take(firstLength);
        ReadOnlySpan<byte> second = r.Take(r.Remaining);
        if (r.Failed)
            return null;
        return kind switch
        {
            KindAccepted when Message<ProposeMessage>(first) is { } proposal
                && Message<VoteMessage>(second) is { Type: VoteType.Prepare } prepare
                && prepare.View == proposal.View && prepare.BlockHash == proposal.Block.Hash
                => new AcceptedRecord(proposal, prepare),
            KindPrepared when Certificate.TryRead(first) is { Type: VoteType.Prepare } certificate
                && Message<VoteMessage>(second) is { Type: VoteType.Commit } commit
                && commit.View == certificate.View && commit.BlockHash == certificate.BlockHash
                => new PreparedRecord(certificate, commit),
            KindPromised when second.IsEmpty && Message<ViewChangeMessage>(first) is { } viewChange
                => new PromisedRecord(viewChange),
            _ => null,
        };
    }

    private static T? Message<T>(ReadOnlySpan<byte> bytes)
        where T : ConsensusMessage
    {
        ConsensusMessageCodec.TryDecode(bytes, out ConsensusMessage? message);
        return message as T;
    }

    private static byte[] Join(byte kind, byte[] first, byte[] second)
    {
        byte[] bytes = new byte[Prefix + 4 + first.Length + second.Length];
        var w = new BigEndianWriter(bytes);
        w.U8(Version);
        w.U8(kind);
        w.U32((uint)first.Length);
        w.Bytes(first);
        w.Bytes(second);
        return bytes;
    }

    private static byte[] EncodeMark(StoredMark mark)
    {
        bool returning = mark.Abstention.VotesAgainAt > 0;
        byte[] bytes = new byte[MarkSize + (returning ? 8 : 0)];
        var w = new BigEndianWriter(bytes);
        w.U8(Version);
        w.U8(returning ? KindStoredReturning : KindStored);
        w.U64(mark.Height);
        w.Digest(mark.HeaderHash);
        w.U8((byte)mark.Abstention.Reason);
        if (returning)
            w.U64(mark.Abstention.VotesAgainAt);
        return bytes;
    }

    private static StoredMark? ReadMark(ref BigEndianReader r, byte kind)
    {
        (ulong height, Digest hash, var reason) = (r.U64(), r.Digest(), (AbstainReason)r.U8());
        var abstention = new Abstention(reason, kind == KindStoredReturning ? r.U64() : 0);
        return r.AtEnd && abstention.IsKnown && (kind == KindStoredReturning) == (abstention.VotesAgainAt > 0)
            ? new StoredMark(height, hash, abstention)
            : null;
    }

    private static byte[] EncodeRecall(RecallRecord recall)
    {
        byte[] bytes = new byte[Prefix + 8 + 1];
        var w = new BigEndianWriter(bytes);
        w.U8(Version);
        w.U8(KindRecall);
        w.U64(recall.Above);
        w.U8((byte)(recall.IsOver ? 1 : 0));
        return bytes;
    }

    private static RecallRecord? ReadRecall(ref BigEndianReader r)
    {
        ulong above = r.U64();
        byte over = r.U8();
        return r.AtEnd && over <= 1 ? new RecallRecord(above, over == 1) : null;
    }
}
