using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Membership": where one epoch's core ends and the next one's begins, and a node without a vote.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EpochBoundaryTest
{
    private readonly Fixture _four = new(4);
    private readonly ProposedBlock _last;
    private readonly Certificate _certificate;
    private readonly ValidatorSet _next;

    /// <summary>Block 1 takes the first of four out, so that all others have another index afterwards.</summary>
    public EpochBoundaryTest()
    {
        _next = new ValidatorSet(_four.Keys.Set.Members.Skip(1));
        _last = Last(_four.Block());
        _certificate = _four.Certificate(VoteType.Commit, _last);
    }

    [Test]
    public void Core_StoresABlockThatNamesAnotherSet_EndsAfterItsMark()
    {
        CoreHarness node = Voted(2);
        node.Effects.Clear();
        node.Step(new BlockStored(_last.Header, _certificate, _four.Leaders()));
        Assert.That(node.Effects[^1], Is.EqualTo(new EpochEnded(1)));
        Assert.That(node.Effects.OfType<AppendJournal>().Select(a => JournalCodec.TryDecode(a.Record)).OfType<StoredMark>().Single().Height,
            Is.EqualTo(1));
        Assert.That(node.Effects.OfType<Send>(), Is.Empty);
        node.Effects.Clear();
        node.Step(new StatusDue());
        node.Step(new WorkChanged(true));
        Assert.That(node.Effects, Is.Empty, "it takes no further part");
    }

    [Test]
    public void NextCore_OnAJournalOfTheEpochBefore_VotesOnceTheOthersHaveAnswered()
    {
        CoreHarness before = Voted(2);
        before.Step(new BlockStored(_last.Header, _certificate, _four.Leaders()));
        ConsensusConfig config = Config(1);
        var core = new ConsensusCore(config, _last.Header, _certificate, Leaders, before.Restarted());
        Assert.That(core.Abstaining, Is.EqualTo(AbstainReason.None), "its index was another one then");
        List<ConsensusEffect> effects = Step(core, new Start(CoreHarness.Token));
        Assert.That(effects.OfType<Send>().Select(s => s.Message), Has.Some.InstanceOf<RecallRequest>());
        Assert.That(core.IsRecalling, Is.True);
        Receive(core, config, 0, new RecallResponse(CoreHarness.Token, null));
        Assert.That(core.IsRecalling, Is.False, "of three, two are a quorum");
    }

    [Test]
    public void NextCore_OfOneThatTookNoPart_AsksAboutTheSameHeightsAgain()
    {
        var observer = new ConsensusCore(
            _four.Config(ConsensusConfig.Observer), _four.Genesis, null, _four.Leaders(), JournalContents.None);
        var journal = new List<byte[]>();
        foreach (ConsensusInput input in new ConsensusInput[] { new Start(1), new BlockStored(_last.Header, _certificate, _four.Leaders()) })
            journal.AddRange(Step(observer, input).OfType<AppendJournal>().Select(a => a.Record));
        var core = new ConsensusCore(
            Config(1), _last.Header, _certificate, Leaders, new JournalContents(JournalCondition.Sound, journal, (ulong)journal.Count + 1));
        RecallRequest request = Step(core, new Start(2)).OfType<Send>().Select(s => s.Message).OfType<RecallRequest>().Single();
        Assert.That(request.Above, Is.Zero, "not the height at which it got its vote");
    }

    /// <summary>It has voted in view changes only. Below the mark its journal holds nothing, and nothing there can be voted on again.</summary>
    [Test]
    public void NextCore_OfOneWhoseJournalWasPruned_AsksAboutWhatTheJournalStillHolds()
    {
        var node = new CoreHarness(_four, 3);
        node.Step(new WorkChanged(true));
        node.Timeout();
        Assert.That(node.Sent<ViewChangeMessage>().Single().Height, Is.EqualTo(1));
        BlockHeader tip = _four.Genesis;
        while (!node.Effects.Any(e => e is PruneJournal))
            tip = Store(node, _four.Block(parent: tip));
        ulong pruned = tip.Height;
        tip = Store(node, _four.Block(parent: tip));
        node.Effects.Clear();
        ProposedBlock last = Last(_four.Block(parent: tip));
        Store(node, last);
        Assert.That(node.Effects[^1], Is.EqualTo(new EpochEnded(pruned + 2)));
        Assert.That(Recalls(node.Effects, from: 0), Is.EqualTo(new[] { new RecallRecord(pruned, IsOver: false) }));
    }

    /// <summary>It was wiped, found out, and votes again; the epoch ends before it has committed anything.</summary>
    [Test]
    public void NextCore_OfOneThatHasReturned_IsNotFoundForgetfulOfTheSameVotesAgain()
    {
        var blocks = new List<ProposedBlock>();
        while (blocks.Count < 7)
            blocks.Add(_four.Block(parent: blocks.Count == 0 ? _four.Genesis : blocks[^1].Header));
        blocks.Add(Last(_four.Block(parent: blocks[^1].Header)));
        var vote = new Vote(VoteType.Commit, Fixture.ChainId, 0, 5, 0, blocks[4].Hash);
        var forgotten = new SignedVote(vote.Type, 0, vote.Height, vote.View, vote.BlockHash, -1, _four.Keys.Sign(3, vote.SigningDigest()));
        var node = new CoreHarness(_four, 3, recalls: false);
        for (int peer = 0; peer < 3; peer++)
        {
            node.Receive(peer, new RecallResponse(
                CoreHarness.Token, forgotten, new DecidedMessage(blocks[4].Header, _four.Certificate(VoteType.Commit, blocks[4]))));
        }
        Assert.That(node.Core.Abstaining, Is.EqualTo(AbstainReason.Amnesia));
        foreach (ProposedBlock block in blocks)
        {
            Assert.That(node.Core.Abstaining, Is.EqualTo(block.Header.Height < 8 ? AbstainReason.Amnesia : AbstainReason.None));
            Store(node, block);
        }
        ConsensusConfig config = Config(2);
        var core = new ConsensusCore(
            config, blocks[^1].Header, _four.Certificate(VoteType.Commit, blocks[^1]), Leaders, node.Restarted());
        Step(core, new Start(CoreHarness.Token));
        foreach (int peer in new[] { 0, 1 })
            Receive(core, config, peer, new RecallResponse(CoreHarness.Token, forgotten));
        Assert.That(core.Abstaining, Is.EqualTo(AbstainReason.None), "what it had forgotten is decided");
        Assert.That(core.IsRecalling, Is.False);
    }

    /// <summary>A snapshot may carry it into an epoch in which its key votes, and has voted before the disk was wiped.</summary>
    [Test]
    public void Observer_LeavesTheQuestionOpen_FromTheStartOnAndWhenTheJournalIsPruned()
    {
        var observer = new ConsensusCore(
            _four.Config(ConsensusConfig.Observer), _four.Genesis, null, _four.Leaders(), JournalContents.None);
        List<ConsensusEffect> effects = Step(observer, new Start(1));
        Assert.That(Recalls(effects, from: 0), Is.EqualTo(new[] { new RecallRecord(0, IsOver: false) }));
        BlockHeader tip = _four.Genesis;
        while (!effects.Any(e => e is PruneJournal))
        {
            ProposedBlock block = _four.Block(parent: tip);
            tip = block.Header;
            effects = Step(observer, new BlockStored(tip, _four.Certificate(VoteType.Commit, block), _four.Leaders()));
        }
        ulong kept = effects.OfType<PruneJournal>().Single().BelowIndex;
        Assert.That(Recalls(effects, kept), Is.EqualTo(new[] { new RecallRecord(tip.Height, IsOver: false) }));
    }

    [Test]
    public void Observer_SendsNothing_SignsNothing_AndFetchesWhatIsDecided()
    {
        ConsensusConfig config = _four.Config(ConsensusConfig.Observer);
        var core = new ConsensusCore(config, _four.Genesis, null, _four.Leaders(), JournalContents.None);
        var effects = new List<ConsensusEffect>();
        core.Step(new Start(1), effects);
        core.Step(new WorkChanged(true), effects);
        core.Step(new StatusDue(), effects);
        effects.AddRange(Receive(core, config, 0, _four.Propose(_four.Block(), 0, 0)));
        foreach (VoteType type in new[] { VoteType.Prepare, VoteType.Commit })
        {
            for (int signer = 0; signer < 4; signer++)
                effects.AddRange(Receive(core, config, signer, _four.Vote(type, _four.Block().Hash, signer)));
        }
        effects.AddRange(Receive(core, config, 1, new RecallRequest(3, 0)));
        Assert.That(effects.Where(e => e is Send or RequestSignature or SetTimer or CommitBlock), Is.Empty);
        NeedBlocks need = Receive(core, config, 2, new StatusMessage(0, new DecidedMessage(_last.Header, _certificate))).OfType<NeedBlocks>().Single();
        Assert.That((need.UpToHeight, need.Hint), Is.EqualTo((1UL, 2)));
    }

    [Test]
    public void Verify_MessagesOfAnotherEpoch_CountOnlyForWhatIsDecided()
    {
        var verifier = new MessageVerifier(Config(1), _four.Keys);
        VoteMessage vote = _four.Vote(VoteType.Commit, _last.Hash, 1, height: 2);
        Assert.That(verifier.Verify(0, vote, 1, out _), Is.EqualTo(MessageFailure.WrongEpoch));
        Assert.That(verifier.Verify(0, vote with { VoteHeight = 1, Signer = 3 }, 1, out VerifiedMessage? late), Is.EqualTo(MessageFailure.None));
        Assert.That(late!.IsProven, Is.False);
        var status = new StatusMessage(0, new DecidedMessage(_last.Header, _certificate));
        Assert.That(verifier.Verify(0, status, 1, out _), Is.EqualTo(MessageFailure.None), "of the epoch's own beginning");
        Assert.That(verifier.Verify(0, status, 0, out _), Is.EqualTo(MessageFailure.WrongEpoch));
        Assert.That(verifier.Verify(3, status, 1, out _), Is.EqualTo(MessageFailure.UnknownValidator), "three vote now");
    }

    [Test]
    public void Verify_WhatOthersSayWasSigned_IsOfThisKeyInWhateverEpoch()
    {
        var verifier = new MessageVerifier(Config(1), _four.Keys); // the third of four is the second of three
        SignedVote Signed(int signer, ulong epoch)
        {
            var vote = new Vote(VoteType.Commit, Fixture.ChainId, epoch, 1, 0, _last.Hash);
            return new SignedVote(VoteType.Commit, epoch, 1, 0, _last.Hash, -1, _four.Keys.Sign(signer, vote.SigningDigest()));
        }
        Assert.That(verifier.Verify(0, new RecallResponse(1, Signed(2, 0)), 1, out VerifiedMessage? own), Is.EqualTo(MessageFailure.None));
        Assert.That(((RecallResponse)own!.Message).Newest, Is.Not.Null);
        Assert.That(verifier.Verify(0, new RecallResponse(1, Signed(1, 0)), 1, out VerifiedMessage? other), Is.EqualTo(MessageFailure.None));
        Assert.That(((RecallResponse)other!.Message).Newest, Is.Null, "of a key that this one may have replaced");
        Assert.That(verifier.Verify(0, new RecallResponse(1, Signed(1, 1)), 1, out _), Is.EqualTo(MessageFailure.BadSignature));
        Assert.That(verifier.Verify(0, new RecallResponse(1, Signed(2, 2)), 1, out _), Is.EqualTo(MessageFailure.WrongEpoch));
    }

    [Test]
    public void CatchUp_StopsWhereAnotherSetCertifies()
    {
        var catchUp = new CatchUp(Fixture.ChainId, _four.Keys.Set, _four.Keys);
        ProposedBlock after = _four.Block(parent: _last.Header);
        FetchedBlock Fetched(ProposedBlock block) =>
            new(block.Header.ToBytes(), _four.Certificate(VoteType.Commit, block).ToBytes(), []);
        IReadOnlyList<CertifiedBlock> believed = catchUp.Believe(1, [Fetched(_last), Fetched(after)], out string? complaint);
        Assert.That(believed.Select(b => b.Header.Height), Is.EqualTo(new[] { 1UL }));
        Assert.That(complaint, Is.Null, "the next one is not this epoch's to judge");
    }

    private static RecallRecord[] Recalls(List<ConsensusEffect> effects, ulong from) =>
    [
        .. effects.OfType<AppendJournal>().Where(a => a.Index >= from)
            .Select(static a => JournalCodec.TryDecode(a.Record)).OfType<RecallRecord>(),
    ];

    private static LeaderOrder Leaders => new([0, 1, 2], 0);

    private ProposedBlock Last(ProposedBlock block)
    {
        byte[] bytes = block.Header.ToBytes();
        _next.Hash.Span.CopyTo(bytes.AsSpan(114));
        return block with { Header = BlockHeader.TryRead(bytes)! };
    }

    private BlockHeader Store(CoreHarness node, ProposedBlock block)
    {
        node.Step(new BlockStored(block.Header, _four.Certificate(VoteType.Commit, block), _four.Leaders()));
        return block.Header;
    }

    private ConsensusConfig Config(int self) => new(Fixture.ChainId, 1, _next, self, new ConsensusParameters());

    /// <summary>A validator of four that has prepared and committed the last block of the epoch.</summary>
    private CoreHarness Voted(int self)
    {
        var node = new CoreHarness(_four, self);
        node.Accept(_four.Propose(_last, 0, 0));
        node.Receive(0, _four.Vote(VoteType.Prepare, _last.Hash, 0));
        node.Receive(1, _four.Vote(VoteType.Prepare, _last.Hash, 1));
        Assert.That(node.Sent<VoteMessage>().Last().Type, Is.EqualTo(VoteType.Commit));
        return node;
    }

    private static List<ConsensusEffect> Step(ConsensusCore core, ConsensusInput input)
    {
        var effects = new List<ConsensusEffect>();
        core.Step(input, effects);
        return effects;
    }

    private List<ConsensusEffect> Receive(ConsensusCore core, ConsensusConfig config, int from, ConsensusMessage message)
    {
        Assert.That(
            new MessageVerifier(config, _four.Keys).Verify(from, message, core.Height - 1, out VerifiedMessage? verified),
            Is.EqualTo(MessageFailure.None));
        return Step(core, new MessageReceived(verified!, CoreHarness.Utc));
    }
}
