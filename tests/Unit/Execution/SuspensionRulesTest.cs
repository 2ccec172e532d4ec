using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>docs/SPEC.md, "Execution", 8 and 9: what a department's validator key may sign, and suspending a leader.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SuspensionRulesTest
{
    private const int N = 7;
    private const uint S = 40;

    private static readonly TestKey[] Keys = [.. Enumerable.Range(500, N).Select(i => new TestKey(i))];
    private static readonly TestKey Administrator = new(550);

    private readonly TestLedger _ledger = new(Departments);
    private int _types;

    [Test]
    public void Suspend_ByAQuorum_ActsFromTheNextBlockForSHeights()
    {
        Advance(3);
        Assert.That(Next.Leader(0), Is.EqualTo(0));
        ulong blamed = Height;
        ExecutedBlock block = _ledger.Commit((Keys[3], Suspend(blamed, 0)));
        LeaderSuspension suspension = _ledger.Leader.Suspensions.Single();
        Assert.That(suspension, Is.EqualTo(new LeaderSuspension
        {
            Department = "d0",
            FirstHeight = Height + 1,
            LastHeight = Height + S,
            BlamedHeight = blamed,
            Position = block.Header.LogSizeBefore,
        }));
        for (uint i = 0; i < S; i++)
        {
            Assert.That(Next.Order, Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }), $"height {Height + 1}");
            Advance(1);
        }
        Assert.That(Next.Order, Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5, 6 }), "its time is over");
    }

    [Test]
    public void Suspend_BlamesWhoLedThatView_AsTheOrderWasAtThatHeight()
    {
        Advance(2);
        ulong before = Height;
        _ledger.Commit((Keys[1], Suspend(before, 0)));
        Advance(1);
        Assert.That(_ledger.Leader.Suspensions[0].Department, Is.EqualTo("d0"));
        // At the height before, d0 still led view 0 and d2 view 2; now view 1 is d2's.
        _ledger.Commit((Keys[1], Suspend(before, 2)));
        Assert.That(_ledger.Leader.Suspensions[1].Department, Is.EqualTo("d2"));
    }

    [Test]
    public void Suspend_AtMostFAtATime_AlsoWithinABlock()
    {
        Advance(2);
        VerifiedTransaction[] three = [.. new uint[] { 0, 1, 2 }.Select(view => _ledger.Make(Keys[view], Suspend(Height, view)))];
        BuiltBlock built = _ledger.Build(three);
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.TooManySuspended));
        Assert.That(built.LeftOut.Single().Rejection.IsPermanent, Is.False, "when one's time is over there is room");
        _ledger.Commit(three[..2]);
        Assert.That(Refused(Keys[4], Suspend(Height - 1, 3)), Is.EqualTo(RejectionCode.TooManySuspended));
        Advance((int)S + 1);
        Assert.That(Refused(Keys[4], Suspend(Height, 3)), Is.Null);
    }

    /// <summary>A node does not send, again and again, what the next block must refuse.</summary>
    [Test]
    public void Report_ThatTheNextBlockHasNoRoomFor_WaitsUntilThereIs()
    {
        Advance(2);
        ulong blamed = Height;
        var reports = new ReportQueue(_ledger.Genesis.Validators, turnMs: 0, againMs: 1_000);
        var report = new ReportLeader(0, blamed, 3, Order(blamed).Leader(3), Turn: 0, ViewChanges: []);
        reports.Add(report, nowMs: 0);
        _ledger.Commit([.. new uint[] { 0, 1 }.Select(view => _ledger.Make(Keys[view], Suspend(blamed, view)))]);
        Advance((int)S - 2);
        Assert.That(reports.TakeDue(_ledger.State, 0), Is.Empty);
        Advance(1);
        Assert.That(Refused(Keys[4], Suspend(blamed, 3)), Is.Null);
        Assert.That(reports.TakeDue(_ledger.State, 0), Is.EqualTo(new[] { report }));
    }

    [Test]
    public void Suspend_ForTheSameAgain_IsRefusedForEver()
    {
        Advance(3);
        ulong blamed = Height;
        VerifiedTransaction first = _ledger.Make(Keys[1], Suspend(blamed, 0));
        VerifiedTransaction second = _ledger.Make(Keys[2], Suspend(blamed, 0));
        BuiltBlock built = _ledger.Build(first, second);
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.AlreadySuspended), "within one block");
        Assert.That(built.LeftOut.Single().Rejection.IsPermanent);
        _ledger.Commit([first]);
        for (int i = 0; i < 70; i++)
        {
            Assert.That(Refused(Keys[2], Suspend(blamed, 0)), Is.AnyOf(
                RejectionCode.AlreadySuspended, RejectionCode.ProofOutOfRange), $"after {i} more blocks");
            Advance(1);
        }
    }

    [Test]
    public void Suspend_AfterTheEnd_ForWhatCameAfterIt_IsAnother()
    {
        Advance(3);
        _ledger.Commit((Keys[1], Suspend(Height, 0)));
        Advance((int)S + 1);
        Advance(1);
        uint view = (uint)((N - Order(Height).First) % N);
        Assert.That(Refused(Keys[1], Suspend(Height, view)), Is.Null);
    }

    [Test]
    public void Suspend_OfAHeightTheStateDoesNotKnow_IsOutOfRange()
    {
        Advance(70);
        Assert.That(Refused(Keys[1], Suspend(Height, 0)), Is.Null);
        Assert.That(Refused(Keys[1], Suspend(Height - 63, 0)), Is.Null);
        Assert.That(Refused(Keys[1], Suspend(Height - 64, 0)), Is.EqualTo(RejectionCode.ProofOutOfRange));
        Assert.That(Refused(Keys[1], Suspend(Height + 1, 0)), Is.EqualTo(RejectionCode.ProofOutOfRange));
        Assert.That(Refused(Keys[1], Suspend(ulong.MaxValue, 0)), Is.EqualTo(RejectionCode.ProofOutOfRange));
        Assert.That(Refused(Keys[1], Suspend(Height, 0, epoch: 1)), Is.EqualTo(RejectionCode.ProofOutOfRange));
    }

    [TestCase("too few", 1, 2, 3, 4)]
    [TestCase("too many", 0, 1, 2, 3, 4, 5)]
    [TestCase("one twice", 1, 2, 2, 3, 4)]
    [TestCase("out of order", 2, 1, 3, 4, 5)]
    [TestCase("an administrator", 1, 2, 3, 4, 7)]
    public void Suspend_WithoutExactlyAQuorumOfDistinctValidators_ProvesNothing(string what, params int[] signers)
    {
        Advance(2);
        TestKey[] all = [.. Keys, Administrator];
        TransactionBody action = Actions.Suspend(_ledger.Genesis.ChainId, Height, 0, signers.Select(i => all[i]));
        Assert.That(Refused(Keys[1], action), Is.EqualTo(RejectionCode.InvalidProof), what);
    }

    [Test]
    public void Suspend_N3_HasNobodyToSuspend()
    {
        var three = new TestLedger(body =>
        {
            Departments(body);
            while (body.Departments.Count > 3)
                body.Departments.RemoveAt(3);
        });
        three.Commit((Administrator, Actions.Define()));
        TransactionBody action = Actions.Suspend(three.Genesis.ChainId, 1, 0, Keys[..2]);
        Assert.That(three.Try(Keys[1], action)?.Code, Is.EqualTo(RejectionCode.TooManySuspended));
    }

    [Test]
    public void ProtocolActions_AreForValidatorKeys_AndAllOthersForOfficers()
    {
        Advance(2);
        Assert.That(Refused(Administrator, Suspend(Height, 0)), Is.EqualTo(RejectionCode.UnknownSigner));
        Assert.That(Refused(TestLedger.Spare, Suspend(Height, 0)), Is.EqualTo(RejectionCode.UnknownSigner));
        Assert.That(Refused(Keys[1], Actions.Define("other")), Is.EqualTo(RejectionCode.UnknownSigner));
        Assert.That(Refused(Administrator, Actions.Enrol("x", Keys[1], OfficerRole.Clerk)), Is.EqualTo(RejectionCode.KeyInUse));
    }

    [Test]
    public void ProtocolTransactions_ObeyTheRulesOfDuplicatesAndExpiry()
    {
        Advance(2);
        VerifiedTransaction suspension = _ledger.Make(Keys[1], Suspend(Height, 0));
        Assert.That(_ledger.Try(Keys[1], Suspend(Height, 0), _ledger.NextTimeMs)?.Code, Is.EqualTo(RejectionCode.Expired));
        Assert.That(
            _ledger.Try(Keys[1], Suspend(Height, 0), _ledger.NextTimeMs + 3_600_001)?.Code, Is.EqualTo(RejectionCode.ExpiryTooFar));
        _ledger.Commit([suspension]);
        Assert.That(_ledger.Try(suspension)?.Code, Is.EqualTo(RejectionCode.Duplicate));
    }

    [Test]
    public void Signatures_TheEnvelopesAndEveryOneItCarries_AreVerified()
    {
        TransactionBody good = Actions.Suspend(_ledger.Genesis.ChainId, 9, 3, Keys[..5], prepared: 2);
        Assert.That(IsVerified(good), Is.True);
        for (int i = 0; i < 5; i++)
        {
            TransactionBody bad = good.Clone();
            bad.SuspendLeader.ViewChanges[i].Signature = good.SuspendLeader.ViewChanges[(i + 1) % 5].Signature;
            Assert.That(IsVerified(bad), Is.False, $"view change {i}");
        }
        foreach (Action<SuspendLeader> change in new Action<SuspendLeader>[]
            { a => a.Epoch++, a => a.Height++, a => a.View++, a => a.ViewChanges[0].Prepared++ })
        {
            TransactionBody other = good.Clone();
            change(other.SuspendLeader);
            Assert.That(IsVerified(other), Is.False, "what was signed is another view change");
        }
    }

    private static IEnumerable<TestCaseData> BrokenFields()
    {
        TestCaseData Case(string field, Action<SuspendLeader> change) => new TestCaseData(field, change).SetArgDisplayNames(field);
        yield return Case("height", a => a.Height = 0);
        yield return Case("view", a => a.View = uint.MaxValue);
        yield return Case("view_changes", a => a.ViewChanges.Clear());
        yield return Case("view_changes", a => a.ViewChanges.Add(Enumerable.Repeat(a.ViewChanges[0], 199)));
        yield return Case("view_changes[1].signer", a => a.ViewChanges[1].Signer = ByteString.CopyFrom(new byte[33]));
        yield return Case("view_changes[1].prepared", a => a.ViewChanges[1].Prepared = 5);
        yield return Case("view_changes[1].prepared_hash", a => a.ViewChanges[1].PreparedHash = ByteString.Empty);
        yield return Case("view_changes[1].prepared_hash", a => a.ViewChanges[1].Prepared = 0);
        yield return Case("view_changes[1].signature", a => a.ViewChanges[1].Signature = ByteString.CopyFrom(new byte[64]));
        yield return Case("view_changes[1].signature", a => a.ViewChanges[1].Signature =
            ByteString.CopyFrom([.. new byte[31], 1, 0x80, .. new byte[31]]));
    }

    [TestCaseSource(nameof(BrokenFields))]
    public void Decode_AFieldThatBreaksItsRule_IsNamed(string field, Action<SuspendLeader> change)
    {
        TransactionBody action = Actions.Suspend(_ledger.Genesis.ChainId, 9, 3, Keys[..5], prepared: 4);
        change(action.SuspendLeader);
        TransactionBody body = Envelope.Body(_ledger.Genesis.ChainId, Keys[0].Public, action, 1);
        TransactionDecoder.TryDecode(Envelope.Unsigned(body), _ledger.Genesis.ChainId, out Rejection? rejection);
        Assert.That(rejection?.Code, Is.EqualTo(RejectionCode.InvalidField));
        Assert.That(rejection!.Facts.First(f => f.Name == "field").Value, Is.EqualTo($"suspend_leader.{field}"));
    }

    private ulong Height => _ledger.State.Tip.Height;

    private LeaderOrder Next => StateValue.NextLeaders(_ledger.State);

    private LeaderOrder Order(ulong height) => LeaderSchedule.At(_ledger.Leader, Height, height)!;

    private TransactionBody Suspend(ulong height, uint view, ulong epoch = 0) =>
        Actions.Suspend(_ledger.Genesis.ChainId, height, view, Keys[1..6], epoch: epoch);

    private RejectionCode? Refused(TestKey signer, TransactionBody action) => _ledger.Try(signer, action)?.Code;

    /// <summary>Blocks, each by the leader of view 0.</summary>
    private void Advance(int blocks)
    {
        for (int i = 0; i < blocks; i++)
        {
            VerifiedTransaction any = _ledger.Make(Administrator, Actions.Define($"type-{_types++}"));
            BuiltBlock built = BlockExecutor.Build(
                _ledger.State, _ledger.Genesis.Validators, _ledger.NextTimeMs, (ushort)Next.Leader(0), [any]);
            _ledger.State.Apply(built.Block!);
        }
    }

    private bool IsVerified(TransactionBody action)
    {
        TransactionBody body = Envelope.Body(_ledger.Genesis.ChainId, Keys[6].Public, action, 1);
        Transaction transaction = TransactionDecoder.TryDecode(
            Envelope.Signed(body, Keys[6]), _ledger.Genesis.ChainId, out Rejection? rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
        using var verifier = new PlatformSignatureVerifier();
        return VerifiedTransaction.VerifyAll([transaction], verifier)[0] is not null;
    }

    private static void Departments(GenesisBody body)
    {
        GenesisDepartment model = body.Departments[0].Clone();
        body.Departments.Clear();
        body.Parameters.SuspensionHeights = S;
        for (int i = 0; i < N; i++)
        {
            GenesisDepartment department = model.Clone();
            department.Id = $"d{i}";
            department.ValidatorKey = ByteString.CopyFrom(Keys[i].Public.Span);
            TestKey administrator = i == 0 ? Administrator : new TestKey(560 + i);
            department.Administrators[0].PublicKey = ByteString.CopyFrom(administrator.Public.Span);
            body.Departments.Add(department);
        }
    }
}
