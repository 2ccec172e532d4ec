using GovChain.Consensus;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "View change", "Censorship", "Suspension": why a view is left, and what is told of it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ViewLeftTest
{
    private readonly Fixture _four = new(4);

    [Test]
    public void Timer_IsTheCause()
    {
        var node = new CoreHarness(_four, 1);
        node.Step(new WorkChanged(true));
        node.Timeout();
        Assert.That(Left(node), Is.EqualTo(new ViewLeft(1, 0, 1, ViewCause.Timeout, "")));
    }

    [Test]
    public void Complaint_IsAViewChangeOfOnesOwn_AndMovesNobodyAlone()
    {
        var node = new CoreHarness(_four, 1);
        node.Step(new Complaint(1, 0, "passes over"));
        Assert.That(Left(node), Is.EqualTo(new ViewLeft(1, 0, 1, ViewCause.Complaint, "passes over")));
        ViewChangeMessage complaint = node.Sent<ViewChangeMessage>().Single();
        Assert.That(complaint.View, Is.EqualTo(1));

        var other = new CoreHarness(_four, 2);
        other.Receive(1, complaint);
        Assert.That(other.Core.View, Is.Zero);
        other.Receive(3, _four.ViewChange(3, 1));
        Assert.That(Left(other), Is.EqualTo(new ViewLeft(1, 0, 1, ViewCause.Joined, "")), "f + 1 are joined");
    }

    [Test]
    public void Complaint_AboutAnotherHeightOrView_IsIgnored()
    {
        var node = new CoreHarness(_four, 1);
        node.Step(new Complaint(2, 0, ""));
        node.Step(new Complaint(1, 1, ""));
        Assert.That(node.Core.View, Is.Zero);
        node.Step(new Complaint(1, 0, ""));
        node.Step(new Complaint(1, 1, ""));
        Assert.That(node.Core.View, Is.EqualTo(1), "nor is view 1 left before a quorum has come to it");
    }

    [Test]
    public void Complaint_OfANodeThatDoesNotVote_IsIgnored()
    {
        var node = new CoreHarness(_four, 1, recalls: false);
        node.Step(new Complaint(1, 0, ""));
        Assert.That(node.Sent<ViewChangeMessage>(), Is.Empty);
        Assert.That(node.Core.View, Is.Zero);
    }

    [Test]
    public void TwoProposals_AreTheCause()
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(0, _four.Propose(_four.Block(salt: 1), 0, 0));
        node.Receive(0, _four.Propose(_four.Block(salt: 2), 0, 0));
        Assert.That(Left(node).Cause, Is.EqualTo(ViewCause.Equivocation));
        Assert.That(Left(node).Detail, Does.Contain(_four.Block(salt: 2).Hash.ToString()));
    }

    [Test]
    public void InvalidProposal_IsTheCause()
    {
        var node = new CoreHarness(_four, 1);
        ProposedBlock block = _four.Block();
        node.Receive(0, _four.Propose(block, 0, 0));
        node.Step(new BlockChecked(block.Hash, BlockFault.WrongState));
        Assert.That(Left(node), Is.EqualTo(new ViewLeft(1, 0, 1, ViewCause.InvalidProposal, "WrongState")));
    }

    [Test]
    public void MoreTransactionsThanTheLedgerAllows_AreTheCause_BeforeTheBlockIsChecked()
    {
        int max = (int)_four.Config(1).Parameters.BlockTransactionsMax;
        var full = new CoreHarness(_four, 1);
        full.Receive(0, _four.Propose(_four.Block(transactions: max), 0, 0));
        Assert.That(full.Effects.OfType<CheckBlock>().Single().Block.LeafHashes, Has.Count.EqualTo(max));

        var over = new CoreHarness(_four, 1);
        over.Receive(0, _four.Propose(_four.Block(transactions: max + 1), 0, 0));
        Assert.That(Left(over), Is.EqualTo(new ViewLeft(1, 0, 1, ViewCause.InvalidProposal, $"{max + 1} transactions")));
        Assert.That(over.Effects.OfType<CheckBlock>(), Is.Empty);
    }

    [Test]
    public void ProposalOfAHigherView_IsJoined()
    {
        var node = new CoreHarness(_four, 3);
        node.Receive(2, _four.Propose(_four.Block(2), 2, 2, _four.Justification(2)));
        Assert.That(Left(node), Is.EqualTo(new ViewLeft(1, 0, 2, ViewCause.Joined, "")));
    }

    [Test]
    public void StoredInALaterView_TheLeaderOfTheOneThatAQuorumLeft_IsReportedInTurns()
    {
        ProposedBlock block = _four.Block(1);
        for (int self = 0; self < 4; self++)
        {
            var node = new CoreHarness(_four, self);
            foreach (int peer in Enumerable.Range(0, 4).Where(i => i != self))
                node.Receive(peer, _four.ViewChange(peer, 1));
            Store(node, block, decidedIn: 1);
            ReportLeader report = node.Effects.OfType<ReportLeader>().Single();
            Assert.That((report.Epoch, report.Height, report.View, report.Leader), Is.EqualTo((0UL, 1UL, 0U, 0)));
            Assert.That(report.Turn, Is.EqualTo((self + 3) % 4), "the leader of the view that decided is the first");
            Assert.That(report.ViewChanges, Has.Count.EqualTo(_four.Quorum));
            Assert.That(report.ViewChanges.Select(v => v.Signer), Is.Ordered.And.Unique);
        }
    }

    [Test]
    public void LearntFromAJustification_IsReportedToo()
    {
        var node = new CoreHarness(_four, 3);
        ProposedBlock block = _four.Block(1);
        node.Receive(1, _four.Propose(block, 1, 1, _four.Justification(1)));
        Store(node, block, decidedIn: 1);
        Assert.That(node.Effects.OfType<ReportLeader>().Single().ViewChanges, Is.EqualTo(_four.Justification(1).ViewChanges));
    }

    [Test]
    public void DecidedInItsOwnView_WhateverOthersWanted_IsNotReported()
    {
        var node = new CoreHarness(_four, 3);
        for (int peer = 0; peer < 3; peer++)
            node.Receive(peer, _four.ViewChange(peer, 1));
        Store(node, _four.Block(), decidedIn: 0);
        Assert.That(node.Effects.OfType<ReportLeader>(), Is.Empty);
    }

    [Test]
    public void FewerThanAQuorumLeft_NothingIsReported()
    {
        var node = new CoreHarness(_four, 3);
        node.Receive(0, _four.ViewChange(0, 1));
        node.Receive(1, _four.ViewChange(1, 2));
        Store(node, _four.Block(2), decidedIn: 2);
        Assert.That(node.Effects.OfType<ReportLeader>(), Is.Empty);
    }

    [Test]
    public void ManyViewsLeft_OnlyTheFirstFAreKept()
    {
        var ten = new Fixture(10);
        var node = new CoreHarness(ten, 9);
        for (uint view = 6; view >= 1; view--)
            node.Receive((int)view, ten.Propose(ten.Block((int)view), view, (int)view, ten.Justification(view)));
        var stored = new BlockStored(
            ten.Block(6).Header, ten.Certificate(VoteType.Commit, ten.Block(6), view: 6), ten.Leaders());
        node.Step(stored);
        Assert.That(node.Effects.OfType<ReportLeader>().Select(r => (r.View, r.Leader)), Is.EqualTo(new[] { (0U, 0), (1U, 1), (2U, 2) }));
    }

    private void Store(CoreHarness node, ProposedBlock block, uint decidedIn) => node.Step(
        new BlockStored(block.Header, _four.Certificate(VoteType.Commit, block, decidedIn), _four.Leaders()));

    private static ViewLeft Left(CoreHarness node) => node.Effects.OfType<ViewLeft>().Single();
}
