using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 4: what may follow what in a record's life, by whom, and what it leaves behind. Method: every
/// action, in every state of a record however it came about, by every kind of signer, on the version before, at and after the
/// current one, in the block after and in the same block; a table of four lines says which are accepted.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RecordLifeTest
{
    private const string Id = "R";

    private const RecordStatus None = 0;

    /// <summary>What a record has lived through.</summary>
    public enum Past
    {
        Nothing,
        Registered,
        Amended,
        Annulled,
        RegisteredAgain,
        Reinstated,
        AnnulledAgain,
        Superseded,
        SupersededReinstated,
    }

    private enum Act
    {
        Register,
        Amend,
        Annul,
        Supersede,
        Reinstate,
        Transfer,
    }

    private static readonly Dictionary<RecordStatus, Act[]> MayFollow = new()
    {
        [None] = [Act.Register],
        [RecordStatus.InForce] = [Act.Amend, Act.Annul, Act.Supersede, Act.Transfer],
        [RecordStatus.Annulled] = [Act.Register, Act.Reinstate],
        [RecordStatus.Superseded] = [],
    };

    private static readonly Dictionary<RecordStatus, RejectionCode> Refusal = new()
    {
        [RecordStatus.InForce] = RejectionCode.RecordInForce,
        [RecordStatus.Annulled] = RejectionCode.RecordAnnulled,
        [RecordStatus.Superseded] = RejectionCode.RecordSuperseded,
    };

    private static readonly Dictionary<Past, (Act[] Steps, RecordStatus Status)> Lives = new()
    {
        [Past.Nothing] = ([], None),
        [Past.Registered] = ([Act.Register], RecordStatus.InForce),
        [Past.Amended] = ([Act.Register, Act.Amend], RecordStatus.InForce),
        [Past.Annulled] = ([Act.Register, Act.Annul], RecordStatus.Annulled),
        [Past.RegisteredAgain] = ([Act.Register, Act.Annul, Act.Register], RecordStatus.InForce),
        [Past.Reinstated] = ([Act.Register, Act.Annul, Act.Reinstate], RecordStatus.InForce),
        [Past.AnnulledAgain] = ([Act.Register, Act.Annul, Act.Reinstate, Act.Annul], RecordStatus.Annulled),
        [Past.Superseded] = ([Act.Register, Act.Supersede], RecordStatus.Superseded),
        [Past.SupersededReinstated] = ([Act.Register, Act.Annul, Act.Reinstate, Act.Supersede], RecordStatus.Superseded),
    };

    private static readonly TestKey Stranger = new(620);

    private static readonly TestKey[] Signers =
        [.. RoleHolders.Alpha.Values, TestLedger.BetaAdmin, TestLedger.BetaClerk, TestLedger.AlphaValidator, Stranger];

    private readonly TestLedger _ledger = TestLedger.Ready();

    [Test]
    public void EveryAction_BySigner_OnVersion_IsAcceptedWhereTheTableSaysSo([Values] Past past, [Values] bool inOneBlock)
    {
        RoleHolders.Enrol(_ledger);
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Register("heir")));
        (Act[] steps, RecordStatus status) = Lives[past];
        VerifiedTransaction[] before = Make(steps);
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        var version = (ulong)steps.Length;
        int accepted = 0;
        foreach (Act act in Enum.GetValues<Act>())
        {
            foreach (TestKey signer in Signers)
            {
                for (ulong expected = act == Act.Register ? 0UL : 1; expected <= version + 1; expected++)
                {
                    VerifiedTransaction tried = _ledger.Make(signer, Action(act, expected));
                    BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], tried]);
                    RejectionCode? code = Expected(act, signer, expected, version, status);
                    Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(code), $"{act} of {version} as {expected + 1} by {signer.Public}");
                    if (code is null)
                        accepted += Accept(built, act, version + 1);
                }
            }
        }
        Assert.That(accepted, Is.EqualTo(MayFollow[status].Length), "each by the clerk, on the current version");
    }

    [Test]
    public void Reinstate_BringsTheContentBack_AndTheStateProvesIt()
    {
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Register("a", content: "{\"x\":1}")));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Annul("a", 1)));
        RecordState annulled = _ledger.Record("a")!;
        TransactionBody action = Actions.Reinstate("a", 2);
        (action.Reinstate.LegalBasis, action.Reinstate.EffectiveDate) = ("Judgment 7", "2026-03");
        ExecutedBlock block = _ledger.Commit((TestLedger.AlphaClerk, action));
        Assert.That(_ledger.Record("a"), Is.EqualTo(new RecordState
        {
            Record = new RecordName { Type = "licence", Id = "a" },
            Version = 3,
            Status = 1,
            PayloadDigest = Google.Protobuf.ByteString.CopyFrom(Sha256.Hash("{\"x\":1}"u8).Span),
            MediaType = "application/json",
            PayloadBytes = 7,
            Department = "alpha",
            OfficerId = "clerk",
            Reason = "judgment",
            LegalBasis = "Judgment 7",
            EffectiveDate = "2026-03",
            RecordedAtMs = block.Header.TimestampMs,
            Height = 4,
            Position = 6,
            PayloadPosition = 4,
        }));
        Assert.That((annulled.PayloadDigest, annulled.PayloadPosition), Is.EqualTo((_ledger.Record("a")!.PayloadDigest, 4UL)));
        Assert.That(block.Records, Is.EqualTo(new[] { new RecordVersionEntry(StateKey.Record("licence", "a"), 3, 6) }));
    }

    [Test]
    public void Reinstate_OfWhatALaterSchemaWouldRefuse_UndoesTheAnnulmentAllTheSame()
    {
        TransactionBody schema = Actions.Define(expected: 1);
        schema.DefineType.Schema = """{"required":["name"]}""";
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Register("a")), (TestLedger.AlphaClerk, Actions.Annul("a", 1)));
        _ledger.Commit((TestLedger.AlphaAdmin, schema));
        Assert.That(_ledger.Try(TestLedger.AlphaClerk, Actions.Register("a", 2))!.Code, Is.EqualTo(RejectionCode.InvalidPayload));
        Assert.That(_ledger.Try(TestLedger.AlphaClerk, Actions.Reinstate("a", 2)), Is.Null);
    }

    [Test]
    public void Supersede_NamesItsHeirs_OfAnyTypeAndDepartment()
    {
        _ledger.Commit((TestLedger.BetaAdmin, Actions.Define("permit")));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Register("a")), (TestLedger.AlphaClerk, Actions.Register("b")),
            (TestLedger.BetaClerk, Actions.Register("p", type: "permit")));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Supersede("a", 1, ("licence", "b"), ("permit", "p"))));
        RecordState closed = _ledger.Record("a")!;
        Assert.That((closed.Version, closed.Status), Is.EqualTo((2UL, (uint)RecordStatus.Superseded)));
        Assert.That(closed.Successors.Select(s => $"{s.Type}/{s.Id}"), Is.EqualTo(new[] { "licence/b", "permit/p" }));
        Assert.That((closed.PayloadBytes, closed.PayloadPosition), Is.EqualTo((2UL, 5UL)), "what it was stays told");
        Rejection rejection = _ledger.Try(TestLedger.AlphaClerk, Actions.Amend("a", 2))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.RecordSuperseded, true)));
        Assert.That(rejection.Message, Does.Contain("record licence/b, record permit/p took its place"));
    }

    [Test]
    public void Supersede_ByWhatDoesNotHold_IsRefusedUntilItDoes()
    {
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Register("a")), (TestLedger.AlphaClerk, Actions.Register("b")));
        Expect(RejectionCode.UnknownRecord, ("licence", "b"), ("licence", "c"));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Annul("b", 1)));
        Expect(RejectionCode.RecordNotInForce, ("licence", "b"));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Reinstate("b", 2)));
        _ledger.Commit((TestLedger.AlphaClerk, Actions.Supersede("b", 3, ("licence", "a"))));
        Expect(RejectionCode.RecordNotInForce, ("licence", "b")); // so no ring of records each in another's place
        BuiltBlock built = _ledger.Build(
            _ledger.Make(TestLedger.AlphaClerk, Actions.Register("c")), _ledger.Make(TestLedger.AlphaClerk, Actions.Supersede("a", 1, ("licence", "c"))));
        Assert.That(built.LeftOut, Is.Empty, "a successor may stand earlier in the block");
    }

    private void Expect(RejectionCode code, params (string, string)[] successors)
    {
        Rejection rejection = _ledger.Try(TestLedger.AlphaClerk, Actions.Supersede("a", 1, successors))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((code, false)));
        Assert.That(rejection.Facts, Does.Contain(("recordId", successors[^1].Item2)));
    }

    private static RejectionCode? Expected(Act act, TestKey signer, ulong expected, ulong version, RecordStatus status)
    {
        if (signer == Stranger || signer == TestLedger.AlphaValidator)
            return RejectionCode.UnknownSigner;
        if (signer != RoleHolders.Alpha[OfficerRole.Clerk])
            return RejectionCode.NotPermitted;
        if (expected != version)
            return expected < version ? RejectionCode.VersionConflict : RejectionCode.VersionAhead;
        return MayFollow[status].Contains(act) ? null : Refusal[status];
    }

    /// <summary>What an accepted action leaves, by what is said of it alone.</summary>
    private static int Accept(BuiltBlock built, Act act, ulong version)
    {
        RecordState state = act == Act.Transfer
            ? SubmissionState.Parser.ParseFrom(
                built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Submission(Actions.Type, Id))).Value).Proposed
            : RecordState.Parser.ParseFrom(built.Block!.Changes.Single(c => c.Key.Equals(StateKey.Record(Actions.Type, Id))).Value);
        RecordStatus status = act switch
        {
            Act.Annul => RecordStatus.Annulled,
            Act.Supersede => RecordStatus.Superseded,
            _ => RecordStatus.InForce,
        };
        Assert.That((state.Version, state.Status), Is.EqualTo((version, (uint)status)));
        Assert.That(state.PayloadDigest.IsEmpty, Is.False);
        Assert.That(state.PayloadPosition == state.Position, Is.EqualTo(act is Act.Register or Act.Amend));
        Assert.That(state.Successors.Count, Is.EqualTo(act == Act.Supersede ? 1 : 0));
        Assert.That(state.Custodian, Is.EqualTo(act == Act.Transfer ? "beta" : ""));
        return 1;
    }

    private VerifiedTransaction[] Make(Act[] steps) =>
        [.. steps.Select((act, i) => _ledger.Make(TestLedger.AlphaClerk, Action(act, (ulong)i)))];

    private TransactionBody Action(Act act, ulong expected) => act switch
    {
        Act.Register => Actions.Register(Id, expected),
        Act.Amend => Actions.Amend(Id, expected),
        Act.Annul => Actions.Annul(Id, expected),
        Act.Supersede => Actions.Supersede(Id, expected, (Actions.Type, "heir")),
        Act.Transfer => Actions.Transfer(Id, expected, "beta", _ledger.NextTimeMs + 100_000),
        _ => Actions.Reinstate(Id, expected),
    };
}
