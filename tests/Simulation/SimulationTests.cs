using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: no schedule of crashes, losses, partitions and hostile validators up to f breaks a promise of the protocol.
/// Method: seeded runs of the production core against a simulated clock, network and disk. Invariants: docs/PROTOCOL.md.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SimulationTests
{
    private const int DefaultSeeds = 500;

    [Test]
    public void Run_ManySeeds_KeepsEveryPromise()
    {
        SeedReport report = SeedRunner.Run(1, DefaultSeeds);
        TestContext.Out.WriteLine(
            $"{DefaultSeeds} seeds, {report.Faults} faults, {report.VirtualMs / 1_000} virtual seconds, {report.Blocks} blocks, "
            + $"{report.Amnesiacs} amnesiacs found");
        Assert.That(report.Failures.Select(SeedRunner.Describe), Is.Empty);
        Assert.That(report.Blocks, Is.GreaterThan(DefaultSeeds), "The runs decide next to nothing and so prove nothing.");
        Assert.That(report.Amnesiacs, Is.Positive, "No validator whose disk was put back or wiped was told so.");
    }

    [Test]
    public void Run_SameSeedTwice_GivesTheSameTrace([Values(1UL, 2UL, 7UL, 19UL)] ulong seed)
    {
        RunResult first = World.Run(seed);
        RunResult second = World.Run(seed);
        Assert.That(second.TraceHash, Is.EqualTo(first.TraceHash));
        Assert.That(World.Run(seed + 1).TraceHash, Is.Not.EqualTo(first.TraceHash));
    }
}
