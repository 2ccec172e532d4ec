using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 3, 16 and 17: the departments suspend one of them and lift that again. Its officers sign nothing in
/// between, its validator key acts on, and its records stay; those that sign on are always a quorum.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DepartmentSuspensionTest
{
    private readonly TestLedger _ledger = Proposals.Ledger();

    private Digest Chain => _ledger.Genesis.ChainId;

    private DepartmentState Beta => _ledger.Read<DepartmentState>(StateKey.Department("beta"))!;

    [Test]
    public void FromTheNextBlockOn_NoOfficerOfItSigns_UntilItIsLifted()
    {
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Enrol("reserve", TestLedger.Spare, OfficerRole.Clerk)));
        VerifiedTransaction decides = LastVoteFor(Proposals.Suspend("beta"));
        VerifiedTransaction same = _ledger.Make(TestLedger.BetaAdmin, Actions.Define("beta-type"));
        BuiltBlock built = _ledger.Build(decides, same);
        Assert.That(built.LeftOut, Is.Empty, "in the same block its officers still sign");
        _ledger.State.Apply(built.Block!);
        ulong height = built.Block!.Header.Height;
        Assert.That(Beta.SuspendedHeight, Is.EqualTo(height));
        foreach ((TestKey key, TransactionBody action) in new[]
        {
            (TestLedger.BetaAdmin, Actions.Define("other")), (TestLedger.Spare, Actions.Register("a")),
            (TestLedger.BetaAdmin, Actions.Enrol("another", TestLedger.OtherSpare, OfficerRole.Administrator)),
            (TestLedger.BetaAdmin, Proposals.Propose(Chain, Proposals.LiftSuspension("beta"))),
        })
        {
            Rejection rejection = _ledger.Try(key, action)!;
            Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.DepartmentSuspended, false)));
            Assert.That(rejection.Facts, Does.Contain(("department", "beta")).And.Contain(("lastHeight", $"{height}")));
        }
        Assert.That(_ledger.Try(TestLedger.AlphaClerk, Actions.Register("a")), Is.Null, "nobody else's");

        Decide(Proposals.LiftSuspension("beta"));

        Assert.That(Beta.SuspendedHeight, Is.Zero);
        Assert.That(_ledger.Try(TestLedger.BetaAdmin, Actions.Define("other")), Is.Null);
        Assert.That(_ledger.Read<RecordTypeState>(StateKey.RecordType("beta-type"))!.Owner, Is.EqualTo("beta"), "nothing of it is lost");
    }

    [Test]
    public void ItsNodeVotesOn_AndWhatItsKeySigns_StillCounts()
    {
        IReadOnlyList<string> departments = [.. _ledger.Leader.Departments];
        ExecutedBlock decided = Decide(Proposals.Suspend("beta"));
        Assert.That(decided.Header.NextValidatorSetHash, Is.EqualTo(decided.Header.ValidatorSetHash));
        Assert.That(decided.Header.NextEpoch, Is.EqualTo(decided.Header.Epoch));
        Assert.That(_ledger.Leader.Departments, Is.EqualTo(departments));
        Assert.That(_ledger.Try(TestLedger.BetaValidator, Actions.Accuse(Chain, TestLedger.AlphaValidator, 1)), Is.Null);
    }

    [Test]
    public void ItsVotesFromBefore_Count_AndItsSignatureUnderAChangeDoesNot()
    {
        VerifiedTransaction other = _ledger.Make(Proposals.GammaAdmin, Proposals.Propose(Chain, Proposals.Move("gamma", "gamma.example:7999")));
        _ledger.Commit([other]);
        _ledger.Commit((TestLedger.BetaAdmin, Proposals.Vote("gamma", other.Transaction.Id, true)));
        Decide(Proposals.Suspend("beta"));
        _ledger.Commit(
            (TestLedger.AlphaAdmin, Proposals.Vote("gamma", other.Transaction.Id, true)), (Proposals.DeltaAdmin, Proposals.Vote("gamma", other.Transaction.Id, true)));
        Assert.That(_ledger.Read<ProposalState>(StateKey.Proposal("gamma"))!.Status, Is.EqualTo((uint)ProposalStatus.Adopted));

        TestKey[] withIt = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin, Proposals.DeltaAdmin];
        Rejection rejection = _ledger.Try(TestLedger.AlphaAdmin, Approve(Chain, Remove("gamma"), null, withIt))!;
        Assert.That(rejection.Code, Is.EqualTo(RejectionCode.InvalidProof));
        Assert.That(rejection.Message, Does.Contain("suspended"));
    }

    [Test]
    public void SuspendedTwice_OrLiftedForNothing_IsRefused_InOneBlock_Too()
    {
        VerifiedTransaction first = _ledger.Make(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Proposals.Suspend("beta")));
        VerifiedTransaction second = _ledger.Make(Proposals.GammaAdmin, Proposals.Propose(Chain, Proposals.Suspend("beta")));
        _ledger.Commit([first, second]);
        foreach (TestKey voter in new[] { TestLedger.AlphaAdmin, Proposals.GammaAdmin })
            _ledger.Commit((voter, Proposals.Vote("alpha", first.Transaction.Id, true)), (voter, Proposals.Vote("gamma", second.Transaction.Id, true)));
        BuiltBlock built = _ledger.Build(
            _ledger.Make(Proposals.DeltaAdmin, Proposals.Vote("alpha", first.Transaction.Id, true)),
            _ledger.Make(Proposals.DeltaAdmin, Proposals.Vote("gamma", second.Transaction.Id, true)));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.DepartmentSuspended));
        _ledger.State.Apply(built.Block!);
        Assert.That(Refused(Proposals.Suspend("beta")), Is.EqualTo(RejectionCode.DepartmentSuspended));
        Decide(Proposals.LiftSuspension("beta"));
        Assert.That(Refused(Proposals.LiftSuspension("beta")), Is.EqualTo(RejectionCode.NotSuspended));
    }

    [Test]
    public void TooFewCouldDecideAnyMore_IsRefusedWithTheNumbers()
    {
        Decide(Proposals.Suspend("beta"));
        Rejection rejection = _ledger.Try(Proposals.GammaAdmin, Proposals.Propose(Chain, Proposals.Suspend("delta")))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.QuorumSuspended, false)));
        Assert.That(rejection.Facts, Is.EqualTo(new[] { ("signing", "2"), ("quorum", "3") }));

        Decide(Remove("gamma")); // alpha and delta are a quorum of the three that are left
        Assert.That(Refused(Remove("delta", epoch: 1)), Is.EqualTo(RejectionCode.QuorumSuspended), "of the two that would be left, both");
        Assert.That(Refused(Remove("beta", epoch: 1)), Is.Null, "the suspended one itself");
        Assert.That(Refused(Proposals.Suspend("delta", epoch: 1)), Is.EqualTo(RejectionCode.QuorumSuspended));
    }

    [Test]
    public void OneIsPutOutInTheBlockThatSuspendsAnother_TheQuorumIsOfThoseThatAreLeft()
    {
        Decide(Proposals.Suspend("beta"));
        VerifiedTransaction next = _ledger.Make(Proposals.GammaAdmin, Proposals.Propose(Chain, Proposals.Suspend("delta")));
        Assert.That(_ledger.Try(next)!.Code, Is.EqualTo(RejectionCode.QuorumSuspended));
        VerifiedTransaction leaves = LastVoteFor(Remove("beta"));

        BuiltBlock built = _ledger.Build(leaves, next);

        Assert.That(built.LeftOut, Is.Empty, "of the three that are left two sign on");
    }

    private RejectionCode? Refused(MembershipChange change) => _ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, change))?.Code;

    private ExecutedBlock Decide(MembershipChange change) => _ledger.Commit([LastVoteFor(change)]);

    /// <summary>Puts alpha's proposal on the ledger, with all votes but the one that decides, which is delta's.</summary>
    private VerifiedTransaction LastVoteFor(MembershipChange change)
    {
        VerifiedTransaction proposal = _ledger.Make(TestLedger.AlphaAdmin, Proposals.Propose(Chain, change));
        _ledger.Commit([proposal]);
        Digest id = proposal.Transaction.Id;
        _ledger.Commit((TestLedger.AlphaAdmin, Proposals.Vote("alpha", id, true)), (Proposals.GammaAdmin, Proposals.Vote("alpha", id, true)));
        return _ledger.Make(Proposals.DeltaAdmin, Proposals.Vote("alpha", id, true));
    }
}
