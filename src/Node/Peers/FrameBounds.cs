using System.Buffers;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Peers;

/// <summary>
/// How many parts a frame may have. Parsing makes an object of 80 bytes and more of each envelope, block and field, even where
/// it has two bytes on the wire: a frame of 32 MiB could cost 1 GiB. Here a part costs at least 64 bytes of the frame, beyond
/// as many as the largest block has; the smallest transaction has more than twice that.
/// </summary>
internal static class FrameBounds
{
    private const long PartsFree = Limits.BlockTransactionsCeiling;
    private const int BytesPerPart = 64;

    private enum Kind
    {
        Frame,
        Blocks,
        PartWanted,
        Part,
        Head,
        Leaf,
        Bytes,
    }

    /// <summary>Whether the bytes are protobuf fields, and not too many of them.</summary>
    public static bool Hold(ReadOnlySequence<byte> frame)
    {
        long left = PartsFree + frame.Length / BytesPerPart;
        return Count(frame, Kind.Frame, ref left);
    }

    private static bool Count(ReadOnlySequence<byte> message, Kind kind, ref long left)
    {
        var reader = new SequenceReader<byte>(message);
        while (!reader.End)
        {
            if (--left < 0 || !TryRead(ref reader, out ulong tag))
                return false;
            ulong length;
            switch (tag & 7)
            {
                case 0 when TryRead(ref reader, out _):
                    continue;
                case 1:
                    length = sizeof(ulong);
                    break;
                case 2 when TryRead(ref reader, out length):
                    break;
                case 5:
                    length = sizeof(uint);
                    break;
                default:
                    return false; // no message here has groups
            }
            if (length > (ulong)reader.Remaining)
                return false;
            Kind inner = (tag & 7) == 2 ? Within(kind, tag >> 3) : Kind.Bytes;
            if (inner != Kind.Bytes && !Count(reader.UnreadSequence.Slice(0, (long)length), inner, ref left))
                return false;
            reader.Advance((long)length);
        }
        return true;
    }

    private static Kind Within(Kind kind, ulong field) => (kind, field) switch
    {
        (Kind.Frame, PeerFrame.BlockResponseFieldNumber) => Kind.Blocks,
        (Kind.Frame, PeerFrame.SnapshotRequestFieldNumber) => Kind.PartWanted,
        (Kind.PartWanted, SnapshotRequest.HeadFieldNumber or SnapshotRequest.PagesFieldNumber or SnapshotRequest.RowsFieldNumber) => Kind.Leaf,
        (Kind.Frame, PeerFrame.SnapshotResponseFieldNumber) => Kind.Part,
        (Kind.Part, SnapshotResponse.HeadFieldNumber) => Kind.Head,
        (Kind.Part, SnapshotResponse.RowsFieldNumber) => Kind.Leaf,
        (Kind.Head, SnapshotHead.EpochsFieldNumber) => Kind.Leaf,
        (Kind.Frame, PeerFrame.HelloFieldNumber or PeerFrame.GossipFieldNumber or PeerFrame.EnvelopeRequestFieldNumber
            or PeerFrame.EnvelopeResponseFieldNumber or PeerFrame.BlockRequestFieldNumber) => Kind.Leaf,
        (Kind.Blocks, BlockRangeResponse.BlocksFieldNumber) => Kind.Leaf,
        _ => Kind.Bytes,
    };

    private static bool TryRead(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (!reader.TryRead(out byte b))
                return false;
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return true;
        }
        return false;
    }
}
