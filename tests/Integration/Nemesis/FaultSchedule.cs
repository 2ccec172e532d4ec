namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// The faults of a track, one after the other without end. They follow from seed and number of nodes alone; what the machine
/// makes of them does not.
/// </summary>
internal sealed class FaultSchedule
{
    private const int LongestClockJumpMs = 3_600_000;

    private static readonly (FaultKind Kind, int Weight)[] Processes =
    [
        (FaultKind.KillNode, 40), (FaultKind.KillLeader, 18), (FaultKind.KillAll, 6), (FaultKind.KillClient, 8),
        (FaultKind.Freeze, 12), (FaultKind.FullDisk, 3), (FaultKind.JournalBitFlipped, 3), (FaultKind.JournalTruncated, 3),
        (FaultKind.DataWiped, 3), (FaultKind.DataPutBack, 3), (FaultKind.MachineReplaced, 2),
    ];

    private static readonly (FaultKind Kind, int Weight)[] Network =
    [
        (FaultKind.Partition, 30), (FaultKind.Cut, 20), (FaultKind.OneWay, 25), (FaultKind.Delay, 12), (FaultKind.Loss, 13),
    ];

    private readonly (FaultKind Kind, int Weight)[] _kinds;
    private readonly int _nodes;
    private readonly Random _random;
    private readonly Queue<FaultKind> _first;

    /// <summary>A track of a run.</summary>
    public FaultSchedule(Track track, int nodes, int seed)
    {
        _nodes = nodes;
        _random = new Random(unchecked(seed * 3 + (int)track));
        _kinds = track switch
        {
            Track.Processes => Processes,
            Track.Network => Network,
            _ => [(FaultKind.ClockJump, 1)],
        };
        // Each kind once, so that a short run has them all; then by their weights.
        FaultKind[] all = [.. _kinds.Select(k => k.Kind)];
        _random.Shuffle(all);
        _first = new Queue<FaultKind>(all);
    }

    /// <summary>The next fault.</summary>
    public Fault Next()
    {
        FaultKind kind = _first.TryDequeue(out FaultKind first) ? first : Draw();
        int[] nodes = [.. Enumerable.Range(0, _nodes)];
        _random.Shuffle(nodes);
        // Drawn in this order for every kind, so that a change of one leaves the others as they are.
        double length = _random.NextDouble(), pause = _random.NextDouble(), amount = _random.NextDouble();
        bool patient = _random.Next(3) == 0; // kills come in storms: the next one often while nodes are still starting
        int group = 1 + _random.Next(Math.Max(1, _nodes / 2));
        return kind switch
        {
            FaultKind.KillAll => new Fault(kind, nodes, Between(0, 500, length), Between(500, 2_000, pause), 0, patient),
            FaultKind.Freeze => new Fault(kind, nodes[..1], Between(300, 9_000, length), Between(200, 1_500, pause), 0, true),
            FaultKind.ClockJump => new Fault(
                kind, nodes[..1], Between(2_000, 15_000, length), Between(2_000, 10_000, pause), Jump(amount), true),
            FaultKind.Partition or FaultKind.Cut or FaultKind.OneWay => new Fault(
                kind, nodes[..group], Between(500, 8_000, length), Between(500, 4_000, pause), 0, true),
            FaultKind.Delay => new Fault(
                kind, nodes[..group], Between(2_000, 8_000, length), Between(500, 3_000, pause), Between(5, 400, amount), true),
            FaultKind.Loss => new Fault(
                kind, nodes[..group], Between(2_000, 8_000, length), Between(500, 3_000, pause), Between(1, 40, amount), true),
            _ => new Fault(kind, nodes[..1], Between(0, 1_000, length), Between(100, 2_500, pause), (int)(amount * int.MaxValue), patient),
        };
    }

    private FaultKind Draw()
    {
        int dice = _random.Next(_kinds.Sum(k => k.Weight));
        return _kinds.First(k => (dice -= k.Weight) < 0).Kind;
    }

    private static int Between(int least, int most, double at) => least + (int)((most - least) * at);

    /// <summary>Ahead or behind by 50 ms to an hour, as often by little as by much.</summary>
    private static int Jump(double at)
    {
        double size = Math.Abs(at - 0.5) * 2;
        int ms = (int)(50 * Math.Pow(LongestClockJumpMs / 50.0, size));
        return at < 0.5 ? -ms : ms;
    }
}
