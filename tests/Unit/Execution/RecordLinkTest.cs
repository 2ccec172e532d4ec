using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: a version refers to records of whatever department, and a type may insist that they hold. Method: links to records in every
/// state, with every version around the current one, for a type that asks and for one that does not.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordLinkTest
{
    private TestLedger _ledger = Ready();

    private static readonly (string Id, ulong Version, RecordStatus Status)[] Targets =
    [
        ("none", 0, 0), ("held", 1, RecordStatus.InForce), ("amended", 2, RecordStatus.InForce), ("gone", 2, RecordStatus.Annulled),
        ("back", 3, RecordStatus.InForce), ("closed", 2, RecordStatus.Superseded),
    ];

    [SetUp]
    public void MakeTargets() => MakeTargets(ProtocolVersions.First);

    private void MakeTargets(uint version)
    {
        _ledger = Ready(body => body.ProtocolVersion = version);
        _ledger.Commit((BetaAdmin, Actions.Define("permit")));
        _ledger.Commit(
            (BetaClerk, Actions.Register("held", type: "permit")),
            (BetaClerk, Actions.Register("amended", type: "permit")), (BetaClerk, Actions.Amend("amended", 1, type: "permit")),
            (BetaClerk, Actions.Register("gone", type: "permit")), (BetaClerk, Actions.Annul("gone", 1, type: "permit")),
            (BetaClerk, Actions.Register("back", type: "permit")), (BetaClerk, Actions.Annul("back", 1, type: "permit")),
            (BetaClerk, Actions.Reinstate("back", 2, type: "permit")), (BetaClerk, Actions.Register("closed", type: "permit")),
            (BetaClerk, Actions.Supersede("closed", 1, "permit", ("permit", "held"))));
    }

    [Test]
    public void EveryLink_IsRefusedWhereTheTypeSaysSo_AndTakenAsItIsWhereNot([Values] bool inForce)
    {
        if (inForce)
            _ledger.Commit((AlphaAdmin, Strict()));
        foreach ((string id, ulong version, RecordStatus status) in Targets)
        {
            for (ulong linked = 0; linked <= version + 1; linked++)
            {
                RejectionCode? expected = !inForce ? null
                    : status == 0 || linked > version ? RejectionCode.UnknownRecord
                    : status != RecordStatus.InForce ? RejectionCode.RecordNotInForce
                    : null;
                TransactionBody action = Actions.Linked(Actions.Register("a"), ("permit", "amended", 0), ("permit", id, linked));
                if (id == "amended" || string.CompareOrdinal(id, "amended") < 0)
                    action = Actions.Linked(Actions.Register("a"), ("permit", id, linked));
                Rejection? rejection = _ledger.Try(AlphaClerk, action);
                Assert.That(rejection?.Code, Is.EqualTo(expected), $"{id}, version {linked}");
                if (rejection is not null)
                    Assert.That((rejection.IsPermanent, rejection.Facts.Contains(("recordId", id))), Is.EqualTo((false, true)), "it may come to hold");
            }
        }
    }

    [Test]
    public void Links_StandInTheState_AndStayThroughWhatHasNoPayload()
    {
        _ledger.Commit((AlphaClerk, Actions.Linked(Actions.Register("a"), ("licence", "later", 0), ("permit", "amended", 1))));
        RecordState first = _ledger.Record("a")!;
        Assert.That(first.Links.Select(l => (l.Record.Type, l.Record.Id, l.Version)), Is.EqualTo(
            new[] { ("licence", "later", 0UL), ("permit", "amended", 1UL) }));
        _ledger.Commit((AlphaClerk, Actions.Annul("a", 1)));
        Assert.That(_ledger.Record("a")!.Links, Is.EqualTo(first.Links));
        _ledger.Commit((AlphaAdmin, Strict()));
        _ledger.Commit((AlphaClerk, Actions.Reinstate("a", 2)));
        Assert.That(_ledger.Record("a")!.Links, Is.EqualTo(first.Links), "what is brought back is not judged anew, as its payload is not");
        Assert.That(_ledger.Try(AlphaClerk, Actions.Linked(Actions.Amend("a", 3), ("licence", "later", 0)))!.Code, Is.EqualTo(RejectionCode.UnknownRecord));
        _ledger.Commit((AlphaClerk, Actions.Amend("a", 3)));
        Assert.That(_ledger.Record("a")!.Links, Is.Empty, "they are the version's, as its payload is");
    }

    [Test]
    public void Links_ActWithTheType_FromTheNextBlock_AndSeeTheBlocksEarlierRecords()
    {
        TransactionBody dangling = Actions.Linked(Actions.Register("a"), ("permit", "none", 0));
        BuiltBlock built = _ledger.Build(_ledger.Make(AlphaAdmin, Strict()), _ledger.Make(AlphaClerk, dangling));
        Assert.That(built.LeftOut, Is.Empty);
        _ledger.State.Apply(built.Block!);
        built = _ledger.Build(
            _ledger.Make(BetaClerk, Actions.Register("new", type: "permit")),
            _ledger.Make(AlphaClerk, Actions.Linked(Actions.Register("b"), ("permit", "new", 1))),
            _ledger.Make(BetaClerk, Actions.Annul("new", 1, type: "permit")),
            _ledger.Make(AlphaClerk, Actions.Linked(Actions.Register("c"), ("permit", "new", 1))));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.RecordNotInForce));
    }

    [Test]
    public void OfWhatADepartmentMayNotRead_NothingIsTold_FromVersion2On(
        [Values(1U, 2U)] uint version, [Values("none", "public", "reader", "approver")] string right, [Values] bool isSuccessor)
    {
        MakeTargets(version);
        TransactionBody definition = Actions.Define("permit", 1);
        definition.DefineType.PublicRead = right == "public";
        if (right == "reader")
            definition.DefineType.Readers.Add("alpha");
        if (right == "approver")
            definition.DefineType.Approvers.Add("alpha");
        _ledger.Commit((BetaAdmin, definition), (AlphaAdmin, Strict()), (AlphaClerk, Actions.Register("a")));
        bool isTold = version == 1 || right != "none";
        var answers = new HashSet<string>();
        foreach ((string id, ulong current, RecordStatus status) in Targets)
        {
            for (ulong named = 0; named <= (isSuccessor ? 0 : current + 1); named++)
            {
                RejectionCode? expected = !isTold ? RejectionCode.NotPermitted
                    : status == 0 || named > current ? RejectionCode.UnknownRecord
                    : status != RecordStatus.InForce ? RejectionCode.RecordNotInForce : null;
                Rejection? rejection = _ledger.Try(AlphaClerk, isSuccessor
                    ? Actions.Supersede("a", 1, ("permit", id)) : Actions.Linked(Actions.Register("b"), ("permit", id, named)));
                Assert.That(rejection?.Code, Is.EqualTo(expected), $"{id}, version {named}");
                if (!isTold)
                    answers.Add($"{rejection!.Message} {string.Join(' ', rejection.Facts)}");
            }
        }
        Assert.That(answers, Has.Count.EqualTo(isTold ? 0 : 1), "one answer, whatever there is");
        Assert.That(_ledger.Try(AlphaClerk, Actions.Linked(Actions.Register("b"), ("nothing", "x", 0)))!.Code, Is.EqualTo(RejectionCode.UnknownRecord));
    }

    [Test]
    public void LinksThatAreNotJudged_LeadAnywhere([Values(1U, 2U)] uint version)
    {
        MakeTargets(version);
        _ledger.Commit((BetaAdmin, Actions.ReadBy(Actions.Define("permit", 1))));
        Assert.That(_ledger.Try(AlphaClerk, Actions.Linked(Actions.Register("b"), ("permit", "gone", 0))), Is.Null);
    }

    [Test]
    public void WhoApproves_MayReadWhatIsNamed_FromVersion2On([Values(1U, 2U)] uint version)
    {
        MakeTargets(version);
        TransactionBody strict = Actions.FourEyes(1, "beta");
        strict.DefineType.LinksInForce = true;
        _ledger.Commit((AlphaAdmin, Actions.ReadBy(Actions.Define("secret"))), (BetaAdmin, Actions.Enrol("approver", Spare, OfficerRole.Approver)));
        _ledger.Commit((AlphaClerk, Actions.Register("s", type: "secret")), (AlphaAdmin, strict));
        VerifiedTransaction submission = _ledger.Make(
            AlphaClerk, Actions.Submitted(Actions.Linked(Actions.Register("a"), ("secret", "s", 0)), _ledger.NextTimeMs + 100_000));
        _ledger.Commit([submission]);
        TransactionBody approval = Actions.Approve("a", 0, submission.Transaction.Id);
        Rejection? rejection = _ledger.Try(Spare, approval);
        Assert.That((rejection?.Code, rejection?.IsPermanent), Is.EqualTo(version == 1 ? ((RejectionCode?)null, (bool?)null) : (RejectionCode.NotPermitted, false)));
        _ledger.Commit((AlphaAdmin, Actions.ReadBy(Actions.Define("secret", 1), "beta")));
        Assert.That(_ledger.Try(Spare, approval), Is.Null);
    }

    private static TransactionBody Strict()
    {
        TransactionBody action = Actions.Define(expected: 1);
        action.DefineType.LinksInForce = true;
        return action;
    }
}
