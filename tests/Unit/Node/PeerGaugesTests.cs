using System.Diagnostics.Metrics;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>What a node's gauges say of another department.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class PeerGaugesTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-gauges-").FullName;
    private readonly TestLedger _ledger = new(departments: 4);

    [TearDown]
    public void RemoveFiles()
    {
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Voted_IsTheHeightOfThePeersLastVote_NotOfItsNewestBlock()
    {
        string peer = TestLedger.DepartmentId(1);
        var network = new LoopbackNetwork();
        await using var node = new TestNode(_ledger, 0, Path.Combine(_root, "n0"), network);
        await using var other = new TestNode(_ledger, 1, Path.Combine(_root, "n1"), network);
        await node.StartAsync();
        await other.StartAsync();

        // Two of four record nothing: whatever the peer signs is about height 1, and its newest block is the genesis.
        var vote = new Vote(VoteType.Prepare, _ledger.Genesis.ChainId, 0, 1, 0, Sha256.Hash("a block"u8));
        node.Runtime.PeerHandler.OnConsensus(peer, ConsensusMessageCodec.Encode(new VoteMessage(
            vote.Type, vote.Epoch, vote.Height, vote.View, vote.BlockHash, 1, _ledger.ValidatorOf(1).Sign(vote.SigningDigest()))));
        await node.UntilAsync(s => s.Peers.Single(p => p.Department == peer).LastVote is not null, "the vote was heard");

        Assert.That(Read("govchain.peers.voted", peer), Is.EqualTo(new[] { 1.0 }));
        Assert.That(Read("govchain.peers.height", peer), Is.EqualTo(new[] { 0.0 }));
    }

    private static List<double> Read(string gauge, string peer)
    {
        var values = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == NodeMetrics.MeterName && instrument.Name == gauge)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            if (tags.Contains(new KeyValuePair<string, object?>("peer", peer)))
                values.Add(value);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
