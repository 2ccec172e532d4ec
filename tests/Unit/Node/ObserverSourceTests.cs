using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// An empty node that reaches nobody but a node without a vote, which says nothing by itself (docs/PROTOCOL.md, "Catch-up"):
/// it asks, and comes to the newest block.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ObserverSourceTests : IDisposable
{
    private const int Blocks = 40, Joiner = 3, Observer = 4;

    private readonly SnapshotBed _bed = new(Blocks, records: 1);
    private readonly LoopbackNetwork _wires = new();
    private readonly Ahead _clock;

    public ObserverSourceTests() =>
        _clock = new Ahead(TimeSpan.FromMilliseconds(_bed.Head.Tip.TimestampMs - (double)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));

    public void Dispose() => _bed.Dispose();

    [Test]
    public async Task EmptyNode_ThatReachesOneObserverOnly_GetsBlocksFromIt_AndIsNotReadyMeanwhile()
    {
        (TestNode observer, TestNode joiner) = await StartAsync(snapshotLag: 0);
        await using (observer)
        await using (joiner)
        {
            await joiner.UntilAsync(s => s.Height == _bed.Tip, "it has every block");
            Assert.That(joiner.Gateway.GetStatus().Voting, Is.False, "nobody who votes has said that it forgot no vote");
            Assert.That(joiner.Gateway.Readiness.IsReady, Is.False, "nothing can be recorded");
            Assert.That(joiner.Gateway.GetStatus().Peers.Single().Observer, Is.True);
        }
    }

    [Test]
    public async Task EmptyNode_ThatReachesOneObserverOnly_GetsASnapshotFromIt()
    {
        (TestNode observer, TestNode joiner) = await StartAsync(snapshotLag: 20);
        await using (observer)
        await using (joiner)
            Assert.That(await joiner.Runtime.SnapshotReady.WaitAsync(TimeSpan.FromSeconds(60)), Is.EqualTo(_bed.Tip));
    }

    [Test]
    public async Task Source_ThatGivesBlocksAndSaysItHasAnyNumberMore_LeavesTheNodeLevel()
    {
        var released = new TaskCompletionSource();
        _wires.Passes = async (first, answer) =>
        {
            if (first > 1)
                await released.Task; // while it is asked for more, its word stands
            if (answer is not null)
                answer.TipHeight = 1_000_000_000_000_000;
            return answer;
        };
        (TestNode observer, TestNode joiner) = await StartAsync(snapshotLag: 0);
        await using (observer)
        await using (joiner)
        {
            ulong lag = 0;
            await joiner.UntilAsync(s => s.Height == _bed.Tip && (lag = s.Lag) > 0, "it has every block, and is told of more");
            released.SetResult(); // whatever was found: nobody stops while it waits for an answer
            Assert.That(lag, Is.LessThanOrEqualTo(CatchUp.LagMax));
            await joiner.UntilAsync(static s => s.Lag == 0, "what was not given is forgotten");
        }
    }

    [Test]
    public void Claims_CountAsFarAsOneHonestDepartmentMakesThem()
    {
        var claims = new ClaimedHeights(validators: 4);
        claims.Say(0, ulong.MaxValue);
        Assert.That(claims.Credible, Is.Zero, "one alone may lie");
        claims.Say(1, 500);
        Assert.That(claims.Credible, Is.EqualTo(500), "of two one does not");
        claims.Say(2, 600);
        Assert.That(claims.Credible, Is.EqualTo(600));
        claims.Say(4, ulong.MaxValue);
        claims.Say(5, ulong.MaxValue);
        Assert.That(claims.Credible, Is.EqualTo(600), "nodes without a vote can be any number");
        Assert.That(ClaimedHeights.Credit(ulong.MaxValue, tip: 10), Is.EqualTo(10 + CatchUp.LagMax));
        Assert.That(ClaimedHeights.Credit(12, tip: 10), Is.EqualTo(12), "no more than it says");
    }

    [Test]
    public void Sources_HaveTheValidatorsIndexes_AndOthersAfterThem()
    {
        ValidatorSet validators = _bed.Ledger.Genesis.Validators;
        var sources = new LedgerSources(validators, new ScriptedPeers(_bed));
        Assert.That(sources.Connected, Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That((sources.NumberOf("one"), sources.NumberOf("two"), sources.NumberOf("one")), Is.EqualTo((4, 5, 4)));
        Assert.That((sources.DepartmentOf(5), sources.DepartmentOf(2)), Is.EqualTo(("two", validators[2].Department)));
        Assert.That(sources.Unheard, Is.Empty);
        Assert.That(sources.ValidatorsConnected, Is.EqualTo(3));
    }

    private async Task<(TestNode Observer, TestNode Joiner)> StartAsync(ulong snapshotLag)
    {
        _bed.Ledger.AddValidator();
        var observer = new TestNode(_bed.Ledger, Observer, _bed.PathOf("observer"), _wires, _clock);
        var joiner = new TestNode(_bed.Ledger, Joiner, _bed.PathOf("joiner"), _wires, _clock);
        _bed.CopyTo(observer.Path);
        await observer.StartAsync(new NodeRuntimeOptions { SnapshotLag = 0, Observer = TestLedger.DepartmentId(Observer) });
        await joiner.StartAsync(new NodeRuntimeOptions { SnapshotLag = snapshotLag });
        return (observer, joiner);
    }

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + by;
    }
}
