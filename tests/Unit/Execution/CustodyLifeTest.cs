using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Verification;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 4 and 12: whose record it is, who offers it to whom, and by whose consent it passes on. Method:
/// every change, offer and decision, in every state of custody, by every kind of signer of three departments, in the block after and
/// in the same block, of a public type and of one that only some departments read; a few lines say what is expected.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CustodyLifeTest
{
    private const string Id = "R";

    private const ulong WaitMs = 100_000;

    /// <summary>What has happened to custody; alpha owns the type.</summary>
    public enum Past
    {
        Registered,
        OfferedToBeta,
        Refused,
        Withdrawn,
        Overtaken,
        GivenToBeta,
        OfferedOnToDelta,
        GivenOnToDelta,
        GivenBack,
    }

    private enum Act
    {
        Amend,
        Annul,
        Supersede,
        OfferToAlpha,
        OfferToBeta,
        OfferToDelta,
        OfferToGamma,
        OfferToNobody,
        Accept,
        Refuse,
    }

    /// <summary>Whose record it is, at which version, and what became of its newest offer: to whom it waits, or not at all.</summary>
    private sealed record Custody(string Custodian, ulong Version, bool IsOffered = false, string? WaitsFor = null, bool IsOvertaken = false);

    private static readonly Dictionary<Past, Custody> Expectations = new()
    {
        [Past.Registered] = new("alpha", 1),
        [Past.OfferedToBeta] = new("alpha", 1, true, "beta"),
        [Past.Refused] = new("alpha", 1, true),
        [Past.Withdrawn] = new("alpha", 1, true),
        [Past.Overtaken] = new("alpha", 2, true, "beta", true),
        [Past.GivenToBeta] = new("beta", 2, true),
        [Past.OfferedOnToDelta] = new("beta", 2, true, "delta"),
        [Past.GivenOnToDelta] = new("delta", 3, true),
        [Past.GivenBack] = new("alpha", 3, true),
    };

    private static readonly string[] Departments = ["alpha", "beta", "delta"];

    private static readonly Dictionary<string, TestKey> Clerks = Keys(650), Approvers = Keys(660), Both = Keys(670);

    private static readonly TestKey Stranger = new(620);

    private readonly TestLedger _ledger = TestLedger.Ready(EvidenceLedger.AddDepartments);

    /// <summary>By what waits for it: the newest offer of the record.</summary>
    private Digest _offer;

    [Test]
    public void EveryAct_BySigner_IsAcceptedWhereTheTableSaysSo([Values] Past past, [Values] bool inOneBlock, [Values] bool isPublic)
    {
        Enrol();
        _ledger.Commit((Clerks["alpha"], Actions.Register("heir")), (TestLedger.AlphaAdmin, Definition(isPublic, "beta", "delta")));
        VerifiedTransaction[] before = [.. Happen(past)];
        if (!inOneBlock)
            _ledger.Commit(before);
        Custody custody = Expectations[past];
        foreach (Act act in Enum.GetValues<Act>())
        {
            var accepted = new List<TestKey>();
            foreach ((TestKey signer, string? department) in Signers())
            {
                BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(signer, Action(act, custody.Version))]);
                RejectionCode? code = Expected(act, signer, department, custody, isPublic);
                Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(code), $"{act} by {department} {signer.Public}");
                if (code is not null)
                    continue;
                accepted.Add(signer);
                if (act is Act.Accept)
                    AssertGiven(built, custody, signer);
            }
            if (act is Act.Amend)
                Assert.That(accepted, Is.EqualTo(new[] { Clerks[custody.Custodian], Both[custody.Custodian] }), "one department's record at a time");
        }
    }

    [Test]
    public void Transfer_LeavesTheContent_AndTheStateSaysWhoseItIs()
    {
        Enrol();
        _ledger.Commit((Clerks["alpha"], Actions.Linked(Actions.Register(Id, content: "{\"x\":1}"), ("licence", "other", 0))));
        RecordState before = _ledger.Record(Id)!;
        VerifiedTransaction offer = Offer("alpha", 1, "beta");
        ExecutedBlock offered = _ledger.Commit([offer]);
        Assert.That(_ledger.Record(Id), Is.EqualTo(before), "an offer changes nothing");
        ExecutedBlock accepted = _ledger.Commit((Approvers["beta"], Actions.Approve(Id, 1, offer.Transaction.Id)));
        RecordState expected = before.Clone();
        (expected.Version, expected.Custodian, expected.OfficerId, expected.Reason) = (2, "beta", "clerk-alpha", "departments merged");
        (expected.RecordedAtMs, expected.Height, expected.Position) =
            (accepted.Header.TimestampMs, accepted.Header.Height, accepted.Header.LogSizeBefore);
        expected.Approval = new Approval { Department = "beta", OfficerId = "approver-beta", SubmissionPosition = offered.Header.LogSizeBefore };
        Assert.That(_ledger.Record(Id), Is.EqualTo(expected));
        Assert.That(accepted.Records, Is.EqualTo(new[] { new RecordVersionEntry(StateKey.Record("licence", Id), 2, expected.Position) }));
        _ledger.Commit((Clerks["beta"], Actions.Annul(Id, 2)));
        _ledger.Commit((Clerks["beta"], Actions.Register(Id, 3)));
        Assert.That((_ledger.Record(Id)!.Custodian, _ledger.Record(Id)!.Version), Is.EqualTo(("beta", 4UL)), "who annulled it registers it anew");
        Assert.That(_ledger.Try(Clerks["alpha"], Actions.Amend(Id, 4))!.Facts, Does.Contain(("owner", "beta")));
        _ledger.Commit((Clerks["alpha"], Actions.Register("another")));
        Assert.That(_ledger.Record("another")!.Custodian, Is.Empty, "new records are the type's owner's");
    }

    [Test]
    public void FourEyes_AreThoseOfTheCustodian_UnlessTheTypeNamesApprovers([Values("", "gamma", "alpha")] string approvers)
    {
        Enrol();
        VerifiedTransaction[] given = [.. Happen(Past.GivenToBeta)];
        _ledger.Commit(given);
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.FourEyes(1, approvers.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        VerifiedTransaction change = _ledger.Make(Clerks["beta"], Actions.Submitted(Actions.Amend(Id, 2), _ledger.NextTimeMs + WaitMs));
        VerifiedTransaction offer = Offer("beta", 2, "delta");
        foreach ((VerifiedTransaction waits, string by) in new[] { (change, approvers.Length > 0 ? approvers : "beta"), (offer, "delta") })
        {
            foreach (string department in Departments)
            {
                BuiltBlock built = _ledger.Build(waits, _ledger.Make(Approvers[department], Actions.Approve(Id, 2, waits.Transaction.Id)));
                Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(department == by ? null : RejectionCode.NotPermitted), $"{department}, {by}");
            }
        }
    }

    [Test]
    public void WhetherTheReceiverMayRead_IsJudgedAgainWhenItAccepts()
    {
        Enrol();
        _ledger.Commit((Clerks["alpha"], Actions.Register(Id)), (TestLedger.AlphaAdmin, Definition(isPublic: false, "beta")));
        VerifiedTransaction offer = Offer("alpha", 1, "beta");
        _ledger.Commit([offer, _ledger.Make(TestLedger.AlphaAdmin, Closed(2))]);
        Rejection rejection = _ledger.Try(Approvers["beta"], Actions.Approve(Id, 1, offer.Transaction.Id))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.ReceiverCannotRead, false)));
        TransactionBody approvers = Actions.ReadBy(Actions.Define(expected: 3));
        approvers.DefineType.Approvers.Add("beta");
        _ledger.Commit((TestLedger.AlphaAdmin, approvers));
        Assert.That(_ledger.Try(Approvers["beta"], Actions.Approve(Id, 1, offer.Transaction.Id)), Is.Null, "who approves may read");
    }

    [Test]
    public void ADepartmentThatWasRemoved_TakesNothing()
    {
        Enrol();
        _ledger.Commit((Clerks["alpha"], Actions.Register(Id)));
        VerifiedTransaction offer = Offer("alpha", 1, "beta");
        _ledger.Commit([offer]);
        _ledger.Commit((TestLedger.AlphaAdmin, MembershipChanges.Approve(
            _ledger.Genesis.ChainId, MembershipChanges.Remove("beta"), newKey: null, TestLedger.AlphaAdmin, EvidenceLedger.OtherAdministrators[0], EvidenceLedger.OtherAdministrators[1])));
        Assert.That(_ledger.Try(Approvers["beta"], Actions.Approve(Id, 1, offer.Transaction.Id))!.Code, Is.EqualTo(RejectionCode.SignerRevoked));
        _ledger.Commit((Clerks["alpha"], Actions.Refuse(Id, offer.Transaction.Id)));
        Rejection rejection = _ledger.Try(Offer("alpha", 1, "beta"))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.UnknownReceiver, false)));
    }

    [Test]
    public void WhoHasCustody_IsToldToThoseWhoMayReadTheRecord([Values] bool isPublic)
    {
        Enrol();
        _ledger.Commit((Clerks["alpha"], Actions.Register("kept")), (TestLedger.AlphaAdmin, Definition(isPublic, "beta", "delta")));
        _ledger.Commit(Happen(Past.GivenToBeta));
        string[] Owners(TestKey signer, out string[] texts)
        {
            Rejection[] answers =
            [
                .. new[] { Actions.Amend(Id, 2), Actions.Amend("kept", 1), Actions.Register("none") }.Select(action => _ledger.Try(signer, action)!),
            ];
            Assert.That(answers.Select(static a => a.Code), Is.All.EqualTo(RejectionCode.NotPermitted));
            texts = [.. answers.Select(static a => $"{a.Message} {string.Join(' ', a.Facts)}").Distinct()];
            return [.. answers.Select(static a => a.Facts.SingleOrDefault(static f => f.Name == "owner").Value)];
        }
        Assert.That(Owners(Clerks["delta"], out _), Is.EqualTo(new[] { "beta", "alpha", "alpha" }), "a reader");
        string?[] told = Owners(EvidenceLedger.OtherAdministrators[1], out string[] texts);
        Assert.That(told, Is.EqualTo(isPublic ? ["beta", "alpha", "alpha"] : new string?[3]), "gamma");
        Assert.That(texts, Has.Length.EqualTo(isPublic ? 2 : 1), "the same of each record, and of none");
    }

    private static RejectionCode? Expected(Act act, TestKey signer, string? department, Custody custody, bool isPublic)
    {
        if (department is null)
            return RejectionCode.UnknownSigner;
        if (act is Act.Accept or Act.Refuse)
            return Decision(act, signer, department, custody);
        if (department != custody.Custodian || !(signer == Clerks[department] || signer == Both[department]))
            return RejectionCode.NotPermitted;
        if (act is Act.Amend or Act.Annul or Act.Supersede)
            return null;
        if (custody is { WaitsFor: not null, IsOvertaken: false })
            return RejectionCode.ApprovalPending;
        string receiver = act.ToString()["OfferTo".Length..].ToLowerInvariant();
        return receiver == "nobody" ? RejectionCode.UnknownReceiver
            : receiver == custody.Custodian ? RejectionCode.AlreadyCustodian
            : receiver == "gamma" && !isPublic ? RejectionCode.ReceiverCannotRead : null;
    }

    private static RejectionCode? Decision(Act act, TestKey signer, string department, Custody custody)
    {
        if (custody.WaitsFor is null)
            return custody.IsOffered ? RejectionCode.SubmissionDecided : RejectionCode.UnknownSubmission;
        if (signer == Clerks[custody.Custodian]) // who made the offer
            return act == Act.Accept ? RejectionCode.OwnSubmission : null;
        if (department != custody.WaitsFor || !(signer == Approvers[department] || signer == Both[department]))
            return RejectionCode.NotPermitted;
        return act == Act.Accept && custody.IsOvertaken ? RejectionCode.VersionConflict : null;
    }

    private static void AssertGiven(BuiltBlock built, Custody custody, TestKey signer)
    {
        RecordState record = RecordState.Parser.ParseFrom(
            built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Record(Actions.Type, Id))).Value);
        Assert.That((record.Version, record.Status, record.Custodian),
            Is.EqualTo((custody.Version + 1, (uint)RecordStatus.InForce, custody.WaitsFor)));
        Assert.That((record.Department, record.Approval.Department), Is.EqualTo((custody.Custodian, custody.WaitsFor)), $"{signer.Public}");
    }

    private IEnumerable<VerifiedTransaction> Happen(Past past)
    {
        yield return _ledger.Make(Clerks["alpha"], Actions.Register(Id));
        if (past == Past.Registered)
            yield break;
        yield return Offer("alpha", 1, "beta");
        switch (past)
        {
            case Past.OfferedToBeta:
                yield break;
            case Past.Refused or Past.Withdrawn:
                yield return _ledger.Make(past == Past.Refused ? Approvers["beta"] : Clerks["alpha"], Actions.Refuse(Id, _offer));
                yield break;
            case Past.Overtaken:
                yield return _ledger.Make(Both["alpha"], Actions.Amend(Id, 1));
                yield break;
        }
        yield return _ledger.Make(Approvers["beta"], Actions.Approve(Id, 1, _offer));
        if (past == Past.GivenToBeta)
            yield break;
        string next = past == Past.GivenBack ? "alpha" : "delta";
        yield return Offer("beta", 2, next);
        if (past is Past.GivenOnToDelta or Past.GivenBack)
            yield return _ledger.Make(Approvers[next], Actions.Approve(Id, 2, _offer));
    }

    private TransactionBody Action(Act act, ulong version) => act switch
    {
        Act.Amend => Actions.Amend(Id, version),
        Act.Annul => Actions.Annul(Id, version),
        Act.Supersede => Actions.Supersede(Id, version, (Actions.Type, "heir")),
        Act.Accept => Actions.Approve(Id, version, _offer),
        Act.Refuse => Actions.Refuse(Id, _offer),
        _ => Actions.Transfer(Id, version, act.ToString()["OfferTo".Length..].ToLowerInvariant(), _ledger.NextTimeMs + WaitMs),
    };

    /// <summary>An offer by the custodian's clerk: the newest.</summary>
    private VerifiedTransaction Offer(string custodian, ulong version, string receiver)
    {
        VerifiedTransaction offer = _ledger.Make(
            Clerks[custodian], Actions.Transfer(Id, version, receiver, _ledger.NextTimeMs + WaitMs));
        _offer = offer.Transaction.Id;
        return offer;
    }

    private static IEnumerable<(TestKey Key, string? Department)> Signers() =>
    [
        .. Departments.SelectMany(d => new (TestKey, string?)[] { (Clerks[d], d), (Approvers[d], d), (Both[d], d) }),
        (TestLedger.AlphaAdmin, "alpha"), (TestLedger.BetaAdmin, "beta"), (TestLedger.AlphaValidator, null), (Stranger, null),
    ];

    private void Enrol()
    {
        TestKey[] administrators = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin, EvidenceLedger.OtherAdministrators[0]];
        _ledger.Commit([.. Departments.Zip(administrators).SelectMany(d => new[]
        {
            (d.Second, Actions.Enrol($"clerk-{d.First}", Clerks[d.First], OfficerRole.Clerk)),
            (d.Second, Actions.Enrol($"approver-{d.First}", Approvers[d.First], OfficerRole.Approver)),
            (d.Second, Actions.Enrol($"both-{d.First}", Both[d.First], OfficerRole.Clerk, OfficerRole.Approver)),
        })]);
    }

    private static TransactionBody Definition(bool isPublic, params string[] readers) =>
        isPublic ? Actions.Define(expected: 1) : Closed(1, readers);

    private static TransactionBody Closed(ulong expected, params string[] readers) =>
        Actions.ReadBy(Actions.Define(expected: expected), readers);

    private static Dictionary<string, TestKey> Keys(int from) =>
        Departments.Select((department, i) => (department, new TestKey(from + i))).ToDictionary(d => d.department, d => d.Item2);
}
