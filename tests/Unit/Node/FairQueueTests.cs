using CsCheck;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// docs/PROTOCOL.md, "Fair shares": what waits for its signature to be verified. Goal: departments take turns whatever others send
/// and claim, and room is what it was said to be. Method: examples, and a twin that goes round by round and counts everything anew.
/// </summary>
public sealed class FairQueueTests
{
    private const string Tax = "tax", Land = "land";

    [Test]
    public void OneFloods_AnotherSendsOne_ItIsNext()
    {
        var queue = new FairQueue<string>(1_000, quantum: 1);
        for (int i = 0; i < 500; i++)
            Add(queue, Tax, "10.0.0.1", $"t{i}");
        Assert.That(Take(queue, 3), Is.EqualTo(new[] { "t0", "t1", "t2" }));

        Add(queue, Land, "10.0.0.2", "l0");

        Assert.That(Take(queue, 2), Does.Contain("l0"));
    }

    [Test]
    public void StrangersForgeInADepartmentsName_ItsOwnPeopleTakeTurnsWithThem_AndNobodyElseWaitsLonger()
    {
        var queue = new FairQueue<string>(10_000, quantum: 1);
        for (int i = 0; i < 300; i++)
        {
            Add(queue, Land, "stranger", $"forged{i}");
            Add(queue, Tax, "tax", $"t{i}");
        }
        Add(queue, Land, "land", "l0");
        Add(queue, Land, "land", "l1");

        List<string> taken = Take(queue, 8);

        Assert.That(taken.FindAll(static t => t.StartsWith('t')), Has.Count.EqualTo(4));
        Assert.That(taken.FindAll(static t => t.StartsWith('l')), Is.EqualTo(new[] { "l0", "l1" }));
    }

    [Test]
    public void Full_WhoHasMostLosesItsYoungest_TheNewcomerHasItsPlace()
    {
        var queue = new FairQueue<string>(10, quantum: 1);
        for (int i = 0; i < 7; i++)
            Add(queue, Tax, "tax", $"t{i}");
        for (int i = 0; i < 3; i++)
            Add(queue, Land, "land", $"l{i}");

        var lost = new List<string>();
        Assert.That(queue.TryAdd(new Sender(Land, "land"), "l3", 1, lost), Is.True);
        Assert.That(lost, Is.EqualTo(new[] { "t6" }));
        Assert.That(queue.TryAdd(new Sender(Tax, "tax"), "t7", 1, lost), Is.False, "it has most itself");
        Assert.That(queue.TryAdd(new Sender("", "stranger"), "s0", 1, lost), Is.True);
        Assert.That(lost, Is.EqualTo(new[] { "t6", "t5" }));
        Assert.That(queue.Cost, Is.EqualTo(10));
    }

    [Test]
    public void FullOfForgeriesInItsName_TheDepartmentItselfHasRoom()
    {
        var queue = new FairQueue<string>(10, quantum: 1);
        for (int i = 0; i < 20; i++)
            queue.TryAdd(new Sender(Land, "stranger"), $"forged{i}", 1, []);
        for (int i = 0; i < 5; i++)
            Assert.That(queue.TryAdd(new Sender(Land, "land"), $"l{i}", 1, []), Is.True);
        Assert.That(Take(queue, 10).FindAll(static t => t.StartsWith('l')), Has.Count.EqualTo(5));
    }

    [Test]
    public void OneTakesFarMoreThanATurn_ItWaitsUntilTheOthersHadAsMuch()
    {
        var queue = new FairQueue<string>(1_000, quantum: 1);
        for (int i = 0; i < 50; i++)
            Add(queue, Land, "land", $"l{i}");
        queue.TryAdd(new Sender(Tax, "tax"), "large", 20, []);
        Take(queue, 2);
        queue.TryAdd(new Sender(Tax, "tax"), "again", 20, []);

        Assert.That(Take(queue, 19), Has.None.EqualTo("again"), "leaving the queue does not wipe out what it owes");
        Assert.That(Take(queue, 2), Has.Some.EqualTo("again"));
    }

