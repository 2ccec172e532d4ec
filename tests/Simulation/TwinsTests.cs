using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: a validator whose key two processes hold breaks no promise, however the network is split around it. Method: all scenarios of
/// two views and four validators, in part here and in full by ./soak twins (Bano et al., "Twins: BFT Systems Made Robust").
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TwinsTests
{
    [Test]
    public void Twins_AllBoundedScenarios_KeepEveryPromise()
    {
        IReadOnlyList<TwinsScenario> scenarios = TwinsSpace.Bounded();
        TwinsReport report = TwinsCheck.Run(scenarios);
        TestContext.Out.WriteLine($"{report.Scenarios} scenarios; decided in view "
            + $"{string.Join(", ", report.DecidedIn.Select(d => $"{d.Key}: {d.Value}"))}; again in a later view: {report.DecidedAgain}; "
            + $"twins accused in {report.Accused}");
        Assert.That(report.Failures, Is.Empty);
        Assert.That(report.DecidedIn.Keys, Is.SupersetOf(new uint[] { 0, 1, 2 }), "Some view never decides.");
        Assert.That(report.DecidedAgain, Is.Positive, "Nothing was ever decided twice.");
        Assert.That(report.Accused, Is.Positive, "The twins were never found out.");
    }

    [Test]
    public void Scenario_RoundTrips()
    {
        TwinsScenario scenario = TwinsSpace.Bounded()[^1];
        Assert.That(TwinsScenario.TryParse($"{scenario}")!.ToString(), Is.EqualTo($"{scenario}"));
        foreach (string wrong in (string[])["", "0,1", "0,1:1/1", "0,4:1/1:1/1", "0,1:16/1:1/1", "0,1:1/21:1/1", "0,1:1:1/1", "0,1:-1/1:1/1"])
            Assert.That(TwinsScenario.TryParse(wrong), Is.Null, wrong);
    }
}
