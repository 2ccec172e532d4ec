using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Goal: refusals make the read log grow slowly, and nobody's keep another key's from being written. Method: every kind of asker against a
/// throttle on a virtual clock, what passes counted.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RefusalThrottleTests
{
    private const string Stranger = "";

    private readonly StandingClock _time = new(0);

    [Test]
    public void EachKeyAndAllStrangers_HaveAHundredAtOnceAndOneASecond_WhateverTheOthersDo()
    {
        var throttle = new RefusalThrottle(_time);
        foreach (string who in new[] { Stranger, "a", "b" })
        {
            Assert.That(Passed(throttle, who, 500), Is.EqualTo(100), who);
            Assert.That(throttle.TryPass(who), Is.Null, who);
        }
        _time.ElapsedMs += 2_999;
        foreach (string who in new[] { "b", Stranger, "a" })
        {
            Assert.That(throttle.TryPass(who), Is.EqualTo(401), $"{who}: those of its own alone are counted");
            Assert.That(throttle.TryPass(who), Is.Zero, who);
            Assert.That(throttle.TryPass(who), Is.Null, who);
        }
        _time.ElapsedMs += 1; // what is left of a second is kept
        Assert.That(throttle.TryPass("a"), Is.EqualTo(1));
        _time.ElapsedMs += 3_600_000;
        Assert.That(Passed(throttle, "a", 500), Is.EqualTo(100), "no more than that is saved up");
    }

    [Test]
    public void Keys_BeyondWhatIsRemembered_AreWritten_AndTheLongestAgoIsForgotten()
    {
        var throttle = new RefusalThrottle(_time, keysMax: 3);
        foreach (string who in new[] { "a", "b", "c" })
            Passed(throttle, who, 200);
        Assert.That(throttle.TryPass("a"), Is.Null);
        Assert.That(throttle.TryPass("d"), Is.Zero, "a new key has its own room");
        Assert.That(throttle.TryPass("a"), Is.Null, "it was refused after b");
        Assert.That(throttle.TryPass("c"), Is.Null);
        Assert.That(throttle.TryPass("b"), Is.Zero, "forgotten, and new");
        Assert.That(throttle.TryPass(Stranger), Is.Zero);
    }

    private static int Passed(RefusalThrottle throttle, string who, int times) =>
        Enumerable.Range(0, times).Count(_ => throttle.TryPass(who) is not null);
}
