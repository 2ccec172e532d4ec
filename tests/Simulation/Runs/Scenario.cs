using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>What a run is made of, drawn from its seed: sizes, timings, and which faults may happen how often.</summary>
internal sealed record Scenario
{
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(static k => !FaultCounts.IsOfSnapshots(k))];

    private static readonly FaultKind[] SnapshotKinds = [.. Enum.GetValues<FaultKind>().Where(FaultCounts.IsOfSnapshots)];

    public required ulong Seed { get; init; }

    public required int Validators { get; init; }

    /// <summary>Those that found the ledger: all, or, where the validators change, all but the last.</summary>
    public int Founders => Changes ? Validators - 1 : Validators;

    /// <summary>The validators change: the last one comes and goes, and keys are replaced.</summary>
    public bool Changes { get; init; }

    /// <summary>What each validator is that is not honest, by index; at most f of them.</summary>
    public required IReadOnlyDictionary<int, NodeKind> Faulty { get; init; }

    /// <summary>The faults that may happen.</summary>
    public required IReadOnlySet<FaultKind> Faults { get; init; }

    public required int LossPerMille { get; init; }

    public required int DuplicatePerMille { get; init; }

    public required int DelayPerMille { get; init; }

    /// <summary>Of a message that nothing happens to.</summary>
    public required int LatencyMaxUs { get; init; }

    /// <summary>About so often something is done to the network, a clock, a process or a disk.</summary>
    public required int ChaosEveryMs { get; init; }

    /// <summary>How long things go wrong, before all is healed.</summary>
    public required int DurationMs { get; init; }

    public required int SubmitEveryMs { get; init; }

    public required int TransactionsMax { get; init; }

    /// <summary>K: blocks one leader leads in a row.</summary>
    public required uint LeaderBlocksMax { get; init; }

    public required ConsensusParameters Parameters { get; init; }

    /// <summary>
    /// Hostile validators have a plan: when only one has seen a decision, the leader of the next view proposes something else.
    /// </summary>
    public bool IsAttack { get; init; }

    /// <summary>Signatures are those of real ledgers.</summary>
    public bool RealSignatures { get; init; }

    /// <summary>Nodes that are far behind join by snapshot.</summary>
    public bool Snapshots => SnapshotLag > 0;

    /// <summary>Blocks behind from which on a snapshot is thought of; 0: never.</summary>
    public ulong SnapshotLag { get; init; }

    /// <summary>Snapshots are held of heights that are multiples of this.</summary>
    public ulong SnapshotSpacing { get; init; } = 64;

    /// <summary>How long one that is asked for is held, milliseconds.</summary>
    public ulong SnapshotFetchMs { get; init; }

    public bool Has(FaultKind kind) => Faults.Contains(kind);

    /// <summary>What a seed stands for, with what the command line leaves out or shortens.</summary>
    public static Scenario Of(ulong seed, ScenarioLimits limits)
    {
        var rng = new Prng(seed ^ 0x5A_0F_A57EEA5E0);
        bool changes = limits.Changes || (limits.Snapshots && rng.Chance(350));
        Scenario drawn = Draw(seed, limits.Validators, changes);
        if (limits.Snapshots)
        {
            // Of fewer than four nobody can be missed.
            drawn = WithSnapshots(drawn.Validators >= 4 || limits.Validators is not null ? drawn : Draw(seed, 4, changes), rng);
        }
        return drawn with
        {
            Faults = drawn.Faults.Except(limits.Without).ToHashSet(),
            Faulty = limits.Without.Contains(FaultKind.Twin)
                ? drawn.Faulty.Where(f => f.Value != NodeKind.Twin).ToDictionary()
                : drawn.Faulty,
            DurationMs = Math.Min(drawn.DurationMs, limits.DurationMs),
            TransactionsMax = Math.Min(drawn.TransactionsMax, limits.Transactions),
            RealSignatures = limits.RealSignatures,
        };
    }

    /// <summary>Nothing goes wrong by chance.</summary>
    public static Scenario WithoutFaults(int validators) => new()
    {
        Seed = 1,
        Validators = validators,
        Faulty = new Dictionary<int, NodeKind>(),
        Faults = new HashSet<FaultKind>(),
        LossPerMille = 0,
        DuplicatePerMille = 0,
        DelayPerMille = 0,
        LatencyMaxUs = 0,
        ChaosEveryMs = 0,
        DurationMs = 0,
        SubmitEveryMs = 0,
        TransactionsMax = 0,
        LeaderBlocksMax = 256,
        Parameters = new ConsensusParameters(TimeoutCapMs: 4_000, BlockTransactionsMax: 8),
    };

    /// <summary>Many blocks, nights between them, and nodes that miss most of it.</summary>
    private static Scenario WithSnapshots(Scenario drawn, Prng rng)
    {
        var faults = drawn.Faults.ToHashSet();
        faults.UnionWith([FaultKind.Night, FaultKind.LongAbsence]);
        faults.UnionWith(SnapshotKinds.Where(_ => rng.Chance(800)));
        if (rng.Chance(500))
            faults.Add(FaultKind.DiskLost);
        // Lies are what is to be seen here, more than what one forgets.
        bool lie = rng.Chance(750);
        Dictionary<int, NodeKind> liars = drawn.Faulty.ToDictionary(static f => f.Key, static _ => NodeKind.Hostile);
        if (liars.Count == 0 && Quorum.Faulty(drawn.Changes ? drawn.Validators - 1 : drawn.Validators) > 0)
            liars.Add(rng.Below(drawn.Validators), NodeKind.Hostile);
        return drawn with
        {
            Faults = faults,
            Faulty = lie ? liars : drawn.Faulty,
            LossPerMille = drawn.LossPerMille / 4,
            LatencyMaxUs = 5_000,
            ChaosEveryMs = rng.Between(300, 1_500),
            DurationMs = rng.Between(4_000, 7_000),
            SubmitEveryMs = rng.Between(8, 20),
            TransactionsMax = 400,
            Parameters = drawn.Parameters with { BlockTransactionsMax = (uint)rng.Between(3, 8) },
            SnapshotLag = (ulong)rng.Between(6, 16),
            SnapshotSpacing = (ulong)rng.Between(2, 6),
            SnapshotFetchMs = (ulong)rng.Between(300, 4_000),
        };
    }

    private static Scenario Draw(ulong seed, int? validators, bool changes)
    {
        var rng = new Prng(seed ^ 0x5EED_0F_5CE7A210);
        int n = DrawSize(rng);
        n = validators ?? n;
        if (changes)
            n = Math.Max(n, 2);
        var faults = new HashSet<FaultKind>();
        // Half of the kinds in a run: with all of them nothing goes on for long.
        foreach (FaultKind kind in Kinds)
        {
            if (rng.Chance(500))
                faults.Add(kind);
        }
        // In some runs as many blocks as can be: long journals, many leaders, pruning.
        bool quick = rng.Chance(80);
        Dictionary<int, NodeKind> faulty = DrawFaulty(rng, n, Quorum.Faulty(changes ? n - 1 : n));
        bool attack = faulty.ContainsValue(NodeKind.Hostile) && rng.Chance(400);
        if (attack)
            faults.UnionWith([FaultKind.SplitDecision, FaultKind.DroppedPrepared, FaultKind.VotesForAll]);
        return new Scenario
        {
            Seed = seed,
            Validators = n,
            Changes = changes,
            Faulty = faulty,
            IsAttack = attack,
            Faults = faults,
            LossPerMille = rng.Below(attack ? 30 : 300),
            DuplicatePerMille = rng.Below(300),
            DelayPerMille = rng.Below(100),
            LatencyMaxUs = rng.Chance(700) ? 5_000 : 100_000,
            ChaosEveryMs = rng.Between(80, 800),
            DurationMs = rng.Between(2_500, 6_000),
            SubmitEveryMs = quick ? rng.Between(5, 15) : rng.Between(30, 400),
            TransactionsMax = quick ? 150 : 60,
            LeaderBlocksMax = (uint)rng.Between(1, 12),
            Parameters = new ConsensusParameters(
                BaseTimeoutMs: (ulong)rng.Between(150, 500),
                TimeoutCapMs: (ulong)rng.Between(800, 4_000),
                TimePrecisionMs: 500,
                MessageDelayMs: (ulong)rng.Between(500, 5_000),
                BlockTransactionsMax: quick ? 1U : 8U,
                ForwardTimeoutMs: (ulong)rng.Between(300, 1_000),
                ComplaintTimeoutMs: (ulong)rng.Between(1_000, 3_000)),
        };
    }

    /// <summary>Mostly four to seven: below, no validator may be faulty; above, a run costs more and shows little else.
    /// </summary>
    private static int DrawSize(Prng rng)
    {
        ReadOnlySpan<byte> sizes =
        [
            1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 8, 8, 8, 9, 10, 10,
        ];
        return sizes[rng.Below(sizes.Length)];
    }

    private static Dictionary<int, NodeKind> DrawFaulty(Prng rng, int n, int f)
    {
        int count = rng.Chance(600) ? f : rng.Below(f + 1);
        bool mixed = rng.Chance(300);
        NodeKind kind = DrawKind(rng);
        var faulty = new Dictionary<int, NodeKind>();
        while (faulty.Count < count)
            faulty.TryAdd(rng.Below(n), mixed ? DrawKind(rng) : kind);
        return faulty;
    }

    private static NodeKind DrawKind(Prng rng) => rng.Below(10) switch
    {
        < 3 => NodeKind.Forgetful,
        < 4 => NodeKind.Twin,
        _ => NodeKind.Hostile,
    };
}

