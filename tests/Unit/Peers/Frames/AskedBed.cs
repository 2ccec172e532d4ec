using Google.Protobuf;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Node.Snapshots;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// A node that asks, and three peers that answer as a ledger has it, but for one answer that is changed: that of whoever is asked
/// for its like first. An answer that is no answer to the question any more is followed by the right one.
/// </summary>
internal sealed class AskedBed : IAsyncDisposable
{
    private const int Nobody = -1;

    private readonly SnapshotBed _bed;
    private readonly FrameSource _source;
    private readonly FrameBed _wires;
    private readonly FramePeer?[] _peers = new FramePeer?[FrameBed.Self];
    private readonly TaskCompletionSource[] _heard = new TaskCompletionSource[FrameBed.Self];
    private readonly Lock _gate = new();
    private Func<PeerFrame, PeerFrame, bool> _isWanted = static (_, _) => false;
    private Func<PeerFrame, FrameChange> _change = null!;
    private FrameChange? _given;
    private int _liar = Nobody;

    public AskedBed(SnapshotBed bed, FrameSource source)
    {
        (_bed, _source) = (bed, source);
        _wires = new FrameBed(bed.Ledger);
    }

    public IPeerNetwork Network => _wires.Network;

    public PeerProgress Progress { get; private set; } = new();

    public LedgerSources Sources { get; private set; } = null!;

    /// <summary>Who gave the changed answer; it must have been given.</summary>
    public int Liar => WasGiven ? _liar : throw new InvalidOperationException("Nobody was asked for what was to be changed.");

    /// <summary>The answer was given, changed or not.</summary>
    public bool WasGiven => Volatile.Read(ref _liar) != Nobody;

    /// <summary>What was given instead of the answer; null where that was the answer itself.</summary>
    public FrameChange? Given => _given;

    public Task StartAsync() => _wires.UpAsync(new Recorder());

    /// <summary>All peers are connected, honest and nobody is blamed; the first answer of a kind will be changed.</summary>
    /// <param name="isWanted">Whether this is the kind of answer, by question and answer.</param>
    /// <param name="change">The change.</param>
    public async Task BeginAsync(Func<PeerFrame, PeerFrame, bool> isWanted, Func<PeerFrame, FrameChange> change)
    {
        for (int i = 0; i < FrameBed.Self; i++)
        {
            if (_peers[i] is { } before && await IsUpAsync(i, before))
                continue;
            int who = i;
            FramePeer peer = _peers[i] = await _wires.ConnectAsync(i);
            _ = peer.AnswerAsync(frame => Answer(who, frame));
        }
        lock (_gate)
        {
            (_isWanted, _change, _liar, _given) = (isWanted, change, Nobody, null);
            Progress = new PeerProgress();
            Sources = new LedgerSources(_bed.Ledger.Genesis.Validators, Network);
        }
    }

    /// <summary>What somebody else than the liar is blamed for; null for nothing.</summary>
    public string? Injustice() => Enumerable.Range(0, FrameBed.Self).Where(i => i != Liar)
        .Select(i => Progress.Of(i).LastComplaint).FirstOrDefault(static c => c is not null);

    public ValueTask DisposeAsync() => _wires.DisposeAsync();

    /// <summary>Asks something on the stream, so that what went over it before has had its effect.</summary>
    private async Task<bool> IsUpAsync(int who, FramePeer peer)
    {
        TaskCompletionSource heard = _heard[who] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        peer.Send(new PeerFrame { BlockRequest = new BlockRangeRequest { FirstHeight = 1, Count = 1, RequestId = FrameSource.Id } });
        return await Task.WhenAny(heard.Task, peer.Ended) == heard.Task;
    }

    private IEnumerable<byte[]> Answer(int who, PeerFrame question)
    {
        if (question.BlockResponse?.RequestId == FrameSource.Id)
            _heard[who].TrySetResult();
        if (_source.Answer(question) is not { } right)
            return [];
        byte[] whole = right.ToByteArray();
        lock (_gate)
        {
            if (_liar != Nobody || !_isWanted(question, right))
                return [whole];
            _liar = who;
            FrameChange change = _change(right);
            if (change.Bytes.AsSpan().SequenceEqual(whole))
                return [whole];
            _given = change;
            return IdOf(FrameChange.TryParse(change.Bytes)) == IdOf(right) ? [change.Bytes] : [change.Bytes, whole];
        }
    }

    private static ulong? IdOf(PeerFrame? frame) =>
        frame?.EnvelopeResponse?.RequestId ?? frame?.BlockResponse?.RequestId ?? frame?.SnapshotResponse?.RequestId;
}
