using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Membership;

/// <summary>
/// Goal: a person who signs or submits a change hears whose the signatures are, which do not count, and whose are missing;
/// what counts here is what the ledger takes.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApprovalReviewTest
{
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501), Second = new(503), Stranger = new(504);

    private readonly TestLedger _ledger = TestLedger.Ready();

    [Test]
    public void ByLedger_NamesWhoSigned_WhatDoesNotCount_AndWhoIsMissing()
    {
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol("second", Second, OfficerRole.Administrator)));
        MembershipFile file = Signed(
            Admission(), TestLedger.AlphaAdmin, Second, TestLedger.BetaClerk, TestLedger.BetaValidator, Stranger, GammaAdmin);
        ApprovalReview review = ByLedger(file);
        Assert.That(review.Approvers.Select(a => a.Department), Is.EqualTo(new[] { "alpha" }));
        Assert.That((review.Departments, review.Needed, review.IsEnough), Is.EqualTo((new[] { "alpha", "beta" }, 2, false)));
        Assert.That(review.Missing, Is.EqualTo(new[] { "beta" }));
        Assert.That(review.Unknown, Is.Empty);
        string Why(TestKey key) => review.Useless.Single(u => u.Key == key.Public).Why;
        Assert.That(review.Useless, Has.Count.EqualTo(5));
        Assert.That(Why(TestLedger.BetaClerk), Does.Contain("clerk of beta, who is no administrator"));
        Assert.That(Why(TestLedger.BetaValidator), Does.Contain("a validator key of beta"));
        Assert.That(Why(Stranger), Does.Contain("No officer has the key"));
        Assert.That(Why(GammaAdmin), Does.Contain("an administrator of gamma, which has no vote yet"));
        // Of the two of alpha the lower key counts.
        TestKey later = Second.Public.CompareTo(TestLedger.AlphaAdmin.Public) > 0 ? Second : TestLedger.AlphaAdmin;
        Assert.That(Why(later), Does.Contain("of alpha, for which"));
        Assert.That(review.Useless.Select(u => u.Why), Has.None.EndsWith("."), "the sentence's stop is the reader's");
    }

    [Test]
    public void Only_WhatCounts_IsTakenByTheLedger_WhereAllOfItIsNot()
    {
        MembershipFile file = Signed(Admission(), TestLedger.AlphaAdmin, TestLedger.BetaAdmin, Stranger, TestLedger.BetaClerk, Gamma);
        ApprovalReview review = ByLedger(file);
        Assert.That((review.IsEnough, review.Missing), Is.EqualTo((true, Array.Empty<string>())));
        Assert.That(Try(file), Is.EqualTo(RejectionCode.InvalidProof));
        Assert.That(Try(file.Only(review.Approvers.Select(a => a.Key))), Is.Null);
    }

    [Test]
    public void ByLedger_AnAdministratorRevokedSince_OrADepartmentThatLeft_DoesNotCount()
    {
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol("second", Second, OfficerRole.Administrator)));
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Revoke("admin")));
        Assert.That(ByLedger(Signed(Admission(), TestLedger.AlphaAdmin)).Useless.Single().Why, Does.Contain("was revoked or replaced after block"));
        _ledger.Commit((Second, Approve(_ledger.Genesis.ChainId, Remove("beta"), null, Second, TestLedger.BetaAdmin)));
        ApprovalReview review = ByLedger(Signed(Admission(), TestLedger.BetaAdmin, Second));
        Assert.That(review.Useless.Single().Why, Does.Contain("beta was removed"));
        Assert.That((review.IsEnough, review.Needed), Is.EqualTo((true, 1)));
    }

    [Test]
    public void ByGenesis_FoundersAreNamed_OthersAreNotKnown_AValidatorKeyIsRefused()
    {
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol("second", Second, OfficerRole.Administrator)));
        ApprovalReview review = ApprovalReview.ByGenesis(
            Signed(Admission(), TestLedger.BetaAdmin, Second, TestLedger.AlphaValidator), _ledger.Genesis);
        Assert.That(review.Approvers, Is.EqualTo(new[] { new Approver(TestLedger.BetaAdmin.Public, "beta", "admin") }));
        Assert.That(review.Unknown, Is.EqualTo(new[] { Second.Public }), "who was enrolled since");
        Assert.That(review.Useless.Single().Key, Is.EqualTo(TestLedger.AlphaValidator.Public));
        Assert.That((review.Needed, review.Missing), Is.EqualTo((2, new[] { "alpha" })));
    }

    [Test]
    public void ByFile_NothingIsClaimed_AndItIsSaidSo()
    {
        MembershipFile file = Signed(Admission(), TestLedger.AlphaAdmin, GammaAdmin);
        ApprovalReview review = ApprovalReview.ByFile(file);
        Assert.That((review.IsChecked, review.IsEnough, review.Needed), Is.EqualTo((false, false, 0)));
        Assert.That(review.Unknown, Is.EqualTo(new[] { TestLedger.AlphaAdmin.Public }));
        Assert.That(review.Useless.Single().Key, Is.EqualTo(GammaAdmin.Public), "the file says itself that this one has no vote");
        string[] lines = [.. MemberText.Signatures(file, review, "")];
        Assert.That(lines, Has.Some.StartsWith("NOT CHECKED: whose the signatures are"));
        Assert.That(lines, Has.None.StartsWith("signed for"));
    }

    [Test]
    public void Text_SaysWhoIsMissingAndHowManyAreNeeded()
    {
        MembershipFile file = Signed(Admission(), TestLedger.AlphaAdmin);
        string[] lines = [.. MemberText.Signatures(file, ByLedger(file), "the ledger at block 1")];
        Assert.That(lines[0], Is.EqualTo($"signed for alpha by its administrator admin, key {TestLedger.AlphaAdmin.Public}"));
        Assert.That(lines[1], Is.EqualTo("1 of 2 departments have signed and 2 must; not signed by beta (by the ledger at block 1)"));
        Assert.That(lines[2], Is.EqualTo("not signed yet by the new validator key"));
        Rejection rejection = MemberText.Insufficient("c.json", file, ByLedger(file));
        Assert.That(rejection.Code, Is.EqualTo(RejectionCode.InvalidProof));
        Assert.That(rejection.Message, Does.Contain("Nothing was sent").And.Contain(Gamma.Public.ToString()).And.Contain("not signed by beta").And.Contain("member sign c.json").And.Not.Contain(".."));
        Assert.That(rejection.Facts, Does.Contain(("missing", "beta")).And.Contain(("newKeyHasSigned", "false")));
    }

    private MembershipFile Admission() =>
        new(_ledger.Genesis.ChainId, new ChangeMembership { Change = Admit("gamma", Gamma, GammaAdmin) });

    private ApprovalReview ByLedger(MembershipFile file) =>
        ApprovalReview.ByLedger(file, new StateOverlay(_ledger.State), _ledger.NextTimeMs);

    private RejectionCode? Try(MembershipFile file) =>
        _ledger.Try(TestLedger.AlphaClerk, new TransactionBody { ChangeMembership = file.Action })?.Code;

    private static MembershipFile Signed(MembershipFile file, params TestKey[] keys) =>
        keys.Aggregate(file, static (f, key) => f.With(key.Public, key.Sign(f.SigningDigest)));
}