/// <summary>What a run leaves out of its scenario: how a failure is made smaller.</summary>
internal sealed record ScenarioLimits
{
    public static ScenarioLimits None { get; } = new();

    /// <summary>Faults that do not happen.</summary>
    public IReadOnlySet<FaultKind> Without { get; init; } = new SortedSet<FaultKind>();

    /// <summary>How many validators, whatever the seed says.</summary>
    public int? Validators { get; init; }

    public int DurationMs { get; init; } = int.MaxValue;

    public int Transactions { get; init; } = int.MaxValue;

    public bool RealSignatures { get; init; }

    /// <summary>The validators change in the course of the run.</summary>
    public bool Changes { get; init; }

    /// <summary>Nodes that are far behind join by snapshot.</summary>
    public bool Snapshots { get; init; }

    /// <summary>As options of the command line.</summary>
    public override string ToString() =>
        (Validators is { } n ? $" --validators {n}" : "")
        + (Without.Count > 0 ? $" --without {string.Join(',', Without.Select(FaultCounts.NameOf))}" : "")
        + (DurationMs < int.MaxValue ? $" --duration-ms {DurationMs}" : "")
        + (Transactions < int.MaxValue ? $" --transactions {Transactions}" : "")
        + (RealSignatures ? " --ecdsa" : "") + (Changes ? " --changes" : "") + (Snapshots ? " --snapshots" : "");
}
