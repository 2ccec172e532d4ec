using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: who may do what, when, and what it leaves behind. Each case is judged in a block and at the door, and both must
/// say the same.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TransactionRulesTest
{
    private readonly TestLedger _ledger = Ready();

    [Test]
    public void Register_NewRecord_IsVersionOneWithAllThatWasSaid()
    {
        TransactionBody action = Actions.Register("a", content: "{\"x\":1}");
        action.Register.LegalBasis = "Act 1";
        action.Register.EffectiveDate = "2026-01";
        ExecutedBlock block = _ledger.Commit((AlphaClerk, action));
        var expected = new RecordState
        {
            Record = new RecordName { Type = "licence", Id = "a" },
            Version = 1,
            Status = 1,
            PayloadDigest = Google.Protobuf.ByteString.CopyFrom(Sha256.Hash("{\"x\":1}"u8).Span),
            MediaType = "application/json",
            PayloadBytes = 7,
            Department = "alpha",
            OfficerId = "clerk",
            LegalBasis = "Act 1",
            EffectiveDate = "2026-01",
            RecordedAtMs = block.Header.TimestampMs,
            Height = 2,
            Position = 4,
            PayloadPosition = 4,
        };
        Assert.That(_ledger.Record("a"), Is.EqualTo(expected));
        Assert.That(block.Records, Is.EqualTo(
            new[] { new RecordVersionEntry(StateKey.Record("licence", "a"), 1, 4) }));
    }

    [Test]
    public void Life_RegisterAmendAnnulRegister_CountsOnAndKeepsThePayloadsPosition()
    {
        _ledger.Commit((AlphaClerk, Actions.Register("a")));
        _ledger.Commit((AlphaClerk, Actions.Amend("a", 1)));
        _ledger.Commit((AlphaClerk, Actions.Annul("a", 2)));
        RecordState annulled = _ledger.Record("a")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((annulled.Version, annulled.Status), Is.EqualTo((3UL, (uint)RecordStatus.Annulled)));
            Assert.That((annulled.Position, annulled.PayloadPosition), Is.EqualTo((6UL, 5UL)));
            Assert.That((annulled.PayloadBytes, annulled.MediaType), Is.EqualTo((7UL, "application/json")), "what was annulled stays told");
        }
        _ledger.Commit((AlphaClerk, Actions.Register("a", expected: 3)));
        Assert.That((_ledger.Record("a")!.Version, _ledger.Record("a")!.Status), Is.EqualTo((4UL, 1U)));
    }

    [Test]
    public void Life_InOneBlock_IsJudgedOnTheRunningState()
    {
        ExecutedBlock block = _ledger.Commit(
            (AlphaClerk, Actions.Register("a")), (AlphaClerk, Actions.Amend("a", 1)),
            (AlphaClerk, Actions.Annul("a", 2)), (AlphaClerk, Actions.Register("a", 3)));
        Assert.That(block.Records.Select(r => (r.Version, r.Position)), Is.EqualTo(
            new[] { (1UL, 4UL), (2UL, 5UL), (3UL, 6UL), (4UL, 7UL) }));
        Assert.That(block.Changes.Count(c => c.Key.Kind == StateKind.Record), Is.EqualTo(1));
    }

    [Test]
    public void Versions_ThatDoNotFit_SayWhichAndBothNumbers()
    {
        _ledger.Commit((AlphaClerk, Actions.Register("a")), (AlphaClerk, Actions.Amend("a", 1)));
        Expect(AlphaClerk, Actions.Amend("a", 1), RejectionCode.VersionConflict, ("expectedVersion", "1"), ("currentVersion", "2"));
        Expect(AlphaClerk, Actions.Annul("a", 1), RejectionCode.VersionConflict);
        Expect(AlphaClerk, Actions.Register("a"), RejectionCode.VersionConflict, ("expectedVersion", "0"), ("currentVersion", "2"));
        Expect(AlphaClerk, Actions.Amend("a", 3), RejectionCode.VersionAhead, ("expectedVersion", "3"), ("currentVersion", "2"));
        Expect(AlphaClerk, Actions.Amend("b", 1), RejectionCode.VersionAhead, ("currentVersion", "0"));
        Expect(AlphaClerk, Actions.Register("b", 1), RejectionCode.VersionAhead);
        Expect(AlphaClerk, Actions.Annul("b", ulong.MaxValue), RejectionCode.VersionAhead);
    }

    [Test]
    public void Status_ThatDoesNotFit_IsRefused()
    {
        _ledger.Commit((AlphaClerk, Actions.Register("a")));
        Expect(AlphaClerk, Actions.Register("a", 1), RejectionCode.RecordInForce, ("currentVersion", "1"));
        _ledger.Commit((AlphaClerk, Actions.Annul("a", 1)));
        Expect(AlphaClerk, Actions.Amend("a", 2), RejectionCode.RecordAnnulled, ("currentVersion", "2"));
        Expect(AlphaClerk, Actions.Annul("a", 2), RejectionCode.RecordAnnulled);
    }

    [Test]
    public void Records_AreForClerksOfTheOwnerOnly()
    {
        Expect(AlphaAdmin, Actions.Register("a"), RejectionCode.NotPermitted, ("requiredRole", "clerk"));
        Expect(BetaClerk, Actions.Register("a"), RejectionCode.NotPermitted, ("owner", "alpha"), ("department", "beta"));
        Expect(AlphaClerk, Actions.Register("a", type: "passport"), RejectionCode.UnknownType, ("type", "passport"));
    }

    [Test]
    public void DefineType_SecondVersion_FollowsTheFirstAndTheOwnerStays()
    {
        Expect(AlphaAdmin, Actions.Define(expected: 0), RejectionCode.VersionConflict, ("currentVersion", "1"));
        Expect(AlphaAdmin, Actions.Define(expected: 2), RejectionCode.VersionAhead);
        Expect(AlphaAdmin, Actions.Define("new", expected: 1), RejectionCode.VersionAhead);
        Expect(BetaAdmin, Actions.Define(expected: 1), RejectionCode.NotPermitted, ("owner", "alpha"));
        Expect(AlphaClerk, Actions.Define(expected: 1), RejectionCode.NotPermitted, ("requiredRole", "administrator"));
        _ledger.Commit((AlphaAdmin, Actions.Define(expected: 1)), (AlphaAdmin, Actions.Define(expected: 2)));
        RecordTypeState type = _ledger.Read<RecordTypeState>(StateKey.RecordType("licence"))!;
        Assert.That((type.Version, type.Owner, type.DefinedHeight, type.DefinedPosition), Is.EqualTo((3UL, "alpha", 2UL, 5UL)));
    }

    [Test]
    public void DefineType_InOneBlockByTwoDepartments_BelongsToTheFirst()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(BetaAdmin, Actions.Define("passport")), _ledger.Make(AlphaAdmin, Actions.Define("passport")));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.NotPermitted));
    }

    [Test]
    public void DefineType_ActsFromTheNextBlock()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(AlphaAdmin, Actions.Define("passport")), _ledger.Make(AlphaClerk, Actions.Register("a", type: "passport")));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.UnknownType));
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Try(AlphaClerk, Actions.Register("a", type: "passport")), Is.Null);
    }

    [Test]
    public void Enrol_ActsFromTheNextBlock()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(AlphaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk)), _ledger.Make(Spare, Actions.Register("a")));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.UnknownSigner));
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Try(Spare, Actions.Register("a")), Is.Null);
        OfficerKeyState key = _ledger.Read<OfficerKeyState>(StateKey.OfficerKey(Spare.Public))!;
        Assert.That((key.Intervals[0].FirstHeight, key.Intervals[0].LastHeight), Is.EqualTo((3UL, 0UL)));
    }

    [Test]
    public void Revoke_ActsFromTheNextBlockAndTheKeyNeverComesBack()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(AlphaAdmin, Actions.Revoke("clerk")), _ledger.Make(AlphaClerk, Actions.Register("a")));
        Assert.That(built.LeftOut, Is.Empty);
        _ledger.State.Apply(built.Block!);
        Expect(AlphaClerk, Actions.Register("b"), RejectionCode.SignerRevoked, ("officer", "clerk"), ("lastHeight", "2"));
        Expect(AlphaAdmin, Actions.Revoke("clerk"), RejectionCode.UnknownOfficer);
        Expect(AlphaAdmin, Actions.Enrol("clerk", AlphaClerk, OfficerRole.Clerk), RejectionCode.KeyInUse);
        _ledger.Commit((AlphaAdmin, Actions.Enrol("clerk", Spare, OfficerRole.Clerk)));
        OfficerState officer = _ledger.Read<OfficerState>(StateKey.Officer("alpha", "clerk"))!;
        Assert.That((officer.Keys, officer.CurrentKey.Span.SequenceEqual(Spare.Public.Span)), Is.EqualTo((2U, true)));
    }

    [Test]
    public void Enrol_ByAClerkOrOfATakenNumberOrKey_IsRefused()
    {
        Expect(AlphaClerk, Actions.Enrol("8", Spare, OfficerRole.Clerk), RejectionCode.NotPermitted);
        Expect(AlphaAdmin, Actions.Enrol("clerk", Spare, OfficerRole.Clerk), RejectionCode.OfficerExists, ("officer", "clerk"));
        foreach (TestKey taken in new[] { BetaClerk, BetaAdmin, AlphaValidator, BetaValidator })
            Expect(AlphaAdmin, Actions.Enrol("8", taken, OfficerRole.Clerk), RejectionCode.KeyInUse, ("publicKey", taken.Public.ToString()));
        Assert.That(_ledger.Try(BetaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk)), Is.Null);
    }

    [Test]
    public void Enrol_OfOneKeyTwiceInABlock_TakesTheFirst()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(AlphaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk)),
            _ledger.Make(BetaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk)));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.KeyInUse));
    }

    [Test]
    public void Revoke_InTheBlockOfTheEnrolment_LeavesAKeyThatNeverSigned()
    {
        _ledger.Commit(
            (AlphaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk)), (AlphaAdmin, Actions.Revoke("8")));
        Expect(Spare, Actions.Register("a"), RejectionCode.SignerRevoked);
    }

    [Test]
    public void Revoke_OfAnotherDepartmentsOfficer_FindsNobody()
    {
        _ledger.Commit((BetaAdmin, Actions.Enrol("9", Spare, OfficerRole.Clerk)));
        Expect(AlphaAdmin, Actions.Revoke("9"), RejectionCode.UnknownOfficer, ("department", "alpha"));
        Expect(AlphaClerk, Actions.Revoke("admin"), RejectionCode.NotPermitted);
    }

    [Test]
    public void Revoke_OfTheLastAdministrator_IsRefusedEvenWithinOneBlock()
    {
        Expect(AlphaAdmin, Actions.Revoke("admin"), RejectionCode.LastAdministrator);
        _ledger.Commit((AlphaAdmin, Actions.Enrol("boss", Spare, OfficerRole.Clerk, OfficerRole.Administrator)));
        Assert.That(_ledger.Read<DepartmentState>(StateKey.Department("alpha"))!.Administrators, Is.EqualTo(2));
        BuiltBlock built = _ledger.Build(
            _ledger.Make(AlphaAdmin, Actions.Revoke("boss")), _ledger.Make(Spare, Actions.Revoke("admin")));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.LastAdministrator));
        _ledger.State.Apply(built.Block!);
        Assert.That(_ledger.Read<DepartmentState>(StateKey.Department("alpha"))!.Administrators, Is.EqualTo(1));
    }

    [Test]
    public void Signer_UnknownOrAValidator_IsRefused()
    {
        Expect(Spare, Actions.Register("a"), RejectionCode.UnknownSigner, ("signer", Spare.Public.ToString()));
        Expect(AlphaValidator, Actions.Register("a"), RejectionCode.UnknownSigner);
    }

    [Test]
    public void Signer_OutsideItsTimes_IsRefused()
    {
        ulong from = _ledger.NextTimeMs + 2_000, until = from + 2_000;
        TransactionBody enrol = Actions.Enrol("8", Spare, OfficerRole.Clerk);
        (enrol.EnrolOfficer.ValidFromMs, enrol.EnrolOfficer.ValidUntilMs) = (from, until);
        _ledger.Commit((AlphaAdmin, enrol));
        Expect(Spare, Actions.Register("a"), RejectionCode.SignerNotYetValid); // from - 1 s
        _ledger.Commit((AlphaClerk, Actions.Register("t1")));
        Assert.That(_ledger.Try(Spare, Actions.Register("a")), Is.Null); // from
        _ledger.Commit((AlphaClerk, Actions.Register("t2")));
        Assert.That(_ledger.Try(Spare, Actions.Register("a")), Is.Null);
        _ledger.Commit((AlphaClerk, Actions.Register("t3")));
        Expect(Spare, Actions.Register("a"), RejectionCode.SignerExpired); // until
    }

    [Test]
    public void Signer_StatusAtAnEarlierBlock_CanBeReadOffALaterState()
    {
        _ledger.Commit((AlphaAdmin, Actions.Enrol("8", Spare, OfficerRole.Clerk))); // height 2
        _ledger.Commit((AlphaClerk, Actions.Register("t1")));
        _ledger.Commit((AlphaAdmin, Actions.Revoke("8"))); // height 4
        _ledger.Commit((AlphaClerk, Actions.Register("t2")));
        var state = new StateOverlay(_ledger.State);
        RejectionCode? At(ulong height) =>
            Authority.Check(state, Spare.Public, height, _ledger.NextTimeMs, out _)?.Code;
        Assert.That(new[] { At(2), At(3), At(4), At(5) }, Is.EqualTo(new RejectionCode?[]
        {
            RejectionCode.SignerNotYetValid, null, null, RejectionCode.SignerRevoked,
        }));
    }

    [Test]
    public void Expiry_IsAfterTheBlockAndWithinTheHorizon()
    {
        ulong now = _ledger.NextTimeMs, horizon = 3_600_000;
        Assert.That(_ledger.Try(AlphaClerk, Actions.Register("a"), now + 1), Is.Null);
        Assert.That(_ledger.Try(AlphaClerk, Actions.Register("a"), now + horizon), Is.Null);
        Expect(_ledger.Make(AlphaClerk, Actions.Register("a"), now), RejectionCode.Expired);
        Expect(_ledger.Make(AlphaClerk, Actions.Register("a"), 1), RejectionCode.Expired);
        Expect(_ledger.Make(AlphaClerk, Actions.Register("a"), now + horizon + 1), RejectionCode.ExpiryTooFar);
        Expect(_ledger.Make(AlphaClerk, Actions.Register("a"), ulong.MaxValue), RejectionCode.ExpiryTooFar);
    }

    [Test]
    public void Duplicate_IsAnsweredBeforeExpiry()
    {
        VerifiedTransaction once = _ledger.Make(AlphaClerk, Actions.Register("a"), _ledger.NextTimeMs + 1);
        _ledger.Commit([once]);
        _ledger.Commit((AlphaClerk, Actions.Register("b")));
        Rejection rejection = Expect(once, RejectionCode.Duplicate);
        Assert.That(rejection.Facts, Does.Contain(("height", "2")).And.Contain(("position", "4")));
    }

    [Test]
    public void Duplicate_InOneBlock_IsLeftOut()
    {
        VerifiedTransaction once = _ledger.Make(AlphaClerk, Actions.Register("a"));
        BuiltBlock built = _ledger.Build(once, once);
        Assert.That(built.Block!.Transactions, Has.Count.EqualTo(1));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.Duplicate));
    }

    private void Expect(
        TestKey signer, TransactionBody action, RejectionCode code, params (string, string)[] facts)
    {
        Rejection rejection = Expect(_ledger.Make(signer, action), code);
        foreach ((string, string) fact in facts)
            Assert.That(rejection.Facts, Does.Contain(fact));
    }

    private Rejection Expect(VerifiedTransaction transaction, RejectionCode code)
    {
        Rejection? rejection = _ledger.Try(transaction);
        Assert.That(rejection?.Code, Is.EqualTo(code), rejection?.Message);
        return rejection!;
    }
}
