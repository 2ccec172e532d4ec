using CsCheck;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>docs/PROTOCOL.md, "Fair shares": departments take turns in blocks, and a leader that keeps to it is not complained about.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FairSharesTests
{
    private const int Departments = 4;

    private readonly TransactionPool _pool = new(new PoolOptions(), Departments, height: 0);
    private readonly Dictionary<VerifiedTransaction, string> _departments = [];
    private ulong _height;
    private int _records;

    [Test]
    public void OneFloods_TheOthersHaveTheirShareOfTheNextBlock_EachInItsOrder()
    {
        VerifiedTransaction[] flood = Add("flood", 1_000), few = Add("modest", 30), three = Add("small", 3);

        List<VerifiedTransaction> block = _pool.TakeCandidates(long.MaxValue, 45, placeBytes: 1_000);

        Assert.That(block.FindAll(IsOf("small")), Is.EqualTo(three), "less than its share");
        Assert.That(block.FindAll(IsOf("modest")), Is.EqualTo(few[..21]));
        Assert.That(block.FindAll(IsOf("flood")), Is.EqualTo(flood[..21]));
    }

    [Test]
    public void NobodyElseWaits_OneDepartmentFillsTheBlock()
    {
        VerifiedTransaction[] all = Add("alone", 50);
        Assert.That(_pool.TakeCandidates(long.MaxValue, 40, placeBytes: 1_000), Is.EqualTo(all[..40]));
    }

    [Test]
    public void OneSendsTheLargest_BytesAreShared()
    {
        VerifiedTransaction[] large = Add("large", 100, contentBytes: 5_000);
        Add("small", 400, contentBytes: 10);
        const long Place = 500;
        List<VerifiedTransaction> block = _pool.TakeCandidates(200 * Place, 200, Place);
        long small = block.FindAll(IsOf("small")).Count * Place; // each is smaller than a place and takes one
        long bytes = block.FindAll(IsOf("large")).Sum(static t => t.Transaction.Envelope.Length);
        Assert.That(bytes, Is.EqualTo(small).Within(large[0].Transaction.Envelope.Length));
    }

    [Test]
    public void TheNextOfOneDoesNotFit_TheOthersStillHaveWhatDoes()
    {
        Add("large", 1, contentBytes: 5_000);
        VerifiedTransaction[] behind = Add("large", 1), small = Add("small", 2);
        List<VerifiedTransaction> block = _pool.TakeCandidates(2_000, 10, placeBytes: 200);
        Assert.That(block, Is.EqualTo(small), "its own order is kept");
        Assert.That(block, Does.Not.Contain(behind[0]));
    }

    [Test]
    public void BlockHasRoomForOneOnly_FromBlockToBlockAnotherBegins()
    {
        foreach (string department in new[] { "a", "b", "c" })
            Add(department, 10);
        var begun = new List<string>();
        for (int i = 0; i < 6; i++)
        {
            List<VerifiedTransaction> block = _pool.TakeCandidates(long.MaxValue, 1, placeBytes: 1_000);
            begun.Add(_departments[block.Single()]);
            Commit(block);
        }
        Assert.That(begun.Distinct().Count(), Is.EqualTo(3));
        Assert.That(begun.Skip(3), Is.EqualTo(begun.Take(3)));
    }

    [Test]
    public void WhatGoesBefore_IsTakenWithIt_WhoeverSignedIt()
    {
        VerifiedTransaction second = PoolFixture.Change("shared", 1), first = PoolFixture.Change("shared", 0);
        AddOne("amends", second, stateVersion: 0);
        AddOne("registers", first, stateVersion: 0);
        Assert.That(_pool.TakeCandidates(long.MaxValue, 10, placeBytes: 1_000), Is.EqualTo(new[] { first, second }));
    }

    [Test]
    public void OneHoldsBackAllItMay_TheOthersMayHoldTheirShare()
    {
        var pool = new TransactionPool(new PoolOptions { HeldMax = 40 }, Departments, height: 0);
        int flood = 0;
        while (Offer(pool, "flood", PoolFixture.Change($"f{flood}", 5)) == PoolAnswer.Added)
            flood++;
        Assert.That(flood, Is.EqualTo(20), "beyond its share only while half is free");
        for (int i = 0; i < 10; i++)
            Assert.That(Offer(pool, "modest", PoolFixture.Change($"m{i}", 5)), Is.EqualTo(PoolAnswer.Added));
    }

    /// <summary>
    /// Whatever the departments send while a transaction waits, in whatever sizes, a leader with the same pool records it before
    /// the rule blames it: by what was recorded, the time being short of the patience.
    /// </summary>
    [Test]
    public void HonestLeader_IsNotComplainedAbout_WhateverTheOthersSend()
    {
        Gen.Int[0, int.MaxValue].Sample(seed =>
        {
            var test = new FairSharesTests();
            test.RunHonestLeader(new Random(seed));
        }, iter: 300, threads: 1);
    }

    private void RunHonestLeader(Random random)
    {
        var parameters = new ConsensusParameters(BlockTransactionsMax: (uint)random.Next(8, 40), BlockBytesMax: 20_000);
        string[] names = [.. Enumerable.Range(0, Departments).Select(i => $"d{i}")];
        foreach (string name in names)
            AddSome(name, 60);
        VerifiedTransaction[] waiting = Add("d0", 1, contentBytes: random.Next(10, 4_000));
        var term = new LeaderTerm(1, 0, IsOwn: false);
        _pool.LookAtWaiting(0, term, parameters, 10_000);
        _pool.LookAtWaiting(parameters.ForwardTimeoutMs, term, parameters, 10_000);
        for (int block = 0; ; block++)
        {
            Assert.That(block, Is.LessThan(1_000), "it is recorded at last");
            List<VerifiedTransaction> taken = _pool.TakeCandidates(
                (long)parameters.BlockBytesMax, (int)parameters.BlockTransactionsMax, parameters.PlaceBytes);
            foreach (string name in names) // while the block is decided
                AddSome(name, 40);
            Commit(taken);
            if (taken.Contains(waiting[0]))
                return;
            Assert.That(_pool.LookAtWaiting(parameters.ComplaintTimeoutMs, term, parameters, 0).Overdue, Is.Null, $"block {block}");
        }

        void AddSome(string department, int most) =>
            Add(department, random.Next(most), contentBytes: random.Next(2) == 0 ? 10 : random.Next(10, 4_000));
    }

    private Predicate<VerifiedTransaction> IsOf(string department) => t => _departments[t] == department;

    private VerifiedTransaction[] Add(string department, int count, int contentBytes = 10)
    {
        VerifiedTransaction[] added =
            [.. Enumerable.Range(0, count).Select(_ => PoolFixture.Change($"r{_records++}", 0, contentBytes: contentBytes))];
        foreach (VerifiedTransaction transaction in added)
            AddOne(department, transaction, stateVersion: 0);
        return added;
    }

    private void AddOne(string department, VerifiedTransaction transaction, ulong stateVersion)
    {
        var answers = new PoolAnswer[1];
        var offer = new PoolOffer(new PoolEntry(transaction, department, department, 0), null, stateVersion);
        Assert.That(_pool.TryAdd(_height, [offer], answers), Is.True);
        Assert.That(answers[0], Is.EqualTo(PoolAnswer.Added));
        _departments.Add(transaction, department);
    }

    private static PoolAnswer Offer(TransactionPool pool, string department, VerifiedTransaction transaction)
    {
        var answers = new PoolAnswer[1];
        Assert.That(pool.TryAdd(0, [new PoolOffer(new PoolEntry(transaction, department, department, 0), null, 0)], answers), Is.True);
        return answers[0];
    }

    private void Commit(List<VerifiedTransaction> block) => _pool.OnCommitted(PoolFixture.Block(++_height, block), static _ => null);
}
