using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Normal case", "View change", "Timers", "Journal": one core, step by step. The harness
/// holds every batch of effects against "Durable before sent".</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConsensusCoreTest
{
    private readonly Fixture _four = new(4);

    [Test]
    public void Leader_N1_CommitsAlone()
    {
        var one = new Fixture(1);
        var node = new CoreHarness(one, 0);
        ProposedBlock block = one.Block();
        node.Step(new WorkChanged(true));
        node.Step(new ProposalBuilt(1, 0, block));

        CommitBlock commit = node.Effects.OfType<CommitBlock>().Single();
        Assert.That(commit.Block, Is.EqualTo(block));
        Assert.That(one.Keys.Set.QuorumSize, Is.EqualTo(commit.Certificate.Signatures.Count));
        Assert.That(commit.AfterJournal, Is.EqualTo(2), "after the proposal and the own Commit");
    }

    [Test]
    public void Leader_WithoutWork_DoesNothing()
    {
        var node = new CoreHarness(_four, 0);
        node.Step(new WorkChanged(false));
        Assert.That(node.Effects.OfType<BuildProposal>(), Is.Empty);
        Assert.That(node.Effects.OfType<SetTimer>(), Is.Empty);
        node.Step(new WorkChanged(true));
        node.Step(new WorkChanged(true));
        Assert.That(node.Effects.OfType<BuildProposal>().Count(), Is.EqualTo(1));
    }

    [Test]
    public void Backup_BeforeTheCheck_SendsNoPrepare()
    {
        var node = new CoreHarness(_four, 1);
        ProposeMessage proposal = _four.Propose(_four.Block(), 0, 0);
        node.Receive(0, proposal);
        Assert.That(node.Effects.OfType<CheckBlock>().Single().Block.Hash, Is.EqualTo(proposal.Block.Hash));
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);
        node.Step(new BlockChecked(proposal.Block.Hash, BlockFault.None));
        Assert.That(node.Sent<VoteMessage>().Single().Type, Is.EqualTo(VoteType.Prepare));
    }

    [Test]
    public void Backup_QuorumOfPreparesThenCommits_Commits()
    {
        CoreHarness node = Prepared(1, out ProposedBlock block);
        Assert.That(node.Sent<VoteMessage>().Last().Type, Is.EqualTo(VoteType.Commit));
        node.Receive(0, _four.Vote(VoteType.Commit, block.Hash, 0));
        node.Receive(0, _four.Vote(VoteType.Commit, block.Hash, 0));
        Assert.That(node.Effects.OfType<CommitBlock>(), Is.Empty, "two of three, one of them twice");
        node.Receive(2, _four.Vote(VoteType.Commit, block.Hash, 2));
        Assert.That(node.Effects.OfType<CommitBlock>().Single().Block.Hash, Is.EqualTo(block.Hash));
    }

    [Test]
    public void Commits_OfAnOlderView_DecideAfterAViewChange()
    {
        CoreHarness node = Prepared(1, out ProposedBlock block);
        node.Timeout();
        Assert.That(node.Core.View, Is.EqualTo(1));
        node.Receive(0, _four.Vote(VoteType.Commit, block.Hash, 0));
        node.Receive(2, _four.Vote(VoteType.Commit, block.Hash, 2));
        Assert.That(node.Effects.OfType<CommitBlock>().Single().Certificate.View, Is.Zero);
    }

    [Test]
    public void BlockStored_LearntBySync_EndsTheRoundAndIsIdempotent()
    {
        CoreHarness node = Prepared(1, out ProposedBlock block);
        var stored = new BlockStored(block.Header, _four.Certificate(VoteType.Commit, block), _four.Leaders());
        node.Step(stored);
        Assert.That(node.Core.Height, Is.EqualTo(2));
        int effects = node.Effects.Count;
        node.Step(stored);
        node.Timeout();
        Assert.That(node.Effects, Has.Count.EqualTo(effects), "neither the repeat nor the stale timer does anything");
    }

    [Test]
    public void Views_WithoutEnd_EachWithItsBlock_TheOldestBlocksAreForgotten()
    {
        var node = new CoreHarness(_four, 3);
        var proposed = new List<Digest>();
        for (uint view = 1; view <= 40; view++)
        {
            int leader = (int)(view % 4);
            if (leader == 3)
                continue;
            ProposedBlock block = _four.Block(leader, (byte)view);
            proposed.Add(block.Hash);
            node.Accept(_four.Propose(block, view, leader, _four.Justification(view)));
        }
        Digest[] forgotten = [.. node.Effects.OfType<ForgetBlock>().Select(e => e.BlockHash)];
        Assert.That(forgotten, Is.EqualTo(proposed[..^6]), "the six newest are kept");
    }

    [Test]
    public void BlockChecked_ThatNobodyWaitsFor_IsForgotten()
    {
        var node = new CoreHarness(_four, 1);
        Digest late = _four.Block(0, 9).Hash;
        node.Step(new BlockChecked(late, BlockFault.None));
        Assert.That(node.Effects.OfType<ForgetBlock>().Single().BlockHash, Is.EqualTo(late));
    }

    [Test]
    public void BlockStored_WithAGap_IsAProgrammerError()
    {
        var node = new CoreHarness(_four, 1);
        ProposedBlock second = _four.Block(parent: _four.Block().Header);
        Assert.Throws<InvalidOperationException>(() => node.Step(
            new BlockStored(second.Header, _four.Certificate(VoteType.Commit, second), _four.Leaders())));
    }

    [Test]
    public void Timer_ReplacedSince_IsIgnored()
    {
        var node = new CoreHarness(_four, 1);
        node.Step(new WorkChanged(true));
        SetTimer first = node.Effects.OfType<SetTimer>().Single();
        node.Step(new WorkChanged(false));
        node.Step(new TimerFired(first.Height, first.View, first.Generation));
        node.Step(new WorkChanged(true));
        node.Step(new TimerFired(first.Height, first.View, first.Generation));
        Assert.That(node.Core.View, Is.Zero);
        node.Timeout();
        Assert.That(node.Core.View, Is.EqualTo(1));
    }

    [Test]
    public void Isolated_InViewOne_GoesNoFurtherUntilAQuorumHasCome()
    {
        var node = new CoreHarness(_four, 3);
        node.Step(new WorkChanged(true));
        node.Timeout();
        Assert.That(node.Effects.OfType<SetTimer>().Count(), Is.EqualTo(1), "no timer runs in view 1 yet");
        node.Receive(0, _four.ViewChange(0, 1));
        node.Receive(1, _four.ViewChange(1, 5));
        Assert.That(node.Effects.OfType<SetTimer>().Last().View, Is.EqualTo(1));
        Assert.That(node.Effects.OfType<SetTimer>().Last().DelayMs, Is.EqualTo(2_000));
        node.Timeout();
        Assert.That(node.Core.View, Is.EqualTo(2));
    }

    [Test]
    public void ViewChanges_OfWeakQuorum_AreJoined_OneIsNot()
    {
        var node = new CoreHarness(_four, 3);
        node.Receive(1, _four.ViewChange(1, 7));
        Assert.That(node.Core.View, Is.Zero);
        node.Receive(2, _four.ViewChange(2, 4));
        Assert.That(node.Core.View, Is.EqualTo(4));
        Assert.That(node.Sent<ViewChangeMessage>().Single().View, Is.EqualTo(4));
    }

    [Test]
    public void NewLeader_SomeonePrepared_ProposesThatBlockAgain()
    {
        CoreHarness node = Prepared(1, out ProposedBlock block);
        node.Timeout();
        Certificate prepared = node.Sent<ViewChangeMessage>().Single().Prepared!;
        Assert.That(prepared.BlockHash, Is.EqualTo(block.Hash));
        node.Receive(2, _four.ViewChange(2, 1));
        node.Receive(3, _four.ViewChange(3, 1));
        ProposeMessage again = node.Sent<ProposeMessage>().Single();
        Assert.That(again.Block.Hash, Is.EqualTo(block.Hash));
        Assert.That(again.IsFresh, Is.False);
        Assert.That(_four.Verify(again, 1), Is.EqualTo(MessageFailure.None));
    }

    [Test]
    public void NewLeader_LacksTheContent_AsksForIt()
    {
        ProposedBlock block = _four.Block();
        var node = new CoreHarness(_four, 1);
        node.Step(new WorkChanged(true));
        node.Timeout();
        node.Receive(2, _four.ViewChange(2, 1, _four.Certificate(VoteType.Prepare, block)));
        node.Receive(3, _four.ViewChange(3, 1));
        Assert.That(node.Effects.OfType<Send>().Single(s => s.Message is ProposalRequest).To, Is.EqualTo(2));
        node.Receive(2, new ProposalResponse(block));
        node.Step(new BlockChecked(block.Hash, BlockFault.None));
        Assert.That(node.Sent<ProposeMessage>().Single().Block.Hash, Is.EqualTo(block.Hash));
    }

    [Test]
    public void NewLeader_NobodyPreparedNoWork_WaitsAndProposesWhenWorkComes()
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(0, _four.ViewChange(0, 1));
        node.Receive(2, _four.ViewChange(2, 1));
        Assert.That(node.Effects.OfType<BuildProposal>(), Is.Empty);
        node.Step(new WorkChanged(true));
        Assert.That(node.Effects.OfType<BuildProposal>().Single().View, Is.EqualTo(1));
    }

    [Test]
    public void EquivocatingLeader_IsLeft()
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(0, _four.Propose(_four.Block(salt: 1), 0, 0));
        node.Receive(0, _four.Propose(_four.Block(salt: 2), 0, 0));
        Assert.That(node.Effects.OfType<Alarm>().Single().Code, Is.EqualTo(AlarmCode.EquivocatingLeader));
        Assert.That(node.Core.View, Is.EqualTo(1));
    }

    [Test]
    public void ProposedAgain_WithOtherLeaves_KeepsTheOnesThatPassed()
    {
        CoreHarness node = Prepared(3, out ProposedBlock block);
        var bogus = new ProposedBlock(block.Header, [Digest.Zero]);
        Justification justification = _four.Justification(1, _four.Certificate(VoteType.Prepare, block));
        node.Receive(1, _four.Propose(bogus, 1, 1, justification));
        AcceptedRecord kept = node.Journal.Select(r => JournalCodec.TryDecode(r)).OfType<AcceptedRecord>().Last();
        Assert.That(kept.Prepare.View, Is.EqualTo(1));
        Assert.That(kept.Proposal.Block.LeafHashes, Is.EqualTo(block.LeafHashes));
    }

    [Test]
    public void Content_FromElsewhereFails_LeadersOwnIsStillChecked()
    {
        ProposedBlock block = _four.Block();
        Certificate prepared = _four.Certificate(VoteType.Prepare, block);
        var node = new CoreHarness(_four, 1);
        node.Receive(2, _four.ViewChange(2, 1, prepared));
        node.Receive(3, _four.ViewChange(3, 1));
        node.Receive(2, new ProposalResponse(new ProposedBlock(block.Header, [Digest.Zero])));
        node.Receive(2, _four.Propose(block, 2, 2, _four.Justification(2, prepared)));
        node.Step(new BlockChecked(block.Hash, BlockFault.WrongLeaves));
        Assert.That(node.Effects.OfType<CheckBlock>().Last().Block.LeafHashes, Is.EqualTo(block.LeafHashes));
        node.Step(new BlockChecked(block.Hash, BlockFault.None));
        Assert.That(node.Sent<VoteMessage>().Single().View, Is.EqualTo(2));
    }

    [Test]
    public void Proposal_OfAnotherThanTheLeader_IsIgnored()
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(2, _four.Propose(_four.Block(2), 0, 2));
        node.Receive(3, _four.Propose(_four.Block(0), 0, 0));
        Assert.That(node.Effects.OfType<CheckBlock>(), Is.Empty, "not the leader; not sent by its signer");
    }

    [Test]
    public void Restart_AfterEachRecord_SendsTheSameBytesAndNothingElse()
    {
        CoreHarness before = Prepared(1, out ProposedBlock block);
        byte[][] sent = [.. before.Sent<VoteMessage>().Select(m => ConsensusMessageCodec.Encode(m))];
        var after = new CoreHarness(_four, 1, before.Restarted());
        after.Step(new BlockChecked(block.Hash, BlockFault.None));
        Assert.That(after.Sent<VoteMessage>().Select(m => ConsensusMessageCodec.Encode(m)), Is.EqualTo(sent));
        after.Receive(0, _four.Propose(_four.Block(salt: 9), 0, 0));
        Assert.That(after.Sent<VoteMessage>().Count(), Is.EqualTo(sent.Length), "no vote for the second proposal");
    }

    [Test]
    public void Restart_AfterAPromise_VotesInNoOlderView()
    {
        var before = new CoreHarness(_four, 3);
        before.Step(new WorkChanged(true));
        before.Timeout();
        var after = new CoreHarness(_four, 3, before.Restarted());
        Assert.That(after.Core.View, Is.EqualTo(1));
        Assert.That(after.Sent<ViewChangeMessage>().Single(), Is.EqualTo(before.Sent<ViewChangeMessage>().Single()));
        after.Accept(_four.Propose(_four.Block(), 0, 0));
        Assert.That(after.Sent<VoteMessage>(), Is.Empty);
    }

    /// <summary>docs/PROTOCOL.md, "Journal": a data directory that was copied from another department's node.</summary>
    [Test]
    public void Journal_OfAnotherValidator_Abstains()
    {
        CoreHarness other = Prepared(1, out ProposedBlock block);
        Assert.That(new CoreHarness(_four, 1, other.Restarted()).Core.Abstaining, Is.EqualTo(AbstainReason.None));
        var node = new CoreHarness(_four, 2, other.Restarted());
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.JournalOfAnother));
        node.Step(new BlockChecked(block.Hash, BlockFault.None));
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);
    }

    [TestCase(JournalCondition.Missing, AbstainReason.JournalMissing)]
    [TestCase(JournalCondition.Damaged, AbstainReason.JournalDamaged)]
    [TestCase(JournalCondition.Sound, AbstainReason.JournalOlderThanLedger)]
    public void Journal_NotToBeTrusted_AbstainsAndStaysSoAcrossRestarts(
        JournalCondition condition, AbstainReason expected)
    {
        ProposedBlock first = _four.Block();
        ProposedBlock second = _four.Block(parent: first.Header);
        Certificate certificate = _four.Certificate(VoteType.Commit, second);
        var node = new CoreHarness(_four, 1, new JournalContents(condition, [], 1), second.Header, certificate);
        Assert.That(node.Core.Abstaining, Is.EqualTo(expected));
        ProposedBlock third = _four.Block(parent: second.Header);
        node.Accept(_four.Propose(third, 0, 0));
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);

        var again = new CoreHarness(_four, 1, node.Restarted(), second.Header, certificate);
        Assert.That(again.Core.Abstaining, Is.EqualTo(expected));
    }

    [Test]
    public void Journal_OneMarkBehindTheLedger_IsACrashBetweenTheTwo()
    {
        ProposedBlock block = _four.Block();
        var node = new CoreHarness(
            _four, 1, new JournalContents(JournalCondition.Sound, [], 1), block.Header,
            _four.Certificate(VoteType.Commit, block));
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.None));
        Assert.That(JournalCodec.TryDecode(node.Journal[0]), Is.TypeOf<StoredMark>());
    }

    [Test]
    public void Journal_AheadOfTheLedger_Abstains()
    {
        byte[] mark = JournalCodec.Encode(new StoredMark(7, Digest.Zero));
        var node = new CoreHarness(_four, 1, new JournalContents(JournalCondition.Sound, [mark], 2));
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.LedgerOlderThanJournal));
    }

    [Test]
    public void Decided_OfALaterHeight_AsksForBlocks_OfAnOldOneIsAnsweredOncePerTick()
    {
        ProposedBlock first = _four.Block();
        ProposedBlock second = _four.Block(parent: first.Header);
        Certificate certificate = _four.Certificate(VoteType.Commit, second);
        var behind = new CoreHarness(_four, 1);
        behind.Receive(2, new DecidedMessage(second.Header, certificate));
        Assert.That(behind.Effects.OfType<NeedBlocks>().Single(), Is.EqualTo(new NeedBlocks(2, 2)));

        var ahead = new CoreHarness(_four, 2, new JournalContents(JournalCondition.Sound,
            [JournalCodec.Encode(new StoredMark(2, second.Hash))], 2), second.Header, certificate);
        ahead.Receive(1, new StatusMessage(0, null));
        ahead.Receive(1, new StatusMessage(0, null));
        Assert.That(ahead.Sent<DecidedMessage>().Count(), Is.EqualTo(1));
        ahead.Step(new StatusDue());
        ahead.Receive(1, new StatusMessage(0, null));
        Assert.That(ahead.Sent<DecidedMessage>().Count(), Is.EqualTo(2));
    }

    [Test]
    public void UnverifiedMessage_OfAHeightTheDriverTookForStored_IsNotBelieved()
    {
        ProposedBlock block = _four.Block();
        Certificate forged = _four.Certificate(VoteType.Commit, block) with { View = 3 };
        var verifier = new MessageVerifier(_four.Config(1), _four.Keys);
        Assert.That(verifier.Verify(0, new DecidedMessage(block.Header, forged), 1, out VerifiedMessage? message),
            Is.EqualTo(MessageFailure.None), "not looked at: the ledger is said to have height 1 already");
        var node = new CoreHarness(_four, 1);
        int effects = node.Effects.Count;
        node.Step(new MessageReceived(message!, CoreHarness.Utc));
        Assert.That(node.Effects, Has.Count.EqualTo(effects));
    }

    [Test]
    public void Drain_BeginsNothingNew()
    {
        var node = new CoreHarness(_four, 1);
        node.Step(new Drain());
        int effects = node.Effects.Count;
        node.Step(new WorkChanged(true));
        Assert.That(node.Effects, Has.Count.EqualTo(effects));
        node.Accept(_four.Propose(_four.Block(), 0, 0));
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);
    }

    private CoreHarness Prepared(int self, out ProposedBlock block)
    {
        block = _four.Block();
        var node = new CoreHarness(_four, self);
        node.Accept(_four.Propose(block, 0, 0));
        for (int i = 0; i < 4; i++)
        {
            if (i != self)
                node.Receive(i, _four.Vote(VoteType.Prepare, block.Hash, i));
        }
        return node;
    }
}
