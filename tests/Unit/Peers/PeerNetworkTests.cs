using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Goal: streams between honest nodes come up, carry frames both ways, and come back.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerNetworkTests
{
    [Test]
    public async Task FourNodes_EveryPairConnects_AndABroadcastReachesAllOthersOnce()
    {
        await using var bed = new PeerBed("a", "b", "c", "d");
        var handlers = bed.Departments.ToDictionary(d => d, _ => new Recorder());
        var networks = new Dictionary<string, PeerNetwork>();
        foreach (string department in bed.Departments.OrderDescending())
            networks.Add(department, await bed.StartAsync(department, handlers[department]));
        await PeerBed.UntilAsync(
            () => networks.Values.All(n => n.Connections.All(c => c.IsConnected)), "every pair connected");

        foreach ((string department, PeerNetwork network) in networks)
            network.BroadcastConsensus(new[] { (byte)department[0] });

        await PeerBed.UntilAsync(() => handlers.Values.All(h => h.Consensus.Count == 3), "three messages each");
        foreach ((string department, Recorder handler) in handlers)
        {
            IEnumerable<string> others = bed.Departments.Where(d => d != department);
            Assert.That(handler.Consensus.Select(m => m.Department), Is.EquivalentTo(others));
            Assert.That(handler.Consensus.All(m => m.Message.Single() == m.Department[0]), Is.True);
            Assert.That(handler.Connected, Is.EquivalentTo(others));
        }
        Assert.That(networks["a"].Connections, Has.All.Matches<PeerConnection>(c => c.LastSeenMs > 0 && c.LastError == ""));
    }

    [Test]
    public async Task Hello_SaysTheNewestProtocolVersionThatIsExecuted_WhateverItIs()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync("b", options: new PeerNetworkOptions { NewestVersion = uint.MaxValue });
        PeerNetwork a = await bed.StartAsync("a", options: new PeerNetworkOptions { NewestVersion = 0 });
        await PeerBed.ConnectedAsync(a, "a", b, "b");
        Assert.That((a.Connections.Single().NewestVersion, b.Connections.Single().NewestVersion), Is.EqualTo((uint.MaxValue, 0U)));
        await bed.StopAsync(b);
        await PeerBed.UntilAsync(() => a.Connections.Single() is { IsConnected: false, NewestVersion: 0 }, "who is gone says nothing");
    }

    [Test]
    public async Task ExpiredCertificates_OnBothSides_StillConnect()
    {
        await using var bed = new PeerBed("a", "b");
        DateTimeOffset now = DateTimeOffset.UtcNow;
        NodeIdentity Expired(string department) => NodeIdentity.Create(
            bed.Signer(department), PeerBed.Chain, department, now.AddYears(-3), now.AddYears(-2));

        PeerNetwork b = await bed.StartAsync("b", identity: Expired("b"));
        PeerNetwork a = await bed.StartAsync("a", identity: Expired("a"));

        await PeerBed.ConnectedAsync(a, "a", b, "b");
    }

    [TestCase("a"), TestCase("b")]
    public async Task OneSideRestarts_TheStreamComesBackAndCarriesFrames(string restarting)
    {
        await using var bed = new PeerBed("a", "b");
        var handlers = new Dictionary<string, Recorder> { ["a"] = new(), ["b"] = new() };
        var networks = new Dictionary<string, PeerNetwork>
        {
            ["b"] = await bed.StartAsync("b", handlers["b"]),
        };
        networks["a"] = await bed.StartAsync("a", handlers["a"]);
        await PeerBed.ConnectedAsync(networks["a"], "a", networks["b"], "b");

        string other = restarting == "a" ? "b" : "a";
        await bed.StopAsync(networks[restarting]);
        await PeerBed.UntilAsync(() => !PeerBed.State(networks[other], restarting).IsConnected, "the loss is noticed");
        Assert.That(PeerBed.State(networks[other], restarting).LastError, Is.Not.Empty);
        networks[restarting] = await bed.StartAsync(restarting, handlers[restarting]);
        await PeerBed.ConnectedAsync(networks["a"], "a", networks["b"], "b");

        networks["a"].SendConsensus("b", "to b"u8.ToArray());
        networks["b"].SendConsensus("a", "to a"u8.ToArray());
        await PeerBed.UntilAsync(() => handlers.Values.All(h => h.Consensus.Count == 1), "a message each way");
    }

    [Test]
    public async Task Gossip_ManyEnvelopes_ArriveInOrder()
    {
        await using var bed = new PeerBed("a", "b");
        var handler = new Recorder();
        PeerNetwork b = await bed.StartAsync("b", handler);
        PeerNetwork a = await bed.StartAsync("a");
        await PeerBed.ConnectedAsync(a, "a", b, "b");

        for (int i = 0; i < 50; i++)
        {
            a.BroadcastGossip([.. Enumerable.Range(i * 100, 100).Select(n => (ReadOnlyMemory<byte>)BitConverter.GetBytes(n))]);
        }

        await PeerBed.UntilAsync(() => handler.Gossip.Count == 5_000, "5,000 envelopes");
        Assert.That(handler.Gossip.Select(g => BitConverter.ToInt32(g.Envelope)), Is.EqualTo(Enumerable.Range(0, 5_000)));
    }

    [Test]
    public async Task Requests_ManyAtOnceBothWays_EachGetsItsOwnAnswer()
    {
        await using var bed = new PeerBed("a", "b");
        Recorder Server() => new()
        {
            Envelopes = (height, hashes) => [BitConverter.GetBytes(height), hashes],
            Blocks = (first, count) => new BlockRangeResponse { FirstHeight = first, TipHeight = (ulong)count },
        };
        PeerNetwork b = await bed.StartAsync("b", Server());
        PeerNetwork a = await bed.StartAsync("a", Server());
        await PeerBed.ConnectedAsync(a, "a", b, "b");

        var envelopes = Enumerable.Range(0, 30).Select(i =>
            a.RequestEnvelopesAsync("b", (ulong)i, Sha256.Hash([(byte)i]).ToArray(), CancellationToken.None)).ToList();
        var blocks = Enumerable.Range(0, 30).Select(i =>
            b.RequestBlocksAsync("a", (ulong)i, i + 1, CancellationToken.None)).ToList();

        for (int i = 0; i < 30; i++)
        {
            IReadOnlyList<ReadOnlyMemory<byte>>? found = await envelopes[i];
            Assert.That(found, Has.Count.EqualTo(2));
            Assert.That(BitConverter.ToUInt64(found![0].Span), Is.EqualTo((ulong)i));
            Assert.That(found[1].ToArray(), Is.EqualTo(Sha256.Hash([(byte)i]).ToArray()));
            BlockRangeResponse? range = await blocks[i];
            Assert.That((range?.FirstHeight, range?.TipHeight), Is.EqualTo(((ulong?)i, (ulong?)(i + 1))));
        }
    }

    [Test]
    public async Task Request_NoStream_IsNullAtOnce()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork a = await bed.StartAsync("a");

        Assert.That(await a.RequestBlocksAsync("b", 1, 10, CancellationToken.None), Is.Null);
        Assert.That(await a.RequestEnvelopesAsync("b", 1, new byte[32], CancellationToken.None), Is.Null);
        a.SendConsensus("b", new byte[1]);
    }

    [Test]
    public async Task Request_PeerBusyOrGone_IsNullInTime()
    {
        await using var bed = new PeerBed("a", "b");
        using var never = new ManualResetEventSlim();
        var options = new PeerNetworkOptions { BlocksTimeout = TimeSpan.FromMilliseconds(200) };
        var slow = new Recorder { Blocks = (_, _) => { never.Wait(); return new(); } };
        PeerNetwork b = await bed.StartAsync("b", slow);
        PeerNetwork a = await bed.StartAsync("a", options: options);
        await PeerBed.ConnectedAsync(a, "a", b, "b");

        Assert.That(await a.RequestBlocksAsync("b", 1, 10, CancellationToken.None), Is.Null);
        never.Set();
    }

    [Test]
    public async Task SendConsensus_ToItselfOrAStranger_IsAnError()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork a = await bed.StartAsync("a");

        Assert.That(() => a.SendConsensus("a", new byte[1]), Throws.ArgumentException);
        Assert.That(() => a.SendConsensus("x", new byte[1]), Throws.ArgumentException);
    }

    [Test]
    public async Task Start_PortInUse_ThrowsIOException()
    {
        await using var bed = new PeerBed("a", "b", "c");
        PeerNetwork c = await bed.StartAsync("c");
        using NodeIdentity identity = bed.Identity("b");
        await using var second = new PeerNetwork(identity, bed.PeersOf("b"), bed.Verifier,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);

        await Assert.ThrowsAsync<IOException>(() => second.StartAsync(c.ListenAddress, new Recorder()));
    }
}
