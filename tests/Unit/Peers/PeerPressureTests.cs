using System.Diagnostics;
using System.Diagnostics.Metrics;
using GovChain.Node.Peers;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Goal: a peer that floods, stalls or sends too much harms itself alone.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class PeerPressureTests
{
    [Test]
    public async Task Flood_FromOnePeer_IsSlowedDownAndDoesNotDelayAnother()
    {
        await using var bed = new PeerBed("a", "b", "c");
        var handler = new Recorder();
        var options = new PeerNetworkOptions { InboundFramesPerSecond = 100, InboundFrameBurst = 50 };
        PeerNetwork c = await bed.StartAsync("c", handler, options);
        PeerNetwork b = await bed.StartAsync("b");
        PeerNetwork a = await bed.StartAsync("a");
        await PeerBed.ConnectedAsync(a, "a", c, "c");
        await PeerBed.ConnectedAsync(b, "b", c, "c");
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 4_000; i++)
            a.SendConsensus("c", new byte[200]);
        await PeerBed.UntilAsync(() => handler.Consensus.Any(m => m.Department == "a"), "the flood has begun");

        b.SendConsensus("c", "a vote"u8.ToArray());

        await PeerBed.UntilAsync(() => handler.Consensus.Any(m => m.Department == "b"), "the vote of b");
        Assert.That(handler.Consensus.Count(m => m.Department == "a"), Is.LessThan(4_000), "b did not wait for the end");
        await PeerBed.UntilAsync(() => handler.Consensus.Count(m => m.Department == "a") >= 300, "300 of the flood");
        // 50 may come at once, the other 250 at 100 a second; a tick of the limiter is 0.1 s.
        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(2.2)));
    }

    [Test]
    public async Task SlowReader_FillsItsOwnBoundedQueue_AndOthersGetTheirs()
    {
        await using var bed = new PeerBed("a", "b", "c");
        using var release = new ManualResetEventSlim();
        var slow = new Recorder { BeforeGossip = _ => release.Wait() };
        var quick = new Recorder();
        var options = new PeerNetworkOptions { GossipLane = new LaneBounds(100, 4 * 1024 * 1024) };
        PeerNetwork c = await bed.StartAsync("c", slow);
        PeerNetwork b = await bed.StartAsync("b", quick);
        PeerNetwork a = await bed.StartAsync("a", options: options);
        await PeerBed.ConnectedAsync(a, "a", b, "b");
        await PeerBed.ConnectedAsync(a, "a", c, "c");
        using var dropped = new DropCounter("c");

        // Far more than all buffers between the two can hold.
        for (int i = 0; i < 200; i++)
        {
            int seen = quick.Gossip.Count;
            a.BroadcastGossip([.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[60_000], 10)]);
            await PeerBed.UntilAsync(() => quick.Gossip.Count >= seen + 10, "b gets its gossip while c stands still");
        }

        Assert.That(dropped.Count, Is.GreaterThan(0));
        a.SendConsensus("b", "a vote"u8.ToArray());
        await PeerBed.UntilAsync(() => quick.Consensus.Count == 1, "b gets its vote");
        release.Set();
        a.SendConsensus("c", "a vote"u8.ToArray());
        await PeerBed.UntilAsync(() => slow.Consensus.Count == 1, "c goes on once it reads again");
    }

    [Test]
    public async Task PeerThatTakesNoBytes_IsDisconnectedAfterTheWriteTimeout()
    {
        await using var bed = new PeerBed("a", "b");
        using var release = new ManualResetEventSlim();
        var slow = new Recorder { BeforeConsensus = _ => release.Wait() };
        PeerNetwork b = await bed.StartAsync("b", slow);
        PeerNetwork a = await bed.StartAsync(
            "a", options: new PeerNetworkOptions { WriteTimeout = TimeSpan.FromMilliseconds(500) });
        await PeerBed.ConnectedAsync(a, "a", b, "b");

        for (int i = 0; i < 10; i++)
            a.SendConsensus("b", new byte[4 * 1024 * 1024]);

        await PeerBed.UntilAsync(() => PeerBed.State(a, "b").LastError.Contains("taken no bytes"), "a gives up");
        release.Set();
    }

    [Test]
    public async Task FrameLargerThanAllowed_EndsTheStreamWithItsReason_AndItComesBack()
    {
        await using var bed = new PeerBed("a", "b");
        var handler = new Recorder();
        var small = new PeerNetworkOptions { FrameBytesMax = 64 * 1024 };
        PeerNetwork b = await bed.StartAsync("b", handler, small);
        PeerNetwork a = await bed.StartAsync("a");
        await PeerBed.ConnectedAsync(a, "a", b, "b");

        a.SendConsensus("b", new byte[100 * 1024]);
        await PeerBed.UntilAsync(() => !PeerBed.State(b, "a").IsConnected
            && PeerBed.State(b, "a").LastError.Contains("larger"), "b refuses the frame");

        await PeerBed.ConnectedAsync(a, "a", b, "b");
        a.SendConsensus("b", "a vote"u8.ToArray());
        await PeerBed.UntilAsync(() => handler.Consensus.Count == 1, "the next stream works");
        Assert.That(handler.Consensus.Single().Message, Has.Length.EqualTo(6));
    }

    [Test]
    public async Task SendConsensus_LargerThanAFrame_IsAnErrorOfTheCaller()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork a = await bed.StartAsync("a", options: new PeerNetworkOptions { FrameBytesMax = 1_000 });

        Assert.That(() => a.BroadcastConsensus(new byte[1_000]), Throws.ArgumentException);
    }

    /// <summary>Counts what the networks of this process dropped for a peer.</summary>
    private sealed class DropCounter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public DropCounter(string peer)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == PeerMetrics.MeterName && instrument.Name == "govchain.peers.dropped")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, measured, tags, _) =>
            {
                foreach (KeyValuePair<string, object?> tag in tags)
                {
                    if (tag.Key == "peer" && Equals(tag.Value, peer))
                        Interlocked.Add(ref _count, measured);
                }
            });
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
