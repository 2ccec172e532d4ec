using CsCheck;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// docs/PROTOCOL.md, "Evidence": two votes that no honest validator signs both are found in whatever message they come, and
/// no honest validator can be framed.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EvidenceTest
{
    private readonly Fixture _four = new(4);
    private readonly ProposedBlock _one;
    private readonly ProposedBlock _other;

    public EvidenceTest() => (_one, _other) = (_four.Block(), _four.Block(salt: 9));

    [Test]
    public void Of_WhatAnHonestValidatorSigns_IsNever()
    {
        // A view each: promised with what is prepared, then perhaps prepared, then perhaps committed; never an older view.
        Gen.Select(Gen.UInt[0, 3], Gen.Bool, Gen.Bool, Gen.Byte[0, 3]).Array[1, 12].Sample(steps =>
        {
            var signed = new List<SignedVote>();
            (long PreparedView, Digest Hash) prepared = (-1, Digest.Zero);
            uint view = 0;
            foreach ((uint skip, bool prepares, bool commits, byte salt) in steps)
            {
                if (signed.Count > 0 || skip > 0)
                {
                    view += Math.Max(1, skip);
                    signed.Add(Signed(2, new Vote(VoteType.ViewChange, Fixture.ChainId, 0, 1, view, prepared.Hash, prepared.PreparedView)));
                }
                Digest block = prepared.PreparedView >= 0 ? prepared.Hash : Sha256.Hash([salt]);
                if (!prepares)
                    continue;
                signed.Add(Signed(2, new Vote(VoteType.Propose, Fixture.ChainId, 0, 1, view, block)));
                signed.Add(Signed(2, new Vote(VoteType.Prepare, Fixture.ChainId, 0, 1, view, block)));
                if (!commits)
                    continue;
                signed.Add(Signed(2, new Vote(VoteType.Commit, Fixture.ChainId, 0, 1, view, block)));
                prepared = (view, block);
            }
            return !Pairs(signed).Any(p => EvidenceOf(2, p.A, p.B) is not null);
        });
    }

    [Test]
    public void Of_AViewChangeForTheViewCommittedIn_IsNone()
    {
        // It asks for view 1 having prepared nothing, and then commits in view 1.
        SignedVote change = Seen(_four.ViewChange(2, 1));
        SignedVote commit = Seen(_four.Vote(VoteType.Commit, _one.Hash, 2, view: 1));
        Assert.That(EvidenceOf(2, change, commit), Is.Null);
        Assert.That(EvidenceOf(2, commit, change), Is.Null);
    }

    [Test]
    public void Of_OneVoteWithTwoSignatures_IsNone()
    {
        SignedVote vote = Seen(_four.Vote(VoteType.Commit, _one.Hash, 2));
        SignedVote again = vote with { Signature = Seen(_four.Vote(VoteType.Commit, _other.Hash, 2)).Signature };
        Assert.That(EvidenceOf(2, vote, again), Is.Null, "signatures are random; what is signed is compared");
    }

    [Test]
    public void Of_TwoContents_IsADoubleVote_TheLesserFirst(
        [Values] VoteType type, [Values] bool swapped)
    {
        SignedVote a = Signed(2, new Vote(type, Fixture.ChainId, 0, 1, 3, _one.Hash, type == VoteType.ViewChange ? 1 : -1));
        SignedVote b = Signed(2, new Vote(type, Fixture.ChainId, 0, 1, 3, _other.Hash, type == VoteType.ViewChange ? 1 : -1));
        Evidence evidence = swapped ? EvidenceOf(2, b, a)! : EvidenceOf(2, a, b)!;
        Assert.That(evidence.Kind, Is.EqualTo(EvidenceKind.DoubleVote));
        Assert.That(evidence, Is.EqualTo(EvidenceOf(2, a, b)), "whatever the order");
        Assert.That(evidence.First.BlockHash, Is.LessThan(evidence.Second.BlockHash));
        AssertProves(evidence, 2);
    }

    [TestCase(-1, true)]
    [TestCase(0, true)]
    [TestCase(1, true, TestName = "Of_CommitAndAViewChangeNamingAnotherBlockOfTheView_IsEvidence")]
    [TestCase(2, false)]
    public void Of_CommitInViewOne_ThenAViewChangeWithAnOlderPreparedView_IsABrokenCommit(int preparedView, bool breaks)
    {
        SignedVote commit = Seen(_four.Vote(VoteType.Commit, _one.Hash, 2, view: 1));
        Digest hash = preparedView < 0 ? Digest.Zero : _other.Hash;
        SignedVote change = Signed(2, new Vote(VoteType.ViewChange, Fixture.ChainId, 0, 1, 4, hash, preparedView));
        Evidence? evidence = EvidenceOf(2, change, commit);
        Assert.That(evidence is not null, Is.EqualTo(breaks));
        if (evidence is null)
            return;
        Assert.That((evidence.Kind, evidence.First.Type), Is.EqualTo((EvidenceKind.BrokenCommit, VoteType.Commit)));
        AssertProves(evidence, 2);
        SignedVote kept = Signed(2, new Vote(VoteType.ViewChange, Fixture.ChainId, 0, 1, 4, _one.Hash, 1));
        Assert.That(EvidenceOf(2, kept, commit), Is.Null, "it names what was committed");
    }

    [Test]
    public void Bytes_EveryOneAltered_ProvesNothing()
    {
        Evidence evidence = EvidenceOf(2, Seen(_four.Vote(VoteType.Commit, _one.Hash, 2)), Seen(_four.Vote(VoteType.Commit, _other.Hash, 2)))!;
        byte[] bytes = evidence.ToBytes();
        Assert.That(bytes, Has.Length.EqualTo(Evidence.Size));
        Assert.That(Evidence.TryRead(bytes), Is.EqualTo(evidence));
        Assert.That(Evidence.TryRead(bytes.AsSpan(1)), Is.Null);
        Assert.That(Evidence.TryRead([.. bytes, 0]), Is.Null);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] altered = [.. bytes];
            altered[i] ^= 0x01;
            Assert.That(Evidence.TryRead(altered) is { } read
                && EvidenceVerifier.Verify(read, Fixture.ChainId, _four.Keys.Set, _four.Keys) == EvidenceFailure.None, Is.False, $"byte {i}");
        }
    }

    [Test]
    public void Bytes_WithTheTwoVotesInTheOtherOrder_AreNotRead()
    {
        byte[] bytes = EvidenceOf(2, Seen(_four.Vote(VoteType.Prepare, _one.Hash, 2)), Seen(_four.Vote(VoteType.Prepare, _other.Hash, 2)))!.ToBytes();
        const int vote = 1 + 4 + 32 + 4 + 64;
        byte[] swapped = [.. bytes[..^(2 * vote)], .. bytes[^vote..], .. bytes[^(2 * vote)..^vote]];
        Assert.That(Evidence.TryRead(swapped), Is.Null, "there is one encoding of each piece");
    }

    /// <summary>Every way in which a vote reaches a core.</summary>
    private static IEnumerable<TestCaseData> Ways()
    {
        var f = new Fixture(4);
        ProposedBlock one = f.Block(), other = f.Block(salt: 9);
        Certificate preparedOne = f.Certificate(VoteType.Prepare, one), preparedOther = f.Certificate(VoteType.Prepare, other);
        TestCaseData Way(string name, ConsensusMessage first, ConsensusMessage second, int guilty) =>
            new TestCaseData(first, second, guilty).SetArgDisplayNames(name);
        yield return Way("two proposals", f.Propose(one, 0, 0), f.Propose(other, 0, 0), 0);
        yield return Way("two Prepares", f.Vote(VoteType.Prepare, one.Hash, 2), f.Vote(VoteType.Prepare, other.Hash, 2), 2);
        yield return Way("two Commits", f.Vote(VoteType.Commit, one.Hash, 2), f.Vote(VoteType.Commit, other.Hash, 2), 2);
        yield return Way("two view changes", f.ViewChange(2, 1), f.ViewChange(2, 1, preparedOne), 2);
        yield return Way("a Commit and a view change", f.Vote(VoteType.Commit, one.Hash, 2), f.ViewChange(2, 1), 2);
        yield return Way("a view change and a Commit", f.ViewChange(2, 1), f.Vote(VoteType.Commit, one.Hash, 2), 2);
        yield return Way("a Commit and a justification", f.Vote(VoteType.Commit, one.Hash, 2),
            f.Propose(other, 1, 1, f.Justification(1)), 2);
        yield return Way("a Prepare and a view change's certificate", f.Vote(VoteType.Prepare, one.Hash, 2),
            f.ViewChange(3, 1, preparedOther), 2);
        yield return Way("a Prepare and a justification's certificate", f.Vote(VoteType.Prepare, one.Hash, 2),
            f.Propose(other, 1, 1, f.Justification(1, preparedOther, preparedOther, preparedOther)), 2);
        yield return Way("a Commit and a decision", f.Vote(VoteType.Commit, one.Hash, 2),
            new DecidedMessage(other.Header, f.Certificate(VoteType.Commit, other)), 2);
        yield return Way("a Commit and a status", f.Vote(VoteType.Commit, one.Hash, 2),
            new StatusMessage(0, new DecidedMessage(other.Header, f.Certificate(VoteType.Commit, other))), 2);
        yield return Way("Prepares of the next height", f.Vote(VoteType.Prepare, one.Hash, 2, height: 2),
            f.Vote(VoteType.Prepare, other.Hash, 2, height: 2), 2);
        yield return Way("this node's own key elsewhere", f.Vote(VoteType.Prepare, one.Hash, 1),
            f.Vote(VoteType.Prepare, other.Hash, 1), 1);
    }

    [TestCaseSource(nameof(Ways))]
    public void Core_SeesBothVotes_ReportsThemOnceAndTellsTheOthers(ConsensusMessage first, ConsensusMessage second, int guilty)
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(3, first);
        Assert.That(node.Effects.OfType<ReportEvidence>(), Is.Empty);
        node.Receive(3, second);
        Evidence evidence = node.Effects.OfType<ReportEvidence>().First(r => r.Evidence.Signer == _four.Keys.Set[guilty].Key).Evidence;
        AssertProves(evidence, guilty);
        Assert.That(node.Effects.OfType<Send>().Count(
            s => s.To == Send.ToAll && s.Message is EvidenceMessage m && m.Evidence == evidence), Is.EqualTo(1));
        int before = node.Effects.OfType<ReportEvidence>().Count();
        node.Receive(2, second);
        node.Receive(2, first);
        Assert.That(node.Effects.OfType<ReportEvidence>().Count(), Is.EqualTo(before));
    }

    [Test]
    public void Core_LearnsABlockWhoseCertificateDeniesAVoteItSaw_Reports()
    {
        var node = new CoreHarness(_four, 1);
        node.Receive(3, _four.Vote(VoteType.Commit, _one.Hash, 2));
        node.Step(new BlockStored(_other.Header, _four.Certificate(VoteType.Commit, _other), _four.Leaders()));
        AssertProves(node.Effects.OfType<ReportEvidence>().Single().Evidence, 2);
    }

    [Test]
    public void Core_OwnVoteDeniedBySomebodyWithItsKey_AccusesItself()
    {
        var node = new CoreHarness(_four, 1);
        node.Accept(_four.Propose(_one, 0, 0));
        node.Receive(3, _four.Vote(VoteType.Prepare, _other.Hash, 1));
        AssertProves(node.Effects.OfType<ReportEvidence>().Single().Evidence, 1);
    }

    [Test]
    public void Core_OfEvidenceFromAPeer_KeepsAndPassesOnceAndNoMore()
    {
        Evidence evidence = Some(2);
        var node = new CoreHarness(_four, 1);
        node.Receive(3, new EvidenceMessage(evidence));
        node.Receive(0, new EvidenceMessage(evidence));
        Assert.That(node.Effects.OfType<ReportEvidence>().Single().Evidence, Is.EqualTo(evidence));
        Assert.That(node.Effects.OfType<Send>().Count(s => s is { Message: EvidenceMessage, To: Send.ToAll }), Is.EqualTo(1));
    }

    [Test]
    public void Core_PeerWithOtherEvidence_IsGivenOnePieceATick_UntilBothHaveTheSame()
    {
        Evidence[] pieces = [Some(2), Some(3)];
        var node = new CoreHarness(_four, 1, evidence: pieces);
        Assert.That(node.Effects.OfType<ReportEvidence>(), Is.Empty, "what was reported before is known");
        for (int tick = 0; tick < 2; tick++)
        {
            node.Receive(0, new StatusMessage(0, null));
            node.Receive(0, new StatusMessage(0, null));
            node.Step(new StatusDue());
        }
        Assert.That(node.Sent<EvidenceMessage>().Select(m => m.Evidence), Is.EqualTo(pieces));
        ulong sum = node.Sent<StatusMessage>().Last().EvidenceSum;
        var peer = new CoreHarness(_four, 0, evidence: [pieces[1], pieces[0]]);
        Assert.That(peer.Sent<StatusMessage>().Last().EvidenceSum, Is.EqualTo(sum).And.Not.Zero);
        node.Receive(0, new StatusMessage(0, null, EvidenceSum: sum));
        Assert.That(node.Sent<EvidenceMessage>().Count(), Is.EqualTo(2));
    }

    [Test]
    public void Core_FloodedWithEvidenceOfOne_KeepsABound()
    {
        var node = new CoreHarness(_four, 1);
        for (ulong height = 10; height < 20 + EvidenceBook.PiecesMax; height++)
            node.Receive(3, new EvidenceMessage(Some(2, height)));
        Assert.That(node.Core.Evidence, Has.Count.EqualTo(EvidenceBook.PiecesMax));
        node.Receive(3, new EvidenceMessage(Some(3)));
        Assert.That(node.Core.Evidence, Has.Count.EqualTo(EvidenceBook.PiecesMax + 1), "of another there is room");
    }

    [Test]
    public void Witness_FloodedWithViews_StaysWithinItsBound_AndStillSeesTheNewest()
    {
        var node = new CoreHarness(_four, 1);
        for (uint view = 0; view < 5 * VoteWitness.KeptVotes; view++)
            node.Receive(3, _four.Vote(VoteType.Prepare, _one.Hash, 2, view));
        node.Receive(3, _four.Vote(VoteType.Prepare, _other.Hash, 2, 0));
        Assert.That(node.Effects.OfType<ReportEvidence>(), Is.Empty, "the oldest views have given way");
        node.Receive(3, _four.Vote(VoteType.Prepare, _other.Hash, 2, 5 * VoteWitness.KeptVotes - 1));
        Assert.That(node.Effects.OfType<ReportEvidence>().Count(), Is.EqualTo(1));
    }

    [Test]
    public void Verifier_OfForgedOrForeignEvidence_Refuses()
    {
        SignedVote a = Seen(_four.Vote(VoteType.Commit, _one.Hash, 2)), b = Seen(_four.Vote(VoteType.Commit, _other.Hash, 3));
        Assert.That(Refusal(Evidence.Of(Fixture.ChainId, _four.Keys.Set[2].Key, a, b)!), Is.EqualTo(MessageFailure.BadEvidence), "two signers");
        Assert.That(Refusal(Evidence.Of(Fixture.ChainId, new Fixture(5).Keys.Set[4].Key, a, b)!), Is.EqualTo(MessageFailure.BadEvidence));
        Assert.That(Refusal(Evidence.Of(Sha256.Hash("else"u8), _four.Keys.Set[2].Key, a, b)!), Is.EqualTo(MessageFailure.BadEvidence));
        Assert.That(Refusal(Evidence.Of(Fixture.ChainId, _four.Keys.Set[2].Key, a with { Epoch = 1 }, b with { Epoch = 1 })!),
            Is.EqualTo(MessageFailure.WrongEpoch));
    }

    [Test]
    public void Proposal_InALaterView_ItsJustificationIsKept_AlsoAfterARestart()
    {
        var node = new CoreHarness(_four, 2);
        ProposeMessage proposal = _four.Propose(_four.Block(1), 1, 1, _four.Justification(1));
        node.Accept(proposal);
        KeptJustification kept = node.Effects.OfType<KeepJustification>().Single().Kept;
        Assert.That((kept.Height, kept.View, kept.BlockHash), Is.EqualTo((1UL, 1U, proposal.Block.Hash)));
        byte[] bytes = ConsensusMessageCodec.Encode(kept);
        Assert.That(ConsensusMessageCodec.Encode(ConsensusMessageCodec.TryDecodeKept(bytes)!), Is.EqualTo(bytes));
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(ConsensusMessageCodec.TryDecodeKept(bytes.AsSpan(0, length)), Is.Null);
        var again = new CoreHarness(_four, 2, node.Restarted());
        Assert.That(ConsensusMessageCodec.Encode(again.Effects.OfType<KeepJustification>().Single().Kept), Is.EqualTo(bytes),
            "the crash may have come before the file");
    }

    [Test]
    public void Justification_OneNamingAnotherBlockOfTheHighestPreparedView_IsRefused()
    {
        // Two prepared blocks of one view take more than f guilty; without this rule they could not be named.
        Certificate one = _four.Certificate(VoteType.Prepare, _one), other = _four.Certificate(VoteType.Prepare, _other);
        Assert.That(_four.Verify(_four.Propose(_one, 1, 1, _four.Justification(1, one, other))), Is.EqualTo(MessageFailure.BadJustification));
        Assert.That(_four.Verify(_four.Propose(_one, 1, 1, _four.Justification(1, one, one))), Is.EqualTo(MessageFailure.None));
    }

    private static IEnumerable<(SignedVote A, SignedVote B)> Pairs(List<SignedVote> votes) =>
        votes.SelectMany((a, i) => votes.Take(i).Select(b => (a, b)));

    private Evidence? EvidenceOf(int signer, in SignedVote a, in SignedVote b) =>
        Evidence.Of(Fixture.ChainId, _four.Keys.Set[signer].Key, a, b);

    private Evidence Some(int signer, ulong height = 1) => EvidenceOf(
        signer, Seen(_four.Vote(VoteType.Commit, _one.Hash, signer, 0, height)), Seen(_four.Vote(VoteType.Commit, _other.Hash, signer, 0, height)))!;

    private SignedVote Signed(int signer, Vote vote) => new(vote.Type, vote.Epoch, vote.Height, vote.View, vote.BlockHash,
        vote.PreparedView, _four.Keys.Sign(signer, vote.SigningDigest()));

    private static SignedVote Seen(VoteMessage m) => new(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature);

    private static SignedVote Seen(ViewChangeMessage m) => new(VoteType.ViewChange, m.Epoch, m.AtHeight, m.View,
        m.Payload.PreparedHash, m.Payload.PreparedView, m.Payload.Signature);

    private MessageFailure Refusal(Evidence evidence) => _four.Verify(new EvidenceMessage(evidence));

    private void AssertProves(Evidence evidence, int guilty)
    {
        Assert.That(evidence.Signer, Is.EqualTo(_four.Keys.Set[guilty].Key));
        Assert.That(EvidenceVerifier.Verify(evidence, Fixture.ChainId, _four.Keys.Set, _four.Keys), Is.EqualTo(EvidenceFailure.None));
        Assert.That(Evidence.TryRead(evidence.ToBytes()), Is.EqualTo(evidence));
    }
}
