using CsCheck;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: docs/PROTOCOL.md, "Leader": everyone who holds one ledger computes the same leader, for every view, whatever was
/// suspended. Method: the rule over random ledgers against a deliberately dumb twin that remembers everything.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LeaderScheduleTest
{
    private static readonly string[] Names = [.. Enumerable.Range(0, 10).Select(i => $"d{i}")];

    /// <summary>What one block does: who proposed it (a view of its height), and which earlier view is blamed in it.</summary>
    private readonly record struct Step(uint View, bool Suspends, ulong BlamedAge, uint BlamedView);

    private static readonly Gen<Step> AnyStep = Gen.Select(
        Gen.Frequency((6, Gen.Const(0U)), (2, Gen.UInt[1, 3]), (1, Gen.UInt)), Gen.Int[0, 4], Gen.ULong[0, 70], Gen.UInt[0, 4],
        static (view, suspends, age, blamed) => new Step(view, suspends == 0, age, blamed));

    [Test]
    public void AtEveryHeight_SomebodyLeads_NobodySuspended_AndAtMostFAreSuspended() =>
        Gen.Select(Gen.Int[1, 10], Gen.UInt[1, 5], Gen.ULong[1, 90], AnyStep.Array[1, 200]).Sample((n, k, s, steps) =>
        {
            var ledger = new Ledger(n, k, s);
            foreach (Step step in steps)
            {
                ledger.Append(step);
                LeaderOrder next = ledger.Next;
                ulong height = ledger.Height + 1;
                Assert.That(next.Order, Is.Not.Empty.And.Ordered.And.Unique);
                foreach (int leader in next.Order)
                    Assert.That(ledger.IsSuspended(Names[leader], height), Is.False, $"{Names[leader]} at {height}");
                Assert.That(n - next.Order.Count, Is.LessThanOrEqualTo(Quorum.Faulty(n)), "at most f at a time");
                foreach (uint view in new uint[] { 0, 1, 7, uint.MaxValue })
                    Assert.That(next.Order, Does.Contain(next.Leader(view)));
            }
        }, iter: 300);

    [Test]
    public void LastHeights_AreKnownAsTheyWere_AndNoOthers() =>
        Gen.Select(Gen.Int[1, 10], Gen.UInt[1, 5], Gen.ULong[1, 90], AnyStep.Array[1, 200]).Sample((n, k, s, steps) =>
        {
            var ledger = new Ledger(n, k, s);
            foreach (Step step in steps)
                ledger.Append(step);
            for (ulong height = 0; height <= ledger.Height + 2; height++)
            {
                LeaderOrder? known = LeaderSchedule.At(ledger.State, ledger.Height, height);
                bool kept = height >= 1 && height <= ledger.Height && ledger.Height - height < LeaderSchedule.HeightsKept;
                Assert.That(known is not null, Is.EqualTo(kept), $"{height} of {ledger.Height}");
                if (known is null)
                    continue;
                Assert.That(known.Order, Is.EqualTo(ledger.Was[(int)height].Order));
                Assert.That(known.First, Is.EqualTo(ledger.Was[(int)height].First));
            }
        }, iter: 200);

    [Test]
    public void State_StaysBounded_WhateverIsSuspended() =>
        Gen.Select(Gen.Int[4, 10], Gen.ULong[1, 3], AnyStep.Array[200]).Sample((n, s, steps) =>
        {
            var ledger = new Ledger(n, 1, s);
            foreach (Step step in steps)
                ledger.Append(step with { Suspends = true });
            Assert.That(ledger.State.FirstLeaders, Has.Count.EqualTo(LeaderSchedule.HeightsKept));
            // At most f at a time, each for s heights, and kept for as many heights as are known after its end.
            ulong most = (ulong)Quorum.Faulty(n) * ((ulong)LeaderSchedule.HeightsKept / s + 2);
            Assert.That(ledger.State.Suspensions, Has.Count.LessThanOrEqualTo((int)most));
        }, iter: 50);

    [Test]
    public void Leader_StaysForKBlocks_ThenPassesOn_AndWithEachView()
    {
        var ledger = new Ledger(4, k: 3, s: 1);
        var leaders = new List<int>();
        for (int i = 0; i < 12; i++)
        {
            leaders.Add(ledger.Next.Leader(0));
            ledger.Append(new Step(0, false, 0, 0));
        }
        Assert.That(leaders, Is.EqualTo(new[] { 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3 }));
        Assert.That(new LeaderOrder([0, 1, 2, 3], 2).Leader(3), Is.EqualTo(1));
        Assert.That(new LeaderOrder([0, 1, 2, 3], 3).Leader(uint.MaxValue), Is.EqualTo((int)((3UL + uint.MaxValue) % 4)));
        Assert.That(new LeaderOrder([5], 0).Leader(9), Is.EqualTo(5));
    }

    [Test]
    public void DeadLeader_CostsOneViewChangeNotOnePerHeight()
    {
        var ledger = new Ledger(4, k: 256, s: 1);
        ledger.Append(new Step(0, false, 0, 0));
        ledger.Append(new Step(1, false, 0, 0));
        Assert.That(ledger.Next.Leader(0), Is.EqualTo(1), "who proposed in view 1 leads view 0 next");
    }

    [Test]
    public void OnlySuspendedOnesAreLeft_TheyLead()
    {
        var state = new LeaderState
        {
            LastProposer = "d1",
            Departments = { "d0", "d2" },
            Suspensions =
            {
                new LeaderSuspension { Department = "d0", FirstHeight = 1, LastHeight = 99 },
                new LeaderSuspension { Department = "d2", FirstHeight = 1, LastHeight = 99 },
            },
        };
        LeaderOrder next = LeaderSchedule.Next(state, 10, 256);
        Assert.That((next.Order, next.First), Is.EqualTo((new[] { 0, 1 }, 1)), "d1 has left, so d2 is the next one");
    }

    [Test]
    public void DamagedState_IsNamed()
    {
        Assert.Throws<CorruptStateException>(() => LeaderSchedule.Next(new LeaderState(), 3, 256));
        var beyond = new LeaderState { Departments = { "d0" }, FirstLeaders = { 1U } };
        Assert.Throws<CorruptStateException>(() => LeaderSchedule.At(beyond, 3, 3));
    }

    /// <summary>
    /// Appends blocks by the rule, and keeps beside it, for ever and in plain words, who may lead when.
    /// </summary>
    private sealed class Ledger(int n, uint k, ulong s)
    {
        private readonly List<(string Department, ulong From, ulong To)> _suspended = [];

        public LeaderState State { get; private set; } = new() { Departments = { Names[..n] } };

        public ulong Height { get; private set; }

        public LeaderOrder Next => LeaderSchedule.Next(State, Height, k);

        /// <summary>By height, as it was when it was next.</summary>
        public List<LeaderOrder> Was { get; } = [new LeaderOrder([0], 0)];

        public bool IsSuspended(string department, ulong height) =>
            _suspended.Exists(e => e.Department == department && e.From <= height && height <= e.To);

        public void Append(Step step)
        {
            LeaderOrder order = Next;
            Assert.That((order.Order, order.First), Is.EqualTo((TwinOrder(), TwinFirst())));
            LeaderState before = State, current = State.Clone();
            ulong height = ++Height;
            if (step.Suspends && step.BlamedAge < height - 1)
                Suspend(current, height, Names[Was[(int)(height - 1 - step.BlamedAge)].Leader(step.BlamedView)]);
            State = LeaderSchedule.After(before, current, height, Names[order.Leader(step.View)], k);
            Was.Add(order);
        }

        /// <summary>As the transaction's own rule would, as far as the schedule depends on it.</summary>
        private void Suspend(LeaderState current, ulong height, string department)
        {
            if (IsSuspended(department, height + 1) || LeaderSchedule.SuspendedAt(current, height + 1) >= Quorum.Faulty(n))
                return;
            _suspended.Add((department, height + 1, height + s));
            current.Suspensions.Add(new LeaderSuspension
            {
                Department = department,
                FirstHeight = height + 1,
                LastHeight = height + s,
            });
        }

        private int[] TwinOrder() => [.. Enumerable.Range(0, n).Where(i => !IsSuspended(Names[i], Height + 1))];

        private int TwinFirst()
        {
            List<string> names = [.. TwinOrder().Select(i => Names[i])];
            if (names.Contains(State.LastProposer) && State.Run < k)
                return names.IndexOf(State.LastProposer);
            int after = names.FindIndex(name => string.CompareOrdinal(name, State.LastProposer) > 0);
            return Math.Max(after, 0);
        }
    }
}
