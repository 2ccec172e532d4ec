using GovChain.Tests.Simulation;
using NUnit.Framework;

namespace GovChain.Tests.Mutants;

/// <summary>
/// Goal: the simulator's checks can fail. Method: known bugs are switched on one at a time, and it must find each. Here those
/// that it finds quickest; <c>./soak bugs</c> has all of them. That every bug still fits the sources, the build has checked.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MutantTests
{
    /// <summary>Bugs that may take more seeds are left to the long run.</summary>
    private const int QuickSeedsMax = 10;

    private static IEnumerable<string> Quick() => BugList.All.Where(b => b.SeedsMax <= QuickSeedsMax).Select(b => b.Name);

    private static IEnumerable<object[]> Shown() => BugList.All.SelectMany(static b => b.Transcripts, static (b, t) => new object[] { b.Name, t });

    [TestCaseSource(nameof(Quick))]
    public void Bug_SwitchedOn_IsFound(string name)
    {
        Bug bug = BugList.Named(name)!;
        Finding finding = Hunt.For(bug, bug.SeedsMax);
        Assert.That(finding.IsFound, $"{bug.What}: {finding.By ?? "not found"}, {finding.Failure}");
    }

    /// <summary>A transcript that cannot fail shows nothing.</summary>
    [TestCaseSource(nameof(Shown))]
    public void Transcript_ThatShowsABug_FailsWithItAndNotWithout(string name, string transcript)
    {
        Assert.That(Switch.With(BugList.Named(name)!, () => Hunt.Fails(transcript)), "It does what it says with the bug, too.");
        Assert.That(Hunt.Fails(transcript), Is.False);
    }

    [Test]
    public void Bug_WhoseSourceATranscriptCites_IsShownByIt()
    {
        Transcript[] all = [.. Transcript.Names().Select(Transcript.Read)];
        foreach (Bug bug in BugList.All)
        {
            string[] citing = [.. all.Where(t => bug.Sources.Any(s => t.Source.Contains(s, StringComparison.Ordinal))).Select(t => t.Name)];
            Assert.That(citing.Length == 0 || citing.Intersect(bug.Transcripts).Any(), $"{bug.Name}: one of {string.Join(", ", citing)}");
        }
    }

    [Test]
    public void NoBug_SwitchedOn_NothingIsFound()
    {
        Assert.That(Switch.On, Is.Zero);
        Assert.That(SeedRunner.Run(1, QuickSeedsMax, ScenarioLimits.None).Failures.Select(SeedRunner.Describe), Is.Empty);
    }

    [Test]
    public void List_HasAtLeastTwentyFiveBugs_EachBreaksASectionOfTheProtocol()
    {
        Assert.That(BugList.All, Has.Count.AtLeast(25));
        Assert.That(BugList.All.Select(b => b.Breaks).Distinct(), Is.SubsetOf(Transcript.ProtocolSections()));
        Assert.That(BugList.All.Select(b => b.SeedsMax), Has.All.LessThanOrEqualTo(5_000));
    }
}
