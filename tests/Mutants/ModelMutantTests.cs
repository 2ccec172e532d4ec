using GovChain.Tests.Simulation;
using NUnit.Framework;

namespace GovChain.Tests.Mutants;

/// <summary>
/// Goal: the model of the view change can fail. Method: bugs of the voting and of the view change are switched on one at a time, and
/// two views are enough for the model to find each. Times, evidence and catch-up are not in the model.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ModelMutantTests
{
    private const int SettledOf = 50;

    /// <param name="name">The bug.</param>
    /// <param name="promise">What is broken first: "return" where one cannot read its own journal, "codec" where it sent what nobody
    /// accepts, I10 where the honest ones can decide no more.</param>
    /// <param name="leaders">The scope: H is the hostile one.</param>
    [TestCase("quorum-minus-one", "I1", "H1")]
    [TestCase("justification-unchecked", "return", "1H")]
    [TestCase("justification-without-prepared", "carried", "1H")]
    [TestCase("justification-of-another-block", "carried", "1H")]
    [TestCase("justification-one-author", "carried", "1H")]
    [TestCase("justification-unsigned", "carried", "1H")]
    [TestCase("prepared-dropped", "I7", "H1")]
    [TestCase("promise-forgotten", "I7", "H1")]
    [TestCase("accepted-forgotten", "I6", "H1")]
    [TestCase("prepared-forgotten", "I7", "H1")]
    [TestCase("second-proposal", "fatal", "H1")]
    [TestCase("lowest-prepared-binds", "I10", "1H")]
    [TestCase("commit-after-promise", "codec", "H1")]
    [TestCase("commit-on-few-prepares", "codec", "H1")]
    [TestCase("commit-locks", "I10", "H1")]
    [TestCase("views-mixed", "I10", "1H")]
    [TestCase("duplicate-authors", "I10", "1H")]
    [TestCase("leader-stays", "I10", "H1")]
    public void Bug_SwitchedOn_IsFoundInTwoViews(string name, string promise, string leaders)
    {
        ModelScope scope = ModelCheck.Small(SettledOf).Single(s => $"{s}" == leaders);
        ModelReport report = Switch.With(BugList.Named(name)!, () => ModelExplorer.Run(scope));
        Assert.That(report.Failure, Does.StartWith(promise));
        TestContext.Out.WriteLine($"{report}\nin the state number {report.States}");
    }
}
