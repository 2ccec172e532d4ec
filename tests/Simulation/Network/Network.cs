namespace GovChain.Tests.Simulation;

/// <summary>
/// Links between processes, each way apart: they lose, delay, reorder and duplicate, are cut, or hold back for a while.
/// </summary>
internal sealed class Network(RandomRun run)
{
    private const ulong LatencyMinUs = 100;
    private const int DelayMaxUs = 2_000_000;

    private bool[,] _cut = new bool[0, 0];
    private ulong[,] _cloggedUntilUs = new ulong[0, 0];
    private readonly HashSet<int> _away = [];

    /// <summary>How many processes there are.</summary>
    public int Size
    {
        get => _cut.GetLength(0);
        set
        {
            _cut = new bool[value, value];
            _cloggedUntilUs = new ulong[value, value];
        }
    }

    /// <summary>Nothing is lost but on links that are cut, and nothing takes longer than ten milliseconds.</summary>
    public bool IsCalm { get; set; }

    /// <summary>Loses what it says true to, while it stands: from, to, consensus message.</summary>
    public Func<SimulatedNode, SimulatedNode, ConsensusFrame, bool>? Filter { get; set; }

    /// <summary>Two groups; both ways, or one does not hear the other.</summary>
    public void Partition(Prng rng, bool oneWay)
    {
        var side = new bool[Size];
        for (int i = 0; i < Size; i++)
            side[i] = rng.Chance(500);
        for (int from = 0; from < Size; from++)
        {
            for (int to = 0; to < Size; to++)
                _cut[from, to] |= side[from] != side[to] && (!oneWay || side[from]);
        }
    }

    public void Isolate(SimulatedNode node)
    {
        for (int i = 0; i < Size; i++)
            _cut[node.Slot, i] = _cut[i, node.Slot] = true;
    }

    /// <summary>A process hears nobody and nobody hears it, whatever else is joined again, until it is back.</summary>
    public void TakeAway(SimulatedNode node) => _away.Add(node.Slot);

    public void BringBack(SimulatedNode node) => _away.Remove(node.Slot);

    /// <summary>All that a process is sent reaches it together at a time.</summary>
    public void HoldBack(SimulatedNode node, ulong untilUs)
    {
        for (int from = 0; from < Size; from++)
            _cloggedUntilUs[from, node.Slot] = untilUs;
    }

    /// <summary>Some links deliver nothing for a while and then all that was sent.</summary>
    public void Clog(Prng rng, ulong forUs)
    {
        for (int from = 0; from < Size; from++)
        {
            for (int to = 0; to < Size; to++)
            {
                if (rng.Chance(300))
                    _cloggedUntilUs[from, to] = run.NowUs + forUs;
            }
        }
    }

    public void Join()
    {
        Array.Clear(_cut);
        Filter = null;
    }

    /// <summary>From now on it is calm.</summary>
    public void Heal()
    {
        Join();
        Array.Clear(_cloggedUntilUs);
        _away.Clear();
        IsCalm = true;
    }

    public void Send(SimulatedNode from, SimulatedNode to, Frame frame)
    {
        Scenario s = run.Scenario;
        Prng rng = run.Rng;
        bool isCut = _cut[from.Slot, to.Slot] || _away.Contains(from.Slot) || _away.Contains(to.Slot);
        if (IsCalm && !isCut)
        {
            Deliver(from, to, frame, Hurries(from, frame) ? LatencyMinUs : (ulong)rng.Between((int)LatencyMinUs, 10_000));
            return;
        }
        if (!IsCalm && s.Has(FaultKind.Loss) && rng.Chance(s.LossPerMille))
        {
            run.Faults.Add(FaultKind.Loss);
            run.Chart?.Lost(from, to, frame, "lost");
            return;
        }
        if (isCut)
        {
            run.Chart?.Lost(from, to, frame, "cut");
            return;
        }
        if (Filter is { } filter && frame is ConsensusFrame c && filter(from, to, c))
        {
            run.Chart?.Lost(from, to, frame, "filtered");
            return;
        }
        Deliver(from, to, frame, Hurries(from, frame) ? LatencyMinUs : Latency());
        if (s.Has(FaultKind.Duplication) && rng.Chance(s.DuplicatePerMille))
        {
            run.Faults.Add(FaultKind.Duplication);
            Deliver(from, to, frame, Latency());
        }
    }

    /// <summary>Who is fastest is asked for most parts: a hostile one wants to be.</summary>
    private bool Hurries(SimulatedNode from, Frame frame) =>
        run.Scenario.Snapshots && from.Kind == NodeKind.Hostile && frame is (SnapshotGiven or BlockResponse);

    private ulong Latency()
    {
        Scenario s = run.Scenario;
        if (!s.Has(FaultKind.Delay) || !run.Rng.Chance(s.DelayPerMille))
            return (ulong)run.Rng.Between((int)LatencyMinUs, s.LatencyMaxUs);
        run.Faults.Add(FaultKind.Delay);
        return (ulong)run.Rng.Between((int)LatencyMinUs, DelayMaxUs);
    }

    private void Deliver(SimulatedNode from, SimulatedNode to, Frame frame, ulong delayUs)
    {
        ulong clogged = _cloggedUntilUs[from.Slot, to.Slot];
        ulong waitUs = clogged > run.NowUs ? clogged - run.NowUs : 0;
        run.After(waitUs + delayUs, () =>
        {
            run.Chart?.Delivered(from, to, frame);
            to.Receive(from.Index, frame);
        });
    }
}
