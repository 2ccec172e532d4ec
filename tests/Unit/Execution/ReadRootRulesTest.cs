using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/SPEC.md, "Execution", 20: each department has a chain of roots of its read log, which goes on without gaps or begins anew, and
/// never back. Method: every root by every kind of signer in every state, in the block after and in the same one; random sequences against
/// a twin of a few lines.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadRootRulesTest
{
    private const ulong Hour = 3_600_000;

    /// <summary>What alpha has posted, and when.</summary>
    public enum Past
    {
        Nothing,
        Now,
        AlmostAnHourAgo,
        AnHourAgo,
        AnotherLog,
    }

    private static readonly TestKey Stranger = new(620);

    private readonly TestLedger _ledger = TestLedger.Ready(static body => body.ProtocolVersion = 2);

    private static IEnumerable<(string Name, TestKey Key, string? Department)> Signers =>
    [
        .. RoleHolders.Alpha.Select(static r => ($"{r.Key}", r.Value, (string?)null)), ("alpha", TestLedger.AlphaValidator, "alpha"),
        ("beta", TestLedger.BetaValidator, "beta"), ("stranger", Stranger, null),
    ];

    [Test]
    public void EveryRoot_BySigner_IsAcceptedWhereTheTableSaysSo([Values] Past past, [Values] bool inOneBlock)
    {
        if (inOneBlock && past is Past.AlmostAnHourAgo or Past.AnHourAgo or Past.AnotherLog)
            return; // a block has one time
        RoleHolders.Enrol(_ledger);
        VerifiedTransaction[] before = past == Past.Nothing ? [] : [_ledger.Make(TestLedger.AlphaValidator, Actions.PostReadRoot(1, 1, 4))];
        if (!inOneBlock && before.Length > 0)
            _ledger.Commit(before);
        if (past == Past.AnotherLog)
        {
            _ledger.StepMs = Hour;
            _ledger.Commit((TestLedger.AlphaValidator, Actions.PostReadRoot(2, 1, 2)));
        }
        _ledger.StepMs = past switch { Past.AlmostAnHourAgo => Hour - 1, Past.AnHourAgo or Past.AnotherLog => Hour, _ => 1_000 };
        int accepted = 0;
        foreach ((string name, TestKey key, string? department) in Signers)
        {
            for (ulong number = 1; number <= 4; number++)
            {
                for (ulong first = 1; first <= 6; first++)
                {
                    BuiltBlock built = _ledger.Build([.. inOneBlock ? before : [], _ledger.Make(key, Actions.PostReadRoot(number, first, 6))]);
                    RejectionCode? expected = Expected(past, department, number, first);
                    Assert.That(built.LeftOut.SingleOrDefault().Rejection?.Code, Is.EqualTo(expected), $"{name} posts {number} from {first}");
                    accepted += expected is null ? 1 : 0;
                }
            }
        }
        Assert.That(accepted, Is.EqualTo(past switch { Past.Nothing => 2, Past.AnHourAgo or Past.AnotherLog => 3, _ => 1 }), "of beta the first, of alpha that and what goes on");
    }

    /// <summary>The first rule that is broken, in the order of the document.</summary>
    private static RejectionCode? Expected(Past past, string? department, ulong number, ulong first)
    {
        if (department is null)
            return RejectionCode.UnknownSigner;
        (ulong roots, ulong covered) = department == "beta" || past == Past.Nothing ? (0UL, 0UL) : past == Past.AnotherLog ? (2UL, 2UL) : (1UL, 4UL);
        if (number <= roots)
            return RejectionCode.VersionConflict;
        if (number > roots + 1)
            return RejectionCode.VersionAhead;
        if (first != 1 && first != covered + 1)
            return RejectionCode.ReadRootNotNext;
        return roots > 0 && past is Past.Now or Past.AlmostAnHourAgo && department == "alpha" ? RejectionCode.ReadRootTooSoon : null;
    }

    [Test]
    public void Root_OnALedgerOfVersion1_IsNotActive_WhoeverSignsIt()
    {
        TestLedger ledger = TestLedger.Ready(static body => body.ProtocolVersion = 1);
        RoleHolders.Enrol(ledger);
        foreach ((string name, TestKey key, _) in Signers)
            Assert.That(ledger.Try(key, Actions.PostReadRoot(1, 1, 1))?.Code, Is.EqualTo(RejectionCode.NotActive), name);
    }

    [Test]
    public void Root_IsWrittenAsItWasPosted_AndTheOneBeforeStays()
    {
        _ledger.Commit((TestLedger.AlphaValidator, Actions.PostReadRoot(1, 1, 4)));
        ReadRootState first = _ledger.Read<ReadRootState>(StateKey.ReadRoot("alpha", 1))!;
        _ledger.StepMs = Hour;
        ulong timeMs = _ledger.NextTimeMs;
        ExecutedBlock block = _ledger.Commit(
            (TestLedger.BetaValidator, Actions.PostReadRoot(1, 1, 1)), (TestLedger.AlphaValidator, Actions.PostReadRoot(2, 5, 9)));
        TransactionBody posted = Actions.PostReadRoot(2, 5, 9);
        Assert.That(ReadRootRules.Newest(new StateOverlay(_ledger.State), "alpha"), Is.EqualTo(new ReadRootState
        {
            Department = "alpha",
            Number = 2,
            Log = 1,
            FirstEntry = 5,
            LastEntry = 9,
            Head = posted.PostReadRoot.Head,
            RecordedAtMs = timeMs,
            Height = block.Header.Height,
            Position = block.Header.LogSizeBefore + 1,
        }));
        Assert.That(_ledger.Read<ReadRootState>(StateKey.ReadRoot("alpha", 1)), Is.EqualTo(first));
        _ledger.Commit((TestLedger.AlphaValidator, Actions.PostReadRoot(3, 1, 1)));
        Assert.That(ReadRootRules.Newest(new StateOverlay(_ledger.State), "alpha")!.Log, Is.EqualTo(2), "a log begun anew");
        Assert.That(ReadRootRules.Newest(new StateOverlay(_ledger.State), "omega"), Is.Null);
    }

    [Test]
    public void Root_AfterOneOverTheLastNumberOfAll_CanOnlyBeginAnew()
    {
        _ledger.Commit((TestLedger.AlphaValidator, Actions.PostReadRoot(1, 1, ulong.MaxValue)));
        _ledger.StepMs = Hour;
        Assert.That(_ledger.Try(TestLedger.AlphaValidator, Actions.PostReadRoot(2, ulong.MaxValue, ulong.MaxValue))?.Code, Is.EqualTo(RejectionCode.ReadRootNotNext));
        Assert.That(_ledger.Try(TestLedger.AlphaValidator, Actions.PostReadRoot(2, 1, 1)), Is.Null);
    }

    private static readonly Gen<(bool Alpha, int Number, int First, int Entries, int Ends)[]> Sequences =
        Gen.Select(Gen.Bool, Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 3], Gen.Int[0, 5]).Array[1, 60];

    [Test]
    public void Roots_OverRandomSequences_EqualALogOfNumbers()
    {
        int posted = 0, anew = 0;
        Sequences.Sample(
            steps =>
            {
                (int p, int a) = Live(steps);
                (posted, anew) = (posted + p, anew + a);
            },
            iter: 200, threads: 1);
        Assert.That(posted > 500 && anew > 50, $"{posted} posted, {anew} begun anew");
    }

    /// <summary>Each twin is the list of a department's roots.</summary>
    private static (int Posted, int Anew) Live((bool Alpha, int Number, int First, int Entries, int Ends)[] steps)
    {
        var ledger = new TestLedger(static body => body.ProtocolVersion = 2);
        var second = new InMemoryLedger(ledger.Genesis);
        var twins = new Dictionary<bool, List<(ulong Log, ulong First, ulong Last, ulong TimeMs)>> { [true] = [], [false] = [] };
        var block = new List<VerifiedTransaction>();
        foreach ((bool alpha, int offNumber, int offFirst, int entries, int ends) in steps)
        {
            List<(ulong Log, ulong First, ulong Last, ulong TimeMs)> twin = twins[alpha];
            (ulong log, _, ulong covered, ulong timeMs) = twin.LastOrDefault();
            ulong number = (ulong)twin.Count + (offNumber > 8 ? 2UL : offNumber > 7 && twin.Count > 0 ? 0UL : 1UL);
            ulong first = offFirst > 8 ? covered + 2 : offFirst > 7 ? 1 : covered + 1;
            bool valid = number == (ulong)twin.Count + 1 && (first == 1 || first == covered + 1)
                && (twin.Count == 0 || ledger.NextTimeMs - timeMs >= Hour);
            VerifiedTransaction root = ledger.Make(
                alpha ? TestLedger.AlphaValidator : TestLedger.BetaValidator, Actions.PostReadRoot(number, first, first + (ulong)entries));
            Assert.That(ledger.Build([.. block, root]).LeftOut, valid ? Is.Empty : Has.Count.EqualTo(1));
            if (valid)
            {
                block.Add(root);
                twin.Add((log + (first == 1 ? 1UL : 0), first, first + (ulong)entries, ledger.NextTimeMs));
            }
            if (ends > 3 || block.Count == 0)
                End(ends);
        }
        End(5);
        Assert.That(second.Tip, Is.EqualTo(ledger.State.Tip));
        foreach ((bool alpha, List<(ulong Log, ulong First, ulong Last, ulong TimeMs)> twin) in twins)
        {
            string department = alpha ? "alpha" : "beta";
            Assert.That(ledger.Read<DepartmentState>(StateKey.Department(department))!.ReadRoots, Is.EqualTo(twin.Count));
            Assert.That(
                Enumerable.Range(1, twin.Count).Select(n => ledger.Read<ReadRootState>(StateKey.ReadRoot(department, (ulong)n))!)
                    .Select(static r => (r.Log, r.FirstEntry, r.LastEntry, r.RecordedAtMs)),
                Is.EqualTo(twin));
        }
        return (twins.Values.Sum(static t => t.Count), twins.Values.Sum(static t => (int)t.LastOrDefault().Log - (t.Count > 0 ? 1 : 0)));

        void End(int ends)
        {
            if (block.Count > 0)
            {
                ExecutedBlock made = ledger.Commit(block);
                Assert.That(BlockExecutor.Check(second, ledger.Genesis.Validators, made.Header, made.Transactions, out _), Is.Not.Null);
                second.Apply(made);
                block.Clear();
            }
            ledger.StepMs = ends == 4 ? Hour / 2 : Hour;
        }
    }
}
