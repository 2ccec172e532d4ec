using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: an officer's key is made, replaced and ended by the administrators of its department, and by nobody else; docs/SPEC.md,
/// "Execution", 6, 7 and 11. Method: every action on an officer, in every state of it, by every kind of signer, with every kind
/// of key, in the block after the state came about and in the same block; a table of a few lines says which are accepted.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OfficerLifeTest
{
    private const string Officer = "4711";

    /// <summary>How an officer has come to be what it is.</summary>
    public enum Past
    {
        Unknown,
        Enrolled,
        Rotated,
        Revoked,
        EnrolledAgain,
    }

    private enum Act
    {
        Enrol,
        Revoke,
        Rotate,
    }

    private static readonly TestKey First = new(600), Second = new(601), Fresh = new(602), Stranger = new(603);

    private static readonly TestKey[] Signers =
        [.. RoleHolders.Alpha.Values, TestLedger.BetaAdmin, TestLedger.BetaClerk, TestLedger.AlphaValidator, Stranger];

    private static readonly TestKey[] Keys =
        [First, Second, Fresh, TestLedger.AlphaAdmin, TestLedger.BetaClerk, TestLedger.AlphaValidator, TestLedger.BetaValidator];

    [Test]
    public void EveryAction_ByEverySigner_WithEveryKey_IsAcceptedWhereTheTableSaysSo([Values] Past past, [Values] bool inOneBlock)
    {
        TestLedger ledger = Begin();
        TransactionBody[] before = [.. Steps(past)];
        if (!inOneBlock && before.Length > 0)
            ledger.Commit(before.Select(a => (TestLedger.AlphaAdmin, a)).ToArray());
        int accepted = 0;
        foreach ((Act act, TestKey signer, TestKey? key) in Cases())
        {
            VerifiedTransaction tried = ledger.Make(signer, Action(act, key));
            VerifiedTransaction[] made = inOneBlock ? [.. before.Select(a => ledger.Make(TestLedger.AlphaAdmin, a))] : [];
            BuiltBlock built = ledger.Build([.. made, tried]);
            RejectionCode? expected = Expected(past, act, signer, key);
            Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(expected), $"{act} by {Name(signer)} with {Name(key)}");
            accepted += expected is null ? 1 : 0;
        }
        Assert.That(accepted, Is.GreaterThan(0));
    }

    [Test]
    public void Rotate_GivesTheNewKeyRolesAndTimes_FromTheNextBlock_AndTheOldKeyNeverSignsAgain([Values(1U, 2U)] uint version)
    {
        TestLedger ledger = Begin(version: version);
        TransactionBody enrol = Actions.Enrol(Officer, First, OfficerRole.Clerk, OfficerRole.Approver);
        (enrol.EnrolOfficer.ValidFromMs, enrol.EnrolOfficer.ValidUntilMs) = (5, ledger.NextTimeMs + 5_000);
        ledger.Commit((TestLedger.AlphaAdmin, enrol)); // height 3
        ExecutedBlock block = ledger.Commit(
            (TestLedger.AlphaAdmin, Actions.Rotate(Officer, Second)), (First, Actions.Register("a"))); // height 4
        OfficerInterval interval = Entry(ledger, First).Intervals.Single();
        Assert.That((interval.FirstHeight, interval.LastHeight), Is.EqualTo((4UL, 4UL)));
        OfficerInterval next = interval.Clone();
        (next.FirstHeight, next.LastHeight) = (5, 0);
        Assert.That(Entry(ledger, Second), Is.EqualTo(new OfficerKeyState { PublicKey = Bytes(Second), Intervals = { next } }));
        Assert.That(ledger.Read<OfficerState>(StateKey.Officer("alpha", Officer)), Is.EqualTo(new OfficerState
        {
            Department = "alpha",
            OfficerId = Officer,
            CurrentKey = Bytes(Second),
            Keys = 2,
            EnrolledHeight = version == 1 ? 0UL : 3,
        }));
        Assert.That(block.Changes.Count(c => c.Key.Kind is StateKind.OfficerKey or StateKind.Officer or StateKind.Department), Is.EqualTo(3));
        Assert.That(ledger.Try(First, Actions.Register("b"))!.Code, Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(ledger.Try(Second, Actions.Register("b")), Is.Null);
        ledger.Commit((Second, Actions.Register("b")), (TestLedger.AlphaAdmin, Actions.Rotate(Officer, Fresh)));
        foreach (TestKey gone in new[] { First, Second })
        {
            Assert.That(ledger.Try(gone, Actions.Register("c"))!.Code, Is.EqualTo(RejectionCode.SignerRevoked));
            Assert.That(ledger.Try(TestLedger.AlphaAdmin, Actions.Rotate(Officer, gone))!.Code, Is.EqualTo(RejectionCode.KeyInUse));
        }
        for (ulong height = 1; height <= 6; height++)
        {
            TestKey[] may = [.. new[] { First, Second, Fresh }.Where(key => MaySign(ledger, key, height))];
            Assert.That(may, Is.EqualTo(height switch { < 4 => [], 4 => new[] { First }, 5 => [Second], _ => [Fresh] }), $"{height}");
        }
        while (ledger.NextTimeMs < interval.ValidUntilMs)
            ledger.Commit((TestLedger.AlphaClerk, Actions.Register($"t{ledger.NextTimeMs}")));
        Assert.That(ledger.Try(Fresh, Actions.Register("c"))!.Code, Is.EqualTo(RejectionCode.SignerExpired), "the times stay, too");
    }

    [Test]
    public void Enrol_OfAnAdministrator_HasNoTimes_FromVersion2On([Values(1U, 2U)] uint version)
    {
        TestLedger ledger = Begin(version: version);
        ulong later = ledger.NextTimeMs + 1_000_000;
        OfficerRole[][] duties = [.. Enum.GetValues<OfficerRole>().Select(static r => new[] { r }), [OfficerRole.Clerk, OfficerRole.Administrator]];
        foreach (OfficerRole[] roles in duties)
        {
            foreach ((ulong fromMs, ulong untilMs) in new (ulong, ulong)[] { (0, 0), (1, 0), (later, 0), (0, later), (1, later) })
            {
                TransactionBody enrol = Actions.Enrol(Officer, First, roles);
                (enrol.EnrolOfficer.ValidFromMs, enrol.EnrolOfficer.ValidUntilMs) = (fromMs, untilMs);
                string? field = version == 1 || !roles.Contains(OfficerRole.Administrator) || (fromMs, untilMs) == (0, 0) ? null
                    : fromMs != 0 ? "enrol_officer.valid_from_ms" : "enrol_officer.valid_until_ms";
                Rejection? rejection = ledger.Try(TestLedger.AlphaAdmin, enrol);
                Assert.That((rejection?.Code, rejection?.Facts[0].Value), Is.EqualTo((field is null ? (RejectionCode?)null : RejectionCode.InvalidField, field)));
            }
        }
    }

    [Test]
    public void ADepartment_KeepsAnAdministratorThatMaySignWhenever_ByVersion2([Values(1U, 2U)] uint version)
    {
        TestLedger ledger = Begin(withRoles: false, version);
        TransactionBody brief = Actions.Enrol(Officer, First, OfficerRole.Administrator);
        brief.EnrolOfficer.ValidUntilMs = ledger.NextTimeMs + 3_000;
        BuiltBlock built = ledger.Build(ledger.Make(TestLedger.AlphaAdmin, brief), ledger.Make(TestLedger.AlphaAdmin, Actions.Revoke("admin")));
        Assert.That(built.LeftOut.Select(l => l.Rejection.Code),
            Is.EqualTo(version == 1 ? [] : new[] { RejectionCode.InvalidField, RejectionCode.LastAdministrator }));
        ledger.Commit((TestLedger.AlphaAdmin, Actions.Enrol(Officer, First, OfficerRole.Administrator)), (TestLedger.AlphaAdmin, Actions.Revoke("admin")));
        Assert.That(ledger.Try(First, Actions.Revoke(Officer))!.Code, Is.EqualTo(RejectionCode.LastAdministrator));
    }

    [Test]
    public void Rotate_OfTheLastAdministratorByItself_LeavesTheDepartmentOne()
    {
        TestLedger ledger = Begin(withRoles: false);
        ledger.Commit((TestLedger.AlphaAdmin, Actions.Rotate("admin", Fresh)));
        Assert.That(ledger.Read<DepartmentState>(StateKey.Department("alpha"))!.Administrators, Is.EqualTo(1));
        Assert.That(ledger.Try(TestLedger.AlphaAdmin, Actions.Define("other"))!.Code, Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(ledger.Try(Fresh, Actions.Revoke("admin"))!.Code, Is.EqualTo(RejectionCode.LastAdministrator));
        Assert.That(ledger.Try(Fresh, Actions.Define("other")), Is.Null);
    }

    [Test]
    public void Rotate_TwiceInABlock_LeavesAKeyThatNeverSigned_AndOneKeyTwiceTakesTheFirst()
    {
        TestLedger ledger = Begin();
        BuiltBlock built = ledger.Build(
            ledger.Make(TestLedger.AlphaAdmin, Actions.Rotate("clerk", First)),
            ledger.Make(TestLedger.AlphaAdmin, Actions.Rotate("clerk", Second)),
            ledger.Make(TestLedger.BetaAdmin, Actions.Rotate("clerk", Second)));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.KeyInUse));
        ledger.State.Apply(built.Block!);
        OfficerInterval never = Entry(ledger, First).Intervals.Single();
        Assert.That(never.LastHeight, Is.LessThan(never.FirstHeight));
        Assert.That(ledger.Try(First, Actions.Register("a"))!.Code, Is.EqualTo(RejectionCode.SignerRevoked));
        Assert.That(ledger.Try(Second, Actions.Register("a")), Is.Null);
        Assert.That(ledger.Read<OfficerState>(StateKey.Officer("alpha", "clerk"))!.Keys, Is.EqualTo(3));
    }

    /// <summary>What the specification says, apart from the code: who signs, then whether the officer has a key, then the key.</summary>
    private static RejectionCode? Expected(Past past, Act act, TestKey signer, TestKey? key)
    {
        if (signer == Stranger || signer == TestLedger.AlphaValidator)
            return RejectionCode.UnknownSigner;
        if (signer != RoleHolders.Alpha[OfficerRole.Administrator] && signer != TestLedger.BetaAdmin)
            return RejectionCode.NotPermitted;
        bool isOwn = signer != TestLedger.BetaAdmin; // beta has no officer of this number
        bool hasKey = isOwn && past is (Past.Enrolled or Past.Rotated or Past.EnrolledAgain);
        if (hasKey == (act == Act.Enrol))
            return act == Act.Enrol ? RejectionCode.OfficerExists : RejectionCode.UnknownOfficer;
        TestKey[] unused = past switch
        {
            Past.Unknown => [First, Second, Fresh],
            Past.Rotated or Past.EnrolledAgain => [Fresh],
            _ => [Second, Fresh],
        };
        return act == Act.Revoke || unused.Contains(key) ? null : RejectionCode.KeyInUse;
    }

    private static IEnumerable<TransactionBody> Steps(Past past) => past switch
    {
        Past.Enrolled => [Action(Act.Enrol, First)],
        Past.Rotated => [Action(Act.Enrol, First), Action(Act.Rotate, Second)],
        Past.Revoked => [Action(Act.Enrol, First), Action(Act.Revoke, null)],
        Past.EnrolledAgain => [Action(Act.Enrol, First), Action(Act.Revoke, null), Action(Act.Enrol, Second)],
        _ => [],
    };

    private static TransactionBody Action(Act act, TestKey? key) => act switch
    {
        Act.Enrol => Actions.Enrol(Officer, key!, OfficerRole.Clerk),
        Act.Rotate => Actions.Rotate(Officer, key!),
        _ => Actions.Revoke(Officer),
    };

    private static IEnumerable<(Act, TestKey Signer, TestKey? Key)> Cases() =>
        from act in Enum.GetValues<Act>()
        from signer in Signers
        from key in act == Act.Revoke ? new TestKey?[] { null } : Keys
        select (act, signer, key);

    private static TestLedger Begin(bool withRoles = true, uint version = ProtocolVersions.First)
    {
        TestLedger ledger = TestLedger.Ready(body => body.ProtocolVersion = version);
        if (withRoles)
            RoleHolders.Enrol(ledger);
        return ledger;
    }

    private static bool MaySign(TestLedger ledger, TestKey key, ulong height) =>
        Authority.Check(new StateOverlay(ledger.State), key.Public, height, TestLedger.StartMs, out _) is null;

    private static OfficerKeyState Entry(TestLedger ledger, TestKey key) =>
        ledger.Read<OfficerKeyState>(StateKey.OfficerKey(key.Public))!;

    private static ByteString Bytes(TestKey key) => ByteString.CopyFrom(key.Public.Span);

    private static string Name(TestKey? key) => key?.Public.ToShortString() ?? "no key";
}
