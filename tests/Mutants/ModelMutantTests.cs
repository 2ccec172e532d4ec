using GovChain.Tests.Simulation;
using NUnit.Framework;

namespace GovChain.Tests.Mutants;

/// <summary>
/// Goal: the model of the view change can fail. Method: bugs of the voting and of the view change are switched on one at a time, and
/// two views are enough for the model to find each. Restarts, times, evidence and catch-up are not in the model.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ModelMutantTests
{
    private const int SettledOf = 20;

    /// <param name="name">The bug.</param>
    /// <param name="promise">What is broken first; I10 where the honest ones can decide no more.</param>
    [TestCase("quorum-minus-one", "I1")]
    [TestCase("justification-unchecked", "carried")]
    [TestCase("justification-without-prepared", "carried")]
    [TestCase("justification-of-another-block", "carried")]
    [TestCase("justification-one-author", "carried")]
    [TestCase("justification-unsigned", "carried")]
    [TestCase("prepared-dropped", "I7")]
    [TestCase("second-proposal", "fatal")]
    [TestCase("lowest-prepared-binds", "I10")]
    [TestCase("commit-after-promise", "I10")]
    [TestCase("commit-on-few-prepares", "I10")]
    [TestCase("commit-locks", "I10")]
    [TestCase("views-mixed", "I10")]
    [TestCase("duplicate-authors", "I10")]
    [TestCase("leader-stays", "I10")]
    public void Bug_SwitchedOn_IsFoundInTwoViews(string name, string promise)
    {
        ModelReport? found = Switch.With(BugList.Named(name)!, static () => ModelCheck.Small(SettledOf)
            .Select(static scope => ModelExplorer.Run(scope)).FirstOrDefault(static report => report.Failure is not null));
        Assert.That(found?.Failure, Does.StartWith(promise));
        TestContext.Out.WriteLine($"{found}\nin the state number {found!.States}");
    }
}
