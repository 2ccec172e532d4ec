using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>What an honest peer with a ledger answers, and a frame of every kind and part.</summary>
/// <param name="bed">The ledger.</param>
/// <param name="blocksMax">Blocks in one answer.</param>
internal sealed class FrameSource(SnapshotBed bed, int blocksMax)
{
    /// <summary>A request id that no change gives a frame.</summary>
    public const ulong Id = 0x0123_4567_89AB;

    private readonly Dictionary<Digest, byte[]> _envelopes = ReadEnvelopes(bed);

    /// <summary>Leaf hashes of a stored block.</summary>
    public IReadOnlyList<Digest> LeavesOf(ulong height)
    {
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        return [.. view.GetBlock(height).Leaves.Select(static l => LogHash.Leaf(l.Span))];
    }

    /// <summary>The answer; null where the frame is no request.</summary>
    public PeerFrame? Answer(PeerFrame request) => request.KindCase switch
    {
        PeerFrame.KindOneofCase.EnvelopeRequest => Envelopes(request.EnvelopeRequest),
        PeerFrame.KindOneofCase.BlockRequest => Blocks(request.BlockRequest),
        PeerFrame.KindOneofCase.SnapshotRequest => Part(request.SnapshotRequest),
        _ => null,
    };

    /// <summary>A request of every kind and part, three of everything that is repeated in it.</summary>
    public IEnumerable<PeerFrame> Requests()
    {
        ulong height = bed.Tip;
        yield return new PeerFrame { EnvelopeRequest = Wanted(LeavesOf(3).Take(3), 3) };
        yield return new PeerFrame { BlockRequest = new BlockRangeRequest { FirstHeight = 2, Count = 3, RequestId = Id } };
        yield return new PeerFrame { SnapshotRequest = new SnapshotRequest { RequestId = Id } };
        yield return Asked(new SnapshotRequest { Head = new SnapshotHeadWanted() });
        yield return Asked(new SnapshotRequest { Pages = new StatePagesWanted { Keys = { PageKeys().Take(3) } } });
        yield return Asked(new SnapshotRequest { Rows = new StateRowsWanted { After = AnyKey() } });

        PeerFrame Asked(SnapshotRequest request)
        {
            (request.RequestId, request.Height) = (Id, height);
            return new PeerFrame { SnapshotRequest = request };
        }
    }

    /// <summary>The answers to these.</summary>
    public IEnumerable<PeerFrame> Answers() => Requests().Select(r => Answer(r)!);

    /// <summary>A request for envelopes.</summary>
    public static EnvelopeRequest Wanted(IEnumerable<Digest> leaves, ulong height) => new()
    {
        Height = height,
        LeafHashes = ByteString.CopyFrom([.. leaves.SelectMany(static l => l.ToArray())]),
        RequestId = Id,
    };

    private static Dictionary<Digest, byte[]> ReadEnvelopes(SnapshotBed bed)
    {
        var envelopes = new Dictionary<Digest, byte[]>();
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        for (ulong height = 1; height <= view.TipHeight; height++)
        {
            StoredBlock block = view.GetBlock(height);
            foreach (ReadOnlyMemory<byte> leaf in block.Leaves)
                envelopes[LogHash.Leaf(leaf.Span)] = leaf.ToArray();
        }
        return envelopes;
    }

    private PeerFrame Envelopes(EnvelopeRequest request)
    {
        var response = new EnvelopeResponse { Height = request.Height, RequestId = request.RequestId };
        for (int at = 0; at < request.LeafHashes.Length; at += Digest.Size)
            response.Envelopes.Add(ByteString.CopyFrom(_envelopes[new Digest(request.LeafHashes.Span.Slice(at, Digest.Size))]));
        return new PeerFrame { EnvelopeResponse = response };
    }

    private PeerFrame Blocks(BlockRangeRequest request)
    {
        BlockRangeResponse response = bed.Blocks(request.FirstHeight, Math.Min(blocksMax, (int)request.Count));
        response.RequestId = request.RequestId;
        return new PeerFrame { BlockResponse = response };
    }

    private PeerFrame Part(SnapshotRequest request)
    {
        SnapshotResponse response = bed.Server.Answer(request);
        (response.RequestId, response.Height) = (request.RequestId, request.Height);
        return new PeerFrame { SnapshotResponse = response };
    }

    private IEnumerable<ByteString> PageKeys()
    {
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        yield return ByteString.CopyFrom(0);
        for (int i = 0; i <= byte.MaxValue; i++)
        {
            byte[] key = [1, (byte)i];
            if (StatePageId.TryParseKey(key, out StatePageId id) && view.TryGetPage(id) is not null)
                yield return ByteString.CopyFrom(key);
        }
    }

    private ByteString AnyKey()
    {
        using LedgerSnapshot view = bed.Head.OpenSnapshot();
        return ByteString.CopyFrom(view.ScanStatesAfter([]).ElementAt(5).Key.Span);
    }
}
