using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 12, 14 and 15: who decides on behalf of whom, and until when. Method: an approval and a refusal on
/// behalf of every officer, by every officer, in every state of a delegation, in the block after and in the same block, by either version.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DelegationTest
{
    private const string Id = "R";

    private const ulong LastsMs = 100_000;

    public enum Past
    {
        NotGiven,
        Given,
        GivenAgain,
        RevokedByTheDelegator,
        RevokedByAnAdministrator,
        DelegatorRevoked,
        DelegatorRotated,
        DelegatorEnrolledAgain,
        DelegateEnrolledAgain,
        GivenByWhoeverLeavesAfterTheNextWasEnrolled,
        GivenToWhoeverLeavesAfterTheNextWasEnrolled,
        Over,
    }

    /// <summary>The delegator, the delegate, an approver without a delegation, and the submitter, who is an approver, too.</summary>
    private static readonly TestKey Head = new(661), Deputy = new(662), Other = new(663), Submitter = new(664), NewKey = new(665);

    private static readonly (string Id, TestKey Key)[] Officers =
        [("head", Head), ("deputy", Deputy), ("other", Other), ("submitter", Submitter)];

    private TestLedger _ledger = TestLedger.Ready();

    [Test]
    public void EveryDecision_OnBehalfOfAnybody_IsAcceptedWhereTheDelegationSaysSo(
        [Values] Past past, [Values] bool inOneBlock, [Values(1U, 2U)] uint version)
    {
        _ledger = Ledger(version);
        if (inOneBlock && past == Past.Over)
            return; // a block has one time
        Digest submission = Enrol();
        VerifiedTransaction[] before = [.. Happen(past)];
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.Over)
            PassTime();
        bool isEnrolledAgain = past is Past.DelegatorEnrolledAgain or Past.DelegateEnrolledAgain
            or Past.GivenByWhoeverLeavesAfterTheNextWasEnrolled or Past.GivenToWhoeverLeavesAfterTheNextWasEnrolled;
        bool headHasAnotherKey = past is Past.DelegatorRevoked or Past.DelegatorRotated or Past.DelegatorEnrolledAgain or Past.GivenByWhoeverLeavesAfterTheNextWasEnrolled;
        bool deputyHasAnotherKey = isEnrolledAgain && !headHasAnotherKey;
        bool acts = !inOneBlock && (past is Past.Given or Past.GivenAgain or Past.DelegatorRotated || (isEnrolledAgain && version == 1));
        int accepted = 0;
        foreach ((string signer, TestKey key) in Officers.Select(o => !inOneBlock && deputyHasAnotherKey && o.Key == Deputy ? (o.Id, NewKey) : o))
        {
            foreach ((string delegator, _) in Officers)
            {
                foreach (bool approves in new[] { true, false })
                {
                    TransactionBody action = Actions.OnBehalfOf(
                        approves ? Actions.Approve(Id, 0, submission) : Actions.Refuse(Id, submission), delegator);
                    BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(key, action)]);
                    RejectionCode? code = built.LeftOut.SingleOrDefault().Rejection?.Code;
                    RejectionCode? expected = headHasAnotherKey && !inOneBlock && signer == "head" ? RejectionCode.SignerRevoked
                        : approves && (signer == "submitter" || delegator == "submitter") ? RejectionCode.OwnSubmission
                        : acts && (signer, delegator) == ("deputy", "head") ? null
                        : RejectionCode.UnknownDelegation;
                    Assert.That(code, Is.EqualTo(expected), $"{(approves ? "approved" : "refused")} by {signer} on behalf of {delegator}");
                    if (code is null)
                        accepted += Accept(built, approves);
                }
            }
        }
        Assert.That(accepted, Is.EqualTo(acts ? 2 : 0));
        TestKey deputy = deputyHasAnotherKey && !inOneBlock ? NewKey : Deputy;
        Assert.That(_ledger.Try(deputy, Actions.Approve(Id, 0, submission))!.Code, Is.EqualTo(RejectionCode.NotPermitted), "not in its own right");
    }

    [Test]
    public void AnEnrolmentOfEither_EndsIt_FromVersion2On_AndAKeyReplacedDoesNot([Values(1U, 2U)] uint version, [Values] bool ofTheDelegator)
    {
        _ledger = Ledger(version);
        Digest submission = Enrol();
        TestKey head = Head, deputy = Deputy;
        _ledger.Commit((Head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs)));
        Rejection? Approve() => _ledger.Try(deputy, Actions.OnBehalfOf(Actions.Approve(Id, 0, submission), "head"));
        Assert.That(Approve(), Is.Null);
        _ledger.Commit(Again(ofTheDelegator ? "head" : "deputy", NewKey));
        (head, deputy) = ofTheDelegator ? (NewKey, deputy) : (head, NewKey);
        RejectionCode? ended = version == 1 ? null : RejectionCode.UnknownDelegation;
        Assert.That((Approve()?.Code, _ledger.Try(head, Actions.RevokeDelegation("head", "deputy"))?.Code), Is.EqualTo((ended, ended)));
        _ledger.Commit((head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs)));
        Assert.That(Approve(), Is.Null, "given anew");
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Rotate("head", new TestKey(666))), (TestLedger.AlphaAdmin, Actions.Rotate("deputy", new TestKey(667))));
        (head, deputy) = (new TestKey(666), new TestKey(667));
        Assert.That(Approve(), Is.Null, "the same persons");
        _ledger.Commit((head, Actions.RevokeDelegation("head", "deputy")));
        Assert.That(Approve()!.Code, Is.EqualTo(RejectionCode.UnknownDelegation));
    }

    [Test]
    public void WhatVersion1Left_HoldsInVersion2_UntilTheNextEnrolment([Values] bool ofTheDelegator)
    {
        Digest submission = Enrol();
        _ledger.Commit((Head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs)));
        _ledger.Commit([.. Again("head", NewKey), .. Again("deputy", new TestKey(666))]);
        GoOnToVersion2();
        Assert.That(_ledger.Try(new TestKey(666), Actions.OnBehalfOf(Actions.Approve(Id, 0, submission), "head")), Is.Null);
        _ledger.Commit(Again(ofTheDelegator ? "head" : "deputy", new TestKey(667)));
        TestKey deputy = ofTheDelegator ? new TestKey(666) : new TestKey(667);
        Assert.That(_ledger.Try(deputy, Actions.OnBehalfOf(Actions.Approve(Id, 0, submission), "head"))!.Code, Is.EqualTo(RejectionCode.UnknownDelegation));
    }

    [Test]
    public void Delegate_IsForApprovers_ToOfficersOfTheirDepartment_ForAYearAtMost([Values(1U, 2U)] uint version)
    {
        _ledger = Ledger(version);
        Enrol();
        ulong now = _ledger.NextTimeMs;
        Assert.That(_ledger.Try(Deputy, Actions.Delegate("other", now + LastsMs))!.Code, Is.EqualTo(RejectionCode.NotPermitted), "a delegate does not delegate on");
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Actions.Delegate("other", now + LastsMs))!.Code, Is.EqualTo(RejectionCode.NotPermitted));
        Assert.That(_ledger.Try(Head, Actions.Delegate("nobody", now + LastsMs))!.Code, Is.EqualTo(RejectionCode.UnknownOfficer));
        Assert.That(_ledger.Try(Head, Actions.Delegate("deputy", now + Limits.DelegationHorizonMs)), Is.Null);
        Assert.That(_ledger.Try(Head, Actions.Delegate("deputy", now + Limits.DelegationHorizonMs + 1))!.Code, Is.EqualTo(RejectionCode.ExpiryTooFar));
        ExecutedBlock block = _ledger.Commit((Head, Actions.Delegate("deputy", now + LastsMs)));
        Assert.That(_ledger.Read<DelegationState>(StateKey.Delegation("alpha", "head", "deputy")), Is.EqualTo(new DelegationState
        {
            Department = "alpha",
            Delegator = "head",
            OfficerId = "deputy",
            UntilMs = now + LastsMs,
            Position = block.Header.LogSizeBefore,
            Height = version == 1 ? 0 : block.Header.Height,
        }));
    }

    [Test]
    public void Revoke_IsForTheDelegatorAndAdministratorsOfItsDepartment_WhileItLasts()
    {
        Enrol();
        Rejection none = _ledger.Try(Head, Actions.RevokeDelegation("head", "deputy"))!;
        Assert.That((none.Code, none.IsPermanent), Is.EqualTo((RejectionCode.UnknownDelegation, false)));
        _ledger.Commit((Head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs)));
        Assert.That(_ledger.Try(Deputy, Actions.RevokeDelegation("head", "deputy"))!.Code, Is.EqualTo(RejectionCode.NotPermitted));
        Assert.That(_ledger.Try(TestLedger.BetaAdmin, Actions.RevokeDelegation("head", "deputy"))!.Code, Is.EqualTo(RejectionCode.UnknownDelegation));
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Actions.RevokeDelegation("head", "deputy")), Is.Null);
        ExecutedBlock block = _ledger.Commit((Head, Actions.RevokeDelegation("head", "deputy")));
        Assert.That(_ledger.Read<DelegationState>(StateKey.Delegation("alpha", "head", "deputy"))!.UntilMs, Is.EqualTo(block.Header.TimestampMs));
        Assert.That(_ledger.Try(Head, Actions.RevokeDelegation("head", "deputy"))!.Code, Is.EqualTo(RejectionCode.UnknownDelegation), "once");
    }

    private int Accept(BuiltBlock built, bool approves)
    {
        SubmissionState decided = SubmissionState.Parser.ParseFrom(
            built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Submission(Actions.Type, Id))).Value);
        Assert.That((decided.OfficerId, decided.OnBehalfOf), Is.EqualTo(("deputy", "head")));
        if (approves)
        {
            RecordState record = RecordState.Parser.ParseFrom(
                built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Record(Actions.Type, Id))).Value);
            Assert.That((record.Approval.OfficerId, record.Approval.OnBehalfOf), Is.EqualTo(("deputy", "head")));
        }
        return 1;
    }

    private IEnumerable<VerifiedTransaction> Happen(Past past)
    {
        if (past == Past.NotGiven)
            yield break;
        if (past is Past.GivenByWhoeverLeavesAfterTheNextWasEnrolled or Past.GivenToWhoeverLeavesAfterTheNextWasEnrolled)
        {
            foreach ((TestKey signer, TransactionBody action) in Again(past == Past.GivenByWhoeverLeavesAfterTheNextWasEnrolled ? "head" : "deputy", NewKey))
                yield return _ledger.Make(signer, action);
        }
        yield return _ledger.Make(Head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs));
        if (past is Past.RevokedByTheDelegator or Past.GivenAgain)
            yield return _ledger.Make(Head, Actions.RevokeDelegation("head", "deputy"));
        if (past == Past.GivenAgain)
            yield return _ledger.Make(Head, Actions.Delegate("deputy", _ledger.NextTimeMs + LastsMs));
        if (past == Past.RevokedByAnAdministrator)
            yield return _ledger.Make(TestLedger.AlphaAdmin, Actions.RevokeDelegation("head", "deputy"));
        if (past == Past.DelegatorRevoked)
            yield return _ledger.Make(TestLedger.AlphaAdmin, Actions.Revoke("head"));
        if (past == Past.DelegatorRotated)
            yield return _ledger.Make(TestLedger.AlphaAdmin, Actions.Rotate("head", NewKey));
        if (past is Past.DelegatorEnrolledAgain or Past.DelegateEnrolledAgain)
        {
            foreach ((TestKey signer, TransactionBody action) in Again(past == Past.DelegatorEnrolledAgain ? "head" : "deputy", NewKey))
                yield return _ledger.Make(signer, action);
        }
    }

    /// <summary>Somebody else under the number.</summary>
    private static (TestKey Signer, TransactionBody Action)[] Again(string officer, TestKey key) =>
    [
        (TestLedger.AlphaAdmin, Actions.Revoke(officer)),
        (TestLedger.AlphaAdmin, Actions.Enrol(officer, key, officer == "head" ? OfficerRole.Approver : OfficerRole.Clerk)),
    ];

    private void GoOnToVersion2()
    {
        VerifiedTransaction proposal = _ledger.Make(
            TestLedger.AlphaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Schedule(2, fromMs: _ledger.NextTimeMs + 2_000)));
        _ledger.Commit([proposal]);
        _ledger.Commit(
            (TestLedger.AlphaAdmin, Proposals.Vote("alpha", proposal.Transaction.Id, true)),
            (TestLedger.BetaAdmin, Proposals.Vote("alpha", proposal.Transaction.Id, true)));
        while (ProtocolVersions.Of(_ledger.State).Version < 2)
            _ledger.Commit((TestLedger.BetaAdmin, Actions.Define($"t-{_ledger.State.Tip.Height}")));
    }

    private static TestLedger Ledger(uint version) => TestLedger.Ready(body => body.ProtocolVersion = version);

    private void PassTime()
    {
        for (ulong endMs = _ledger.NextTimeMs + LastsMs; _ledger.NextTimeMs < endMs;)
            _ledger.Commit((TestLedger.BetaAdmin, Actions.Define("clock", _ledger.Read<RecordTypeState>(StateKey.RecordType("clock"))?.Version ?? 0)));
    }

    /// <summary>Four officers of alpha, and a registration that the last one submitted; its id.</summary>
    private Digest Enrol()
    {
        _ledger.Commit(
            (TestLedger.AlphaAdmin, Actions.Enrol("head", Head, OfficerRole.Approver)),
            (TestLedger.AlphaAdmin, Actions.Enrol("deputy", Deputy, OfficerRole.Clerk)),
            (TestLedger.AlphaAdmin, Actions.Enrol("other", Other, OfficerRole.Approver)),
            (TestLedger.AlphaAdmin, Actions.Enrol("submitter", Submitter, OfficerRole.Clerk, OfficerRole.Approver)));
        VerifiedTransaction submission = _ledger.Make(Submitter, Actions.Submitted(Actions.Register(Id), _ledger.NextTimeMs + 10 * LastsMs));
        _ledger.Commit([submission]);
        return submission.Transaction.Id;
    }
}
