using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 4 and 12: what becomes of a change that was submitted for approval, and by whose hand. Method:
/// approval and refusal, in every state of a submission, by every kind of signer, for every choice of departments that may approve,
/// in the block after and in the same block; a few lines say what is expected.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApprovalLifeTest
{
    private const string Id = "R";

    private const ulong WaitMs = 100_000;

    /// <summary>What has happened to the submission.</summary>
    public enum Past
    {
        NotMade,
        Made,
        Approved,
        Refused,
        Withdrawn,
        Overtaken,
        Replaced,
        Expired,
    }

    private sealed record Signer(TestKey Key, string? Department, params OfficerRole[] Roles);

    /// <summary>Clerk and approver at once: who may submit and who may approve, but not both of one thing.</summary>
    private static readonly TestKey Both = new(631), OtherBoth = new(632), BetaApprover = new(633), Stranger = new(620);

    private static readonly Signer[] Signers =
    [
        .. RoleHolders.Alpha.Select(r => new Signer(r.Value, "alpha", r.Key)),
        new(Both, "alpha", OfficerRole.Clerk, OfficerRole.Approver), new(OtherBoth, "alpha", OfficerRole.Clerk, OfficerRole.Approver),
        new(BetaApprover, "beta", OfficerRole.Approver), new(TestLedger.BetaClerk, "beta", OfficerRole.Clerk),
        new(TestLedger.AlphaValidator, null), new(Stranger, null),
    ];

    private readonly TestLedger _ledger = TestLedger.Ready();

    [Test]
    public void EveryDecision_BySigner_IsAcceptedWhereTheTableSaysSo(
        [Values] Past past, [Values] bool inOneBlock, [Values("", "alpha", "beta", "alpha beta")] string approvers)
    {
        if (inOneBlock && past == Past.Expired)
            return; // a block has one time
        Enrol();
        string[] departments = approvers.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Redefine(1, fourEyes: false, departments);
        VerifiedTransaction submission = Submit(Both, Actions.Register(Id));
        VerifiedTransaction[] before = Happen(past, submission, departments is ["beta"] ? BetaApprover : OtherBoth);
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.Expired)
            PassTime();
        int accepted = 0;
        foreach (Signer signer in Signers)
        {
            foreach (bool approves in new[] { true, false })
            {
                TransactionBody action = approves
                    ? Actions.Approve(Id, past is Past.Approved or Past.Overtaken ? 1UL : 0, submission.Transaction.Id)
                    : Actions.Refuse(Id, submission.Transaction.Id);
                BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(signer.Key, action)]);
                RejectionCode? code = Expected(past, approves, signer, departments.Length == 0 ? ["alpha"] : departments);
                Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(code), $"{(approves ? "approved" : "refused")} by {signer}");
                if (code is null)
                    accepted += Accept(built, approves, signer);
            }
        }
        Assert.That(accepted > 0, Is.EqualTo(past is Past.Made or Past.Overtaken), "somebody may decide on what waits");
    }

    [Test]
    public void Approve_MakesTheVersionAsItWasSubmitted_AndSaysWhoApproved()
    {
        Enrol();
        TransactionBody action = Actions.Register(Id, content: "{\"x\":1}");
        (action.Register.Reason, action.Register.LegalBasis, action.Register.EffectiveDate) = ("new", "Act 7", "2026-03");
        VerifiedTransaction submission = Submit(Both, action);
        ExecutedBlock submitted = _ledger.Commit([submission]);
        Assert.That((_ledger.Record(Id), submitted.Records.Count), Is.EqualTo((default(RecordState), 0)), "it does not hold yet");
        ExecutedBlock approved = _ledger.Commit((OtherBoth, Actions.Approve(Id, 0, submission.Transaction.Id)));
        RecordState record = _ledger.Record(Id)!;
        Assert.That(record, Is.EqualTo(new RecordState
        {
            Record = new RecordName { Type = "licence", Id = Id },
            Version = 1,
            Status = 1,
            PayloadDigest = ByteString.CopyFrom(Sha256.Hash("{\"x\":1}"u8).Span),
            MediaType = "application/json",
            PayloadBytes = 7,
            Department = "alpha",
            OfficerId = "both",
            Reason = "new",
            LegalBasis = "Act 7",
            EffectiveDate = "2026-03",
            RecordedAtMs = approved.Header.TimestampMs,
            Height = approved.Header.Height,
            Position = approved.Header.LogSizeBefore,
            PayloadPosition = submitted.Header.LogSizeBefore,
            Approval = new Approval { Department = "alpha", OfficerId = "other-both", SubmissionPosition = submitted.Header.LogSizeBefore },
        }));
        Assert.That(approved.Records, Is.EqualTo(new[] { new RecordVersionEntry(StateKey.Record("licence", Id), 1, record.Position) }));
        foreach (ExecutedBlock block in new[] { submitted, approved })
            AssertSealedAlike(block);
    }

    [Test]
    public void EveryAction_OnATypeOfFourEyes_WaitsForApproval_FromTheNextBlockOn()
    {
        Enrol();
        _ledger.Commit((Both, Actions.Register("heir")), (Both, Actions.Register("gone")), (Both, Actions.Annul("gone", 1)));
        BuiltBlock same = _ledger.Build(_ledger.Make(TestLedger.AlphaAdmin, Actions.FourEyes(1)), _ledger.Make(Both, Actions.Register(Id)));
        Assert.That(same.LeftOut, Is.Empty);
        _ledger.State.Apply(same.Block!);
        foreach ((Func<TransactionBody> action, string id, ulong expected, RecordStatus status) in new (Func<TransactionBody>, string, ulong, RecordStatus)[]
        {
            (() => Actions.Register("new"), "new", 0, RecordStatus.InForce),
            (() => Actions.Amend(Id, 1), Id, 1, RecordStatus.InForce),
            (() => Actions.Annul(Id, 2), Id, 2, RecordStatus.Annulled),
            (() => Actions.Supersede("new", 1, ("licence", "heir")), "new", 1, RecordStatus.Superseded),
            (() => Actions.Reinstate("gone", 2), "gone", 2, RecordStatus.InForce),
        })
        {
            Assert.That(_ledger.Try(Both, action())!.Code, Is.EqualTo(RejectionCode.ApprovalRequired));
            VerifiedTransaction submission = Submit(Both, action());
            RecordState? held = _ledger.Record(id);
            _ledger.Commit([submission]);
            Assert.That(_ledger.Record(id), Is.EqualTo(held));
            _ledger.Commit((OtherBoth, Actions.Approve(id, expected, submission.Transaction.Id)));
            RecordState record = _ledger.Record(id)!;
            Assert.That((record.Version, record.Status, record.Approval.OfficerId), Is.EqualTo((expected + 1, (uint)status, "other-both")));
            Assert.That(record.PayloadDigest.IsEmpty, Is.False, "what was there stays told");
        }
    }

    [Test]
    public void OneChangeOfARecordWaits_UntilItIsDecidedExpiredOrOvertaken([Values] Past past)
    {
        Enrol();
        VerifiedTransaction first = Submit(Both, Actions.Register(Id));
        VerifiedTransaction[] before = Happen(past, first, OtherBoth);
        if (before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.Expired)
            PassTime();
        ulong version = _ledger.Record(Id)?.Version ?? 0;
        Rejection? rejection = _ledger.Try(Submit(OtherBoth, version == 0 ? Actions.Register(Id) : Actions.Amend(Id, version)));
        bool waits = past is Past.Made or Past.Replaced;
        Assert.That(rejection?.Code, Is.EqualTo(waits ? RejectionCode.ApprovalPending : null));
        Assert.That(_ledger.Try(Submit(OtherBoth, Actions.Register("another"))), Is.Null);
        if (past != Past.Made)
            return;
        Assert.That((rejection!.IsPermanent, rejection.Facts.Contains(("submission", first.Transaction.Id.ToString()))), Is.EqualTo((false, true)));
        Assert.That(_ledger.Try(OtherBoth, Actions.Register(Id)), Is.Null, "a type without four eyes lets a change at once overtake it");
    }

    [Test]
    public void TheWait_EndsWithItsTime_AndIsAtMostThirtyDays()
    {
        Enrol();
        ulong now = _ledger.NextTimeMs;
        VerifiedTransaction Until(ulong untilMs) => _ledger.Make(Both, Actions.Submitted(Actions.Register(Id), untilMs), now + 2_000);
        Assert.That(_ledger.Try(Until(now + Limits.ApprovalHorizonMs)), Is.Null);
        Assert.That(_ledger.Try(Until(now + Limits.ApprovalHorizonMs + 1))!.Code, Is.EqualTo(RejectionCode.ExpiryTooFar));
        foreach ((ulong untilMs, RejectionCode? code) in new[] { (now + 2_000, RejectionCode.SubmissionExpired), (now + 2_001, default(RejectionCode?)) })
        {
            VerifiedTransaction submission = Until(untilMs);
            var ledger = new InMemoryLedger(_ledger.Genesis);
            foreach (ExecutedBlock block in _ledger.Blocks)
                ledger.Apply(block);
            foreach ((ulong timeMs, VerifiedTransaction transaction) in new[]
                { (now, submission), (now + 2_000, _ledger.Make(OtherBoth, Actions.Approve(Id, 0, submission.Transaction.Id))) })
            {
                BuiltBlock built = BlockExecutor.Build(ledger, ValidatorHistory.Of(_ledger.Genesis, ledger).Acting, timeMs, 0, [transaction]);
                Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(timeMs == now ? null : code), $"{untilMs - now}");
                if (built.Block is { } block)
                    ledger.Apply(block);
            }
        }
    }

    [Test]
    public void WhatAChangeRestsOn_IsJudgedAgainWhenItIsApproved()
    {
        Enrol();
        _ledger.Commit((Both, Actions.Register("target")), (Both, Actions.Register("old")), (TestLedger.AlphaAdmin, Strict(1)));
        VerifiedTransaction linked = Submit(Both, Actions.Linked(Actions.Register(Id), ("licence", "target", 1)));
        VerifiedTransaction closing = Submit(Both, Actions.Supersede("old", 1, ("licence", "target")));
        _ledger.Commit([linked, closing]);
        _ledger.Commit((Both, Actions.Annul("target", 1)));
        TransactionBody[] approvals = [Actions.Approve(Id, 0, linked.Transaction.Id), Actions.Approve("old", 1, closing.Transaction.Id)];
        foreach (TransactionBody approval in approvals)
            Assert.That(_ledger.Try(OtherBoth, approval.Clone())!.Code, Is.EqualTo(RejectionCode.RecordNotInForce));
        _ledger.Commit((Both, Actions.Reinstate("target", 2)));
        foreach (TransactionBody approval in approvals)
            Assert.That(_ledger.Try(OtherBoth, approval.Clone()), Is.Null);
        _ledger.Commit((OtherBoth, approvals[0]));
        VerifiedTransaction annulment = Submit(Both, Actions.Annul(Id, 1));
        _ledger.Commit([annulment, _ledger.Make(Both, Actions.Annul("target", 3))]);
        Assert.That(_ledger.Try(OtherBoth, Actions.Approve(Id, 1, annulment.Transaction.Id)), Is.Null, "links that stay are not judged anew");
    }

    [Test]
    public void Submitter_WithAnotherKey_IsTheSamePerson()
    {
        Enrol();
        var newKey = new TestKey(640);
        VerifiedTransaction submission = Submit(Both, Actions.Register(Id));
        _ledger.Commit([submission, _ledger.Make(TestLedger.AlphaAdmin, Actions.Rotate("both", newKey))]);
        Rejection rejection = _ledger.Try(newKey, Actions.Approve(Id, 0, submission.Transaction.Id))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.OwnSubmission, true)));
        Assert.That(_ledger.Try(newKey, Actions.Refuse(Id, submission.Transaction.Id)), Is.Null, "who may withdraw it");
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Enrol("both", new TestKey(641), OfficerRole.Approver)));
        Redefine(1, fourEyes: true, "alpha", "beta");
        Assert.That(_ledger.Try(new TestKey(641), Actions.Approve(Id, 0, submission.Transaction.Id)), Is.Null, "a number is a department's own");
    }

    [Test]
    public void Approvers_AreThoseOfTheTypeBeforeTheBlock()
    {
        Enrol();
        VerifiedTransaction submission = Submit(Both, Actions.Register(Id));
        _ledger.Commit([submission]);
        VerifiedTransaction approval = _ledger.Make(BetaApprover, Actions.Approve(Id, 0, submission.Transaction.Id));
        VerifiedTransaction definition = _ledger.Make(TestLedger.AlphaAdmin, Actions.FourEyes(1, "beta"));
        Assert.That(_ledger.Build(definition, approval).LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.NotPermitted));
        _ledger.Commit([definition]);
        Assert.That(_ledger.Try(approval), Is.Null);
        Assert.That(_ledger.Try(OtherBoth, Actions.Approve(Id, 0, submission.Transaction.Id))!.Code, Is.EqualTo(RejectionCode.NotPermitted));
    }

    [Test]
    public void Approve_OfAnotherVersionThanWasSubmitted_IsRefused()
    {
        Enrol();
        _ledger.Commit((Both, Actions.Register(Id)));
        VerifiedTransaction submission = Submit(Both, Actions.Amend(Id, 1));
        _ledger.Commit([submission]);
        Assert.That(_ledger.Try(OtherBoth, Actions.Approve(Id, 0, submission.Transaction.Id))!.Code, Is.EqualTo(RejectionCode.VersionConflict));
        Assert.That(_ledger.Try(OtherBoth, Actions.Approve(Id, 2, submission.Transaction.Id))!.Code, Is.EqualTo(RejectionCode.VersionAhead));
        Assert.That(_ledger.Try(OtherBoth, Actions.Approve("another", 1, submission.Transaction.Id))!.Code, Is.EqualTo(RejectionCode.UnknownSubmission));
    }

    private static RejectionCode? Expected(Past past, bool approves, Signer signer, string[] approvers)
    {
        if (signer.Department is null)
            return RejectionCode.UnknownSigner;
        if (past is Past.NotMade or Past.Replaced)
            return RejectionCode.UnknownSubmission;
        if (past is Past.Approved or Past.Refused or Past.Withdrawn)
            return RejectionCode.SubmissionDecided;
        if (past == Past.Expired)
            return RejectionCode.SubmissionExpired;
        if (signer.Key == Both)
            return approves ? RejectionCode.OwnSubmission : null;
        if (!approvers.Contains(signer.Department) || !signer.Roles.Contains(OfficerRole.Approver))
            return RejectionCode.NotPermitted;
        return approves && past == Past.Overtaken ? RejectionCode.VersionConflict : null;
    }

    private static int Accept(BuiltBlock built, bool approves, Signer signer)
    {
        SubmissionState decided = SubmissionState.Parser.ParseFrom(
            built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Submission(Actions.Type, Id))).Value);
        Assert.That(decided.Status, Is.EqualTo((uint)(approves ? SubmissionStatus.Approved : SubmissionStatus.Refused)));
        Assert.That((decided.Department, decided.Proposed, decided.Reason), Is.EqualTo((signer.Department, default(RecordState), approves ? "" : "incomplete")));
        Assert.That(decided.Position, Is.EqualTo(built.Block.Header.LogSizeAfter - 1));
        return 1;
    }

    /// <summary>What makes the submission's past, in order.</summary>
    private VerifiedTransaction[] Happen(Past past, VerifiedTransaction submission, TestKey approver)
    {
        Digest id = submission.Transaction.Id;
        return past switch
        {
            Past.NotMade => [],
            Past.Made or Past.Expired => [submission],
            Past.Approved => [submission, _ledger.Make(approver, Actions.Approve(Id, 0, id))],
            Past.Refused => [submission, _ledger.Make(approver, Actions.Refuse(Id, id))],
            Past.Withdrawn => [submission, _ledger.Make(Both, Actions.Refuse(Id, id))],
            Past.Overtaken => [submission, _ledger.Make(OtherBoth, Actions.Register(Id))],
            _ => [submission, _ledger.Make(Both, Actions.Refuse(Id, id)), Submit(Both, Actions.Register(Id))],
        };
    }

    private VerifiedTransaction Submit(TestKey clerk, TransactionBody action) =>
        _ledger.Make(clerk, Actions.Submitted(action, _ledger.NextTimeMs + WaitMs));

    /// <summary>Until nothing waits any more.</summary>
    private void PassTime()
    {
        for (ulong endMs = _ledger.NextTimeMs + WaitMs; _ledger.NextTimeMs < endMs;)
            _ledger.Commit((TestLedger.BetaAdmin, Actions.Define("clock", _ledger.Read<RecordTypeState>(StateKey.RecordType("clock"))?.Version ?? 0)));
    }

    private void Enrol()
    {
        RoleHolders.Enrol(_ledger);
        _ledger.Commit(
            (TestLedger.AlphaAdmin, Actions.Enrol("both", Both, OfficerRole.Clerk, OfficerRole.Approver)),
            (TestLedger.AlphaAdmin, Actions.Enrol("other-both", OtherBoth, OfficerRole.Clerk, OfficerRole.Approver)),
            (TestLedger.BetaAdmin, Actions.Enrol("approver", BetaApprover, OfficerRole.Approver)));
    }

    private void Redefine(ulong expected, bool fourEyes, params string[] approvers)
    {
        TransactionBody action = Actions.FourEyes(expected, approvers);
        action.DefineType.FourEyes = fourEyes;
        _ledger.Commit((TestLedger.AlphaAdmin, action));
    }

    private static TransactionBody Strict(ulong expected)
    {
        TransactionBody action = Actions.Define(expected: expected);
        action.DefineType.LinksInForce = true;
        return action;
    }

    /// <summary>Who fills the block in below a snapshot executes nothing, and has to find the same versions in it.</summary>
    private void AssertSealedAlike(ExecutedBlock block)
    {
        var ledger = new InMemoryLedger(_ledger.Genesis);
        foreach (ExecutedBlock before in _ledger.Blocks.TakeWhile(b => b != block))
            ledger.Apply(before);
        SealedBlock? filled = SealedBlock.TrySeal(
            ledger.Tip, ledger.Frontier, ledger, block.Header, new Certificate(VoteType.Commit, 0, 0, 0, Digest.Zero, []),
            [.. block.Transactions.Select(t => t.Transaction)], out _);
        Assert.That(filled!.Records, Is.EqualTo(block.Records));
    }
}
