using GovChain.Consensus;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots": whom to ask for blocks and parts.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotSourcesTest
{
    private readonly List<int> _named = [];
    private readonly SnapshotSources _sources;

    public SnapshotSourcesTest() => _sources = new SnapshotSources(static () => [1, 2], (source, _) => _named.Add(source));

    /// <summary>One block in little less time than the other needs for sixty-four is no quick answer.</summary>
    [Test]
    public void Blocks_OneByOne_AreAskedForOnce()
    {
        var asked = new List<int>();
        for (int i = 0; i < 8; i++)
        {
            foreach (BlocksQuestion question in _sources.AskForBlocks(1).Cast<BlocksQuestion>())
            {
                asked.Add(question.Source);
                int blocks = question.Source == 1 ? 1 : CatchUp.RangeBlocks;
                question.TookUs = question.Source == 1 ? 19_000 : 20_000;
                question.Answer = new BlockRange(1, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), blocks)], 1_000, 0);
            }
        }
        Assert.That(asked, Is.EqualTo(new[] { 1, 2, 2, 2, 2, 2, 2, 2 }));
        Assert.That(_named, Is.Empty);
    }

    [Test]
    public void FindHolder_IsOneThatOffered_AndHasNotLied()
    {
        foreach (OffersQuestion question in _sources.Find(0).Cast<OffersQuestion>())
            question.Answers[1] = new SnapshotResponse { Held = SnapshotRules.WriteHeld([5]) };
        Assert.That(_sources.FindHolder(static _ => true), Is.EqualTo(2));
        Assert.That(_sources.FindHolder(static s => s == 1), Is.Null, "it offered nothing");
        _sources.Lied(2, "lied");
        Assert.That(_sources.FindHolder(static _ => true), Is.Null);
    }
}
