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
        Assert.That(NeverHappened(report, ofSnapshots: false), Is.Empty, "faults that never happened");
    }

    /// <summary>The last department comes and goes and keys are replaced, in the midst of everything else.</summary>
    [Test]
    public void Run_WhileTheValidatorsChange_KeepsEveryPromise()
    {
        const int seeds = 150;
        SeedReport report = SeedRunner.Run(1, seeds, new ScenarioLimits { Changes = true });
        TestContext.Out.WriteLine($"seeds 1 to {seeds}, {report.Epochs} changes, {report.Blocks} blocks");
        Assert.That(report.Failures.Select(SeedRunner.Describe), Is.Empty);
        Assert.That(report.Epochs, Is.GreaterThan(2 * seeds), "The validators hardly ever change and so prove nothing.");
    }

    /// <summary>
    /// Nights in which all that was recorded expires, and nodes that miss them, are wiped or new: they join by snapshot, from peers
    /// that lie, forge, fall silent and let go of it, and die in the midst of it (docs/PROTOCOL.md, "Snapshots").
    /// </summary>
    [Test]
    public void Run_WhileNodesJoinBySnapshot_KeepsEveryPromise()
    {
        const int seeds = 50;
        SeedReport report = SeedRunner.Run(1, seeds, new ScenarioLimits { Snapshots = true });
        TestContext.Out.WriteLine($"seeds 1 to {seeds}, {report.Installs} snapshots installed, {report.Epochs} changes, {report.Blocks} blocks");
        Assert.That(report.Failures.Select(SeedRunner.Describe), Is.Empty);
        Assert.That(report.Installs, Is.GreaterThan(seeds / 4), "Hardly anybody joins by snapshot, which so proves nothing.");
        Assert.That(NeverHappened(report, ofSnapshots: true), Is.Empty, "faults that never happened");
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

    /// <summary>docs/PROTOCOL.md, "Messages": what 50 validators send is the arithmetic of its layouts and no more.</summary>
    [Test]
    public void Sizes_N50_AreThoseOfTheArithmetic()
    {
        const int n = 50, quorum = 34, vote = 2 + 8 + 8 + 4 + 32 + 2 + 64;
        const int payload = 2 + 4 + 32 + 64, certificate = 57 + quorum * 66;
        SizeReport report = SizeCheck.Run(n);
        long messages = report.Block.Messages / report.Blocks;
        Assert.That(messages, Is.EqualTo((n - 1) + 2 * n * (n - 1)), "a proposal to each, and two votes of each to each");
        Assert.That(report.Block.Largest("prepare"), Is.EqualTo(vote));
        Assert.That(
            report.ViewChange.Largest("view-change"), Is.EqualTo(2 + 8 + 8 + 4 + payload + 4 + certificate));
        int proposal = report.Block.Largest("propose");
        Assert.That(
            report.ViewChange.Largest("propose"), Is.EqualTo(proposal + 2 + quorum * payload + 4 + certificate));
    }

    private static IEnumerable<string> NeverHappened(SeedReport report, bool ofSnapshots) =>
        Enum.GetValues<FaultKind>().Where(k => FaultCounts.IsOfSnapshots(k) == ofSnapshots && report.Faults[k] == 0).Select(FaultCounts.NameOf);
}
