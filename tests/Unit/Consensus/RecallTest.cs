using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// docs/PROTOCOL.md, "Amnesia": a validator whose disk was wiped or put back votes no more once somebody holds a vote it
/// has forgotten, and nobody who forgot nothing is kept from voting.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecallTest
{
    private readonly Fixture _four = new(4);
    private readonly ProposedBlock[] _chain;

    public RecallTest() => _chain = Chain(_four, 9);

    [Test]
    public void Start_N4_SignsNothingUntilTwoOthersHaveAnswered()
    {
        CoreHarness node = Fresh(1);
        ProposedBlock block = _four.Block();
        node.Accept(_four.Propose(block, 0, 0));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null));
        Assert.That(node.Core.IsRecalling);
        Assert.That(node.Sent<VoteMessage>(), Is.Empty, "one peer answering twice is one answer");
        node.Receive(2, new RecallResponse(CoreHarness.Token, null));
        Assert.That(node.Core.IsRecalling, Is.False);
        Assert.That(node.Sent<VoteMessage>().Single().BlockHash, Is.EqualTo(block.Hash), "what was held back comes now");
    }

    [Test]
    public void Start_OfAValidatorAlone_AsksNobody()
    {
        var node = new CoreHarness(new Fixture(1), 0, recalls: false);
        Assert.That(node.Core.IsRecalling, Is.False);
    }

    [Test]
    public void Answer_ToAnEarlierStart_DoesNotCount()
    {
        CoreHarness node = Fresh(1);
        node.Receive(0, new RecallResponse(CoreHarness.Token - 1, null));
        node.Receive(2, new RecallResponse(CoreHarness.Token - 1, null));
        node.Receive(3, new RecallResponse(CoreHarness.Token - 1, null));
        Assert.That(node.Core.IsRecalling);
    }

    [TestCase(VoteType.Prepare)]
    [TestCase(VoteType.Commit)]
    public void Answer_WithAForgottenVote_EndsVoting(VoteType type)
    {
        CoreHarness node = Fresh(1);
        node.Receive(2, new RecallResponse(CoreHarness.Token, Voted(type, 1, height: 5)));
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.Amnesia));
        Assert.That(node.Effects.OfType<Alarm>().Single().Text, Does.Contain("height 5"));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null));
        node.Receive(3, new RecallResponse(CoreHarness.Token, null));
        node.Accept(_four.Propose(_four.Block(), 0, 0));
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);

        var again = new CoreHarness(_four, 1, node.Restarted());
        Assert.That(again.Core.Abstaining, Is.EqualTo(AbstainReason.Amnesia), "the journal remembers it");
    }

    [Test]
    public void Answer_WithAVoteThatTheJournalHolds_IsNoAmnesia()
    {
        var node = new CoreHarness(_four, 1);
        ProposedBlock block = _four.Block();
        node.Accept(_four.Propose(block, 0, 0));
        node.Step(new WorkChanged(true));
        node.Timeout();
        VoteMessage prepare = node.Sent<VoteMessage>().Single();
        ViewChangePayload change = node.Sent<ViewChangeMessage>().Single().Payload;

        var again = new CoreHarness(_four, 1, node.Restarted(), recalls: false);
        again.Receive(0, new RecallResponse(CoreHarness.Token, Seen(prepare)));
        again.Receive(2, new RecallResponse(CoreHarness.Token, new SignedVote(
            VoteType.ViewChange, 0, 1, 1, change.PreparedHash, change.PreparedView, change.Signature)));
        Assert.That(again.Core.IsRecalling, Is.False);
        Assert.That(again.Core.Abstaining, Is.EqualTo(AbstainReason.None));
        Assert.That(again.Sent<ViewChangeMessage>().Single().Payload.Signature, Is.EqualTo(change.Signature),
            "and what was signed is sent again, byte for byte");
    }

    [Test]
    public void Answer_WithAVoteAtOrBelowTheLedger_IsNoAmnesia()
    {
        ProposedBlock first = _four.Block();
        Certificate certificate = _four.Certificate(VoteType.Commit, first);
        var journal = new JournalContents(JournalCondition.Sound,
            [JournalCodec.Encode(new StoredMark(1, first.Hash))], 2);
        var node = new CoreHarness(_four, 1, journal, first.Header, certificate, recalls: false);
        node.Receive(0, new RecallResponse(CoreHarness.Token, Voted(VoteType.Commit, 1, height: 1)));
        node.Receive(2, new RecallResponse(CoreHarness.Token, null));
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.None));
        Assert.That(node.Core.IsRecalling, Is.False);
    }

    [Test]
    public void Answer_WithAnothersSignature_IsRefusedBeforeTheCore()
    {
        Assert.That(_four.Verify(new RecallResponse(1, Voted(VoteType.Commit, 0, height: 9))),
            Is.EqualTo(MessageFailure.None));
        Assert.That(_four.Verify(new RecallResponse(1, Voted(VoteType.Commit, 2, height: 9)), tip: 20),
            Is.EqualTo(MessageFailure.BadSignature));
        Assert.That(_four.Verify(new RecallResponse(1, Voted(VoteType.Commit, 0, height: 9) with { Epoch = 1 })),
            Is.EqualTo(MessageFailure.WrongEpoch));
    }

    [Test]
    public void Restart_WhileTheQuestionStands_AsksFromTheFirstLedger()
    {
        CoreHarness node = Fresh(1);
        ProposedBlock first = _four.Block();
        Certificate certificate = _four.Certificate(VoteType.Commit, first);
        node.Step(new BlockStored(first.Header, certificate, _four.Leaders()));
        var again = new CoreHarness(_four, 1, node.Restarted(), first.Header, certificate, recalls: false);
        Assert.That(again.Sent<RecallRequest>().First().Above, Is.Zero, "the ledger it caught up with hides nothing");
        again.Receive(0, new RecallResponse(CoreHarness.Token, Voted(VoteType.Commit, 1, height: 1)));
        Assert.That(again.Core.Abstaining, Is.EqualTo(AbstainReason.Amnesia));
    }

    [Test]
    public void View_EnteredWhileTheQuestionStands_IsPromisedAfterwards()
    {
        CoreHarness node = Fresh(3);
        node.Receive(1, _four.ViewChange(1, 1));
        node.Receive(2, _four.ViewChange(2, 1));
        Assert.That(node.Core.View, Is.EqualTo(1));
        Assert.That(node.Sent<ViewChangeMessage>(), Is.Empty);
        node.Receive(1, new RecallResponse(CoreHarness.Token, null));
        node.Receive(2, new RecallResponse(CoreHarness.Token, null));
        Assert.That(node.Sent<ViewChangeMessage>().Single().View, Is.EqualTo(1), "the others need its view change");
    }

    [Test]
    public void Question_IsAnsweredWithTheNewestVoteSeen_EvenWhileNotVoting()
    {
        CoreHarness node = Fresh(1);
        ProposedBlock block = _four.Block();
        VoteMessage prepare = _four.Vote(VoteType.Prepare, block.Hash, 3);
        VoteMessage commit = _four.Vote(VoteType.Commit, block.Hash, 3);
        node.Receive(3, commit);
        node.Receive(3, prepare);
        node.Receive(3, new RecallRequest(99, 0));
        Assert.That(node.Sent<RecallResponse>().Single(), Is.EqualTo(new RecallResponse(99, Seen(commit))));
        node.Receive(3, new RecallRequest(99, 0));
        Assert.That(node.Sent<RecallResponse>().Count(), Is.EqualTo(1), "once between two status ticks");
    }

    [Test]
    public void Question_OfOneWhoseVotesWereFarAhead_IsAnsweredWithThem()
    {
        CoreHarness node = Fresh(1);
        VoteMessage ahead = _four.Vote(VoteType.Commit, Sha256.Hash("ahead"u8), 3, height: 7);
        node.Receive(3, ahead);
        node.Receive(3, new RecallRequest(99, 0));
        Assert.That(node.Sent<RecallResponse>().Single().Newest, Is.EqualTo(Seen(ahead)));
    }

    [Test]
    public void Question_OnTheLedger_IsAnsweredFromTheCertificates()
    {
        var node = new CoreHarness(_four, 1);
        ProposedBlock first = _four.Block();
        Certificate certificate = _four.Certificate(VoteType.Commit, first);
        node.Step(new BlockStored(first.Header, certificate, _four.Leaders()));
        node.Receive(2, new RecallRequest(99, 0));
        FindSigner find = node.Effects.OfType<FindSigner>().Single();
        Assert.That(find, Is.EqualTo(new FindSigner(2, 99, 0)));
        SignedVote? found = FindSigner.In(certificate, 2);
        node.Step(new SignerFound(2, 99, found));
        Assert.That(node.Sent<RecallResponse>().Single().Newest, Is.EqualTo(found));
        Assert.That(found!.Value.VoteOn(Fixture.ChainId), Is.EqualTo(certificate.VoteOn(Fixture.ChainId)));
        Assert.That(FindSigner.In(certificate, 3), Is.Null, "only the first three signed");
    }

    [Test]
    public void Journal_RestartedWithAPreparedCertificate_AnswersItsSigners()
    {
        var node = new CoreHarness(_four, 1);
        ProposedBlock block = _four.Block();
        node.Accept(_four.Propose(block, 0, 0));
        VoteMessage prepare = _four.Vote(VoteType.Prepare, block.Hash, 2);
        node.Receive(0, _four.Vote(VoteType.Prepare, block.Hash, 0));
        node.Receive(2, prepare);
        Assert.That(node.Sent<VoteMessage>().Any(v => v.Type == VoteType.Commit));

        var again = new CoreHarness(_four, 1, node.Restarted());
        again.Receive(2, new RecallRequest(99, 0));
        Assert.That(again.Sent<RecallResponse>().Single().Newest, Is.EqualTo(Seen(prepare)));
    }

    [Test]
    public void Amnesia_QOthersHaveAnswered_VotesAgainThreeAboveTheHighestCertifiedHeight()
    {
        // Before the loss its ledger may have been at 5, one above all others, and it may have voted at 6.
        CoreHarness node = Fresh(1);
        node.Receive(2, new RecallResponse(CoreHarness.Token, Voted(VoteType.Prepare, 1, height: 6), Tip(4)));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(3)));
        Assert.That((node.Core.Abstaining, node.Core.VotesAgainAt), Is.EqualTo((AbstainReason.Amnesia, 0UL)), "two are not enough");
        node.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(9)));
        Assert.That(node.Core.VotesAgainAt, Is.Zero, "one peer answering twice is one answer");
        node.Receive(3, new RecallResponse(CoreHarness.Token, null, Tip(4)));
        Assert.That((node.Core.Abstaining, node.Core.VotesAgainAt), Is.EqualTo((AbstainReason.Amnesia, 7UL)));
        node.Step(new StatusDue());
        Assert.That(node.Sent<StatusMessage>().Last().Abstention, Is.EqualTo(new Abstention(AbstainReason.Amnesia, 7)));
        for (int height = 1; height <= 6; height++)
        {
            ProposeAt(node, height);
            Assert.That(node.Sent<VoteMessage>(), Is.Empty, $"no vote at {height}");
            Store(node, height);
        }
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.None));
        ProposeAt(node, 7);
        Assert.That(node.Sent<VoteMessage>().Single().Height, Is.EqualTo(7));
        node.Step(new StatusDue());
        Assert.That(node.Sent<StatusMessage>().Last().Abstention, Is.EqualTo(default(Abstention)));
    }

    [Test]
    public void Return_AtEveryCrashBefore_IsAtTheSameHeight()
    {
        CoreHarness node = Fresh(1);
        node.Receive(2, new RecallResponse(CoreHarness.Token, Voted(VoteType.Commit, 1, height: 3), Tip(2)));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(2)));
        node.Receive(3, new RecallResponse(CoreHarness.Token, null, Tip(2)));
        for (int height = 1; height <= 4; height++)
        {
            Assert.That((node.Core.Abstaining, node.Core.VotesAgainAt), Is.EqualTo((AbstainReason.Amnesia, 5UL)));
            if (height < 4)
            {
                // The block is in the ledger, and its mark is not in the journal: the narrowest place for a crash.
                node = Restart(node, height);
                Assert.That((node.Core.Abstaining, node.Core.VotesAgainAt), Is.EqualTo((AbstainReason.Amnesia, 5UL)));
                node.Receive(2, new RecallResponse(CoreHarness.Token, Voted(VoteType.Commit, 1, height: 3), Tip(height)));
                node.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(height)));
                Assert.That(node.Core.IsRecalling, Is.False, "what it forgot below its return is known");
            }
        }
        node = Restart(node, 4);
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.Amnesia), "not before it has asked again");
        node.Receive(2, new RecallResponse(CoreHarness.Token, null, Tip(4)));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(4)));
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.None));
        ProposeAt(node, 5);
        Assert.That(node.Sent<VoteMessage>().Single().Height, Is.EqualTo(5));

        CoreHarness again = Restart(node, 4);
        Assert.That(again.Core.Abstaining, Is.EqualTo(AbstainReason.None), "the return is in the journal, too");
        again.Receive(2, new RecallResponse(CoreHarness.Token, Seen(node.Sent<VoteMessage>().Single()), Tip(4)));
        again.Receive(0, new RecallResponse(CoreHarness.Token, null, Tip(4)));
        Assert.That(again.Sent<VoteMessage>().Single(), Is.EqualTo(node.Sent<VoteMessage>().Single()));
    }

    [Test]
    public void Copy_OfTheTimeOfAbstaining_PutBackAfterTheReturn_AbstainsAnew()
    {
        CoreHarness node = Fresh(1);
        node.Receive(2, new RecallResponse(CoreHarness.Token, Voted(VoteType.Commit, 1, height: 1)));
        node.Receive(0, new RecallResponse(CoreHarness.Token, null));
        node.Receive(3, new RecallResponse(CoreHarness.Token, null));
        Assert.That(node.Core.VotesAgainAt, Is.EqualTo(3));
        JournalContents copy = node.Restarted() with { Records = [.. node.Journal] };
        Store(node, 1);
        Store(node, 2);
        ProposeAt(node, 3);
        VoteMessage forgotten = node.Sent<VoteMessage>().Single();

        var back = new CoreHarness(_four, 1, copy, recalls: false);
        Assert.That(back.Core.VotesAgainAt, Is.EqualTo(3));
        back.Receive(0, new RecallResponse(CoreHarness.Token, Seen(forgotten), Tip(2)));
        Assert.That((back.Core.Abstaining, back.Core.VotesAgainAt), Is.EqualTo((AbstainReason.Amnesia, 0UL)));
        back.Receive(2, new RecallResponse(CoreHarness.Token, null, Tip(2)));
        Assert.That(back.Core.IsRecalling, "Q answers are needed to know it");
        back.Receive(3, new RecallResponse(CoreHarness.Token, null, Tip(1)));
        Assert.That(back.Core.VotesAgainAt, Is.EqualTo(5));
    }

    [Test]
    public void Journal_WithWhatContradictsItselfBeforeAnAbstention_IsReadFromThereOn()
    {
        ProposedBlock one = _four.Block(), other = _four.Block(salt: 9);
        byte[][] contradicting =
        [
            .. new[] { one, other }.Select(b => JournalCodec.Encode(
                new AcceptedRecord(_four.Propose(b, 0, 0), _four.Vote(VoteType.Prepare, b.Hash, 1)))),
            [1, 99],
            JournalCodec.Encode(new StoredMark(0, _four.Genesis.Hash, new Abstention(AbstainReason.JournalDamaged, 4))),
        ];
        var node = new CoreHarness(_four, 1, new JournalContents(JournalCondition.Sound, contradicting, 5));
        Assert.That((node.Core.Abstaining, node.Core.VotesAgainAt), Is.EqualTo((AbstainReason.JournalDamaged, 4UL)));
    }

    [TestCase(JournalCondition.Missing)]
    [TestCase(JournalCondition.Damaged)]
    public void Journal_NotToBeTrusted_VotesAgainLater(JournalCondition condition)
    {
        (BlockHeader tip, Certificate certificate) = (_chain[1].Header, _four.Certificate(VoteType.Commit, _chain[1]));
        var node = new CoreHarness(_four, 1, new JournalContents(condition, [], 1), tip, certificate);
        Assert.That(node.Core.VotesAgainAt, Is.EqualTo(5), "three above its own ledger, if the others are below");
        Store(node, 3);
        ProposeAt(node, 4);
        Assert.That(node.Sent<VoteMessage>(), Is.Empty);
        Store(node, 4);
        ProposeAt(node, 5);
        Assert.That(node.Sent<VoteMessage>().Single().Height, Is.EqualTo(5));
    }

    [Test]
    public void Answer_WithATipThatNothingProves_IsRefusedBeforeTheCore()
    {
        DecidedMessage tip = Tip(4);
        Assert.That(_four.Verify(new RecallResponse(1, null, tip)), Is.EqualTo(MessageFailure.None));
        Certificate prepared = _four.Certificate(VoteType.Prepare, _chain[3]);
        Assert.That(_four.Verify(new RecallResponse(1, null, tip with { Certificate = prepared })),
            Is.EqualTo(MessageFailure.BadCertificate));
    }

    private CoreHarness Restart(CoreHarness node, int tip) => new(
        _four, 1, node.Restarted(), _chain[tip - 1].Header, _four.Certificate(VoteType.Commit, _chain[tip - 1]), recalls: false);

    private DecidedMessage Tip(int height) =>
        new(_chain[height - 1].Header, _four.Certificate(VoteType.Commit, _chain[height - 1]));

    private void ProposeAt(CoreHarness node, int height) =>
        node.Accept(_four.Propose(_chain[height - 1], 0, 0));

    private void Store(CoreHarness node, int height) => node.Step(new BlockStored(
        _chain[height - 1].Header, _four.Certificate(VoteType.Commit, _chain[height - 1]), _four.Leaders()));

    private static ProposedBlock[] Chain(Fixture fixture, int blocks)
    {
        var chain = new ProposedBlock[blocks];
        for (int i = 0; i < blocks; i++)
            chain[i] = fixture.Block(parent: i == 0 ? null : chain[i - 1].Header);
        return chain;
    }

    private static SignedVote Seen(VoteMessage m) =>
        new(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature);

    private CoreHarness Fresh(int self) => new(_four, self, recalls: false);

    private SignedVote Voted(VoteType type, int signer, ulong height) =>
        Seen(_four.Vote(type, Sha256.Hash("forgotten"u8), signer, 0, height));
}
