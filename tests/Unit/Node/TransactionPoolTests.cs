using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Order, bounds and re-checks of the pool, against sentences of the design and against a dumb twin.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TransactionPoolTests
{
    private const long PlaceBytes = 100;

    private static readonly Rejection NotPermitted = new(RejectionCode.NotPermitted, "no");
    private static readonly Rejection Conflict = new(RejectionCode.VersionConflict, "came late");

    [Test]
    public void TakeCandidates_VersionsOfOneRecordArriveBackwards_TakesThemInOrder()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction third = PoolFixture.Change("a", 2), second = PoolFixture.Change("a", 1),
            first = PoolFixture.Change("a", 0), other = PoolFixture.Change("b", 0);
        foreach (VerifiedTransaction transaction in new[] { third, second, other, first })
            Add(pool, transaction);

        Assert.That(pool.ReadyCount, Is.EqualTo(4));
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { first, second, third, other }));
    }

    [Test]
    public void TakeCandidates_GapBeforeVersion_HoldsWhatFollowsUntilItIsFilled()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction second = PoolFixture.Change("a", 1), first = PoolFixture.Change("a", 0);
        Add(pool, second);
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.Empty);
        Assert.That(pool.ReadyCount, Is.Zero);

        Add(pool, first);
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { first, second }));
    }

    [Test]
    public void TryAdd_RivalForTheSameVersion_IsHeldAndOnlyTheBlockRefusesIt()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction winner = PoolFixture.Change("a", 0), rival = PoolFixture.Change("a", 0),
            next = PoolFixture.Change("a", 1);
        Assert.That(Add(pool, winner), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(pool, rival), Is.EqualTo(PoolAnswer.Added));
        Add(pool, next);
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { winner, next }), "one per version");

        List<PoolExit> exits = pool.OnCommitted(
            PoolFixture.Block(1, [winner]), t => ReferenceEquals(t, rival.Transaction) ? Conflict : null);

        Assert.That(exits, Has.Count.EqualTo(1));
        Assert.That(exits[0].Transaction, Is.SameAs(rival.Transaction));
        Assert.That(exits[0].Rejection, Is.SameAs(Conflict));
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { next }));
    }

    [Test]
    public void OnCommitted_TransactionSeenOnlyInTheBlock_MovesTheVersionForThoseThatWait()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction second = PoolFixture.Change("a", 1);
        Add(pool, second);

        pool.OnCommitted(PoolFixture.Block(1, [PoolFixture.Change("a", 0)]), _ => null);

        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { second }));
    }

    /// <summary>Of another node's transaction what stands in its way may go with any block; and one that could commit may come to wait,
    /// which must not be the leader's fault.</summary>
    [Test]
    public void OnCommitted_ANamedRecordChanged_JudgesWhatNamesItAnew_AndNothingElse()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction supersede = PoolFixture.Supersede("a", 1, "heir");
        var missing = new Rejection(RejectionCode.UnknownRecord, "");
        Add(pool, supersede, obstacle: missing);
        Add(pool, PoolFixture.Change("b", 0));
        pool.OnCommitted(PoolFixture.Block(1, [PoolFixture.Change("a", 0)]), _ => missing);
        var judged = new List<Transaction>();
        Rejection? Judge(Transaction transaction, Rejection? answer)
        {
            judged.Add(transaction);
            return answer;
        }
        pool.OnCommitted(PoolFixture.Block(2, [PoolFixture.Change("other", 0)]), t => Judge(t, missing));
        Assert.That(judged, Is.Empty);
        pool.OnCommitted(PoolFixture.Block(3, [PoolFixture.Change("heir", 0)]), t => Judge(t, null));
        Assert.That(judged, Is.EqualTo(new[] { supersede.Transaction }));
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Does.Contain(supersede));
        pool.OnCommitted(PoolFixture.Block(4, [PoolFixture.Change("heir", 1)]), t => Judge(t, missing));
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Does.Not.Contain(supersede));
        Assert.That(pool.ReadyCount, Is.EqualTo(1));
        pool.OnCommitted(PoolFixture.Block(5, [supersede]), _ => null);
        judged.Clear();
        pool.OnCommitted(PoolFixture.Block(6, [PoolFixture.Change("heir", 2)]), t => Judge(t, null));
        Assert.That(judged, Is.Empty, "it is gone");
    }

    [Test]
    public void Submission_MakesNoVersion_SoThatNothingBehindItIsReady()
    {
        TransactionPool pool = Pool();
        var ahead = new Rejection(RejectionCode.VersionAhead, "");
        VerifiedTransaction submission = PoolFixture.Submission("a", 0), second = PoolFixture.Change("a", 1), early = PoolFixture.Submission("b", 1);
        Add(pool, submission);
        Add(pool, second);
        Add(pool, early, obstacle: new PoolEntry(early, "", "", 0).ObstacleIn(ahead));
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Is.EqualTo(new[] { submission }));
        pool.OnCommitted(PoolFixture.Block(1, [submission], PoolFixture.SubmissionOf("a")), _ => null);
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Is.Empty);
        pool.OnCommitted(PoolFixture.Block(2, [PoolFixture.Change("b", 0)]), _ => null);
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Is.EqualTo(new[] { early }), "its record has the version that it follows");
        pool.OnCommitted(PoolFixture.Block(3, [PoolFixture.Change("b", 1)]), t => t == early.Transaction ? ahead : null);
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Is.Empty, "what is ahead and makes no version is in nobody's chain");
    }

    [Test]
    public void OnCommitted_ASubmissionMade_JudgesItsApprovalAnew_AndNothingElse()
    {
        TransactionPool pool = Pool();
        var unknown = new Rejection(RejectionCode.UnknownSubmission, "");
        VerifiedTransaction submission = PoolFixture.Submission("a", 0);
        VerifiedTransaction approval = PoolFixture.Approve("a", 0, submission.Transaction.Id);
        Add(pool, approval, obstacle: unknown);
        Add(pool, PoolFixture.Change("b", 0), obstacle: NotPermitted);
        var judged = new List<Transaction>();
        Rejection? Judge(Transaction transaction)
        {
            judged.Add(transaction);
            return null;
        }
        pool.OnCommitted(PoolFixture.Block(1, [PoolFixture.Submission("b", 0)], PoolFixture.SubmissionOf("b")), Judge);
        Assert.That(judged, Is.Empty);
        pool.OnCommitted(PoolFixture.Block(2, [submission], PoolFixture.SubmissionOf("a")), Judge);
        Assert.That(judged, Is.EqualTo(new[] { approval.Transaction }));
        VerifiedTransaction next = PoolFixture.Change("a", 1);
        Add(pool, next);
        Assert.That(pool.TakeCandidates(1_000_000, 10, PlaceBytes), Is.EqualTo(new[] { approval, next }), "an approval makes a version");
    }

    [Test]
    public void OnCommitted_OfficersChanged_JudgesEverythingAnew()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction record = PoolFixture.Change("a", 0), enrolment = PoolFixture.Enrol("o-1");
        Add(pool, record, obstacle: NotPermitted);
        Add(pool, enrolment);
        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { enrolment }));

        var officer = new StateChange(StateKey.Officer("d", "o-2"), []);
        pool.OnCommitted(PoolFixture.Block(1, [], officer),
            t => ReferenceEquals(t, enrolment.Transaction) ? NotPermitted : null);

        Assert.That(pool.TakeCandidates(long.MaxValue, 10, PlaceBytes), Is.EqualTo(new[] { record }));
    }

    [Test]
    public void OnCommitted_AnotherSuspensionTookTheRoom_LetsGoOfTheOneThatWaits()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction second = PoolFixture.Change("a", 0);
        var noRoom = new Rejection(RejectionCode.TooManySuspended, "f are suspended");
        Add(pool, second, obstacle: noRoom); // as the builder of the block with the first one left it

        List<PoolExit> exits = pool.OnCommitted(
            PoolFixture.Block(1, [], new StateChange(StateKey.Officer("d", "o-2"), [])), _ => noRoom);

        Assert.That(exits.Select(static e => e.Rejection), Is.EqualTo(new[] { noRoom }));
        Assert.That(pool.Count, Is.Zero, "or whoever waits for an empty pool waits until it expires");
    }

    /// <summary>Each is judged anew after every block: one key's, whoever brings them, must not make that slow.</summary>
    [Test]
    public void TryAdd_OfOneValidatorKey_AsManyAsAllowed_OthersAndOfficersGoOn()
    {
        TransactionPool pool = Pool(new PoolOptions { ProtocolMax = 2 });
        VerifiedTransaction first = PoolFixture.Suspend();
        Assert.That(Add(pool, first), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(pool, PoolFixture.Suspend()), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(pool, PoolFixture.Suspend()), Is.EqualTo(PoolAnswer.Full));
        Assert.That(Add(pool, PoolFixture.Suspend(), department: "d2"), Is.EqualTo(PoolAnswer.Full), "by another's hands");
        Assert.That(Add(pool, PoolFixture.Suspend(byAnother: true)), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(pool, PoolFixture.Change("a", 0)), Is.EqualTo(PoolAnswer.Added), "the same key in an officer's hands is no validator's");

        pool.OnCommitted(PoolFixture.Block(1, [first]), _ => null);
        Assert.That(Add(pool, PoolFixture.Suspend()), Is.EqualTo(PoolAnswer.Added), "one has gone");
        Assert.That(Add(pool, PoolFixture.Suspend()), Is.EqualTo(PoolAnswer.Full));
    }

    [Test]
    public void Hold_RefusedByTheBuilder_IsNoCandidateAndNeitherIsWhatFollowsIt()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction first = PoolFixture.Change("a", 0), second = PoolFixture.Change("a", 1);
        Add(pool, first);
        Add(pool, second);

        pool.Hold([new LeftOut(first, NotPermitted)]);

        Assert.That(pool.ReadyCount, Is.Zero);
        Assert.That(pool.FindById(first.Transaction.Id)!.Value.Obstacle, Is.SameAs(NotPermitted));
    }

    [Test]
    public void TryAdd_BlockSinceItWasJudged_SaysSoAndAddsNothing()
    {
        TransactionPool pool = Pool();
        pool.OnCommitted(PoolFixture.Block(1, []), _ => null);
        var entry = new PoolEntry(PoolFixture.Change("a", 0), "d1", "d1", 0);

        Assert.That(pool.TryAdd(0, [new PoolOffer(entry, null, 0)], new PoolAnswer[1]), Is.False);
        Assert.That(pool.Count, Is.Zero);
    }

    [Test]
    public void TryAdd_OneDepartmentFloods_OthersKeepTheirShare()
    {
        TransactionPool pool = Pool(new PoolOptions { CountMax = 100, HeldMax = 100 }, departments: 4);
        int flood = 0;
        while (Add(pool, PoolFixture.Change($"f{flood}", 0), "greedy") == PoolAnswer.Added)
            flood++;
        Assert.That(flood, Is.EqualTo(50), "beyond its share only while half of the pool is empty");
        for (int i = 0; i < 25; i++)
            Assert.That(Add(pool, PoolFixture.Change($"m{i}", 0), "modest"), Is.EqualTo(PoolAnswer.Added));
    }

    [Test]
    public void TryAdd_TooManyBytesHeldOrInOneChain_IsFull()
    {
        VerifiedTransaction large = PoolFixture.Change("large", 0, contentBytes: 10_000);
        Assert.That(Add(Pool(new PoolOptions { BytesMax = 9_999 }), large), Is.EqualTo(PoolAnswer.Full));

        TransactionPool held = Pool(new PoolOptions { HeldMax = 2 });
        Assert.That(Add(held, PoolFixture.Change("a", 5)), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(held, PoolFixture.Change("b", 5)), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(held, PoolFixture.Change("c", 5)), Is.EqualTo(PoolAnswer.Full));
        Assert.That(Add(held, PoolFixture.Change("c", 0)), Is.EqualTo(PoolAnswer.Added), "what can commit has room");

        TransactionPool chain = Pool(new PoolOptions { ChainMax = 1 });
        Assert.That(Add(chain, PoolFixture.Change("a", 0)), Is.EqualTo(PoolAnswer.Added));
        Assert.That(Add(chain, PoolFixture.Change("a", 1)), Is.EqualTo(PoolAnswer.Full));
        Assert.That(chain.Count, Is.EqualTo(1));
    }

    [Test]
    public void TakeCandidates_NextDoesNotFit_EndsThereAndKeepsTheOrder()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction first = PoolFixture.Change("a", 0);
        Add(pool, first);
        Add(pool, PoolFixture.Change("b", 0, contentBytes: 5_000));
        Add(pool, PoolFixture.Change("c", 0));

        Assert.That(pool.TakeCandidates(1_000, 10, PlaceBytes), Is.EqualTo(new[] { first }));
        Assert.That(pool.TakeCandidates(long.MaxValue, 2, PlaceBytes), Has.Count.EqualTo(2));
    }

    [Test]
    public void Sweep_ExpiredByTheClockThenByHeaderTime_IsFirstNoCandidateThenGone()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction transaction = PoolFixture.Change("a", 0, expiresAtMs: 5_000);
        Add(pool, transaction);
        Assert.That(pool.Sweep(tipTimeMs: 1_000, nowMs: 4_999), Is.Empty);
        Assert.That(pool.ReadyCount, Is.EqualTo(1));

        Assert.That(pool.Sweep(tipTimeMs: 1_000, nowMs: 5_000), Is.Empty);
        Assert.That(pool.ReadyCount, Is.Zero);

        List<PoolExit> exits = pool.Sweep(tipTimeMs: 5_000, nowMs: 5_001);
        Assert.That(exits.Single().Rejection.Code, Is.EqualTo(RejectionCode.Expired));
        Assert.That((pool.Count, pool.Bytes), Is.EqualTo((0, 0L)));
    }

    [Test]
    public async Task Sweep_ExpiredLongAgoByTheClockAlone_LeavesAsPendingUntilAHeaderPassesIt()
    {
        TransactionPool pool = Pool();
        VerifiedTransaction transaction = PoolFixture.Change("a", 0, expiresAtMs: 5_000);
        Add(pool, transaction);
        List<PoolExit> exits = pool.Sweep(tipTimeMs: 1_000, nowMs: 5_000 + new PoolOptions().ExpiryGraceMs);
        Assert.That(exits.Single().Rejection.Code, Is.EqualTo(RejectionCode.Expired));

        var office = new TicketOffice();
        var ticket = new SubmissionTicket(transaction.Transaction.Id, untilFinal: true, DateTimeOffset.UnixEpoch, default);
        office.Take(ticket);
        office.AnswerRefused(exits, headerTimeMs: 4_999);
        SubmissionResult result = await ticket.Result;
        Assert.That(result.IsFinal, Is.False, "a block prepared in time may still be decided");
        Assert.That(result.Rejection!.Code, Is.EqualTo(RejectionCode.Expired), "and the reason is told");

        var memory = new OutcomeMemory(4);
        memory.Add(exits);
        PoolExit left = memory.Find(transaction.Transaction.Id)!.Value;
        Assert.That(SubmissionResult.Of(left, headerTimeMs: 4_999).IsFinal, Is.False);
        Assert.That(SubmissionResult.Of(left, headerTimeMs: 5_000).IsFinal, Is.True);
    }

    [Test]
    public void Random_AddsBlocksAndTakings_AgreeWithTheDumbTwin([Values(1, 2, 3, 4, 5)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        TransactionPool pool = Pool();
        var twin = new DumbPool();
        for (int step = 0; step < 2_000; step++)
        {
            if (random.Next(10) < 7)
            {
                string record = $"r{random.Next(12)}";
                ulong version = twin.VersionOf(record);
                ulong expected = version + (ulong)random.Next(4);
                VerifiedTransaction transaction = PoolFixture.Change(record, expected);
                var entry = new PoolEntry(transaction, "d1", "d1", 0);
                Assert.That(pool.TryAdd(twin.Height, [new PoolOffer(entry, null, version)], new PoolAnswer[1]), Is.True);
                twin.Add(transaction);
            }
            else
            {
                int max = random.Next(1, 8);
                List<VerifiedTransaction> taken = pool.TakeCandidates(long.MaxValue, max, PlaceBytes);
                twin.CheckTaking(taken, max);
                ExecutedBlock block = PoolFixture.Block(twin.Height + 1, taken);
                twin.Commit(block);
                List<PoolExit> exits = pool.OnCommitted(block, twin.Judge);
                Assert.That(exits.Select(e => e.Transaction), Is.EquivalentTo(twin.RemoveConflicts()));
            }
            Assert.That((pool.Count, pool.ReadyCount), Is.EqualTo((twin.Count, twin.ReadyCount)), $"step {step}");
        }
    }

    private static TransactionPool Pool(PoolOptions? options = null, int departments = 1) =>
        new(options ?? new PoolOptions(), departments, height: 0);

    private static PoolAnswer Add(
        TransactionPool pool, VerifiedTransaction transaction, string department = "d1", Rejection? obstacle = null)
    {
        var answer = new PoolAnswer[1];
        var entry = new PoolEntry(transaction, department, "d1", 0);
        for (ulong height = 0; !pool.TryAdd(height, [new PoolOffer(entry, obstacle, 0)], answer); height++)
            Assert.That(height, Is.LessThan(10));
        return answer[0];
    }

    /// <summary>A list that is searched from the beginning for every question.</summary>
    private sealed class DumbPool
    {
        private readonly List<VerifiedTransaction> _held = [];
        private readonly Dictionary<string, ulong> _versions = [];

        public ulong Height { get; private set; }

        public int Count => _held.Count;

        public int ReadyCount => _held.Count(IsReady);

        public ulong VersionOf(string record) => _versions.GetValueOrDefault(record);

        public void Add(VerifiedTransaction transaction) => _held.Add(transaction);

        public Rejection? Judge(Transaction transaction) =>
            Of(transaction).ExpectedVersion < VersionOf(Of(transaction).Record.Id) ? Conflict : null;

        public void CheckTaking(List<VerifiedTransaction> taken, int max)
        {
            var versions = new Dictionary<string, ulong>(_versions);
            foreach (VerifiedTransaction transaction in taken)
            {
                Protos.V1.RecordChange change = Of(transaction.Transaction);
                Assert.That(_held, Does.Contain(transaction));
                Assert.That(change.ExpectedVersion, Is.EqualTo(versions.GetValueOrDefault(change.Record.Id)));
                versions[change.Record.Id] = change.ExpectedVersion + 1;
            }
            int takeable = _held.Where(IsReady).Select(t => (Of(t.Transaction).Record.Id, Of(t.Transaction).ExpectedVersion))
                .Distinct().Count();
            Assert.That(taken, Has.Count.EqualTo(Math.Min(max, takeable)));
        }

        public void Commit(ExecutedBlock block)
        {
            Height = block.Header.Height;
            foreach (VerifiedTransaction transaction in block.Transactions)
            {
                _held.Remove(transaction);
                _versions[Of(transaction.Transaction).Record.Id] = Of(transaction.Transaction).ExpectedVersion + 1;
            }
        }

        public List<Transaction> RemoveConflicts()
        {
            List<Transaction> conflicts = _held.ConvertAll(t => t.Transaction).FindAll(t => Judge(t) is not null);
            _held.RemoveAll(t => conflicts.Contains(t.Transaction));
            return conflicts;
        }

        private bool IsReady(VerifiedTransaction transaction)
        {
            Protos.V1.RecordChange change = Of(transaction.Transaction);
            for (ulong v = VersionOf(change.Record.Id); v < change.ExpectedVersion; v++)
            {
                if (!_held.Exists(t => Of(t.Transaction).Record.Id == change.Record.Id
                    && Of(t.Transaction).ExpectedVersion == v))
                    return false;
            }
            return change.ExpectedVersion >= VersionOf(change.Record.Id);
        }

        private static Protos.V1.RecordChange Of(Transaction transaction) =>
            transaction.Body.Register ?? transaction.Body.Amend;
    }
}
