using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>What a node shows of the others.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PeerProgressTests
{
    private readonly PeerProgress _progress = new();

    [Test]
    public void Of_NothingHeard_HasNoVote() => Assert.That(_progress.Of(1).LastVote, Is.Null);

    [TestCase(VoteType.Prepare)]
    [TestCase(VoteType.Commit)]
    public void Heard_Vote_IsTheLastOneUntilTheNext(VoteType type)
    {
        _progress.Heard(1, Vote(VoteType.Prepare, 6, 3, signer: 1), 10);
        _progress.Heard(1, Vote(type, 7, 2, signer: 1), 20);
        Assert.That(_progress.Of(1).LastVote, Is.EqualTo(new LastVote(type, 7, 2, 20)));
        Assert.That(_progress.Of(2).LastVote, Is.Null);
    }

    [Test]
    public void Heard_ViewChange_IsAVoteForTheViewItAsksFor()
    {
        _progress.Heard(2, new ViewChangeMessage(0, 9, 5, new ViewChangePayload(2, -1, Digest.Zero, default), null), 30);
        Assert.That(_progress.Of(2).LastVote, Is.EqualTo(new LastVote(VoteType.ViewChange, 9, 5, 30)));
    }

    [Test]
    public void Heard_VoteOfAnotherPassedOn_IsNobodysLastVote()
    {
        _progress.Heard(1, Vote(VoteType.Commit, 7, 0, signer: 2), 20);
        Assert.That((_progress.Of(1).LastVote, _progress.Of(2).LastVote), Is.EqualTo(((LastVote?)null, (LastVote?)null)));
    }

    [Test]
    public void Sent_OwnVote_IsTheLastOne_AndWhatIsPassedOnIsNot()
    {
        _progress.Sent(0, Vote(VoteType.Prepare, 7, 1, signer: 0), 20);
        _progress.Sent(0, Vote(VoteType.Commit, 8, 0, signer: 2), 30);
        _progress.Sent(0, new StatusMessage(4, null, default, default), 40);
        Assert.That(_progress.Of(0).LastVote, Is.EqualTo(new LastVote(VoteType.Prepare, 7, 1, 20)));
    }

    [Test]
    public void Heard_VoteForAFarHeight_DoesNotMoveTheHighestTip()
    {
        _progress.Heard(1, Vote(VoteType.Commit, ulong.MaxValue, 0, signer: 1), 20);
        Assert.That((_progress.HighestTip, _progress.Of(1).Height), Is.EqualTo((0UL, 0UL)));
    }

    [Test]
    public void Heard_StatusOrComplaint_KeepsTheLastVote()
    {
        _progress.Heard(1, Vote(VoteType.Commit, 7, 0, signer: 1), 20);
        _progress.Heard(1, new StatusMessage(4, null, default, default), 30);
        _progress.Misbehaved(1, "sent nonsense");
        PeerStanding peer = _progress.Of(1);
        Assert.That((peer.View, peer.Complaint, peer.LastVote), Is.EqualTo((4u, "sent nonsense", new LastVote(VoteType.Commit, 7, 0, 20))));
    }

    [Test]
    public void SaysItVotes_OnlyOnceItHasSaidSo()
    {
        Assert.That(_progress.Of(1).SaysItVotes, Is.False, "nothing was heard of it");
        _progress.Heard(1, Vote(VoteType.Commit, 7, 0, signer: 1), 20);
        Assert.That(_progress.Of(1).SaysItVotes, Is.False, "a vote may be old, and passed on");
        _progress.Heard(1, new StatusMessage(4, null, default, default), 30);
        Assert.That(_progress.Of(1).SaysItVotes, Is.True);
        _progress.Heard(1, new StatusMessage(4, null, new Abstention(AbstainReason.Amnesia), default), 40);
        Assert.That(_progress.Of(1).SaysItVotes, Is.False);
    }

    private static VoteMessage Vote(VoteType type, ulong height, uint view, ushort signer) =>
        new(type, 0, height, view, Digest.Zero, signer, default);
}
