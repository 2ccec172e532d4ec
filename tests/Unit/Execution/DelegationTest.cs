using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 12, 14 and 15: who decides on behalf of whom, and until when. Method: an approval and a refusal on
/// behalf of every officer, by every officer, in every state of a delegation, in the block after and in the same block.
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
        Over,
    }

    /// <summary>The delegator, the delegate, an approver without a delegation, and the submitter, who is an approver, too.</summary>
    private static readonly TestKey Head = new(661), Deputy = new(662), Other = new(663), Submitter = new(664), NewKey = new(665);

    private static readonly (string Id, TestKey Key)[] Officers =
        [("head", Head), ("deputy", Deputy), ("other", Other), ("submitter", Submitter)];

    private readonly TestLedger _ledger = TestLedger.Ready();

    [Test]
    public void EveryDecision_OnBehalfOfAnybody_IsAcceptedWhereTheDelegationSaysSo([Values] Past past, [Values] bool inOneBlock)
    {
        if (inOneBlock && past == Past.Over)
            return; // a block has one time
        Digest submission = Enrol();
        VerifiedTransaction[] before = [.. Happen(past)];
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.Over)
            PassTime();
        bool acts = !inOneBlock && past is Past.Given or Past.GivenAgain or Past.DelegatorRotated;
        int accepted = 0;
        foreach ((string signer, TestKey key) in Officers)
        {
            foreach ((string delegator, _) in Officers)
            {
                foreach (bool approves in new[] { true, false })
                {
                    TransactionBody action = Actions.OnBehalfOf(
                        approves ? Actions.Approve(Id, 0, submission) : Actions.Refuse(Id, submission), delegator);
                    BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(key, action)]);
                    RejectionCode? code = built.LeftOut.SingleOrDefault().Rejection?.Code;
                    RejectionCode? expected = past is Past.DelegatorRevoked or Past.DelegatorRotated && !inOneBlock && signer == "head" ? RejectionCode.SignerRevoked
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
        Assert.That(_ledger.Try(Deputy, Actions.Approve(Id, 0, submission))!.Code, Is.EqualTo(RejectionCode.NotPermitted), "not in its own right");
    }

    [Test]
    public void Delegate_IsForApprovers_ToOfficersOfTheirDepartment_ForAYearAtMost()
    {
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
    }

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
