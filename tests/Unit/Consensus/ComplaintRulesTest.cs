using CsCheck;
using GovChain.Consensus;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Censorship": when a leader is given a transaction, and when it is complained about.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ComplaintRulesTest
{
    private static readonly Gen<ConsensusParameters> AnyParameters = Gen.Select(
        Gen.ULong[1, 600_000], Gen.ULong[1, 600_000], Gen.UInt[1, 10_000],
        static (t1, more, block) => new ConsensusParameters(
            BlockTransactionsMax: block, ForwardTimeoutMs: t1, ComplaintTimeoutMs: t1 + more));

    private static readonly Gen<WaitingTransaction> AnyTransaction = Gen.Select(
        Gen.ULong[0, 2_000_000], Gen.Long[1, 50_000], Gen.Long[1, 10_000], Gen.Long[0, 100_000],
        static (waited, ahead, underWay, passed) => new WaitingTransaction(waited, ahead, underWay, passed));

    [Test]
    public void Defaults_ForwardAfterTwoSeconds_ComplainAfterFive()
    {
        var p = new ConsensusParameters();
        Assert.That(new ulong[] { 1_999, 2_000 }.Select(ms => ComplaintRules.IsForwardDue(p, ms)), Is.EqualTo(new[] { false, true }));
        Assert.That(ComplaintRules.PatienceMs(p, 1), Is.EqualTo(5_010));
        Assert.That(ComplaintRules.PatienceMs(p, 50_000), Is.EqualTo(505_000));
        Assert.That(ComplaintRules.IsComplaintDue(p, new WaitingTransaction(5_009, 9, 1, 0)), Is.False);
        Assert.That(ComplaintRules.IsComplaintDue(p, new WaitingTransaction(5_010, 9, 1, 0)), Is.True, "nothing else is recorded");
        Assert.That(ComplaintRules.IsComplaintDue(p, new WaitingTransaction(5_509, 9_000, 1, 50)), Is.False, "fifty others are");
        Assert.That(ComplaintRules.IsComplaintDue(p, new WaitingTransaction(5_000, 9_000, 5_000, 14_000)), Is.True, "all that was ahead, and a block");
        Assert.That(ComplaintRules.IsComplaintDue(p, new WaitingTransaction(5_000, 9_000, 5_000, 13_999)), Is.False);
    }

    [Test]
    public void Complaint_NeverBeforeT2_AlwaysByThePatience_AndTheMoreIsAheadTheLater() =>
        Gen.Select(AnyParameters, AnyTransaction, Gen.Int[0, 10_000]).Sample((p, t, more) =>
        {
            bool due = ComplaintRules.IsComplaintDue(p, t);
            if (t.WaitedMs < p.ComplaintTimeoutMs)
                Assert.That(due, Is.False);
            if (t.WaitedMs >= ComplaintRules.PatienceMs(p, t.Ahead + t.UnderWay + p.BlockTransactionsMax))
                Assert.That(due, Is.True, "however much is recorded meanwhile");
            if (ComplaintRules.IsComplaintDue(p, t with { Ahead = t.Ahead + more }))
                Assert.That(due, Is.True, "what is due behind more is due behind less");
            if (due)
                Assert.That(ComplaintRules.IsComplaintDue(p, t with { WaitedMs = t.WaitedMs + (ulong)more }), Is.True);
        }, iter: 20_000);

    /// <summary>A leader that fills its blocks in turns, at whatever pace from a hundred places a second on, is an honest one
    /// with a long queue: the transaction that it was given last is its last.</summary>
    [Test]
    public void OverloadedHonestLeader_IsNeverComplainedAbout() =>
        Gen.Select(AnyParameters, Gen.Int[1, 50_000], Gen.Double[100, 20_000], Gen.Double[0, 1]).Sample((p, ahead, perSecond, part) =>
        {
            double elapsedMs = ahead * 1_000 / perSecond * part * 0.999;
            long block = Math.Min(ahead, p.BlockTransactionsMax);
            long filled = (long)(elapsedMs * perSecond / 1_000); // recorded as far as blocks are full
            var waiting = new WaitingTransaction(p.ForwardTimeoutMs + (ulong)elapsedMs, ahead, block, filled / block * block);
            Assert.That(ComplaintRules.IsComplaintDue(p, waiting), Is.False, $"{waiting}");
        }, iter: 20_000);
}
