using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "View change": a leader that must propose a block it does not hold.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AskForContentTest
{
    private readonly Fixture _four = new(4);
    private readonly ProposedBlock _block;
    private readonly Certificate _prepared;

    public AskForContentTest()
    {
        _block = _four.Block();
        _prepared = _four.Certificate(VoteType.Prepare, _block);
    }

    [Test]
    public void LeaderWithoutTheBlock_AsksEachThatPreparedIt_AnotherAtEachTick()
    {
        CoreHarness leader = Leader(0, 2, 3);
        for (int i = 0; i < 5; i++)
            leader.Step(new StatusDue());
        Assert.That(Asked(leader), Is.EqualTo(new[] { 0, 2, 3, 0, 2, 3 }));
    }

    [Test]
    public void LeaderWithoutTheBlock_AsksNobodyThatNamesAnother()
    {
        CoreHarness leader = Leader(2);
        leader.Receive(0, _four.ViewChange(0, 1));
        leader.Receive(3, _four.ViewChange(3, 1));
        leader.Step(new StatusDue());
        Assert.That(Asked(leader), Is.Not.Empty.And.All.EqualTo(2));
    }

    /// <summary>Leaf hashes are not signed: false ones under the right header pass until they are checked.</summary>
    [Test]
    public void AnswerOfOneThatWasNotAsked_DoesNotHideTheRightOne()
    {
        CoreHarness leader = Leader(0, 2);
        leader.Receive(3, new ProposalResponse(_block with { LeafHashes = [Sha256.Hash("other"u8)] }));
        Assert.That(Checks(leader), Is.Empty);
        leader.Receive(0, new ProposalResponse(_block));
        Assert.That(Checks(leader).Single(), Is.EqualTo(0));
    }

    [Test]
    public void AnswerOfOneThatWasAsked_CountsOnce()
    {
        CoreHarness leader = Leader(0, 2);
        var wrong = new ProposalResponse(_block with { LeafHashes = [Sha256.Hash("other"u8)] });
        leader.Receive(0, wrong);
        leader.Step(new BlockChecked(_block.Hash, BlockFault.WrongLeaves));
        leader.Receive(0, wrong);
        Assert.That(Checks(leader), Is.EqualTo(new[] { 0 }));
        leader.Step(new StatusDue());
        leader.Receive(2, new ProposalResponse(_block));
        Assert.That(Checks(leader), Is.EqualTo(new[] { 0, 2 }));
    }

    [Test]
    public void LateAnswer_OfOneAskedAtAnEarlierTick_IsTaken()
    {
        CoreHarness leader = Leader(0, 2, 3);
        leader.Step(new StatusDue());
        leader.Receive(0, new ProposalResponse(_block));
        Assert.That(Checks(leader).Single(), Is.EqualTo(0));
    }

    private CoreHarness Leader(params int[] holders)
    {
        var leader = new CoreHarness(_four, 1);
        foreach (int holder in holders)
            leader.Receive(holder, _four.ViewChange(holder, 1, _prepared));
        return leader;
    }

    private static IEnumerable<int> Asked(CoreHarness leader) =>
        leader.Effects.OfType<Send>().Where(s => s.Message is ProposalRequest).Select(s => s.To);

    private static IEnumerable<int> Checks(CoreHarness leader) => leader.Effects.OfType<CheckBlock>().Select(c => c.Hint);
}
