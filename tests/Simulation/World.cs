using GovChain.Consensus;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Simulation;

/// <summary>What one run gave.</summary>
internal sealed record RunResult(
    ulong Seed, string? Failure, ulong TraceHash, long Faults, ulong VirtualMs, ulong Height, int Amnesiacs);

/// <summary>
/// One run: a virtual clock, validators running the production core, a hostile network and disk, and the invariants of
/// the protocol checked at every step. Everything follows from the seed.
/// </summary>
internal sealed class World
{
    private const ulong StepsMax = 2_000_000;
    private const ulong SettleMs = 150_000;
    private const ulong UtcBaseMs = 2_000_000;

    private readonly PriorityQueue<Action, (ulong At, ulong Sequence)> _events = new();
    private readonly List<SimTransaction> _submitted = [];
    private readonly ulong _seed;
    private ulong _sequence;
    private ulong _trace = 0xCBF29CE484222325;
    private long _faults;
    private bool _chaos = true;

    public World(ulong seed)
    {
        _seed = seed;
        Scenario = new Scenario(seed);
        Rng = new Prng(seed);
        Keys = new SimulatedKeys(Scenario.Validators, seed);
        Chain = new SimulatedChain(Keys, UtcBaseMs - 1_000, Scenario.Parameters);
        Network = new Network(this);
        Invariants = new Invariants(this);
        Nodes = new SimulatedNode[Scenario.Validators];
        var faulty = new HashSet<int>();
        while (faulty.Count < Scenario.Faulty)
            faulty.Add(Rng.Below(Scenario.Validators));
        for (int i = 0; i < Nodes.Length; i++)
        {
            NodeKind kind = !faulty.Contains(i) ? NodeKind.Honest
                : Scenario.FaultyForgets ? NodeKind.Forgetful : NodeKind.Hostile;
            Nodes[i] = new SimulatedNode(this, i, kind, Rng.Between(-150, 150));
        }
    }

    public Scenario Scenario { get; }

    public Prng Rng { get; }

    public SimulatedKeys Keys { get; }

    public SimulatedChain Chain { get; }

    public Network Network { get; }

    public Invariants Invariants { get; }

    public SimulatedNode[] Nodes { get; }

    public ulong NowUs { get; private set; }

    public ulong UtcMs => UtcBaseMs + NowUs / 1_000;

    public bool HasHostile => Array.Exists(Nodes, n => n.Kind == NodeKind.Hostile);

    public bool HasFaulty => Scenario.Faulty > 0;

    public static RunResult Run(ulong seed)
    {
        var world = new World(seed);
        string? failure = null;
        try
        {
            world.RunAll();
        }
        catch (InvariantException e)
        {
            failure = $"{e.Message} (at {world.NowUs / 1_000} ms, n={world.Nodes.Length})";
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or NullReferenceException
            or IndexOutOfRangeException or KeyNotFoundException or OverflowException)
        {
            failure = $"threw: {e} (at {world.NowUs / 1_000} ms, n={world.Nodes.Length})";
        }
        return new RunResult(seed, failure, world._trace, world._faults, world.NowUs / 1_000,
            world.Nodes.Max(n => n.Ledger.Tip.Block.Header.Height),
            world.Nodes.Count(n => n.Core?.Abstaining == AbstainReason.Amnesia));
    }

    public void After(int delayUs, Action action) =>
        _events.Enqueue(action, (NowUs + (ulong)delayUs, _sequence++));

    public void Fault() => _faults++;

    /// <summary>Mixes something that happened into the trace hash.</summary>
    public void Trace(int node, int kind, ReadOnlySpan<byte> content)
    {
        Mix(NowUs);
        Mix(((ulong)node << 32) | (uint)kind);
        foreach (byte b in content)
            _trace = (_trace ^ b) * 0x100000001B3;
    }

    private void Mix(ulong value) => _trace = ulong.RotateLeft((_trace ^ value) * 0x9E3779B97F4A7C15, 31);

    private void RunAll()
    {
        foreach (SimulatedNode node in Nodes)
            node.Restart();
        After(1_000, Submit);
        After(Scenario.ChaosEveryMs * 1_000, Chaos);
        RunUntil(Scenario.DurationMs, () => false);
        Heal();
        ulong deadline = NowUs / 1_000 + SettleMs;
        RunUntil(deadline, IsSettled);
        if (!IsSettled())
            throw new InvariantException("liveness", Describe());
        RunUntil(NowUs / 1_000 + 3_000, () => false);
        if (!IsSettled())
            throw new InvariantException("liveness", $"did not stay settled: {Describe()}");
        Invariants.CheckEnd();
    }

    private void RunUntil(ulong ms, Func<bool> done)
    {
        ulong steps = 0;
        while (_events.TryPeek(out _, out (ulong At, ulong Sequence) next) && next.At <= ms * 1_000)
        {
            if (steps++ % 64 == 0 && done())
                return;
            if (_sequence > StepsMax)
                throw new InvariantException("I9", "the run does not end: messages beget messages");
            Action action = _events.Dequeue();
            NowUs = next.At;
            action();
        }
        NowUs = Math.Max(NowUs, ms * 1_000);
    }

