using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: docs/PROTOCOL.md, "View change": with one hostile validator of four no order of deliveries and timeouts decides two blocks,
/// or leaves the honest ones where they cannot decide. Method: every state that production cores can come to in two views; three by
/// ./soak model.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ModelTests
{
    private const int SettledOf = 10;

    private static IEnumerable<string> Scopes() => ModelCheck.Small(SettledOf).Select(s => $"{s}");

    [TestCaseSource(nameof(Scopes))]
    public void Model_TwoViews_OneHostile_NeverDecidesTwoBlocks_AndAlwaysCan(string leaders)
    {
        ModelScope scope = ModelCheck.Small(SettledOf).Single(s => $"{s}" == leaders);
        ModelReport report = ModelExplorer.Run(scope);
        TestContext.Out.WriteLine(report);
        Assert.That(report.Failure, Is.Null, $"{report}");
        Assert.That(report.Decided.Once, Is.Positive, "Nothing was ever decided.");
        Assert.That(report.Decided.Twice, Is.Positive, "No block was ever decided in a second view.");
        Assert.That(report.Compared, Is.Positive, "No step was run after another history.");
        Assert.That(report.Settled.States, Is.GreaterThan(report.States / (SettledOf + 1)));
        if (scope.Leaders.Contains(ModelWorld.Hostile))
            Assert.That(report.Proposals.Passed, Is.Positive, "The hostile leader never got a proposal through.");
    }

    [Test]
    public void Said_AndMove_FitTheirBits()
    {
        foreach (Core.Model.VoteType type in Enum.GetValues<Core.Model.VoteType>())
        {
            for (int block = -1; block < ModelWorld.Blocks; block++)
            {
                var said = new Said(type, 3, 2, block, 1);
                Assert.That((said.Type, said.Signer, said.View, said.Block, said.PreparedView), Is.EqualTo((type, 3, 2, block, 1)));
                var move = new Move(MoveKind.Timer, said, new Said(type, 0, 1, -1));
                Assert.That((move.Kind, move.A, move.B), Is.EqualTo((MoveKind.Timer, said, new Said(type, 0, 1, -1))));
            }
        }
    }
}
