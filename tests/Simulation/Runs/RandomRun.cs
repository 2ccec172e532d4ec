using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;

namespace GovChain.Tests.Simulation;

/// <summary>
/// One run: validators running the production core on a virtual clock, with a hostile network, hostile disks and
/// hostile validators, then all of it healed. Everything follows from the seed.
/// </summary>
internal sealed partial class RandomRun : Stage
{
    private readonly Network _network;
    private readonly Clients _clients;
    private readonly LivenessBound _bound;
    private readonly MembershipDirector _director;
    private bool _chaos = true;

    public RandomRun(Scenario scenario)
        : base(scenario)
    {
        _network = new Network(this);
        _clients = new Clients(this);
        _director = new MembershipDirector(this);
        _bound = new LivenessBound(scenario);
        for (int i = 0; i < scenario.Validators; i++)
        {
            NodeKind kind = scenario.Faulty.GetValueOrDefault(i, NodeKind.Honest);
            Add(NewNode(i, kind));
            if (kind == NodeKind.Twin)
            {
                Faults.Add(FaultKind.Twin);
                Add(NewNode(i, kind));
            }
        }
        _network.Size = Nodes.Count;
    }

    public static RunResult Run(ulong seed) => Run(seed, ScenarioLimits.None);

    /// <summary>Runs a seed's scenario within limits; draws it where a chart is given.</summary>
    public static RunResult Run(ulong seed, ScenarioLimits limits, MessageChart? chart = null)
    {
        using var run = new RandomRun(Scenario.Of(seed, limits)) { Chart = chart };
        chart?.Begin(run);
        (string? invariant, string? failure) = run.TryRunAll();
        chart?.End(failure);
        return new RunResult
        {
            Seed = seed,
            Limits = limits,
            Validators = run.Scenario.Validators,
            Failure = failure is null ? null : $"{failure} (at {run.NowUs / 1_000} ms, n={run.Scenario.Validators})",
            Invariant = invariant,
            TraceHash = run.TraceHash,
            Faults = run.Faults,
            VirtualMs = run.NowUs / 1_000,
            Epochs = run.Invariants.History.Epoch,
            Installs = run.Nodes.Sum(n => n.Installs),
            Height = run.Nodes.Max(n => n.Ledger.Height),
            Accusations = run.Invariants.Accusations,
            Amnesiacs = run.Nodes.Count(n => n.Kind == NodeKind.Forgetful && n.WasTold),
        };
    }

    public override ulong Duration(Work work) => (ulong)(work switch
    {
        Work.Sign => Rng.Between(50, 1_000),
        Work.Build => Rng.Between(500, 20_000),
        Work.Execute => Rng.Between(500, 10_000),
        Work.Sync => Rng.Between(100, 3_000),
        Work.Store => Rng.Between(200, 3_000),
        _ => Rng.Between(200, 5_000),
    });

    public override void Send(SimulatedNode from, int to, Frame frame)
    {
        foreach (SimulatedNode target in Of(to))
            _network.Send(from, target, frame);
    }

    public override void Wake(SimulatedNode node, ulong delayUs, Action action, bool isStatus) => After(delayUs, action);

    public override void Died(SimulatedNode node)
    {
        if (_absent.Contains(node.Slot))
            return; // somebody starts it when its time has come
        ulong backAfter = (ulong)(Rng.Chance(600) ? Rng.Between(1_000, 100_000) : Rng.Between(100_000, 3_000_000));
        After(backAfter, node.Start);
    }

    private SimulatedNode NewNode(int validator, NodeKind kind)
    {
        int drift = Scenario.Has(FaultKind.TimerDrift) ? Rng.Between(-100, 100) : 0;
        if (drift != 0)
            Faults.Add(FaultKind.TimerDrift);
        return new SimulatedNode(this, Nodes.Count, validator, kind, new NodeClock(Rng.Between(-150, 150), drift));
    }

    private (string? Invariant, string? Failure) TryRunAll()
    {
        try
        {
            RunAll();
            return default;
        }
        catch (InvariantException e)
        {
            return (e.Invariant, e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException) // whatever it is, the seed is named
        {
            return (e.GetType().Name, $"threw: {e}");
        }
    }

    private void RunAll()
    {
        if (Scenario.Snapshots)
            PlanNights();
        foreach (SimulatedNode node in Nodes.Where(n => !_absent.Contains(n.Slot)))
        {
            // The first start makes the journal, which is where a name may be lost.
            if (Scenario.Has(FaultKind.CrashInDisk) && Rng.Chance(300))
                node.Disk.PowerFailsIn = Rng.Below(8);
            node.Start();
        }
        _clients.Start();
        if (Scenario.Changes)
            _director.Start();
        if (!Scenario.Snapshots)
            After((ulong)Scenario.ChaosEveryMs * 1_000, Chaos);
        RunUntil((ulong)Scenario.DurationMs * 1_000, () => false);
        Heal();
        Settle();
        LetAllVote();
    }
}
