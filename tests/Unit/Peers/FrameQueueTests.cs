using Google.Protobuf;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Goal: what waits for a peer is bounded, and votes never wait for bulk.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FrameQueueTests
{
    private static readonly PeerNetworkOptions Options = new()
    {
        ConsensusLane = new LaneBounds(3, 100),
        ReplyLane = new LaneBounds(3, 100),
        GossipLane = new LaneBounds(8, 100),
        GossipFrameBytes = 30,
        GossipEnvelopesMax = 4,
    };

    private readonly List<Lane> _dropped = [];
    private readonly FrameQueue _queue;

    public FrameQueueTests() => _queue = new FrameQueue(Options, _dropped.Add);

    [Test]
    public void Take_GossipThenReplyThenVote_GivesVoteThenReplyThenGossip()
    {
        _queue.TryAddGossip(new byte[1]);
        _queue.TryAdd(Lane.Reply, new PeerFrame { BlockResponse = new BlockRangeResponse() }, 10);
        _queue.TryAdd(Lane.Consensus, Vote(1), 10);

        Assert.That(Take().KindCase, Is.EqualTo(PeerFrame.KindOneofCase.Consensus));
        Assert.That(Take().KindCase, Is.EqualTo(PeerFrame.KindOneofCase.BlockResponse));
        Assert.That(Take().KindCase, Is.EqualTo(PeerFrame.KindOneofCase.Gossip));
        Assert.That(_queue.TryTake(out _), Is.False);
    }

    [Test]
    public void Add_FullConsensusLane_DropsTheOldest()
    {
        for (byte i = 1; i <= 5; i++)
            Assert.That(_queue.TryAdd(Lane.Consensus, Vote(i), 10), Is.True);

        Assert.That(_dropped, Is.EqualTo(new[] { Lane.Consensus, Lane.Consensus }));
        Assert.That(new[] { Take(), Take(), Take() }.Select(f => f.Consensus[0]), Is.EqualTo(new byte[] { 3, 4, 5 }));
    }

    [Test]
    public void Add_ConsensusLaneFullOfBytes_MakesRoomForTheNewest()
    {
        _queue.TryAdd(Lane.Consensus, Vote(1), 60);
        _queue.TryAdd(Lane.Consensus, Vote(2), 30);
        _queue.TryAdd(Lane.Consensus, Vote(3), 70);

        Assert.That(Take().Consensus[0], Is.EqualTo(2));
        Assert.That(Take().Consensus[0], Is.EqualTo(3));
        Assert.That(_queue.Bytes, Is.Zero);
    }

    [Test]
    public void Add_FrameLargerThanItsLane_IsDroppedAndPushesNothingOut()
    {
        _queue.TryAdd(Lane.Consensus, Vote(1), 10);

        Assert.That(_queue.TryAdd(Lane.Consensus, Vote(2), 101), Is.False);
        Assert.That(_queue.Count, Is.EqualTo(1));
    }

    [Test]
    public void Add_FullReplyOrGossipLane_DropsTheNewest()
    {
        for (byte i = 0; i < 3; i++)
            _queue.TryAdd(Lane.Reply, Vote(i), 10);
        Assert.That(_queue.TryAdd(Lane.Reply, Vote(9), 10), Is.False);

        for (int i = 0; i < 10; i++)
            Assert.That(_queue.TryAddGossip(new byte[10]), Is.EqualTo(i < 8));
        Assert.That(_dropped, Is.EqualTo(new[] { Lane.Reply, Lane.Gossip, Lane.Gossip }));
    }

    [Test]
    public void Take_WaitingGossip_IsMergedInOrderUpToTheFramesBounds()
    {
        foreach (int length in new[] { 10, 15, 20, 1, 1, 1, 1 })
            _queue.TryAddGossip(new byte[length]);

        Assert.That(Lengths(Take()), Is.EqualTo(new[] { 10, 15 }));
        Assert.That(Lengths(Take()), Is.EqualTo(new[] { 20, 1, 1, 1 }));
        Assert.That(Lengths(Take()), Is.EqualTo(new[] { 1 }));
        Assert.That(_queue.Bytes, Is.Zero);
    }

    [Test]
    public async Task Wait_AddedBeforeOrAfter_Returns()
    {
        _queue.TryAdd(Lane.Consensus, Vote(1), 1);
        await _queue.WaitAsync(CancellationToken.None);
        Take();

        Task waiting = _queue.WaitAsync(CancellationToken.None).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        _queue.TryAddGossip(new byte[1]);
        await waiting.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private PeerFrame Take() =>
        _queue.TryTake(out PeerFrame? frame) ? frame : throw new AssertionException("The queue is empty.");

    private static PeerFrame Vote(byte mark) => new() { Consensus = ByteString.CopyFrom(mark) };

    private static IEnumerable<int> Lengths(PeerFrame frame) => frame.Gossip.Envelopes.Select(e => e.Length);
}
