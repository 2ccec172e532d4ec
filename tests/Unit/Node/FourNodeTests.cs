using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Four departments in one process: real rules, disks, signatures and votes, over real TLS streams and over replaced
/// wires. Each test ends with four equal ledgers.
/// </summary>
[TestFixture(true)]
[TestFixture(false)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FourNodeTests(bool tls)
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-nodes-").FullName;
    private readonly TestLedger _ledger = new(departments: 4, p => p.BaseTimeoutMs = 500);
    private TestNode[] _nodes = null!;

    [SetUp]
    public async Task Start()
    {
        ITestWires wires = tls ? new TlsWires(_ledger) : new LoopbackNetwork();
        _nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_ledger, i, Path.Combine(_root, $"n{i}"), wires))];
        // The smaller id dials, so whoever is dialled gets its port first.
        foreach (TestNode node in _nodes.Reverse())
            await node.StartAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Peers.All(p => p.Connected), "all are connected");
    }

    [TearDown]
    public async Task Stop()
    {
        foreach (TestNode node in _nodes)
            await node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Submit_ThroughEveryNode_CommitsOnAllWithEqualRoots()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync(); // an officer is known to a node once it has the block
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => _nodes[i % 4].CommitAsync(_ledger.Change($"L-{i}", 0))));
        await AllEqualAsync();
        Assert.That(_nodes[2].Gateway.GetStatus().LogSize, Is.GreaterThanOrEqualTo(203), "and what departments themselves had to say");
        await _nodes[2].UntilAsync(s => s.Peers.All(p => p.LastVote?.Height > 0), "it shows a vote of each of the others");
        await _nodes[2].UntilAsync(static s => s.LastVote is { Height: > 0, AtMs: > 0 }, "and its own");
    }

    [Test]
    public async Task BackupStopped_OthersGoOn_AndItCatchesUpWhileTheyDo()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync(); // an officer is known to a node once it has the block
        await _nodes[3].StopAsync();
        for (int i = 0; i < 5; i++)
            await _nodes[1].CommitAsync(_ledger.Change($"L-{i}", 0));

        await _nodes[3].StartAsync();
        Task<TransactionOutcome>[] more =
            [.. Enumerable.Range(5, 20).Select(i => _nodes[1].CommitAsync(_ledger.Change($"L-{i}", 0)))];
        await Task.WhenAll(more);
        await AllEqualAsync();
        await _nodes[3].UntilAsync(s => s.Voting, "the others have said that it forgot nothing");
        await _nodes[3].CommitAsync(_ledger.Change("L-99", 0));
    }

    [Test]
    public async Task LeaderStopped_ViewChanges_AndTheOthersGoOn()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync(); // an officer is known to a node once it has the block
        string leader = _nodes[1].Gateway.GetStatus().Leader;
        int stopped = Array.FindIndex(_nodes, n => n.Gateway.GetStatus().Department == leader);
        await _nodes[stopped].StopAsync();
        TestNode other = _nodes[(stopped + 1) % 4];

        await other.CommitAsync(_ledger.Change("L-1", 0));
        Assert.That(other.Gateway.GetStatus().Leader, Is.Not.EqualTo(leader));
        Assert.That(other.Gateway.GetStatus().LastViewLeft.Leader, Is.EqualTo(leader));
        await other.UntilAsync(s => s.SuspendedLeaders.Any(d => d.Department == leader), "it is suspended on the ledger");
        SuspendedLeader suspended = other.Gateway.GetStatus().SuspendedLeaders.Single();
        Assert.That(suspended.LastHeight - suspended.FirstHeight, Is.EqualTo(1_023));
        await other.UntilAsync(s => s.Alarms.Any(a => a.Code == "LEADER_SUSPENDED" && a.Subject == leader), "operators are told");

        await _nodes[stopped].StartAsync();
        await AllEqualAsync();
        await _nodes[stopped].CommitAsync(_ledger.Change("L-1", 1));
        await AllEqualAsync();
    }

    [Test]
    public async Task TwoJournalsLostAtOnce_TheLedgerHaltsWithoutAFork_AndEveryNodeSaysSo_OneAloneVotesAgain()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync();
        await LoseJournalAsync(3);
        await _nodes[3].UntilAsync(s => s.VotesAgainAt == s.Height + 3, "it knows when it votes again");
        for (int i = 0; i < 2; i++)
        {
            await _nodes[0].CommitAsync(_ledger.Change($"L-{i}", 0));
            await AllEqualAsync();
        }
        await _nodes[3].UntilAsync(s => s.Voting && s.Alarms.All(a => a.Code != "ABSTAINING"), "it votes again");

        await LoseJournalAsync(2);
        await LoseJournalAsync(3);
        ulong height = _nodes[0].Height;
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Alarms.Any(a => a.Code == "LEDGER_HALTED" && a.Text.Contains("2 of 4", StringComparison.Ordinal)), "it says why");
        Task<TransactionOutcome> waiting = _nodes[0].SubmitAsync(_ledger.Change("L-9", 0));
        await _nodes[1].UntilAsync(s => s.PoolTransactions == 1, "the transaction waits");
        await _nodes[1].UntilAsync(s => s.View > 0, "the two that vote have tried another leader");
        Assert.That(_nodes.Select(n => n.Height), Is.All.EqualTo(height));
        Assert.That(_nodes.Count(n => n.Gateway.GetStatus().Voting), Is.EqualTo(2));
        Assert.That(waiting.IsCompleted, Is.False);
    }

    private async Task LoseJournalAsync(int node)
    {
        await _nodes[node].StopAsync();
        File.Delete(Path.Combine(_nodes[node].Path, "votes"));
        await _nodes[node].StartAsync();
    }

    [Test]
    public async Task DoubleVote_SeenByOne_IsHeldByAll_AlsoByOneThatWasAway_AndOutlastsRestarts()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync();
        await _nodes[2].StopAsync();
        ulong height = _nodes[0].Height + 1;
        string accused = TestLedger.DepartmentId(3);
        foreach (string block in new[] { "one block", "another" })
        {
            var vote = new Vote(VoteType.Prepare, _ledger.Genesis.ChainId, 0, height, 0, Sha256.Hash(System.Text.Encoding.ASCII.GetBytes(block)));
            _nodes[0].Runtime.PeerHandler.OnConsensus(accused, ConsensusMessageCodec.Encode(new VoteMessage(
                vote.Type, vote.Epoch, height, vote.View, vote.BlockHash, 3, _ledger.ValidatorOf(3).Sign(vote.SigningDigest()))));
        }
        foreach (int node in new[] { 0, 1, 3 })
            await _nodes[node].UntilAsync(s => Accusations(s) == $"{accused} DOUBLE_VOTE {height}", "it holds the evidence");
        Assert.That(_nodes[1].Gateway.GetStatus().Alarms.Single(a => a.Code == "DOUBLE_VOTE").Subject, Is.EqualTo(accused));
        await _nodes[2].StartAsync();
        await _nodes[2].UntilAsync(s => Accusations(s).Length > 0, "it is told of it later");
        await _nodes[0].StopAsync();
        await _nodes[0].StartAsync();
        Assert.That(Accusations(_nodes[0].Gateway.GetStatus()), Is.EqualTo($"{accused} DOUBLE_VOTE {height}"));
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Evidence.Single().Position > 0, "it is on the ledger");
        await _nodes[1].CommitAsync(_ledger.Change("L-1", 0));
        await AllEqualAsync();
    }

    private static string Accusations(GetStatusResponse status) =>
        string.Join("; ", status.Evidence.Select(static e => $"{e.Department} {e.Kind} {e.Height}"));

    [Test]
    public async Task TwoStopped_NothingIsAcknowledged_AndOnReturnEverythingGoesOn()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync(); // an officer is known to a node once it has the block
        await _nodes[2].StopAsync();
        await _nodes[3].StopAsync();
        ulong height = _nodes[0].Height;
        Task<TransactionOutcome> waiting = _nodes[0].CommitAsync(_ledger.Change("L-1", 0));
        await _nodes[1].UntilAsync(s => s.PoolTransactions == 1, "the other one hears of it");
        await _nodes[0].UntilAsync(s => s.Peers.Count(p => p.Connected) == 1, "it notices that two are gone");
        Assert.That(_nodes[0].Gateway.Readiness.IsReady, Is.False);
        Assert.That(_nodes[0].Gateway.Readiness.Reason, Does.Contain("2 of 4"));
        Assert.That((waiting.IsCompleted, _nodes[0].Height), Is.EqualTo((false, height)));

        await _nodes[2].StartAsync();
        await waiting;
        await _nodes[3].StartAsync();
        await AllEqualAsync();
    }

    [Test]
    public async Task AllRestartAtOnce_TheLedgerGoesOn()
    {
        await _nodes[0].FoundAsync();
        await AllEqualAsync(); // an officer is known to a node once it has the block
        await _nodes[2].CommitAsync(_ledger.Change("L-1", 0));
        foreach (TestNode node in _nodes)
            await node.StopAsync();
        foreach (TestNode node in _nodes)
            await node.StartAsync();
        await _nodes[3].CommitAsync(_ledger.Change("L-1", 1));
        await AllEqualAsync();
    }

    private async Task AllEqualAsync()
    {
        ulong height = _nodes.Max(n => n.Height);
        foreach (TestNode node in _nodes)
            await node.UntilAsync(s => s.Height >= height, $"block {height}");
        GetStatusResponse first = _nodes[0].Gateway.GetStatus();
        foreach (TestNode node in _nodes)
        {
            Assert.That(node.Gateway.GetHeader(height), Has.Property("Header").EqualTo(_nodes[0].Gateway.GetHeader(height).Header));
        }
        TestContext.Out.WriteLine($"height {first.Height}, {first.LogSize} leaves");
    }
}
