using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Cryptography;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: whatever a quorum of validators that collude signs, an audit names the first transaction that should not have been accepted,
/// with its block, its place and the rule. Method: for each code that a transaction can be refused with, a ledger of four departments
/// with a block that three of them certified; before the forged transaction stand valid ones, behind it others that are wrong, too.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ForgedLedgerTest : IDisposable
{
    private const ulong SecondMs = 1_000;

    private static readonly TestKey Approver = new(305), Receiver = new(306), NewKey = new(700), OtherKey = new(701);

    private static readonly TestKey[] Administrators = [AlphaAdmin, BetaAdmin, .. EvidenceLedger.OtherAdministrators];

    /// <summary>All but those with which a node says that it cannot take the transaction now.</summary>
    private static readonly RejectionCode[] Codes =
        [.. Enum.GetValues<RejectionCode>().Except([RejectionCode.PoolFull, RejectionCode.NodeNotReady, RejectionCode.RateExceeded])];

    private readonly RememberingVerifier _verifier = new();

    private CertifiedLedger _ledger = new(EvidenceLedger.AddDepartments, EvidenceLedger.Validators[2], EvidenceLedger.Validators[3]);

    [SetUp]
    public void Begin()
    {
        _ledger.Commit(
            By(AlphaAdmin, Actions.Define()), By(AlphaAdmin, Actions.Enrol("clerk", AlphaClerk, OfficerRole.Clerk)),
            By(AlphaAdmin, Actions.Enrol("approver", Approver, OfficerRole.Clerk, OfficerRole.Approver)),
            By(BetaAdmin, Actions.Enrol("clerk", BetaClerk, OfficerRole.Clerk)),
            By(BetaAdmin, Actions.Enrol("receiver", Receiver, OfficerRole.Clerk, OfficerRole.Approver)));
        _ledger.Commit(
            By(AlphaClerk, Actions.Register("held")), By(AlphaClerk, Actions.Register("gone")), By(AlphaClerk, Actions.Annul("gone", 1)),
            By(AlphaClerk, Actions.Register("closed")), By(AlphaClerk, Actions.Supersede("closed", 1, ("licence", "held"))));
    }

    [TearDown]
    public void Dispose() => _verifier.Dispose();

    [TestCaseSource(nameof(Codes))]
    public void Audit_NamesTheFirstTransactionThatAQuorumForged_AndItsRule(RejectionCode code)
    {
        byte[][] forged = Forge(code);
        byte[][] leaves = [By(Administrators[0], Actions.Define("good")), .. forged];
        int index = leaves.Length - 1;
        byte[] alsoWrong = By(NewKey, Actions.Register("x")), noEnvelope = [0xff];

        Assert.That(Audit(_ledger.Collude(leaves[..index])).Refused, Is.Null, "what stands before it is valid, and only the roots are not");

        foreach (byte[][] behind in new byte[][][] { [], [alsoWrong], [noEnvelope] })
        {
            AuditProblem problem = Audit(_ledger.Collude([.. leaves, .. behind]));
            ulong position = _ledger.State.Tip.LogSizeAfter + (ulong)index;
            Assert.That(problem.Refused, Is.EqualTo(new RefusedTransaction(index, position, code)), $"{problem}");
            Assert.That($"{problem.Where} {problem.Found}", Does.Contain($"transaction {index} (position {position})"));
        }
    }

    private AuditProblem Audit(RawBlock forged)
    {
        ulong height = (ulong)_ledger.Raw.Count;
        ChainAuditor auditor = _ledger.Audit([.. _ledger.Raw, forged], _verifier);
        Assert.That(auditor.Problem?.Height, Is.EqualTo(height));
        Assert.That(auditor.Ledger.Tip, Is.EqualTo(_ledger.State.Tip), "what was proven before it");
        return auditor.Problem!;
    }

    /// <summary>Leaves of the next block, the last of which breaks the rule; makes the honest blocks that it takes.</summary>
    private byte[][] Forge(RejectionCode code) => code <= RejectionCode.InvalidField ? [ForgeForm(code)] : code switch
    {
        RejectionCode.Expired => [By(AlphaClerk, Actions.Register("x"), _ledger.NextTimeMs)],
        RejectionCode.ExpiryTooFar => [By(AlphaClerk, Actions.Register("x"), _ledger.NextTimeMs + 3_600_001)],
        RejectionCode.UnknownSigner => [By(AlphaAdmin, Actions.Enrol("new", NewKey, OfficerRole.Clerk)), By(NewKey, Actions.Register("x"))],
        RejectionCode.SignerNotYetValid => [AfterEnrolment(e => e.ValidFromMs = _ledger.NextTimeMs + 2 * SecondMs)],
        RejectionCode.SignerExpired => [AfterEnrolment(e => e.ValidUntilMs = _ledger.NextTimeMs + SecondMs)],
        RejectionCode.SignerRevoked => [After((AlphaAdmin, Actions.Revoke("clerk")), AlphaClerk, Actions.Register("x"))],
        RejectionCode.NotPermitted => [By(BetaClerk, Actions.Register("x"))],
        RejectionCode.VersionConflict => [By(AlphaClerk, Actions.Amend("held", 1)), By(Approver, Actions.Annul("held", 1))],
        RejectionCode.VersionAhead => [By(AlphaClerk, Actions.Amend("held", 2))],
        RejectionCode.UnknownType => [By(AlphaAdmin, Actions.Define("permit")), By(AlphaClerk, Actions.Register("x", type: "permit"))],
        RejectionCode.RecordAnnulled => [By(AlphaClerk, Actions.Amend("gone", 2))],
        RejectionCode.RecordInForce => [By(AlphaClerk, Actions.Register("held", 1))],
        RejectionCode.RecordSuperseded => [By(AlphaClerk, Actions.Annul("closed", 2))],
        RejectionCode.UnknownRecord => [By(AlphaClerk, Actions.Supersede("held", 1, ("licence", "x")))],
        RejectionCode.RecordNotInForce => [By(AlphaClerk, Actions.Supersede("held", 1, ("licence", "gone")))],
        RejectionCode.OfficerExists => [By(AlphaAdmin, Actions.Enrol("clerk", NewKey, OfficerRole.Clerk))],
        RejectionCode.UnknownOfficer => [By(BetaAdmin, Actions.Rotate("approver", NewKey))],
        RejectionCode.KeyInUse => [By(BetaAdmin, Actions.Rotate("clerk", AlphaClerk))],
        RejectionCode.LastAdministrator => [By(BetaAdmin, Actions.Revoke("admin"))],
        RejectionCode.InvalidSchema => [By(AlphaAdmin, WithSchema(0, "permit", "[]"))],
        RejectionCode.InvalidPayload =>
            [After((AlphaAdmin, WithSchema(1, Actions.Type, """{"required":["name"]}""")), AlphaClerk, Actions.Register("x"))],
        RejectionCode.Duplicate => Twice(By(AlphaClerk, Actions.Register("x"))),
        RejectionCode.UnknownReceiver => [By(AlphaClerk, Transfer("omega"))],
        RejectionCode.AlreadyCustodian => [By(AlphaClerk, Transfer("alpha"))],
        RejectionCode.ReceiverCannotRead =>
            [After((AlphaAdmin, Actions.ReadBy(Actions.Define(expected: 1), "delta")), AlphaClerk, Transfer("beta"))],
        >= RejectionCode.ApprovalRequired and <= RejectionCode.OwnSubmission or RejectionCode.UnknownDelegation => ForgeApproval(code),
        >= RejectionCode.UnknownProposal and <= RejectionCode.ParameterOutOfBounds => ForgeProposal(code),
        _ => ForgeMembership(code),
    };

    /// <summary>What is wrong whatever the ledger holds.</summary>
    private byte[] ForgeForm(RejectionCode code)
    {
        TransactionBody body = _ledger.Body(AlphaClerk, Actions.Register("x"));
        byte[] Changed(Action<TransactionBody> change)
        {
            change(body);
            return Envelope.Signed(body, AlphaClerk);
        }
        return code switch
        {
            RejectionCode.MalformedEnvelope => [0xff],
            RejectionCode.TooLarge => new byte[Limits.EnvelopeBytesMax + 1],
            RejectionCode.UnsupportedVersion => Changed(b => b.FormatVersion = 2),
            RejectionCode.UnsupportedAlgorithm => Changed(b => b.Algorithm = 2),
            RejectionCode.WrongChain => Changed(b => b.ChainId = ByteString.CopyFrom(new byte[32])),
            RejectionCode.InvalidPublicKey => Changed(b => b.Signer = ByteString.CopyFrom([2, .. new byte[31], 5])),
            RejectionCode.InvalidSignature => Envelope.Signed(body, AlphaAdmin),
            RejectionCode.HighS => WithHighS(Changed(_ => { })),
            RejectionCode.NotActive => WithAction22(body),
            RejectionCode.InvalidField => Changed(b => b.Register.Record.Id = "a/b"),
            _ => throw Unforged(code),
        };
    }

    private byte[][] ForgeApproval(RejectionCode code)
    {
        if (code == RejectionCode.ApprovalRequired)
            return [After((AlphaAdmin, Actions.FourEyes(1)), AlphaClerk, Actions.Register("x"))];
        bool isBrief = code == RejectionCode.SubmissionExpired;
        byte[] submission = By(AlphaClerk, Actions.Submitted(Actions.Register("x"), _ledger.NextTimeMs + (isBrief ? 1 : 60 * SecondMs)),
            isBrief ? _ledger.NextTimeMs + 1 : null);
        Digest id = _ledger.IdOf(submission);
        if (isBrief)
            _ledger.Commit(submission);
        TransactionBody approve = Actions.Approve("x", 0, id);
        return code switch
        {
            RejectionCode.SubmissionExpired => [By(Approver, approve)],
            RejectionCode.ApprovalPending => [submission, By(Approver, Actions.Submitted(Actions.Register("x"), _ledger.NextTimeMs + 60 * SecondMs))],
            RejectionCode.UnknownSubmission => [submission, By(Approver, Actions.Approve("x", 0, _ledger.Chain))],
            RejectionCode.SubmissionDecided => [submission, By(Approver, approve), By(Approver, Actions.Refuse("x", id))],
            RejectionCode.OwnSubmission => [submission, By(AlphaClerk, approve)],
            RejectionCode.UnknownDelegation => [submission, By(Approver, Actions.OnBehalfOf(approve, "admin"))],
            _ => throw Unforged(code),
        };
    }

    private byte[][] ForgeProposal(RejectionCode code)
    {
        MembershipChange move = Proposals.Move("beta", "b.example:1");
        if (code == RejectionCode.ProposalExpired)
            move.ExpiresAtMs = _ledger.NextTimeMs + 1;
        byte[] proposal = By(BetaAdmin, Proposals.Propose(_ledger.Chain, move));
        Digest id = _ledger.IdOf(proposal);
        if (code == RejectionCode.ProposalExpired)
            _ledger.Commit(proposal);
        return code switch
        {
            RejectionCode.ProposalExpired => [By(AlphaAdmin, Proposals.Vote("beta", id, true))],
            RejectionCode.UnknownProposal => [proposal, By(AlphaAdmin, Proposals.Withdraw(id))],
            RejectionCode.ProposalDecided => [proposal, By(BetaAdmin, Proposals.Withdraw(id)), By(AlphaAdmin, Proposals.Vote("beta", id, true))],
            RejectionCode.ProposalOpen => [proposal, By(BetaAdmin, Proposals.Propose(_ledger.Chain, Proposals.Move("beta", "b.example:2")))],
            RejectionCode.AlreadyVoted => [proposal, By(AlphaAdmin, Proposals.Vote("beta", id, true)), By(AlphaAdmin, Proposals.Vote("beta", id, true))],
            RejectionCode.ParameterOutOfBounds =>
                [By(AlphaAdmin, Proposals.Propose(_ledger.Chain, Proposals.Set(new Parameters { ExpiryHorizonMs = 1 })))],
            _ => throw Unforged(code),
        };
    }

    /// <summary>What concerns departments and their validators.</summary>
    private byte[][] ForgeMembership(RejectionCode code)
    {
        byte[] accusation = By(BetaValidator, Actions.Accuse(_ledger.Chain, EvidenceLedger.Validators[3], 1));
        byte[] Suspend(ulong height, uint view) =>
            By(BetaValidator, Actions.Suspend(_ledger.Chain, height, view, EvidenceLedger.Validators[1..]));
        switch (code)
        {
            case RejectionCode.DepartmentExists:
                return [Change(MembershipChanges.Admit("beta", NewKey, OtherKey), NewKey)];
            case RejectionCode.UnknownDepartment:
                return [Change(MembershipChanges.Remove("omega"))];
            case RejectionCode.InvalidProof:
                return [By(AlphaAdmin, MembershipChanges.Approve(_ledger.Chain, MembershipChanges.Remove("gamma"), null, Administrators[..2]))];
            case RejectionCode.OtherEpoch:
                return [Change(MembershipChanges.Remove("gamma")), Change(MembershipChanges.Remove("delta"))];
            case RejectionCode.MembershipLimit:
                _ledger = new CertifiedLedger(static body => body.Departments.RemoveAt(1));
                return [By(AlphaAdmin, MembershipChanges.Approve(_ledger.Chain, MembershipChanges.Remove("alpha"), null, AlphaAdmin))];
            case RejectionCode.DepartmentSuspended:
                Decide(Proposals.Suspend("beta"));
                return [By(BetaClerk, Actions.Register("x"))];
            case RejectionCode.NotSuspended:
                return [By(AlphaAdmin, Proposals.Propose(_ledger.Chain, Proposals.LiftSuspension("beta")))];
            case RejectionCode.QuorumSuspended:
                Decide(Proposals.Suspend("beta"));
                return [By(AlphaAdmin, Proposals.Propose(_ledger.Chain, Proposals.Suspend("gamma")))];
            case RejectionCode.NotNextVersion:
                return [By(AlphaAdmin, Proposals.Propose(_ledger.Chain, Proposals.Schedule(3)))];
            case RejectionCode.NotScheduled:
                return [By(AlphaAdmin, Proposals.Propose(_ledger.Chain, Proposals.CallOff()))];
            case RejectionCode.ProofOutOfRange:
                return [Suspend(99, 0)];
            case RejectionCode.AlreadySuspended:
                return [Suspend(2, 0), Suspend(1, 0)];
            case RejectionCode.TooManySuspended:
                return [Suspend(2, 0), Suspend(2, 1)];
            case RejectionCode.ReadRootNotNext:
                BeginWithVersion2();
                return [By(BetaValidator, Actions.PostReadRoot(1, 1, 4)), By(AlphaValidator, Actions.PostReadRoot(1, 2, 4))];
            case RejectionCode.ReadRootTooSoon:
                BeginWithVersion2();
                return [By(AlphaValidator, Actions.PostReadRoot(1, 1, 4)), By(AlphaValidator, Actions.PostReadRoot(2, 5, 6))];
            case RejectionCode.AlreadyProven:
                return [accusation, By(AlphaValidator, Actions.Accuse(_ledger.Chain, EvidenceLedger.Validators[3], 1))];
            default:
                throw Unforged(code);
        }
    }

    private void BeginWithVersion2() => _ledger = new CertifiedLedger(
        static body =>
        {
            EvidenceLedger.AddDepartments(body);
            body.ProtocolVersion = 2;
        },
        EvidenceLedger.Validators[2], EvidenceLedger.Validators[3]);

    private static AssertionException Unforged(RejectionCode code) => new($"There is no forged ledger for {code}.");

    private byte[] By(TestKey signer, TransactionBody action, ulong? expiresAtMs = null) => _ledger.Sign(signer, action, expiresAtMs);

    /// <summary>The action in the block after one of another transaction.</summary>
    private byte[] After((TestKey Signer, TransactionBody Action) first, TestKey signer, TransactionBody action)
    {
        _ledger.Commit(first.Signer, first.Action);
        return By(signer, action);
    }

    private byte[] AfterEnrolment(Action<EnrolOfficer> times)
    {
        TransactionBody action = Actions.Enrol("new", NewKey, OfficerRole.Clerk);
        times(action.EnrolOfficer);
        return After((AlphaAdmin, action), NewKey, Actions.Register("x"));
    }

    private byte[] Change(MembershipChange change, TestKey? newKey = null) =>
        By(AlphaAdmin, MembershipChanges.Approve(_ledger.Chain, change, newKey, Administrators[..3]));

    /// <summary>Alpha proposes it, and all but beta vote for it.</summary>
    private void Decide(MembershipChange change)
    {
        byte[] proposal = By(AlphaAdmin, Proposals.Propose(_ledger.Chain, change));
        _ledger.Commit(proposal);
        Digest id = _ledger.IdOf(proposal);
        _ledger.Commit([.. Administrators.Where(static a => a != BetaAdmin).Select(a => By(a, Proposals.Vote("alpha", id, true)))]);
    }

    private TransactionBody Transfer(string receiver) => Actions.Transfer("held", 1, receiver, _ledger.NextTimeMs + 120 * SecondMs);

    private static byte[][] Twice(byte[] envelope) => [envelope, envelope];

    private static TransactionBody WithSchema(ulong expected, string type, string schema)
    {
        TransactionBody action = Actions.Define(type, expected);
        action.DefineType.Schema = schema;
        return action;
    }

    /// <summary>An action that is reserved, in the place of the body's own.</summary>
    private static byte[] WithAction22(TransactionBody body)
    {
        body.ClearAction();
        return new SignedTransaction { Body = ByteString.CopyFrom([.. body.ToByteArray(), 0xb2, 0x01, 0x00]), Signature = body.Signer }.ToByteArray();
    }

    /// <summary>The same signature with the other s.</summary>
    private static byte[] WithHighS(byte[] envelope)
    {
        SignedTransaction sealedBy = SignedTransaction.Parser.ParseFrom(envelope);
        var order = new System.Numerics.BigInteger(Secp256k1.GroupOrder, isUnsigned: true, isBigEndian: true);
        var s = new System.Numerics.BigInteger(sealedBy.Signature.Span[32..], isUnsigned: true, isBigEndian: true);
        sealedBy.Signature = ByteString.CopyFrom([.. sealedBy.Signature.Span[..32], .. EcdsaTwin.ToBytes(order - s)]);
        return sealedBy.ToByteArray();
    }
}
