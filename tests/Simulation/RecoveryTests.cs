using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: docs/PROTOCOL.md, "Leader" and "Timers and time": what a bad leader, a time without a quorum and a slow network cost.
/// Method: whole simulated nodes with the timeouts of real ledgers; bounds from the parameters. In full by ./soak recovery.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecoveryTests
{
    private const ulong StatusMs = 1_000;
    private const ulong TravelMs = 1;

    private static readonly bool IsFull = Environment.GetEnvironmentVariable("FULL") is not null;

    private static ulong TimeoutMs(uint view) => LivenessBound.TimeoutMs(RecoveryRun.Parameters, view);

    [TestCase(4)]
    [TestCase(7)]
    public void LeaderDies_AtAnyMomentOfABlock_TheNextComesWithinTwoTimeouts_AndItCostsTwoInAll(int n)
    {
        ulong everyUs = IsFull ? 50UL : 400;
        const ulong untilUs = 8_000; // the block is decided after four
        var costs = new List<LeaderCost>();
        for (ulong after = 0; after <= untilUs; after += everyUs)
        {
            LeaderCost cost = RecoveryRun.LeaderDies(n, after, heights: 10);
            Assert.That(cost.NextBlockMs, Is.LessThanOrEqualTo(2 * TimeoutMs(0)), $"dead after {after} us");
            Assert.That(cost.TimedOut, Is.InRange(1, 2), $"dead after {after} us");
            costs.Add(cost);
        }
        TestContext.Out.WriteLine($"n={n}: {costs.Count} moments; the next block after at most {costs.Max(c => c.NextBlockMs)} ms; "
            + $"timeouts in all {costs.Min(c => c.TimedOut)} to {costs.Max(c => c.TimedOut)}");
        Assert.That(costs.Max(c => c.NextBlockMs), Is.GreaterThanOrEqualTo(TimeoutMs(0)), "No death was in time.");
    }

    /// <param name="k">K. Where it is large, the leader is suspended first.</param>
    [TestCase(4, 3U)]
    [TestCase(7, 3U)]
    [TestCase(4, 256U)]
    [TestCase(7, 256U)]
    public void LeaderIsHostile_ItCostsAtMostOneTimeoutAHeight_ForKHeights(int n, uint k)
    {
        const int heights = 20;
        LeaderCost cost = RecoveryRun.LeaderIsHostile(n, k, heights);
        TestContext.Out.WriteLine($"n={n}, K={k}: the next block after {cost.NextBlockMs} ms; timeouts in all {cost.TimedOut}");
        Assert.That(cost.NextBlockMs, Is.LessThanOrEqualTo(2 * TimeoutMs(0)));
        Assert.That(cost.TimedOut, Is.InRange(1, (int)Math.Min(k, heights / 2)), "and it is suspended before half of the heights");
    }

    /// <summary>Suspension is no verdict: the others' timers do not ask why nothing came. It costs as much as a death.</summary>
    [TestCase(4)]
    [TestCase(7)]
    public void LeaderHearsOfNothing_IsLeftLikeADeadOne(int n)
    {
        (LeaderCost cost, bool isSuspended) = RecoveryRun.LeaderHearsOfNothing(n, heights: 20);
        TestContext.Out.WriteLine($"n={n}: the next block after {cost.NextBlockMs} ms; timeouts in all {cost.TimedOut}; suspended: {isSuspended}");
        Assert.That(cost.NextBlockMs, Is.LessThanOrEqualTo(2 * TimeoutMs(0)));
        Assert.That(cost.TimedOut, Is.InRange(1, 2));
    }

    [TestCase(4, true, false)]
    [TestCase(4, false, true)]
    [TestCase(7, true, false)]
    [TestCase(7, false, true)]
    public void AnHourWithoutAQuorum_ThenTheNextBlock_WithinTheCapAndTwoRounds(int n, bool isSplit, bool leaderDies)
    {
        int minutes = IsFull ? 60 : 5;
        (ulong ms, uint view) = RecoveryRun.NoQuorum(n, isSplit, leaderDies, minutes);
        // What was lost is asked for at the next status; then there are three hops to a decision and one to those who miss it.
        const ulong roundMs = StatusMs + 4 * TravelMs;
        ulong capMs = RecoveryRun.Parameters.TimeoutCapMs;
        TestContext.Out.WriteLine($"n={n}, {(isSplit ? "in halves" : "proposals and votes lost, then the leader dead")}, "
            + $"{minutes} minutes: view {view}, then the next block after {ms} ms");
        Assert.That(ms, Is.LessThanOrEqualTo(capMs + 2 * roundMs));
        Assert.That(TimeoutMs(view), isSplit ? Is.LessThan(capMs) : Is.EqualTo(capMs), "views go round where a quorum asks for them");
    }

    /// <summary>Complaints of T2 must not end views that grow longer than it because they must.</summary>
    [TestCase(1_000UL)]
    [TestCase(2_500UL)]
    [TestCase(4_500UL)]
    public void NetworkIsSlow_SlowerThanT2_ViewsGrowUntilTheyAreLongEnough(ulong travelMs)
    {
        (ulong ms, int views) = RecoveryRun.NetworkIsSlow(4, travelMs);
        uint enough = 0;
        // A view change, a proposal, two votes, and one more for those that come to the view last.
        while (TimeoutMs(enough) < 5 * travelMs)
            enough++;
        ulong boundMs = 5 * travelMs;
        for (uint view = 0; view < enough; view++)
            boundMs += TimeoutMs(view) + 2 * travelMs;
        TestContext.Out.WriteLine($"{travelMs} ms a message: {views} views timed out, decided after {ms} ms of at most {boundMs}");
        Assert.That(ms, Is.LessThanOrEqualTo(boundMs));
    }
}
