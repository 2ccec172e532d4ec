namespace GovChain.Tests.Simulation;

/// <content>Nights in which all that was recorded expires, and nodes that miss them: who comes back then is best off with a snapshot.
/// </content>
internal sealed partial class RandomRun
{
    private const int MinuteMs = 60_000;
    private const int HorizonMinutes = 60; // the ledger's expiry horizon

    private readonly HashSet<int> _absent = [];

    /// <summary>The first day is calm, so that much is recorded; things go wrong from the first evening on.</summary>
    private void PlanNights()
    {
        int firstMs = Rng.Between(1_000, 2_500);
        _network.IsCalm = true;
        After((ulong)(firstMs - Rng.Below(300)) * 1_000, () =>
        {
            _network.IsCalm = false;
            Chaos();
        });
        if (Scenario.Has(FaultKind.Night))
        {
            After((ulong)firstMs * 1_000, () => Night(HorizonMinutes + Rng.Between(1, 10)));
            for (int more = Rng.Below(3); more > 0; more--)
                After((ulong)Rng.Between(firstMs, Scenario.DurationMs) * 1_000, () => Night(Rng.Between(5, HorizonMinutes + 10)));
        }
        if (!Scenario.Has(FaultKind.LongAbsence))
            return;
        if (Scenario.Changes && Rng.Chance(600))
            StayAway(Nodes[^1], firstMs); // the newcomer
        int absent = Rng.Between(1, Math.Max(1, Core.Model.Quorum.Faulty(Scenario.Validators)));
        List<SimulatedNode> missed = Nodes.FindAll(static n => n.Kind is NodeKind.Honest or NodeKind.Forgetful);
        for (int i = 0; i < absent; i++)
            Leave(missed[Rng.Below(missed.Count)], firstMs);
    }

    /// <summary>It has never run before it comes.</summary>
    private void StayAway(SimulatedNode node, int firstNightMs)
    {
        Faults.Add(FaultKind.LongAbsence);
        _absent.Add(node.Slot);
        After(ReturnUs(firstNightMs), () => Return(node));
    }

    private void Leave(SimulatedNode node, int firstNightMs)
    {
        ulong leavesUs = (ulong)Rng.Between(0, 500) * 1_000;
        ulong returnsUs = ReturnUs(firstNightMs);
        int how = Rng.Below(3);
        After(leavesUs, () =>
        {
            if (!_chaos)
                return;
            Faults.Add(FaultKind.LongAbsence);
            Chart?.Note($"{node.Slot} is away ({(how == 0 ? "down" : how == 1 ? "cut off" : "hears all too late")})");
            if (how == 2)
            {
                _network.HoldBack(node, returnsUs);
                return;
            }
            _network.TakeAway(node);
            if (how == 0)
            {
                _absent.Add(node.Slot);
                node.Crash();
            }
        });
        After(returnsUs, () => Return(node));
    }

    private ulong ReturnUs(int firstNightMs) => (ulong)Rng.Between(firstNightMs + 700, Scenario.DurationMs + 500) * 1_000;

    private void Return(SimulatedNode node)
    {
        Chart?.Note($"{node.Slot} is back");
        _network.BringBack(node);
        _absent.Remove(node.Slot);
        node.Start();
    }

    private void Night(int minutes)
    {
        if (!_chaos)
            return;
        Faults.Add(FaultKind.Night);
        Chart?.Note($"{minutes} minutes pass");
        Skip((ulong)minutes * MinuteMs);
        _clients.LetAllExpire();
    }

    private void DisturbSnapshots()
    {
        SimulatedNode node = Nodes[Rng.Below(Nodes.Count)];
        if (Rng.Chance(300))
            _clients.Repeat();
        if (Scenario.Has(FaultKind.SnapshotDropped) && Rng.Chance(300))
        {
            Faults.Add(FaultKind.SnapshotDropped);
            node.DropSnapshots();
        }
        if (Scenario.Has(FaultKind.CrashInInstall))
            Nodes.ForEach(static n => n.DieInstalling());
    }
}
