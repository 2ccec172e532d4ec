using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// docs/PROTOCOL.md, "Censorship": four whole nodes, and a leader that records what it likes. It never gets a certain
/// record, which for the others is the same as one that drops it.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CensorshipTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-censor-").FullName;
    // No timer ends a view here, on however busy a machine.
    private readonly TestLedger _ledger = new(departments: 4, p =>
        (p.ForwardTimeoutMs, p.ComplaintTimeoutMs, p.BaseTimeoutMs, p.TimeoutCapMs) = (300, 900, 60_000, 60_000));

    private readonly LoopbackNetwork _network = new();
    private TestNode[] _nodes = null!;

    [SetUp]
    public async Task Start()
    {
        _nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_ledger, i, Path.Combine(_root, $"n{i}"), _network))];
        foreach (TestNode node in _nodes)
            await node.StartAsync();
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
    public async Task LeaderThatRecordsEverythingElse_IsComplainedAbout_AndTheNextOneRecordsIt()
    {
        await _nodes[1].FoundAsync();
        foreach (TestNode node in _nodes)
            await node.UntilAsync(static s => s.LogSize >= 3, "the clerk is known");
        string leader = _nodes[1].Gateway.GetStatus().Leader;
        byte[] unwanted = _ledger.Change("unwanted", 0);
        _network.Gossips = (to, envelope) => to != leader || !envelope.Span.SequenceEqual(unwanted);
        int censor = Array.FindIndex(_nodes, n => n.Gateway.GetStatus().Department == leader);
        Task<TransactionOutcome> waiting = _nodes[(censor + 1) % 4].CommitAsync(unwanted);

        // Other records go on and on: it is no dead leader.
        for (int i = 0; !waiting.IsCompleted; i++)
            await _nodes[censor].CommitAsync(_ledger.Change($"wanted-{i}", 0));
        await waiting;

        LeftView[] left = [.. _nodes.Select(n => n.Gateway.GetStatus().LastViewLeft).OfType<LeftView>()];
        Assert.That(left.Select(l => l.Cause), Does.Contain("complaint"));
        Assert.That(left.Select(l => l.Leader).Distinct(), Is.EqualTo(new[] { leader }));
        Assert.That(_nodes.SelectMany(n => n.Gateway.GetStatus().Alarms).Select(a => a.Code), Does.Contain("TRANSACTION_PASSED_OVER"));
        await _nodes[(censor + 1) % 4].UntilAsync(s => s.SuspendedLeaders.Any(d => d.Department == leader), "it is suspended");
    }
}
