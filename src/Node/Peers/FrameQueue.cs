using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Google.Protobuf;
using GovChain.Protos.V1;

namespace GovChain.Node.Peers;

/// <summary>The lanes of a peer's queue, the most urgent first.</summary>
internal enum Lane
{
    /// <summary>Consensus messages and requests. When full, the oldest goes: the protocol sends again what matters.
    /// </summary>
    Consensus = 0,

    /// <summary>Answers to the peer's requests. When full, the newest goes: the peer asks again.</summary>
    Reply = 1,

    /// <summary>Envelopes. When full, the newest goes: the leader's proposal fetches what is missing.</summary>
    Gossip = 2,
}

/// <summary>
/// What waits to be sent to one peer: three bounded lanes, emptied in order of urgency. Adding never waits. Any number
/// of threads add, one takes.
/// </summary>
internal sealed class FrameQueue
{
    private readonly Lock _gate = new();
    private readonly PeerNetworkOptions _options;
    private readonly Queue<Entry>[] _lanes = [new(), new(), new()];
    private readonly long[] _bytes = new long[3];
    private readonly LaneBounds[] _bounds;
    private readonly Action<Lane> _dropped;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Makes an empty queue.</summary>
    /// <param name="options">The lanes' bounds.</param>
    /// <param name="dropped">Told of each entry that did not fit; called under the queue's lock.</param>
    public FrameQueue(PeerNetworkOptions options, Action<Lane> dropped)
    {
        _options = options;
        _bounds = [options.ConsensusLane, options.ReplyLane, options.GossipLane];
        _dropped = dropped;
    }

    /// <summary>Entries that wait, over all lanes.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _lanes.Sum(lane => lane.Count);
        }
    }

    /// <summary>Bytes that wait, over all lanes.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes.Sum();
        }
    }

    /// <summary>Adds a frame; false if it was dropped. A full consensus lane drops older ones for it instead.</summary>
    public bool TryAdd(Lane lane, PeerFrame frame, int bytes) => TryAdd(lane, new Entry(frame, null, bytes));

    /// <summary>Adds an envelope to the gossip; false if it was dropped.</summary>
    public bool TryAddGossip(ReadOnlyMemory<byte> envelope) =>
        TryAdd(Lane.Gossip, new Entry(null, UnsafeByteOperations.UnsafeWrap(envelope), envelope.Length));

    /// <summary>Takes the most urgent frame.</summary>
    public bool TryTake([NotNullWhen(true)] out PeerFrame? frame)
    {
        lock (_gate)
        {
            frame = TryTakeFrom(Lane.Consensus) ?? TryTakeFrom(Lane.Reply) ?? TryTakeGossip();
            return frame is not null;
        }
    }

    /// <summary>Returns when there may be something to take.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellation) => await _signal.Reader.ReadAsync(cancellation);

    private bool TryAdd(Lane lane, Entry entry)
    {
        lock (_gate)
        {
            Queue<Entry> entries = _lanes[(int)lane];
            LaneBounds bounds = _bounds[(int)lane];
            if (entry.Bytes > bounds.Bytes)
            {
                _dropped(lane);
                return false;
            }
            while (entries.Count >= bounds.Count || _bytes[(int)lane] + entry.Bytes > bounds.Bytes)
            {
                _dropped(lane);
                if (lane != Lane.Consensus)
                    return false;
                _bytes[(int)lane] -= entries.Dequeue().Bytes;
            }
            entries.Enqueue(entry);
            _bytes[(int)lane] += entry.Bytes;
        }
        _signal.Writer.TryWrite(true);
        return true;
    }

    private PeerFrame? TryTakeFrom(Lane lane)
    {
        if (!_lanes[(int)lane].TryDequeue(out Entry entry))
            return null;
        _bytes[(int)lane] -= entry.Bytes;
        return entry.Frame;
    }

    /// <summary>As many waiting envelopes as make a good frame: small frames cost more than what they carry.</summary>
    private PeerFrame? TryTakeGossip()
    {
        Queue<Entry> entries = _lanes[(int)Lane.Gossip];
        if (entries.Count == 0)
            return null;
        var gossip = new TransactionGossip();
        for (long bytes = 0; entries.TryPeek(out Entry next) && gossip.Envelopes.Count < _options.GossipEnvelopesMax;)
        {
            if (bytes > 0 && bytes + next.Bytes > _options.GossipFrameBytes)
                break;
            bytes += next.Bytes;
            _bytes[(int)Lane.Gossip] -= next.Bytes;
            gossip.Envelopes.Add(next.Envelope);
            entries.Dequeue();
        }
        return new PeerFrame { Gossip = gossip };
    }

    private readonly record struct Entry(PeerFrame? Frame, ByteString? Envelope, int Bytes);
}
