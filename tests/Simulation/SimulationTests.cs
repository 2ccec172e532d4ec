using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: no schedule of crashes, losses, partitions, failing disks and hostile validators up to f breaks a promise of the
/// protocol. Method: seeded runs of the production code against a simulated clock, network and disk. Invariants:
/// docs/PROTOCOL.md.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SimulationTests
{
    private const int DefaultSeeds = 5_000;

    [Test]
    public void Run_ManySeeds_KeepsEveryPromise()
    {
        SeedReport report = SeedRunner.Run(1, DefaultSeeds, ScenarioLimits.None);
        TestContext.Out.WriteLine($"seeds 1 to {DefaultSeeds}, {report.VirtualMs / 1_000} virtual seconds, "
            + $"{report.Blocks} blocks, {report.Amnesiacs} amnesiacs found, {report.Accusations} pieces of evidence; "
            + string.Join(", ", report.Faults.ByName().Select(f => $"{f.Value} {f.Key}")));
        Assert.That(report.Failures.Select(SeedRunner.Describe), Is.Empty);
        Assert.That(new[] { 1, 4, 5, 6, 7, 8, 10 }, Is.SubsetOf(report.BySize.Keys));
        Assert.That(report.Blocks, Is.GreaterThan(DefaultSeeds), "The runs decide next to nothing and so prove nothing.");
        Assert.That(report.Accusations, Is.Positive, "Nobody was found to have signed two things.");
        Assert.That(report.Amnesiacs, Is.Positive, "No validator whose disk was put back or wiped was told so.");
        Assert.That(
            report.Faults.ByName().Where(f => f.Value == 0).Select(f => f.Key), Is.Empty, "faults that never happened");
    }

    [Test]
    public void Run_WithRealSignatures_KeepsEveryPromise()
    {
        SeedReport report = SeedRunner.Run(
            1, 20, new ScenarioLimits { RealSignatures = true, DurationMs = 700, Transactions = 6 });
        Assert.That(report.Failures.Select(SeedRunner.Describe), Is.Empty);
        Assert.That(report.Blocks, Is.GreaterThan(20));
    }

    [Test]
    public void Run_SameSeedTwice_GivesTheSameTrace([Values(1UL, 2UL, 7UL, 19UL)] ulong seed)
    {
        RunResult first = RandomRun.Run(seed);
        RunResult second = RandomRun.Run(seed);
        Assert.That(second.TraceHash, Is.EqualTo(first.TraceHash));
        Assert.That(RandomRun.Run(seed + 1).TraceHash, Is.Not.EqualTo(first.TraceHash));
    }
}