    [Test]
    public void WhateverComesAndGoes_TheTwinSaysTheSame() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        long costMax = random.Next(5, 60), quantum = random.Next(1, 8);
        int departments = random.Next(1, 5), origins = random.Next(1, 4), costs = random.Next(1, 30);
        var queue = new FairQueue<int>(costMax, quantum);
        var twin = new Twin(costMax, quantum);
        for (int i = 0; i < 300; i++)
        {
            if (random.Next(100) < 55)
            {
                var sender = new Sender($"d{random.Next(departments)}", $"o{random.Next(origins)}");
                long cost = random.Next(1, costs + 1);
                List<int> lost = [], lostByTwin = [];
                Assert.That(queue.TryAdd(sender, i, cost, lost), Is.EqualTo(twin.TryAdd(sender, i, cost, lostByTwin)), $"seed {seed}, step {i}");
                Assert.That(lost, Is.EqualTo(lostByTwin), $"seed {seed}, step {i}");
            }
            else
            {
                int? taken = queue.TryTake(out int item) ? item : null;
                Assert.That(taken, Is.EqualTo(twin.Take()), $"seed {seed}, step {i}");
            }
            Assert.That((queue.Count, queue.Cost), Is.EqualTo((twin.Count, twin.Cost)), $"seed {seed}, step {i}");
            Assert.That(queue.Cost, Is.LessThanOrEqualTo(costMax));
        }
    }, iter: 2_000, threads: 1);

    /// <summary>Of two that always have something to take, neither is ahead by more than a turn and one largest item each.</summary>
    [Test]
    public void TwoThatAlwaysHaveSomething_AreServedAlike() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        long quantum = random.Next(1, 10);
        int[] largest = [random.Next(1, 30), random.Next(1, 30)];
        var queue = new FairQueue<(int Department, long Cost)>(long.MaxValue, quantum);
        long[] served = new long[2];
        for (int i = 0; i < 10; i++)
        {
            Add(0);
            Add(1);
        }
        for (int i = 0; i < 400; i++)
        {
            Assert.That(queue.TryTake(out (int Department, long Cost) taken), Is.True);
            served[taken.Department] += taken.Cost;
            Add(taken.Department);
            Assert.That(Math.Abs(served[0] - served[1]), Is.LessThanOrEqualTo(quantum + largest.Max()), $"seed {seed}, step {i}");
        }

        void Add(int department)
        {
            long cost = random.Next(1, largest[department] + 1);
            queue.TryAdd(new Sender($"d{department}", $"o{random.Next(3)}"), (department, cost), cost, []);
        }
    }, iter: 300, threads: 1);

    private static void Add(FairQueue<string> queue, string department, string origin, string item) =>
        Assert.That(queue.TryAdd(new Sender(department, origin), item, 1, []), Is.True);

    private static List<string> Take(FairQueue<string> queue, int count)
    {
        var taken = new List<string>();
        while (taken.Count < count && queue.TryTake(out string? item))
            taken.Add(item);
        return taken;
    }

    /// <summary>One list of everything, sums and maxima computed anew each time, turns round by round.</summary>
    private sealed class Twin(long costMax, long quantum)
    {
        private readonly List<(Sender Sender, int Item, long Cost)> _all = [];
        private readonly Ring _departments = new(quantum);
        private readonly Dictionary<string, Ring> _origins = [];

        public int Count => _all.Count;

        public long Cost => _all.Sum(static a => a.Cost);

        public bool TryAdd(Sender sender, int item, long cost, List<int> lost)
        {
            while (Cost + cost > costMax)
            {
                (Sender Sender, int Item, long Cost)[] with = [.. _all, (sender, item, cost)];
                // Who came first into the queue of the departments that have most; the sender where it has as much.
                string[] departments = [sender.Department, .. _departments.Names.Where(d => d != sender.Department)];
                string longest = departments.MaxBy(d => with.Where(a => a.Sender.Department == d).Sum(static a => a.Cost))!;
                string[] origins = longest == sender.Department
                    ? [sender.Origin, .. RingOf(longest).Names.Where(o => o != sender.Origin)]
                    : [.. RingOf(longest).Names];
                string origin = origins.MaxBy(o => with.Where(a => a.Sender == new Sender(longest, o)).Sum(static a => a.Cost))!;
                if (sender == new Sender(longest, origin))
                    return false;
                int youngest = _all.FindLastIndex(a => a.Sender == new Sender(longest, origin));
                lost.Add(_all[youngest].Item);
                Remove(youngest);
            }
            _all.Add((sender, item, cost));
            RingOf(sender.Department).Enter(sender.Origin);
            _departments.Enter(sender.Department);
            return true;
        }

        public int? Take()
        {
            if (_departments.Turn() is not { } department)
            {
                _origins.Clear();
                return null;
            }
            string origin = RingOf(department).Turn()!;
            int oldest = _all.FindIndex(a => a.Sender == new Sender(department, origin));
            (_, int item, long cost) = _all[oldest];
            RingOf(department).Pay(origin, cost);
            _departments.Pay(department, cost);
            Remove(oldest);
            foreach (string gone in _origins.Keys.Where(d => !_departments.Names.Contains(d)).ToList())
                _origins.Remove(gone);
            return item;
        }

        private void Remove(int index)
        {
            Sender sender = _all[index].Sender;
            _all.RemoveAt(index);
            if (_all.TrueForAll(a => a.Sender != sender))
                RingOf(sender.Department).Leave(sender.Origin);
            if (_all.TrueForAll(a => a.Sender.Department != sender.Department))
                _departments.Leave(sender.Department);
        }

        private Ring RingOf(string department)
        {
            if (!_departments.Names.Contains(department) || !_origins.TryGetValue(department, out Ring? ring))
                _origins[department] = ring = new Ring(quantum);
            return ring;
        }
    }

    /// <summary>The textbook's: a quantum a round and party, however many rounds in which nobody may take anything.</summary>
    private sealed class Ring(long quantum)
    {
        private readonly List<(string Name, long Credit, bool Waits)> _parties = [];
        private int _at = -1;

        public IEnumerable<string> Names => _parties.Select(static p => p.Name);

        public void Enter(string name)
        {
            int at = IndexOf(name);
            if (at < 0)
                _parties.Add((name, 0, true));
            else
                _parties[at] = _parties[at] with { Waits = true };
        }

        public void Leave(string name)
        {
            int at = IndexOf(name);
            if (at >= 0)
                _parties[at] = (name, Math.Min(0, _parties[at].Credit), false);
        }

        public void Pay(string name, long cost)
        {
            int at = IndexOf(name);
            _parties[at] = _parties[at] with { Credit = _parties[at].Credit - cost };
        }

        public string? Turn()
        {
            if (!_parties.Exists(static p => p.Waits))
            {
                _parties.Clear();
                _at = -1;
                return null;
            }
            while (_at < 0 || !_parties[_at].Waits || _parties[_at].Credit <= 0)
            {
                _at = (_at + 1) % _parties.Count;
                _parties[_at] = _parties[_at] with { Credit = _parties[_at].Credit + quantum };
                if (!_parties[_at].Waits && _parties[_at].Credit >= 0)
                    _parties.RemoveAt(_at--);
            }
            return _parties[_at].Name;
        }

        private int IndexOf(string name) => _parties.FindIndex(p => p.Name == name);
    }
}
