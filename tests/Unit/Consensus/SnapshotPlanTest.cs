using GovChain.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots": how often a node looks for one, and for how long it then goes on by blocks.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotPlanTest
{
    private const ulong LagMin = 100, NowMs = 1_000;

    private readonly SnapshotPlan _plan = new(LagMin);

    [Test]
    public void Begin_IsForThoseFarBehind()
    {
        Assert.That(_plan.Begin(LagMin - 1, NowMs), Is.False);
        Assert.That(_plan.Begin(LagMin, NowMs), Is.True);
        Assert.That(new SnapshotPlan(0).Begin(ulong.MaxValue, NowMs), Is.False, "0: never");
    }

    [Test]
    public void NothingOffered_PausesTenSeconds()
    {
        _plan.Begin(LagMin, NowMs);
        _plan.NothingOffered(NowMs);
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseWithoutOfferMs - 1), Is.False);
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseWithoutOfferMs), Is.True);
    }

    [Test]
    public void NothingOffered_AgainAndAgain_PausesTwiceAsLongEachTime_UpToFiveMinutes([Values] bool isMadeUp)
    {
        ulong nowMs = NowMs, pauseMs = SnapshotPlan.PauseWithoutOfferMs;
        for (int i = 0; i < 10; i++)
        {
            Assert.That(_plan.Begin(LagMin, nowMs));
            if (isMadeUp)
                _plan.TryAgain(isProven: false, nowMs);
            _plan.NothingOffered(nowMs);
            Assert.That(_plan.Begin(LagMin, nowMs + pauseMs - 1), Is.False);
            nowMs += pauseMs;
            pauseMs = Math.Min(2 * pauseMs, SnapshotPlan.PauseMs);
        }
        Assert.That(pauseMs, Is.EqualTo(SnapshotPlan.PauseMs));
        _plan.Begin(LagMin, nowMs);
        _plan.TryAgain(isProven: true, nowMs);
        _plan.NothingOffered(nowMs);
        Assert.That(_plan.Begin(LagMin, nowMs + SnapshotPlan.PauseWithoutOfferMs), "a true one was offered meanwhile");
    }

    [Test]
    public void NothingOffered_UponTheWordOfOne_MakesNoPauseLonger()
    {
        ulong nowMs = NowMs;
        for (int i = 0; i < 5; i++, nowMs += SnapshotPlan.PauseWithoutOfferMs)
        {
            Assert.That(_plan.Begin(LagMin, nowMs, wordOf: i));
            _plan.NothingOffered(nowMs);
        }
        Assert.That(_plan.Begin(LagMin, nowMs));
    }

    [Test]
    public void WordOfOne_ThatLedToNothing_BeginsNothingForFiveMinutes_AndOthersDo([Values("nothing offered", "unproven")] string how)
    {
        _plan.Begin(LagMin, NowMs, wordOf: 1);
        if (how == "unproven")
            Assert.That(_plan.TryAgain(isProven: false, NowMs), Is.True);
        else
            _plan.NothingOffered(NowMs);
        ulong later = NowMs + SnapshotPlan.PauseWithoutOfferMs;
        Assert.That(_plan.Begin(LagMin, later, wordOf: 1), Is.False);
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseMs - 1, wordOf: 1), Is.False);
        Assert.That(_plan.Begin(LagMin, later, wordOf: 2), Is.True);
        Assert.That(_plan.Begin(LagMin, later), Is.True, "what is proven needs nobody's word");
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseMs, wordOf: 1), Is.True);
    }

    [Test]
    public void TryAgain_ThreeTimes_ThenFiveMinutesNot()
    {
        _plan.Begin(LagMin, NowMs);
        Assert.That(new[] { _plan.TryAgain(true, NowMs), _plan.TryAgain(true, NowMs), _plan.TryAgain(true, NowMs) },
            Is.EqualTo(new[] { true, true, false }));
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseMs - 1), Is.False);
        Assert.That(_plan.Begin(LagMin, NowMs + SnapshotPlan.PauseMs), Is.True);
    }

    [Test]
    public void SearchThatTookLong_IsTheOnlyOneForAsLongAsItTook([Values(6ul, 30ul, 90ul)] ulong minutes)
    {
        _plan.Begin(LagMin, NowMs);
        ulong tookMs = minutes * 60_000, end = NowMs + tookMs;
        Assert.That(_plan.TryAgain(isProven: true, end), Is.False);
        Assert.That(_plan.Begin(LagMin, end + tookMs - 1), Is.False);
        Assert.That(_plan.Begin(LagMin, end + tookMs), Is.True);
    }
}
