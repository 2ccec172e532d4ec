using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 16 to 18: what becomes of a proposal, and by whose hand. Method: every action on it, by every kind
/// of signer, in every state of it, in the block after and in the same block; a few lines say what is expected.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProposalLifeTest
{
    private const ulong Passes = 100_000;

    /// <summary>What has happened to the proposal, by alpha's administrator.</summary>
    public enum Past
    {
        NotMade,
        Made,
        OneVoteMissing,
        OneMoreRejects,
        Adopted,
        Rejected,
        Withdrawn,
        Replaced,
        OtherEpoch,
        Expired,
    }

    public enum Act
    {
        VoteFor,
        VoteAgainst,
        Withdraw,
        ProposeAnother,
    }

    private sealed record Signer(TestKey Key, string? Department, OfficerRole? Role);

    private static readonly TestKey Kappa = new(560), KappaAdmin = new(561), NewKey = new(562), Stranger = new(620);

    private static readonly Signer[] Signers =
    [
        .. RoleHolders.Alpha.Select(r => new Signer(r.Value, "alpha", r.Key)),
        .. Proposals.Voters.Select(v => new Signer(v.Administrator, v.Department, OfficerRole.Administrator)),
        new(TestLedger.BetaClerk, "beta", OfficerRole.Clerk), new(TestLedger.AlphaValidator, null, null), new(Stranger, null, null),
    ];

    private readonly TestLedger _ledger = Proposals.Ledger();

    private Digest Chain => _ledger.Genesis.ChainId;

    private ProposalState? Held => _ledger.Read<ProposalState>(StateKey.Proposal("alpha"));

    [Test]
    public void EveryAct_BySigner_IsAcceptedWhereTheTableSaysSo([Values] Past past, [Values] Act act, [Values] bool inOneBlock)
    {
        if (inOneBlock && past is Past.Expired or Past.OtherEpoch)
            return; // a block has one time and one epoch
        RoleHolders.Enrol(_ledger);
        VerifiedTransaction proposal = Make(TestLedger.AlphaAdmin, Admission(_ledger.NextTimeMs + Passes));
        VerifiedTransaction[] before = Happen(past, proposal);
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.Expired)
            PassTime();
        Digest id = proposal.Transaction.Id;
        int accepted = 0;
        foreach (Signer signer in Signers)
        {
            TransactionBody action = act switch
            {
                Act.Withdraw => Proposals.Withdraw(id),
                Act.ProposeAnother => Proposals.Propose(Chain, Set(leaderBlocks: 9, epoch: past == Past.OtherEpoch || (past == Past.Adopted && !inOneBlock) ? 1UL : 0)),
                _ => Proposals.Vote("alpha", id, act == Act.VoteFor),
            };
            BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(signer.Key, action)]);
            RejectionCode? code = Expected(past, act, signer);
            Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(code), $"{act} by {signer}");
            if (code is not null)
                continue;
            accepted++;
            ProposalState after = ProposalState.Parser.ParseFrom(
                built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Proposal(act == Act.ProposeAnother ? signer.Department! : "alpha"))).Value);
            Assert.That((ProposalStatus)after.Status, Is.EqualTo(act switch
            {
                Act.VoteFor when past == Past.OneVoteMissing => ProposalStatus.Adopted,
                Act.VoteAgainst when past == Past.OneMoreRejects => ProposalStatus.Rejected,
                Act.Withdraw => ProposalStatus.Withdrawn,
                _ => ProposalStatus.Open,
            }), $"{act} by {signer}");
            Assert.That(after.DecidedPosition, Is.EqualTo(after.Status == (uint)ProposalStatus.Open ? 0 : built.Block.Header.LogSizeAfter - 1));
        }
        bool open = past is Past.Made or Past.OneVoteMissing or Past.OneMoreRejects;
        Assert.That(accepted > 0, Is.EqualTo(open || act == Act.ProposeAnother));
    }

    [Test]
    public void TheVoteThatMakesAQuorum_DoesWhatTheSignaturesOfOneWould([Values] MembershipKind kind)
    {
        if (kind is MembershipKind.LiftSuspension or MembershipKind.CallOffVersion)
            return; // of nothing: DepartmentSuspensionTest, ProtocolVersionTest
        (MembershipChange change, TestKey? newKey) = Change(kind);
        VerifiedTransaction proposal = Make(TestLedger.AlphaAdmin, change, newKey);
        ulong position = _ledger.Commit([proposal]).Header.LogSizeBefore;
        Digest id = proposal.Transaction.Id;
        ulong first = _ledger.Commit((TestLedger.BetaAdmin, Proposals.Vote("alpha", id, true))).Header.LogSizeBefore;
        _ledger.Commit((Proposals.GammaAdmin, Proposals.Vote("alpha", id, false)));
        ulong third = _ledger.Commit((TestLedger.AlphaAdmin, Proposals.Vote("alpha", id, true))).Header.LogSizeBefore;
        Parameters parameters = _ledger.Read<Parameters>(StateKey.Parameters)!;
        BuiltBlock votes = _ledger.Build(
            _ledger.Make(Proposals.DeltaAdmin, Proposals.Vote("alpha", id, true)), _ledger.Make(TestLedger.AlphaAdmin, Actions.Define("later")));
        ExecutedBlock decided = votes.Block!;
        var effects = decided.Changes.Where(c => c.Key.Kind is not (StateKind.Proposal or StateKind.Leader or StateKind.RecordType)).ToList();
        if (MembershipFields.EndsEpoch(change))
        {
            TestKey[] approvers = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin, Proposals.DeltaAdmin];
            BuiltBlock signed = _ledger.Build(_ledger.Make(TestLedger.AlphaAdmin, Approve(Chain, change, newKey, approvers)));
            Assert.That(effects, Is.EqualTo(signed.Block!.Changes.Where(c => c.Key.Kind != StateKind.Leader))
                .Using<StateChange>((a, b) => a.Key.Equals(b.Key) && a.Value.AsSpan().SequenceEqual(b.Value)));
            Assert.That(decided.Header.NextValidatorSetHash, Is.EqualTo(signed.Block.Header.NextValidatorSetHash).And.Not.EqualTo(decided.Header.ValidatorSetHash));
        }
        _ledger.State.Apply(decided);
        Assert.That(_ledger.State.Tip.NextEpoch, Is.EqualTo(MembershipFields.EndsEpoch(change) ? 1 : 0));
        if (kind == MembershipKind.MoveEndpoint)
            Assert.That(_ledger.Read<DepartmentState>(StateKey.Department("beta"))!.Endpoint, Is.EqualTo("beta.example:7999"));
        if (kind == MembershipKind.Suspend)
            Assert.That(_ledger.Read<DepartmentState>(StateKey.Department("beta"))!.SuspendedHeight, Is.EqualTo(decided.Header.Height));
        if (kind == MembershipKind.ScheduleVersion)
        {
            Assert.That(_ledger.Read<ProtocolState>(StateKey.Protocol), Is.EqualTo(
                new ProtocolState { Version = 1, Scheduled = change.Protocol, Position = third + 1 }));
        }
        if (kind == MembershipKind.SetParameters)
        {
            parameters.LeaderBlocksMax = 7;
            Assert.That(_ledger.Read<Parameters>(StateKey.Parameters), Is.EqualTo(parameters), "all others stay as they are");
            Assert.That(decided.Header.ParametersHash, Is.EqualTo(_ledger.Blocks[0].Header.ParametersHash), "they act from the next block on");
            Assert.That(_ledger.Commit((TestLedger.AlphaAdmin, Actions.Define("next"))).Header.ParametersHash, Is.Not.EqualTo(decided.Header.ParametersHash));
        }
        Assert.That(Held, Is.EqualTo(new ProposalState
        {
            Proposal = Google.Protobuf.ByteString.CopyFrom(id.Span),
            Department = "alpha",
            OfficerId = "admin",
            Change = change,
            Status = (uint)ProposalStatus.Adopted,
            Votes =
            {
                Cast("alpha", true, third), Cast("beta", true, first), Cast("delta", true, third + 1), Cast("gamma", false, first + 1),
            },
            Position = position,
            DecidedPosition = third + 1,
        }));
    }

    [Test]
    public void AVote_IsChangedUntilTheProposalIsDecided_AndCountsOnce()
    {
        VerifiedTransaction proposal = Make(TestLedger.AlphaAdmin, Set(leaderBlocks: 7));
        _ledger.Commit([proposal]);
        Digest id = proposal.Transaction.Id;
        _ledger.Commit((TestLedger.BetaAdmin, Proposals.Vote("alpha", id, false)), (TestLedger.BetaAdmin, Actions.Enrol("second", Stranger, OfficerRole.Administrator)));
        Rejection again = _ledger.Try(Stranger, Proposals.Vote("alpha", id, false))!;
        Assert.That((again.Code, again.IsPermanent), Is.EqualTo((RejectionCode.AlreadyVoted, false)), "whichever administrator casts it");
        _ledger.Commit((Stranger, Proposals.Vote("alpha", id, true)), (TestLedger.AlphaAdmin, Proposals.Vote("alpha", id, true)));
        Assert.That(Held!.Votes.Select(v => (v.Department, v.OfficerId, v.InFavour)), Is.EqualTo(new[] { ("alpha", "admin", true), ("beta", "second", true) }));
        _ledger.Commit((TestLedger.AlphaAdmin, Proposals.Vote("alpha", id, false)));
        Assert.That(Held!.Status, Is.EqualTo((uint)ProposalStatus.Open));
        _ledger.Commit((Proposals.GammaAdmin, Proposals.Vote("alpha", id, false)));
        Assert.That(Held!.Status, Is.EqualTo((uint)ProposalStatus.Rejected), "two of four against leave no quorum");
    }

    [Test]
    public void WhatAProposalWouldBreak_IsRefusedWhenProposed_AndWhenDecided()
    {
        foreach ((MembershipChange change, TestKey? newKey, RejectionCode code) in new (MembershipChange, TestKey?, RejectionCode)[]
        {
            (Admit("beta", Kappa, KappaAdmin), Kappa, RejectionCode.DepartmentExists),
            (Admit("kappa", TestLedger.BetaValidator, KappaAdmin), TestLedger.BetaValidator, RejectionCode.KeyInUse),
            (Remove("kappa"), null, RejectionCode.UnknownDepartment),
            (Replace("kappa", NewKey), NewKey, RejectionCode.UnknownDepartment),
            (Proposals.Move("kappa", "kappa.example:7001"), null, RejectionCode.UnknownDepartment),
            (Proposals.Suspend("kappa"), null, RejectionCode.UnknownDepartment),
            (Proposals.LiftSuspension("kappa"), null, RejectionCode.UnknownDepartment),
            (Proposals.LiftSuspension("beta"), null, RejectionCode.NotSuspended),
            (Proposals.Set(new Parameters { ExpiryHorizonMs = 1 }), null, RejectionCode.ParameterOutOfBounds),
            (Proposals.Set(new Parameters { ForwardTimeoutMs = 5_000 }), null, RejectionCode.ParameterOutOfBounds),
            (Proposals.Set(new Parameters { ExpiryHorizonMs = LedgerParameters.CreateDefault().ExpiryHorizonMs - 1 }), null, RejectionCode.ParameterOutOfBounds),
            (Proposals.Schedule(3), null, RejectionCode.NotNextVersion),
            (Proposals.CallOff(), null, RejectionCode.NotScheduled),
            (Set(leaderBlocks: 7, epoch: 1), null, RejectionCode.ProofOutOfRange),
        })
        {
            Rejection rejection = _ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, change, newKey))!;
            Assert.That(rejection.Code, Is.EqualTo(code), MembershipKindOf(change));
        }
        MembershipChange forward = Proposals.Set(new Parameters { ForwardTimeoutMs = 4_999 }), complaint = Proposals.Set(new Parameters { ComplaintTimeoutMs = 3_000 });
        VerifiedTransaction first = Make(TestLedger.AlphaAdmin, forward), second = Make(TestLedger.BetaAdmin, complaint);
        _ledger.Commit([first, second]);
        foreach (TestKey voter in new[] { TestLedger.AlphaAdmin, TestLedger.BetaAdmin })
            _ledger.Commit((voter, Proposals.Vote("alpha", first.Transaction.Id, true)), (voter, Proposals.Vote("beta", second.Transaction.Id, true)));
        VerifiedTransaction decides = _ledger.Make(Proposals.GammaAdmin, Proposals.Vote("alpha", first.Transaction.Id, true));
        VerifiedTransaction breaks = _ledger.Make(Proposals.GammaAdmin, Proposals.Vote("beta", second.Transaction.Id, true));
        Assert.That(_ledger.Try(breaks), Is.Null, "alone it keeps the bounds");
        BuiltBlock built = _ledger.Build(decides, breaks);
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.ParameterOutOfBounds), "in one block, too");
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Try(breaks)!.Code, Is.EqualTo(RejectionCode.ParameterOutOfBounds));
        Assert.That(_ledger.Read<ProposalState>(StateKey.Proposal("beta"))!.Status, Is.EqualTo((uint)ProposalStatus.Open));
    }

    [Test]
    public void TwoChangesOfTheValidators_AreNotDecidedInOneBlock_AndAnEpochEndsWithItsProposals()
    {
        VerifiedTransaction first = Make(TestLedger.AlphaAdmin, Admit("kappa", Kappa, KappaAdmin), Kappa);
        VerifiedTransaction second = Make(TestLedger.BetaAdmin, Replace("beta", NewKey), NewKey);
        VerifiedTransaction third = Make(Proposals.GammaAdmin, Set(leaderBlocks: 7));
        (string Department, Digest Id)[] all =
            [("alpha", first.Transaction.Id), ("beta", second.Transaction.Id), ("gamma", third.Transaction.Id)];
        _ledger.Commit([first, second, third]);
        foreach (TestKey voter in new[] { TestLedger.AlphaAdmin, TestLedger.BetaAdmin })
            _ledger.Commit([.. all.Select(p => (voter, Proposals.Vote(p.Department, p.Id, true)))]);
        VerifiedTransaction[] votes = [.. all.Select(p => _ledger.Make(Proposals.GammaAdmin, Proposals.Vote(p.Department, p.Id, true)))];
        BuiltBlock built = _ledger.Build(votes);
        Assert.That(built.LeftOut.Single(), Is.EqualTo(new LeftOut(votes[1], built.LeftOut[0].Rejection)));
        Assert.That(built.LeftOut[0].Rejection.Code, Is.EqualTo(RejectionCode.OtherEpoch));
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Read<Parameters>(StateKey.Parameters)!.LeaderBlocksMax, Is.EqualTo(7), "other changes may be decided in that block");
        Rejection late = _ledger.Try(votes[1])!;
        Assert.That((late.Code, late.IsPermanent), Is.EqualTo((RejectionCode.OtherEpoch, true)));
        Assert.That(_ledger.Try(TestLedger.BetaAdmin, Proposals.Propose(Chain, Replace("beta", NewKey, epoch: 1), NewKey)), Is.Null, "its place is free");
        Assert.That(_ledger.Try(KappaAdmin, Proposals.Vote("beta", second.Transaction.Id, true))!.Code, Is.EqualTo(RejectionCode.OtherEpoch), "nor does a newcomer vote on it");
    }

    [Test]
    public void AProposal_LastsForThirtyDaysAtMost()
    {
        ulong now = _ledger.NextTimeMs;
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Set(7, 0, now + Limits.MembershipHorizonMs))), Is.Null);
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Set(7, 0, now + Limits.MembershipHorizonMs + 1)))!.Code,
            Is.EqualTo(RejectionCode.ExpiryTooFar));
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Set(7, 0, now)))!.Code, Is.EqualTo(RejectionCode.Expired));
        Assert.That(_ledger.Try(TestLedger.AlphaAdmin, Proposals.Propose(Chain, Set(7, 0, now + 1))), Is.Null);
    }

    private static RejectionCode? Expected(Past past, Act act, Signer signer)
    {
        if (signer.Department is null)
            return RejectionCode.UnknownSigner;
        if (signer.Role != OfficerRole.Administrator)
            return RejectionCode.NotPermitted;
        bool alphas = signer.Department == "alpha";
        bool open = past is Past.Made or Past.OneVoteMissing or Past.OneMoreRejects;
        if (act == Act.ProposeAnother)
            return alphas && (open || past == Past.Replaced) ? RejectionCode.ProposalOpen : null;
        if (past is Past.NotMade or Past.Replaced || (act == Act.Withdraw && !alphas))
            return RejectionCode.UnknownProposal;
        if (past is Past.Adopted or Past.Rejected or Past.Withdrawn)
            return RejectionCode.ProposalDecided;
        if (past == Past.OtherEpoch)
            return RejectionCode.OtherEpoch;
        if (past == Past.Expired)
            return RejectionCode.ProposalExpired;
        bool votedFor = past == Past.OneVoteMissing && signer.Department is "alpha" or "beta";
        bool votedAgainst = past == Past.OneMoreRejects && signer.Department == "gamma";
        return (act == Act.VoteFor && votedFor) || (act == Act.VoteAgainst && votedAgainst) ? RejectionCode.AlreadyVoted : null;
    }

    /// <summary>What makes the proposal's past, in order.</summary>
    private VerifiedTransaction[] Happen(Past past, VerifiedTransaction proposal)
    {
        Digest id = proposal.Transaction.Id;
        VerifiedTransaction Vote(TestKey by, bool inFavour) => _ledger.Make(by, Proposals.Vote("alpha", id, inFavour));
        VerifiedTransaction[] Adopt() =>
            [proposal, Vote(TestLedger.AlphaAdmin, true), Vote(TestLedger.BetaAdmin, true), Vote(Proposals.DeltaAdmin, true)];
        switch (past)
        {
            case Past.NotMade:
                return [];
            case Past.Made or Past.Expired:
                return [proposal];
            case Past.OneVoteMissing:
                return Adopt()[..3];
            case Past.OneMoreRejects:
                return [proposal, Vote(Proposals.GammaAdmin, false)];
            case Past.Adopted:
                return Adopt();
            case Past.Rejected:
                return [proposal, Vote(Proposals.GammaAdmin, false), Vote(Proposals.DeltaAdmin, false)];
            case Past.Withdrawn:
                return [proposal, _ledger.Make(TestLedger.AlphaAdmin, Proposals.Withdraw(id))];
            case Past.Replaced:
                return [proposal, _ledger.Make(TestLedger.AlphaAdmin, Proposals.Withdraw(id)), Make(TestLedger.AlphaAdmin, Set(leaderBlocks: 8))];
            default:
                TestKey[] approvers = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin, Proposals.DeltaAdmin];
                return [proposal, _ledger.Make(TestLedger.AlphaAdmin, Approve(Chain, Replace("beta", NewKey), NewKey, approvers))];
        }
    }

    private (MembershipChange Change, TestKey? NewKey) Change(MembershipKind kind) => kind switch
    {
        MembershipKind.Admit => (Admit("kappa", Kappa, KappaAdmin), Kappa),
        MembershipKind.Remove => (Remove("beta"), null),
        MembershipKind.ReplaceKey => (Replace("beta", NewKey), NewKey),
        MembershipKind.MoveEndpoint => (Proposals.Move("beta", "beta.example:7999"), null),
        MembershipKind.Suspend => (Proposals.Suspend("beta"), null),
        MembershipKind.ScheduleVersion => (Proposals.Schedule(2), null),
        _ => (Set(leaderBlocks: 7), null),
    };

    private static MembershipChange Admission(ulong expiresAtMs)
    {
        MembershipChange change = Admit("kappa", Kappa, KappaAdmin);
        change.ExpiresAtMs = expiresAtMs;
        return change;
    }

    private static MembershipChange Set(uint leaderBlocks, ulong epoch = 0, ulong? expiresAtMs = null)
    {
        MembershipChange change = Proposals.Set(new Parameters { LeaderBlocksMax = leaderBlocks }, epoch);
        change.ExpiresAtMs = expiresAtMs ?? change.ExpiresAtMs;
        return change;
    }

    private VerifiedTransaction Make(TestKey signer, MembershipChange change, TestKey? newKey = null) =>
        _ledger.Make(signer, Proposals.Propose(Chain, change, newKey ?? (change.Kind == (uint)MembershipKind.Admit ? Kappa : null)));

    private static ProposalVote Cast(string department, bool inFavour, ulong position) =>
        new() { Department = department, OfficerId = "admin", InFavour = inFavour, Position = position };

    private static string MembershipKindOf(MembershipChange change) => $"{(MembershipKind)change.Kind} {change.Department}";

    private void PassTime()
    {
        for (ulong endMs = _ledger.NextTimeMs + Passes; _ledger.NextTimeMs < endMs;)
            _ledger.Commit((TestLedger.BetaAdmin, Actions.Define("clock", _ledger.Read<RecordTypeState>(StateKey.RecordType("clock"))?.Version ?? 0)));
    }
}
