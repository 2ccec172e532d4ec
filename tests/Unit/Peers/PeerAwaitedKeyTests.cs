using System.Net;
using GovChain.Client.Keys;
using GovChain.Node.Configuration;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>
/// Goal: a department that shows the key which only the operator names is connected with and gives what it is asked for, and
/// nothing that it says as a validator comes through. A department without a vote is not dialled for ever.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerAwaitedKeyTests : IDisposable
{
    private readonly PlatformSigner _later = PlatformSigner.Create();

    public void Dispose() => _later.Dispose();

    /// <summary>"a" dials "b"; either may be the one that is behind.</summary>
    [TestCase("a", "b"), TestCase("b", "a")]
    public async Task StatedKey_IsConnected_GivesBlocks_AndItsConsensusMessagesAreDropped(string behind, string ahead)
    {
        await using var bed = new PeerBed("a", "b");
        var handlers = new Dictionary<string, Recorder>
        {
            [behind] = new(),
            [ahead] = new() { Blocks = static (first, _) => new BlockRangeResponse { FirstHeight = first, TipHeight = 7 } },
        };
        var networks = new Dictionary<string, PeerNetwork>();
        foreach (string department in new[] { "b", "a" })
        {
            networks.Add(department, department == ahead
                ? await bed.StartAsync(ahead, handlers[ahead], identity: NodeIdentity.Create(_later, PeerBed.Chain, ahead))
                : await bed.StartAsync(behind, handlers[behind], adjust: p => p with { Awaited = Stated(p.Endpoint) }));
        }
        await PeerBed.ConnectedAsync(networks["a"], "a", networks["b"], "b");
        Assert.That(PeerBed.State(networks[behind], ahead).IsAwaited, Is.True);
        Assert.That(PeerBed.State(networks[ahead], behind).IsAwaited, Is.False);

        networks[ahead].SendConsensus(behind, new byte[] { 1 });
        networks[ahead].SendGossip(behind, [new byte[] { 2 }]); // comes after it, on the same stream
        await PeerBed.UntilAsync(() => handlers[behind].Gossip.Count == 1, "gossip");
        Assert.That(handlers[behind].Consensus, Is.Empty);
        Assert.That((await networks[behind].RequestBlocksAsync(ahead, 3, 1, CancellationToken.None))!.TipHeight, Is.EqualTo(7));
        networks[behind].SendConsensus(ahead, new byte[] { 3 });
        await PeerBed.UntilAsync(() => handlers[ahead].Consensus.Count == 1, "what the one behind says");
    }

    [Test]
    public async Task StatedAddress_IsDialledInTurnWithTheLedgers()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync("b", identity: NodeIdentity.Create(_later, PeerBed.Chain, "b"));
        PeerNetwork a = await bed.StartAsync(
            "a", adjust: p => p with { Endpoint = "127.0.0.1:1", Awaited = Stated(p.Endpoint) });
        await PeerBed.ConnectedAsync(a, "a", b, "b");
        Assert.That(PeerBed.State(a, "b").Endpoint, Is.EqualTo($"127.0.0.1:{bed.Port("b")}"));
    }

    [Test]
    public async Task KeyOfTheLedger_TakesThePlaceOfTheStatedOne_AndNotTheOtherWayRound()
    {
        await using var bed = new PeerBed("a", "b");
        var heard = new Recorder();
        PeerNetwork b = await bed.StartAsync("b", heard, adjust: p => p with { Awaited = Stated(p.Endpoint) });
        PeerNetwork later = await bed.StartAsync("a", identity: NodeIdentity.Create(_later, PeerBed.Chain, "a"));
        await PeerBed.UntilAsync(() => PeerBed.State(b, "a") is { IsConnected: true, IsAwaited: true }, "under the stated key", b);
        using NodeIdentity identity = bed.Identity("a");
        await using var first = new PeerNetwork(identity, bed.PeersOf("a"), bed.Verifier, NullLoggerFactory.Instance);
        await first.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new Recorder());
        await PeerBed.UntilAsync(() => PeerBed.State(b, "a") is { IsConnected: true, IsAwaited: false }, "under the ledger's key", b);
        // The other one goes on dialling, and is told why in vain.
        await PeerBed.UntilAsync(() => PeerBed.State(later, "b").LastError.Contains("the key that the ledger names", StringComparison.Ordinal), "refused", later);
        first.SendConsensus("b", new byte[] { 1 });
        await PeerBed.UntilAsync(() => heard.Consensus.Count == 1, "a message that counts", b);
        Assert.That(PeerBed.State(b, "a").IsAwaited, Is.False);
    }

    [Test]
    public async Task KeyThatNobodyStates_IsRefused()
    {
        await using var bed = new PeerBed("a", "b");
        using var other = PlatformSigner.Create();
        PeerNetwork b = await bed.StartAsync("b", adjust: p => p with { Awaited = Stated(p.Endpoint) });
        await bed.StartAsync("a", identity: NodeIdentity.Create(other, PeerBed.Chain, "a"));
        await PeerBed.UntilAsync(() => PeerBed.State(b, "a").LastError.Contains("peers.observers states", StringComparison.Ordinal), "refused", b);
        Assert.That(PeerBed.State(b, "a").IsConnected, Is.False);
    }

    [Test]
    public async Task DepartmentWithoutAVote_IsDialledForAWhileOnly_AndAcceptedAsEver()
    {
        await using var bed = new PeerBed("a", "b", "c");
        var options = new PeerNetworkOptions { RedialBase = TimeSpan.FromMilliseconds(10), RedialMax = TimeSpan.FromMilliseconds(20), FormerDialled = TimeSpan.FromMilliseconds(300) };
        PeerNetwork b = await bed.StartAsync("b", options: options, adjust: static p => p with { IsFormer = true });
        await PeerBed.UntilAsync(() => b.DiallingCount == 0, "nobody is dialled any more", b);
        Assert.That(PeerBed.State(b, "c").IsFormer, Is.True);
        PeerNetwork a = await bed.StartAsync("a");
        await PeerBed.ConnectedAsync(a, "a", b, "b");
    }

    private ObserverAddress Stated(string endpoint) => new(_later.PublicKey, endpoint);
}
