using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: wherever in its journal a validator dies, it comes back and signs nothing against what it said. Method: a run of blocks whose
/// validators are started again at every record, before, in and after its sync; 200 blocks by ./soak journal. Holds docs/PROTOCOL.md,
/// "Durable before sent" and "Journal".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JournalTests
{
    private const int Blocks = 20;

    [Test]
    public void Restart_AtEveryRecordOfARun_NeverSignsAgainstWhatWasSaid()
    {
        JournalReport report = JournalRun.Run(Blocks);
        TestContext.Out.WriteLine($"{report.Blocks} blocks, {report.Records} records, {report.Restarts} restarts, "
            + $"{report.Votes} votes afterwards, {report.ViewsLeft} views left");
        Assert.That(report.Blocks, Is.AtLeast(Blocks));
        Assert.That(report.Restarts, Is.GreaterThan(report.Records));
        Assert.That(report.Votes, Is.GreaterThan(report.Restarts), "Who restarted signed next to nothing.");
        Assert.That(report.ViewsLeft, Is.Positive, "No view was left.");
    }
}
