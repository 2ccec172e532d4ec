using System.Buffers.Binary;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>docs/SPEC.md, "Execution", 10: who may change the validators, what that does, and that no approval serves twice.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MembershipRulesTest
{
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501), NewKey = new(502), OtherAdmin = new(503);

    private readonly TestLedger _ledger = TestLedger.Ready();

    private Digest Chain => _ledger.Genesis.ChainId;

    private ValidatorHistory History => ValidatorHistory.Of(_ledger.Genesis, _ledger.State);

    private static TestKey[] Both => [TestLedger.AlphaAdmin, TestLedger.BetaAdmin];

    [Test]
    public void Admit_ByAQuorum_ActsFromTheNextBlockOn()
    {
        ExecutedBlock block = Commit(Admit("gamma", Gamma, GammaAdmin), Gamma);
        BlockHeader header = block.Header;
        Assert.That((header.Epoch, header.NextEpoch), Is.EqualTo((0UL, 1UL)));
        Assert.That(header.ValidatorSetHash, Is.EqualTo(_ledger.Genesis.Validators.Hash));
        Assert.That(header.NextValidatorSetHash, Is.EqualTo(History.Acting.Hash).And.Not.EqualTo(header.ValidatorSetHash));
        Assert.That(History.Acting.Members.Select(v => v.Department), Is.EqualTo(new[] { "alpha", "beta", "gamma" }));
        ValidatorHistory history = History;
        Assert.That(history.At(header.Height), Is.SameAs(history.OfEpoch(0)));
        Assert.That(history.At(header.Height + 1), Is.SameAs(history.Acting));
        Assert.That(_ledger.Leader.Departments, Is.EqualTo(new[] { "alpha", "beta", "gamma" }));
        Assert.That(_ledger.Leader.FirstLeaders, Is.Empty, "who led before is named by another set's indexes");
        Assert.That(Department("gamma"), Is.EqualTo(new DepartmentState
        {
            Id = "gamma",
            Names = { new LocalizedText { Language = "en", Text = "gamma" } },
            ValidatorKey = Bytes(Gamma),
            Endpoint = "gamma.example:7001",
            Administrators = 1,
            AdmittedHeight = header.Height + 1,
        }));
        Assert.That(Key(Gamma).ValidatorIntervals.Single(),
            Is.EqualTo(new ValidatorInterval { Department = "gamma", FirstHeight = header.Height + 1 }));
        ExecutedBlock next = _ledger.Commit((GammaAdmin, Actions.Define("health-card")));
        Assert.That((next.Header.Epoch, next.Header.ValidatorSetHash), Is.EqualTo((1UL, History.Acting.Hash)));
        Assert.That(next.Header.NextEpoch, Is.EqualTo(1), "and there it stays");
    }

    [Test]
    public void Change_TwiceInABlock_OrWithOldApprovals_IsRefused()
    {
        TransactionBody first = Approved(Admit("gamma", Gamma, GammaAdmin), Gamma);
        TransactionBody second = Approved(Replace("beta", NewKey), NewKey);
        TransactionBody ahead = Approved(Replace("beta", NewKey, epoch: 1), NewKey);
        BuiltBlock built = _ledger.Build(
            _ledger.Make(TestLedger.AlphaAdmin, first), _ledger.Make(TestLedger.AlphaAdmin, second),
            _ledger.Make(TestLedger.AlphaAdmin, ahead));
        Assert.That(built.LeftOut.Select(l => l.Rejection.Code), Is.EqualTo(new[] { RejectionCode.OtherEpoch, RejectionCode.ProofOutOfRange }));
        Assert.That(built.LeftOut.Select(l => l.Rejection.IsPermanent), Is.EqualTo(new[] { true, false }), "an epoch that has not begun may begin");
        _ledger.State.Apply(built.Block!);
        Assert.That(Refused(first), Is.EqualTo(RejectionCode.OtherEpoch), "the same approvals under another envelope");
        Assert.That(Refused(second), Is.EqualTo(RejectionCode.OtherEpoch));
        Assert.That(Refused(ahead), Is.Null, "approved for the epoch that the first began");
    }

    /// <summary>A hostile leader's block: what it builds itself nobody has to leave out.</summary>
    [Test]
    public void Check_ABlockWithTwoChanges_IsRefused()
    {
        VerifiedTransaction first = _ledger.Make(TestLedger.AlphaAdmin, Approved(Admit("gamma", Gamma, GammaAdmin), Gamma));
        foreach (TransactionBody other in new[]
        {
            Approved(Replace("beta", NewKey), NewKey), Approved(Replace("beta", NewKey, epoch: 1), NewKey), Approved(Remove("beta"), null),
            Approved(Admit("gamma", Gamma, GammaAdmin), Gamma),
        })
        {
            VerifiedTransaction second = _ledger.Make(TestLedger.BetaAdmin, other);
            byte[] bytes = _ledger.Build(first).Block!.Header.ToBytes();
            // The log size after the block is the one field besides the roots that tells how many transactions it has.
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(LogSizeAfterOffset), BlockHeader.TryRead(bytes)!.LogSizeAfter + 1);
            Assert.That(BlockExecutor.Check(_ledger.State, _ledger.Genesis.Validators, BlockHeader.TryRead(bytes)!, [first, second],
                out BlockFailure? failure), Is.Null);
            Assert.That((failure!.Kind, failure.TransactionIndex), Is.EqualTo((BlockFailureKind.InvalidTransaction, 1)));
            Assert.That(failure.Rejection!.Code, Is.EqualTo(RejectionCode.OtherEpoch).Or.EqualTo(RejectionCode.ProofOutOfRange));
        }
    }

    [Test]
    public void Change_BesideOthersInItsBlock_KeepsWhatTheyDo_AndAKeyServesOnce()
    {
        TransactionBody replace = Approved(Replace("beta", NewKey), NewKey), enrol = Actions.Enrol("second", NewKey, OfficerRole.Clerk);
        foreach (TransactionBody[] order in new TransactionBody[][] { [replace, enrol], [enrol, replace] })
        {
            BuiltBlock built = _ledger.Build(order.Select(a => _ledger.Make(TestLedger.BetaAdmin, a)));
            Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.KeyInUse), "whichever comes first");
        }
        // Who may act is as it was before the block: an administrator revoked in it has approved, and what beta enrols beside its
        // removal never signs.
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Enrol("boss", OtherAdmin, OfficerRole.Administrator)));
        ExecutedBlock block = _ledger.Commit(
            (OtherAdmin, Actions.Revoke("admin")), (TestLedger.AlphaAdmin, Approved(Remove("beta"), null)),
            (OtherAdmin, Actions.Enrol("late", GammaAdmin, OfficerRole.Administrator)));
        Assert.That((Department("beta").RemovedHeight, Department("beta").Administrators), Is.EqualTo((block.Header.Height, 2U)));
        Assert.That(Refused(Actions.Define("other"), GammaAdmin), Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(Refused(Actions.Define("other"), OtherAdmin), Is.EqualTo(RejectionCode.SignerRevoked));
    }

    [Test]
    public void Change_BeyondWhatTheFormatsHold_IsRefused()
    {
        var many = new MembershipState();
        for (int i = 0; i < Limits.MembershipChangesMax; i++)
            many.Changes.Add(new MembershipEntry { Department = "beta", Height = (ulong)i + 1 });
        LeaderState full = _ledger.Leader.Clone();
        for (int i = 2; i < Limits.ValidatorsMax; i++)
            full.Departments.Add($"z{i}");
        RejectionCode? With(StateKey key, Google.Protobuf.IMessage value, MembershipChange change) => MembershipRules.CheckChange(
            new StateOverlay(new ChangedLedger(_ledger.State, key, StateValue.Encode(key, value))), change, _ledger.NextTimeMs)?.Code;
        MembershipChange admission = Admit("gamma", Gamma, GammaAdmin);
        foreach (MembershipChange change in new[] { admission, Remove("beta"), Replace("beta", NewKey) })
            Assert.That(With(StateKey.Membership, many, change), Is.EqualTo(RejectionCode.MembershipLimit));
        many.Changes.RemoveAt(0);
        Assert.That(With(StateKey.Membership, many, admission), Is.Null, "one more");
        Assert.That(With(StateKey.Leader, full, admission), Is.EqualTo(RejectionCode.MembershipLimit));
        Assert.That(With(StateKey.Leader, full, Remove("beta")), Is.Null);
        full.Departments.RemoveAt(full.Departments.Count - 1);
        Assert.That(With(StateKey.Leader, full, admission), Is.Null, "the last one that fits");
    }

    /// <summary>Whoever proposes hears beforehand what the ledger would say, whatever else is missing.</summary>
    [Test]
    public void CheckChange_SaysWhatTheLedgerWouldSay_WithoutApprovals()
    {
        RejectionCode? Check(MembershipChange change) =>
            MembershipRules.CheckChange(new StateOverlay(_ledger.State), change, _ledger.NextTimeMs)?.Code;
        Commit(Replace("beta", NewKey), NewKey);
        Assert.That(Check(Admit("gamma", Gamma, GammaAdmin, 1)), Is.Null);
        foreach ((RejectionCode expected, MembershipChange change) in new[]
        {
            (RejectionCode.OtherEpoch, Admit("gamma", Gamma, GammaAdmin)),
            (RejectionCode.ProofOutOfRange, Admit("gamma", Gamma, GammaAdmin, 2)),
            (RejectionCode.DepartmentExists, Admit("beta", Gamma, GammaAdmin, 1)),
            (RejectionCode.KeyInUse, Admit("gamma", TestLedger.BetaValidator, GammaAdmin, 1)),
            (RejectionCode.KeyInUse, Admit("gamma", Gamma, TestLedger.AlphaClerk, 1)),
            (RejectionCode.UnknownDepartment, Remove("gamma", 1)),
            (RejectionCode.UnknownDepartment, Replace("gamma", Gamma, 1)),
        })
        {
            Assert.That(Check(change), Is.EqualTo(expected));
            Assert.That(Refused(Approved(change, change.ValidatorKey.IsEmpty ? null : Gamma)), Is.EqualTo(expected));
        }
    }

    [Test]
    public void Find_AChangeThatIsOnTheLedger_AndNoOtherOfItsEpoch()
    {
        StateOverlay Now() => new(_ledger.State);
        MembershipChange admission = Admit("gamma", Gamma, GammaAdmin), replacement = Replace("beta", NewKey, 1), removal = Remove("alpha", 2);
        Assert.That(MembershipRules.Find(Now(), admission), Is.Null);
        ulong height = Commit(admission, Gamma).Header.Height;
        Commit(replacement, NewKey);
        _ledger.Commit((GammaAdmin, Approve(Chain, removal, null, TestLedger.AlphaAdmin, TestLedger.BetaAdmin)));
        Assert.That(MembershipRules.Find(Now(), admission)!.Height, Is.EqualTo(height));
        Assert.That(MembershipRules.Find(Now(), replacement)!.Height, Is.EqualTo(height + 1));
        Assert.That(MembershipRules.Find(Now(), removal)!.Height, Is.EqualTo(height + 2));
        MembershipChange moved = admission.Clone(), renamed = admission.Clone(), other = admission.Clone();
        moved.Endpoint = "elsewhere.example:1";
        renamed.Names[0].Text = "Another";
        other.Administrators[0].OfficerId = "boss";
        foreach (MembershipChange no in new[]
        {
            moved, renamed, other, Admit("gamma", OtherAdmin, GammaAdmin), Replace("gamma", Gamma), Replace("beta", NewKey, 2), Remove("beta", 1),
            Remove("alpha", 3),
        })
            Assert.That(MembershipRules.Find(Now(), no), Is.Null);
    }

    [Test]
    public void Check_AHeaderThatNamesAnotherNextSet_IsRefused()
    {
        VerifiedTransaction change = _ledger.Make(TestLedger.AlphaAdmin, Approved(Admit("gamma", Gamma, GammaAdmin), Gamma));
        BlockHeader header = _ledger.Build(change).Block!.Header;
        byte[] bytes = header.ToBytes();
        header.ValidatorSetHash.Span.CopyTo(bytes.AsSpan(114));
        Assert.That(BlockExecutor.Check(
            _ledger.State, _ledger.Genesis.Validators, BlockHeader.TryRead(bytes)!, [change], out BlockFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(BlockFailureKind.NextValidatorSetHash));
    }

    [Test]
    public void Change_WithoutAQuorumOfAdministrators_IsNotApproved()
    {
        MembershipChange change = Admit("gamma", Gamma, GammaAdmin);
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol("second", OtherAdmin, OfficerRole.Administrator)));
        foreach ((string what, TestKey[] approvers) in new[]
        {
            ("one department", new[] { TestLedger.AlphaAdmin }),
            ("one department twice", [TestLedger.AlphaAdmin, OtherAdmin]),
            ("a clerk", [TestLedger.AlphaAdmin, TestLedger.BetaClerk]),
            ("a stranger", [TestLedger.AlphaAdmin, TestLedger.OtherSpare]),
            ("a validator's key", [TestLedger.AlphaAdmin, TestLedger.BetaValidator]),
            ("the newcomer itself", [TestLedger.AlphaAdmin, GammaAdmin]),
            ("one too many, who is a stranger", [.. Both, TestLedger.OtherSpare]),
        })
            Assert.That(Refused(Approve(Chain, change, Gamma, approvers)), Is.EqualTo(RejectionCode.InvalidProof), what);
        Assert.That(Refused(Approve(Chain, change, Gamma, Both), TestLedger.AlphaClerk), Is.Null, "any officer may submit it");
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Enrol("second", NewKey, OfficerRole.Administrator)));
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Revoke("admin")));
        Assert.That(Refused(Approve(Chain, change, Gamma, Both)), Is.EqualTo(RejectionCode.InvalidProof), "an administrator revoked since");
    }

    [Test]
    public void Change_WithAKeyThatServesOrServed_IsRefused()
    {
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Revoke("clerk")));
        foreach (TestKey used in new[] { TestLedger.BetaValidator, TestLedger.AlphaClerk, TestLedger.BetaAdmin })
        {
            Assert.That(Refused(Approved(Admit("gamma", used, GammaAdmin), used)), Is.EqualTo(RejectionCode.KeyInUse));
            Assert.That(Refused(Approved(Admit("gamma", Gamma, used), Gamma)), Is.EqualTo(RejectionCode.KeyInUse));
            Assert.That(Refused(Approved(Replace("beta", used), used)), Is.EqualTo(RejectionCode.KeyInUse));
        }
        Commit(Replace("beta", NewKey), NewKey);
        Assert.That(Refused(Approved(Replace("alpha", TestLedger.BetaValidator, 1), TestLedger.BetaValidator)), Is.EqualTo(RejectionCode.KeyInUse));
    }

    [Test]
    public void Remove_ADepartment_ItsKeysSignNoMoreAndItDoesNotComeBack()
    {
        ulong height = Commit(Remove("beta"), null).Header.Height;
        Assert.That(History.Acting.Members.Select(v => v.Department), Is.EqualTo(new[] { "alpha" }));
        Assert.That(Department("beta").RemovedHeight, Is.EqualTo(height));
        Assert.That(Key(TestLedger.BetaValidator).ValidatorIntervals.Single().LastHeight, Is.EqualTo(height));
        Assert.That(Refused(Actions.Define("other"), TestLedger.BetaAdmin), Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(Refused(Actions.Accuse(Chain, TestLedger.AlphaValidator, 1), TestLedger.BetaValidator), Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(Refused(Approve(Chain, Admit("beta", NewKey, OtherAdmin, 1), NewKey, TestLedger.AlphaAdmin)),
            Is.EqualTo(RejectionCode.DepartmentExists));
        Assert.That(Refused(Approve(Chain, Remove("beta", 1), null, TestLedger.AlphaAdmin)), Is.EqualTo(RejectionCode.UnknownDepartment));
        Assert.That(Refused(Approve(Chain, Replace("beta", NewKey, 1), NewKey, TestLedger.AlphaAdmin)), Is.EqualTo(RejectionCode.UnknownDepartment));
        Assert.That(Refused(Approve(Chain, Remove("alpha", 1), null, TestLedger.AlphaAdmin)), Is.EqualTo(RejectionCode.MembershipLimit));
        Assert.That(Refused(Approve(Chain, Admit("gamma", Gamma, GammaAdmin, 1), Gamma, Both)), Is.EqualTo(RejectionCode.InvalidProof),
            "who has left approves nothing");
    }

    [Test]
    public void ReplaceKey_TheOldOneEndsWhereTheNewOneBegins()
    {
        ulong height = Commit(Replace("beta", NewKey), NewKey).Header.Height;
        Assert.That(History.Acting[1], Is.EqualTo(new Validator("beta", NewKey.Public)));
        Assert.That(Department("beta").ValidatorKey, Is.EqualTo(Bytes(NewKey)));
        Assert.That(Key(TestLedger.BetaValidator).ValidatorIntervals.Single().LastHeight, Is.EqualTo(height));
        Assert.That(Key(NewKey).ValidatorIntervals.Single().FirstHeight, Is.EqualTo(height + 1));
        Assert.That(Refused(Actions.Accuse(Chain, TestLedger.AlphaValidator, 1), NewKey), Is.Null);
        Assert.That(Refused(Actions.Accuse(Chain, TestLedger.BetaValidator, height)), Is.EqualTo(RejectionCode.UnknownSigner), "an officer cannot");
        Assert.That(Refused(Actions.Accuse(Chain, TestLedger.BetaValidator, height), NewKey), Is.Null, "what the old key did is on its department");
        Assert.That(Refused(Actions.Accuse(Chain, TestLedger.BetaValidator, height + 1), NewKey), Is.EqualTo(RejectionCode.InvalidProof));
    }

    [Test]
    public void Change_Expired_OrTooFarAhead_IsRefused()
    {
        MembershipChange late = Remove("beta");
        late.ExpiresAtMs = _ledger.NextTimeMs;
        Assert.That(Refused(Approved(late, null)), Is.EqualTo(RejectionCode.Expired));
        late.ExpiresAtMs = _ledger.NextTimeMs + Limits.MembershipHorizonMs + 1;
        Assert.That(Refused(Approved(late, null)), Is.EqualTo(RejectionCode.ExpiryTooFar));
        late.ExpiresAtMs--;
        Assert.That(Refused(Approved(late, null)), Is.Null);
    }

    [Test]
    public void Verify_AnApprovalOfOtherBytes_IsRefusedWithTheEnvelope()
    {
        Assert.That(IsVerified(Approved(Admit("gamma", Gamma, GammaAdmin), Gamma)), Is.True);
        Assert.That(IsVerified(Approved(Admit("gamma", Gamma, GammaAdmin), NewKey)), Is.False, "the new key is another's");
        TransactionBody moved = Approved(Admit("gamma", Gamma, GammaAdmin), Gamma);
        moved.ChangeMembership.Change.Endpoint = "evil.example:7001";
        Assert.That(IsVerified(moved), Is.False);
        TransactionBody foreign = Approve(Sha256.Hash("another ledger"u8), Admit("gamma", Gamma, GammaAdmin), Gamma, Both);
        Assert.That(IsVerified(foreign), Is.False);
    }

    [Test]
    public void Decode_WhatIsNoChange_IsAnInvalidField()
    {
        foreach ((string field, Action<ChangeMembership> spoil) in new (string, Action<ChangeMembership>)[]
        {
            ("change", a => a.Change = null),
            ("change.kind", a => a.Change.Kind = 4),
            ("change.expires_at_ms", a => a.Change.ExpiresAtMs = 0),
            ("change.department", a => a.Change.Department = "Gamma"),
            ("change.validator_key", a => a.Change.ValidatorKey = Google.Protobuf.ByteString.Empty),
            ("change.names", a => a.Change.Names.Clear()),
            ("change.endpoint", a => a.Change.Endpoint = "gamma"),
            ("change.administrators", a => a.Change.Administrators.Clear()),
            ("change.administrators[0].public_key", a => a.Change.Administrators[0].PublicKey = a.Change.ValidatorKey),
            ("approvals", a => a.Approvals.Clear()),
            ("approvals[1].signer", a => a.Approvals.Add(a.Approvals[0])),
            ("approvals[0].signature", a => a.Approvals[0].Signature = Google.Protobuf.ByteString.Empty),
            ("new_key_signature", a => a.NewKeySignature = Google.Protobuf.ByteString.Empty),
        })
        {
            TransactionBody body = Approve(Chain, Admit("gamma", Gamma, GammaAdmin), Gamma, TestLedger.AlphaAdmin);
            spoil(body.ChangeMembership);
            TransactionDecoder.TryDecode(
                Envelope.Unsigned(Envelope.Body(Chain, TestLedger.AlphaAdmin.Public, body, 1)), Chain, out Rejection? rejection);
            Assert.That(rejection?.Code, Is.EqualTo(RejectionCode.InvalidField), field);
            Assert.That(rejection!.Facts.First(f => f.Name == "field").Value, Is.EqualTo($"change_membership.{field}"));
        }
        TransactionBody removal = Approve(Chain, Remove("beta"), Gamma, Both);
        TransactionDecoder.TryDecode(
            Envelope.Unsigned(Envelope.Body(Chain, TestLedger.AlphaAdmin.Public, removal, 1)), Chain, out Rejection? signed);
        Assert.That(signed?.Code, Is.EqualTo(RejectionCode.InvalidField), "nobody's key comes with a removal");
    }

    /// <summary>Of a header's bytes (docs/SPEC.md, "Header").</summary>
    private const int LogSizeAfterOffset = 164;

    /// <summary>A ledger with one value that another has not.</summary>
    private sealed class ChangedLedger(ILedgerView inner, StateKey changed, byte[] value) : ILedgerView
    {
        public BlockHeader Tip => inner.Tip;

        public LogFrontier Frontier => inner.Frontier;

        public ReadOnlyMemory<byte>? GetState(StateKey key) => key.Equals(changed) ? value : inner.GetState(key);

        public TransactionLocation? FindTransaction(Digest transactionId) => inner.FindTransaction(transactionId);

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => inner.TryGetPage(id);

        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => inner.GetTile(level, index);
    }

    private ExecutedBlock Commit(MembershipChange change, TestKey? newKey) => _ledger.Commit((TestLedger.AlphaAdmin, Approved(change, newKey)));

    private TransactionBody Approved(MembershipChange change, TestKey? newKey) => Approve(Chain, change, newKey, Both);

    private RejectionCode? Refused(TransactionBody action, TestKey? signer = null) => _ledger.Try(signer ?? TestLedger.AlphaAdmin, action)?.Code;

    private DepartmentState Department(string id) => _ledger.Read<DepartmentState>(StateKey.Department(id))!;

    private OfficerKeyState Key(TestKey key) => _ledger.Read<OfficerKeyState>(StateKey.OfficerKey(key.Public))!;

    private static Google.Protobuf.ByteString Bytes(TestKey key) => Google.Protobuf.ByteString.CopyFrom(key.Public.Span);

    private bool IsVerified(TransactionBody action)
    {
        TransactionBody body = Envelope.Body(Chain, TestLedger.AlphaAdmin.Public, action, 1);
        Transaction transaction = TransactionDecoder.TryDecode(Envelope.Signed(body, TestLedger.AlphaAdmin), Chain, out Rejection? rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
        using var verifier = new PlatformSignatureVerifier();
        return VerifiedTransaction.VerifyAll([transaction], verifier)[0] is not null;
    }
}