    private void Submit()
    {
        if (!_chaos)
            return;
        SimTransaction transaction = Chain.NewTransaction(Rng.Below(Nodes.Length), UtcMs, valid: !Rng.Chance(50));
        _submitted.Add(transaction);
        Invariants.Submitted.Add(transaction.Id);
        Nodes[Rng.Below(Nodes.Length)].Submit(transaction);
        After(Rng.Between(1, Scenario.SubmitEveryMs * 2) * 1_000, Submit);
    }

    /// <summary>Clients ask again until they have a receipt.</summary>
    private void Resubmit()
    {
        foreach (SimTransaction transaction in _submitted)
        {
            if (transaction.IsValid && !Invariants.Acknowledged.ContainsKey(transaction.Id))
            {
                foreach (SimulatedNode node in Nodes)
                    node.Submit(transaction);
            }
        }
        After(2_000_000, Resubmit);
    }

    private void Chaos()
    {
        if (!_chaos)
            return;
        (int Weight, Action Do)[] menu =
        [
            (Scenario.CrashWeight, CrashOne),
            (Scenario.PartitionWeight, PartitionSome),
            (Scenario.FilterWeight, DropOneKind),
            (Scenario.SplitWeight, SplitDecision),
            (Scenario.PoolWeight, () => Nodes[Rng.Below(Nodes.Length)].EmptyPool()),
            (Scenario.RestartAllWeight, RestartAll),
        ];
        int pick = Rng.Below(menu.Sum(m => m.Weight) + 1);
        foreach ((int weight, Action action) in menu)
        {
            if (pick < weight)
            {
                Fault();
                action();
                break;
            }
            pick -= weight;
        }
        After(Rng.Between(1, Scenario.ChaosEveryMs * 2) * 1_000, Chaos);
    }

    private void RestartAll() => Array.ForEach(Nodes, n => n.CrashSoon(0, Rng.Between(1_000, 500_000)));

    private void CrashOne()
    {
        SimulatedNode node = Nodes[Rng.Below(Nodes.Length)];
        node.CrashSoon(Rng.Below(12), Rng.Chance(600) ? Rng.Between(1_000, 100_000) : Rng.Between(100_000, 3_000_000));
    }

    private void PartitionSome()
    {
        if (Rng.Chance(500))
            Network.Partition(Rng);
        else
            Network.Isolate(Rng.Below(Nodes.Length));
        After(Rng.Between(100, 3_000) * 1_000, Network.Join);
    }

    /// <summary>For a while messages of one type reach only one node: decisions that only one node sees.</summary>
    private void DropOneKind()
    {
        byte type = (byte)Rng.Between(1, 6);
        int spared = Rng.Below(Nodes.Length);
        bool toEveryoneElse = Rng.Chance(700);
        Network.Filter = (_, to, kind) => kind == type && (to != spared) == toEveryoneElse;
        After(Rng.Between(100, 2_500) * 1_000, Network.Join);
    }

    /// <summary>
    /// Only one node sees the Commits and decides; it tells nobody for a while, or goes away, and the others must come to
    /// the same decision in a later view.
    /// </summary>
    private void SplitDecision()
    {
        int one = Rng.Below(Nodes.Length);
        // Best for an attack: the next view's leader is hostile.
        int hostile = Array.FindIndex(Nodes, n => n.Kind == NodeKind.Hostile);
        if (hostile >= 0 && Rng.Chance(500))
            one = (hostile + Nodes.Length - 1) % Nodes.Length;
        Network.Filter = (from, to, kind) => (kind == 3 && to != one) || (from == one && kind is 5 or 6);
        After(Rng.Between(300, 3_000) * 1_000, Network.Join);
        if (Rng.Chance(300))
            After(Rng.Between(1, 300) * 1_000, () => Network.Isolate(one));
        else if (Rng.Chance(300))
            After(Rng.Between(1, 300) * 1_000, () => Nodes[one].CrashSoon(Rng.Below(6), Rng.Between(1, 3_000) * 1_000));
    }

    private void Heal()
    {
        _chaos = false;
        Network.Join();
        Network.Healed = true;
        foreach (SimulatedNode node in Nodes)
        {
            node.NoMoreCrashes();
            if (!node.IsUp)
                node.Restart();
        }
        Resubmit();
    }

    private bool IsSettled()
    {
        Digest? tip = null;
        foreach (SimulatedNode node in Nodes)
        {
            if (node.Kind == NodeKind.Hostile)
                continue;
            if (tip is { } known && known != node.Ledger.Tip.Block.Hash)
                return false;
            tip = node.Ledger.Tip.Block.Hash;
        }
        return _submitted.TrueForAll(t => !t.IsValid || Invariants.Acknowledged.ContainsKey(t.Id));
    }

    private string Describe() => string.Join("; ", Nodes.Select(n => n.ToString()))
        + $"; {_submitted.Count(t => t.IsValid && !Invariants.Acknowledged.ContainsKey(t.Id))} not committed";
}
