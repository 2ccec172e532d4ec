using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Accusations;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Evidence of an epoch is judged by the departments that voted in it (docs/SPEC.md, "Evidence"): a key that came later or had
/// gone by then proves nothing, whatever it signed.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class EvidenceJudgeTests : IDisposable
{
    // A guest has a vote in epoch 1 alone; in epoch 3 the last founder votes with another key.
    private readonly SnapshotBed _bed = new(40, records: 1, changes: true);
    private readonly EvidenceJudge _judge;
    private readonly ValidatorHistory _history;

    public EvidenceJudgeTests()
    {
        _bed.CopyTo(_bed.PathOf("copy"));
        _judge = EvidenceJudge.OfLedger(_bed.Ledger.Genesis, _bed.PathOf("copy"));
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        _history = ValidatorHistory.Of(_bed.Ledger.Genesis, view);
    }

    public void Dispose() => _bed.Dispose();

    [Test]
    public void FailureOf_VotesOfEachEpoch_IsNoneForThoseWhoVotedInItOnly()
    {
        PublicKey[] keys = [.. _history.All().Select(v => v.Key).Append(_bed.Ledger.Genesis.Validators[3].Key).Distinct()];
        Assert.That(keys, Has.Length.EqualTo(6), "four founders, a guest and a renewed key");
        for (ulong epoch = 0; epoch <= _history.Epoch; epoch++)
        {
            foreach (PublicKey key in keys)
            {
                Evidence evidence = DoubleVote(key, epoch);
                string? failure = _judge.FailureOf(evidence);
                bool voted = _history.OfEpoch(epoch)!.IndexOf(key) >= 0;
                Assert.That(failure is null, Is.EqualTo(voted), $"{_judge.DepartmentOf(evidence)}, epoch {epoch}: {failure}");
            }
        }
    }

    [Test]
    public void FailureOf_AnEpochThatIsNotKnown_SaysWhatToName()
    {
        Evidence guest = DoubleVote(_history.OfEpoch(1)!.Members[4].Key, 1);
        Assert.That(EvidenceJudge.OfFounders(_bed.Ledger.Genesis).FailureOf(guest), Does.Contain("epoch 1").And.Contain("--data"));
        Assert.That(_judge.FailureOf(DoubleVote(_history.Acting[0].Key, 4)), Does.Contain("up to epoch 3"));
        Assert.That(_judge.DepartmentOf(guest), Is.EqualTo("dept-4"));
    }

    private Evidence DoubleVote(PublicKey key, ulong epoch)
    {
        SignedVote Signed(byte block)
        {
            var hash = new Digest([.. Enumerable.Repeat(block, Digest.Size)]);
            var vote = new Vote(VoteType.Commit, _bed.Ledger.Genesis.ChainId, epoch, 7, 0, hash);
            Signature signature = _bed.Ledger.Validators.First(v => v.PublicKey == key).Sign(vote.SigningDigest());
            return new SignedVote(VoteType.Commit, epoch, 7, 0, hash, -1, signature);
        }
        return Evidence.Of(_bed.Ledger.Genesis.ChainId, key, Signed(1), Signed(2))!;
    }
}
