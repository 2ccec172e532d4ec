using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>docs/PROTOCOL.md, "Censorship": what the pool says of transactions that wait for a leader.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WaitingTests
{
    private static readonly ConsensusParameters Parameters = new();
    private static readonly LeaderTerm Term = new(1, 0, IsOwn: false);

    private readonly TransactionPool _pool = new(new PoolOptions(), departments: 4, height: 0);

    [Test]
    public void Forwards_AfterT1_EachOnceInATerm_TheOldestFirst()
    {
        VerifiedTransaction a = Add("a"), b = Add("b");
        Assert.That(Look(1_000).Forward, Is.Empty, "it begins to wait when it is first seen");
        VerifiedTransaction c = Add("c");
        Look(2_000);
        Assert.That(Look(3_000, forwardMax: 1).Forward, Is.EqualTo(new[] { Envelope(a) }));
        Assert.That(Look(3_500).Forward, Is.EqualTo(new[] { Envelope(b) }));
        Assert.That(Look(4_000).Forward, Is.EqualTo(new[] { Envelope(c) }));
        Assert.That(Look(9_000).Forward, Is.Empty);
        var next = new LeaderTerm(2, 9_000, IsOwn: false);
        Assert.That(_pool.LookAtWaiting(10_999, next, Parameters, 64).Forward, Is.Empty, "a new leader has T1, too");
        Assert.That(_pool.LookAtWaiting(11_000, next, Parameters, 64).Forward, Has.Count.EqualTo(3));
    }

    [Test]
    public void Complains_AboutWhatWasForwardedAndStillWaits_OnceItsPatienceIsOver()
    {
        VerifiedTransaction a = Add("a");
        Look(1_000);
        Look(3_000);
        Assert.That(Look(6_000).Overdue, Is.Null);
        Assert.That(Look(6_010).Overdue, Is.EqualTo(a.Transaction.Id), "T2, and ten milliseconds for itself");
        _pool.OnCommitted(PoolFixture.Block(1, [a]), static _ => null);
        Assert.That(Look(7_000).Overdue, Is.Null);
    }

    [Test]
    public void WithABacklog_ThePatienceGrows_AndWithWhatIsRecordedMeanwhile()
    {
        VerifiedTransaction[] many = [.. Enumerable.Range(0, 300).Select(i => Add($"r{i}"))];
        ulong places = 300 + (ulong)(many.Sum(t => t.Transaction.Envelope.Length) / Parameters.PlaceBytes);
        Look(1_000);
        Look(3_000, forwardMax: 1_000);
        ulong dueMs = 6_000 + 10 * places;
        Assert.That(Look(dueMs - 1).Overdue, Is.Null, "300 transactions, three seconds more and what their bytes take");
        Assert.That(Look(dueMs).Overdue, Is.EqualTo(many[0].Transaction.Id));

        _pool.OnCommitted(PoolFixture.Block(1, many[200..]), static _ => null);
        Assert.That(Look(dueMs + 999).Overdue, Is.Null, "a hundred are recorded, and the block with the others may be under way");
        Assert.That(Look(dueMs + 1_000).Overdue, Is.EqualTo(many[0].Transaction.Id));
    }

    [Test]
    public void OthersAreRecordedInstead_ComplainsOnceAllThatMayComeFirstAndABlockIs()
    {
        var small = new ConsensusParameters(BlockTransactionsMax: 10);
        VerifiedTransaction passedOver = Add("first");
        Add("second");
        Look(1_000);
        _pool.LookAtWaiting(3_000, Term, small, 64);
        const int Ahead = 2 * 4 * 2 + 2; // four departments, two of the own, and these two in the block under way
        Record(1, Ahead + 9);
        Assert.That(_pool.LookAtWaiting(6_000, Term, small, 64).Overdue, Is.Null);
        Record(2, 1);
        Assert.That(_pool.LookAtWaiting(5_999, Term, small, 64).Overdue, Is.Null, "never before T2");
        Assert.That(_pool.LookAtWaiting(6_000, Term, small, 64).Overdue, Is.EqualTo(passedOver.Transaction.Id));

        void Record(ulong height, int count) => _pool.OnCommitted(
            PoolFixture.Block(height, [.. Enumerable.Range(0, count).Select(i => PoolFixture.Change($"new{height}-{i}", 0))]), static _ => null);
    }

    [Test]
    public void WhatCannotCommit_DoesNotWait()
    {
        VerifiedTransaction second = Add("a", 1);
        Look(1_000);
        Assert.That(Look(60_000), Is.EqualTo(new WaitingReport([], null)).Using<WaitingReport>(Same), "a version before it is missing");
        Add("a");
        Look(61_000);
        Assert.That(Look(62_999).Forward, Is.Empty, "now both wait, from now on");
        Assert.That(Look(63_000).Forward, Has.Count.EqualTo(2));
        Assert.That(second, Is.Not.Null);
    }

    [Test]
    public void ThisNodeLeads_NothingIsForwardedOrComplainedAbout()
    {
        Add("a");
        var own = new LeaderTerm(1, 0, IsOwn: true);
        foreach (ulong now in new ulong[] { 1_000, 4_000, 100_000 })
        {
            WaitingReport report = _pool.LookAtWaiting(now, own, Parameters, 64);
            Assert.That((report.Forward.Count, report.Overdue), Is.EqualTo((0, (Core.Cryptography.Digest?)null)));
        }
    }

    private static bool Same(WaitingReport a, WaitingReport b) => a.Overdue == b.Overdue && a.Forward.SequenceEqual(b.Forward);

    private static ReadOnlyMemory<byte> Envelope(VerifiedTransaction transaction) => transaction.Transaction.Envelope;

    private WaitingReport Look(ulong nowMs, int forwardMax = 64) => _pool.LookAtWaiting(nowMs, Term, Parameters, forwardMax);

    private VerifiedTransaction Add(string record, ulong expected = 0)
    {
        VerifiedTransaction transaction = PoolFixture.Change(record, expected);
        var answers = new PoolAnswer[1];
        Assert.That(_pool.TryAdd(0, [new PoolOffer(new PoolEntry(transaction, "alpha", "alpha", 0), null, 0)], answers), Is.True);
        Assert.That(answers[0], Is.EqualTo(PoolAnswer.Added));
        return transaction;
    }
}
