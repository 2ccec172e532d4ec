using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>What a starting validator asks, and what it is answered.</content>
public static partial class ConsensusMessageCodec
{
    private const int SignedVoteSize = 1 + 8 + 8 + 4 + Digest.Size + 4 + Signature.Size;

    private static byte[] EncodeRecallRequest(RecallRequest m)
    {
        byte[] bytes = new byte[Prefix + 8 + 8];
        BigEndianWriter w = Begin(bytes, TypeRecallRequest);
        w.U64(m.Token);
        w.U64(m.Above);
        return bytes;
    }

    private static byte[] EncodeRecallResponse(RecallResponse m)
    {
        byte[] bytes = new byte[Prefix + 8 + 1 + (m.Newest is null ? 0 : SignedVoteSize) + TipSize(m.Tip)];
        BigEndianWriter w = Begin(bytes, TypeRecallResponse);
        w.U64(m.Token);
        w.U8((byte)(m.Newest is null ? 0 : 1));
        if (m.Newest is { } vote)
            WriteSignedVote(ref w, vote);
        WriteTip(ref w, m.Tip);
        return bytes;
    }

    private static void WriteSignedVote(ref BigEndianWriter w, in SignedVote vote)
    {
        w.U8((byte)vote.Type);
        w.U64(vote.Epoch);
        w.U64(vote.Height);
        w.U32(vote.View);
        w.Digest(vote.BlockHash);
        w.U32((uint)(vote.PreparedView + 1));
        w.Bytes(vote.Signature.Span);
    }

    private static RecallResponse? ReadRecallResponse(ref BigEndianReader r)
    {
        ulong token = r.U64();
        byte has = r.U8();
        if (r.Failed || has > 1)
            return null;
        SignedVote? newest = null;
        if (has == 1)
        {
            if (!TryReadSignedVote(ref r, out SignedVote vote))
                return null;
            newest = vote;
        }
        return TryReadTip(ref r, out DecidedMessage? tip) ? new RecallResponse(token, newest, tip) : null;
    }

    private static bool TryReadSignedVote(ref BigEndianReader r, out SignedVote vote)
    {
        vote = default;
        var type = (VoteType)r.U8();
        ulong epoch = r.U64();
        ulong height = r.U64();
        uint view = r.U32();
        Digest hash = r.Digest();
        long preparedView = (long)r.U32() - 1;
        if (!TryReadSignature(ref r, out Signature signature)
            || type is not (VoteType.Prepare or VoteType.Commit or VoteType.ViewChange)
            || (preparedView >= 0 && type != VoteType.ViewChange))
            return false;
        vote = new SignedVote(type, epoch, height, view, hash, preparedView, signature);
        return true;
    }
}
