using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What is done to the network, clocks, processes and disks.</content>
internal sealed partial class RandomRun
{
    private static readonly FaultKind[] Menu =
    [
        FaultKind.Clogging, FaultKind.Partition, FaultKind.OneWayPartition, FaultKind.Isolation, FaultKind.KindLost,
        FaultKind.SplitDecision, FaultKind.ClockJump, FaultKind.Crash, FaultKind.CrashInStep, FaultKind.CrashInDisk,
        FaultKind.CrashAll, FaultKind.PoolLoss, FaultKind.WriteError, FaultKind.DiskFull, FaultKind.SyncError,
    ];

    private void Chaos()
    {
        if (!_chaos)
            return;
        // A kind that this run does not have is a breathing space.
        FaultKind kind = Scenario.IsAttack && Rng.Chance(300) ? FaultKind.SplitDecision : Menu[Rng.Below(Menu.Length)];
        if (Scenario.Has(kind))
            Do(kind);
        if (Scenario.Snapshots && Rng.Chance(300))
            DisturbSnapshots();
        // What a forgetful disk does, it does while its process is down.
        if (Nodes.Find(n => n.Kind == NodeKind.Forgetful) is { } forgetful && Rng.Chance(200))
            forgetful.Crash();
        After((ulong)Rng.Between(1, Scenario.ChaosEveryMs * 2) * 1_000, Chaos);
    }

    private void Do(FaultKind kind)
    {
        SimulatedNode node = Nodes[Rng.Below(Nodes.Count)];
        switch (kind)
        {
            case FaultKind.Clogging:
                _network.Clog(Rng, (ulong)Rng.Between(50, 1_500) * 1_000);
                break;
            case FaultKind.Partition or FaultKind.OneWayPartition:
                _network.Partition(Rng, oneWay: kind == FaultKind.OneWayPartition);
                After((ulong)Rng.Between(100, 3_000) * 1_000, _network.Join);
                break;
            case FaultKind.Isolation:
                _network.Isolate(node);
                After((ulong)Rng.Between(100, 3_000) * 1_000, _network.Join);
                break;
            case FaultKind.KindLost:
                LoseOneKind(node);
                break;
            case FaultKind.SplitDecision:
                SplitDecision();
                return; // counted where it happens
            case FaultKind.ClockJump:
                if (!TryJump(node))
                    return;
                break;
            case FaultKind.Crash:
                node.Crash();
                return; // counted where it happens
            case FaultKind.CrashInStep:
                node.CrashAfterEffects(1 + Rng.Below(12));
                return;
            case FaultKind.CrashInDisk:
                node.Disk.PowerFailsIn = Rng.Below(6);
                return;
            case FaultKind.CrashAll:
                if (Rng.Chance(700))
                    return;
                Nodes.ForEach(n => n.Crash());
                break;
            case FaultKind.PoolLoss:
                node.EmptyPool();
                break;
            default: // the disk fails at its next write or sync
                node.Disk.Failing = kind;
                return;
        }
        Faults.Add(kind);
        Chart?.Note($"{FaultCounts.NameOf(kind)}");
    }

    /// <summary>
    /// One clock at a time: with a hostile majority of clocks no time is right. An hour makes transactions expire, a
    /// second makes a leader untimely. Alone, a validator would write the hour into its ledger.
    /// </summary>
    private bool TryJump(SimulatedNode node)
    {
        if (Scenario.Founders == 1 || Nodes.Exists(n => n.HasJumped))
            return false;
        int size = Rng.Below(3) switch { 0 => 3_600_000, 1 => 2_000, _ => 700 };
        node.JumpClock(Rng.Chance(500) ? size : -size);
        After((ulong)Rng.Between(100, 2_000) * 1_000, () => node.JumpClock(0));
        return true;
    }

    /// <summary>For a while messages of one type reach only one node, or all but one: decisions that only one sees.</summary>
    private void LoseOneKind(SimulatedNode spared)
    {
        byte type = (byte)Rng.Between(1, 6);
        bool toEveryoneElse = Rng.Chance(700);
        _network.Filter = (_, to, frame) => frame.Kind == type && (to != spared) == toEveryoneElse;
        After((ulong)Rng.Between(100, 2_500) * 1_000, _network.Join);
    }

    /// <summary>
    /// Only one node sees the Commits and decides; it tells nobody for a while, or goes away, and the others must come to
    /// the same decision in a later view.
    /// </summary>
    private void SplitDecision()
    {
        if (Rng.Chance(700) && Nodes.Exists(static n => n.Kind == NodeKind.Hostile))
            SplitBeforeHostileLeader(looks: 400);
        else
            Split(Nodes[Rng.Below(Nodes.Count)]);
    }

    /// <summary>Best for an attack: the leader is honest, and that of the next view is not.</summary>
    private void SplitBeforeHostileLeader(int looks)
    {
        if (!_chaos || looks == 0)
            return;
        foreach (SimulatedNode node in Nodes)
        {
            if (node.Kind != NodeKind.Honest || node.Core is not { } core || core.Leader != node.Index
                || Of(core.Leaders.Leader(core.View + 1))[0].Kind != NodeKind.Hostile)
                continue;
            Split(node);
            return;
        }
        After(5_000, () => SplitBeforeHostileLeader(looks - 1));
    }

    private void Split(SimulatedNode one)
    {
        Faults.Add(FaultKind.SplitDecision);
        (ulong height, uint view) = (one.Core?.Height ?? 0, one.Core?.View ?? 0);
        _network.Filter = (from, to, frame) => frame.Message switch
        {
            VoteMessage { Type: VoteType.Commit } commit => to != one && (commit.Height, commit.View) == (height, view),
            DecidedMessage or StatusMessage => from == one,
            _ => false,
        };
        After((ulong)Rng.Between(300, 3_000) * 1_000, _network.Join);
        if (Rng.Chance(300))
            WhileThingsGoWrong((ulong)Rng.Between(1, 300) * 1_000, () => _network.Isolate(one));
        else if (Rng.Chance(300) && Scenario.Has(FaultKind.CrashInStep))
            WhileThingsGoWrong((ulong)Rng.Between(1, 300) * 1_000, () => one.CrashAfterEffects(1 + Rng.Below(6)));
    }

    /// <summary>Does something later, unless all has been healed by then.</summary>
    private void WhileThingsGoWrong(ulong delayUs, Action action) => After(delayUs, () =>
    {
        if (_chaos)
            action();
    });
}
