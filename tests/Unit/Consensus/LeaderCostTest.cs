using GovChain.Consensus;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// Goal: docs/PROTOCOL.md, "Leader": what a bad leader costs. Method: whole councils of production cores in virtual time,
/// every view that somebody's timer ended counted.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LeaderCostTest
{
    [TestCase(4)]
    [TestCase(7)]
    [TestCase(10)]
    public void NobodyFails_NothingTimesOut(int n)
    {
        var council = new Council(n, k: 3, suspends: false);
        council.RunTo(20);
        Assert.That(council.TimedOut, Is.Empty);
        Assert.That(council.NowMs, Is.Zero);
    }

    [TestCase(4, false)]
    [TestCase(4, true)]
    [TestCase(7, false)]
    [TestCase(7, true)]
    public void DeadLeader_CostsOneTimeoutInAll(int n, bool suspends)
    {
        var council = new Council(n, k: 256, suspends);
        council.RunTo(5);
        council.Dead.Add(council.Leader);
        council.RunTo(60);
        Assert.That(council.TimedOut, Has.Count.EqualTo(1));
    }

    [TestCase(4)]
    [TestCase(7)]
    public void DeadLeader_WhoseLastBlockWasPrepared_CostsTwoTimeoutsInAll(int n)
    {
        var council = new Council(n, k: 256, suspends: false);
        council.RunTo(5);
        int dead = council.Leader;
        // Its block is prepared everywhere, and nobody's Commit of view 0 gets through: then it dies.
        council.Passes = (_, _, m) => m is not VoteMessage { Type: VoteType.Commit, View: 0, VoteHeight: 6 };
        council.RunTo(6);
        Assert.That(council.Proposer, Is.EqualTo(dead), "proposed again by another, it still names the dead one");
        council.Dead.Add(dead);
        council.RunTo(60);
        Assert.That(council.TimedOut, Has.Count.EqualTo(2));
    }

    [TestCase(4, 5U)]
    [TestCase(7, 3U)]
    public void DeadLeader_WithRotation_ItsEveryTurnCostsOne_UntilItIsSuspended(int n, uint k)
    {
        var council = new Council(n, k, suspends: false);
        council.Dead.Add(1);
        ulong threeTimesRound = (ulong)(n - 1) * k * 3;
        council.RunTo(threeTimesRound);
        Assert.That(council.TimedOut, Has.Count.EqualTo(3), "each time round");

        council = new Council(n, k, suspends: true);
        council.Dead.Add(1);
        council.RunTo(threeTimesRound);
        Assert.That(council.TimedOut, Has.Count.EqualTo(1));
        Assert.That(council.State.Suspensions.Single().Department, Is.EqualTo(council.State.Departments[1]));
    }

    /// <summary>The worst that one can do as leader: its block is prepared by too few to decide in its own view, so it is
    /// proposed again in the next one, and names it as the last proposer once more.</summary>
    [TestCase(4, 6U)]
    [TestCase(7, 4U)]
    public void HostileLeader_CostsAtMostOneTimeoutAHeight_ForKHeights(int n, uint k)
    {
        var council = new Council(n, k, suspends: false) { Passes = Withhold(n) };
        council.RunTo(k);
        Assert.That(council.TimedOut, Is.EqualTo(Enumerable.Range(1, (int)k).Select(h => ((ulong)h, 0U))), "each of its heights, once");
        council.RunTo(k * (ulong)n);
        Assert.That(council.TimedOut, Has.Count.EqualTo((int)k), "then another leads");
    }

    [TestCase(4)]
    [TestCase(7)]
    public void HostileLeader_IsSuspended_AndCostsNothingMore(int n)
    {
        var council = new Council(n, k: 256, suspends: true) { Passes = Withhold(n) };
        council.RunTo(100);
        Assert.That(council.TimedOut, Is.EqualTo(new[] { (1UL, 0U), (2UL, 0U) }),
            "the second height is under way when the first is reported");
        Assert.That(council.State.Suspensions.Single().Department, Is.EqualTo(council.State.Departments[0]));
    }

    [Test]
    public void ManyDeadLeaders_N10_ThreeCostThreeTimeouts()
    {
        var council = new Council(10, k: 256, suspends: true);
        council.Dead.UnionWith([0, 1, 2]);
        council.RunTo(50);
        Assert.That(council.TimedOut, Is.EqualTo(new[] { (1UL, 0U), (1UL, 1U), (1UL, 2U) }));
        Assert.That(council.State.Suspensions.Select(s => s.Department), Is.EqualTo(council.State.Departments.Take(3)));
    }

    /// <summary>Validator 0, when it leads view 0, shows its proposal to so many that with it they are a quorum, and neither
    /// commits nor says what is decided.</summary>
    private static Func<int, int, ConsensusMessage, bool> Withhold(int n) => (from, to, message) => from != 0
        || message switch
        {
            ProposeMessage { View: 0 } or VoteMessage { Type: VoteType.Prepare, View: 0 } => to < Quorum.Size(n),
            VoteMessage { Type: VoteType.Commit } or DecidedMessage or StatusMessage => false,
            _ => true,
        };
}
