using GovChain.Consensus;

namespace GovChain.Tests.Simulation;

/// <summary>What goes wrong in one run, drawn from its seed.</summary>
internal sealed class Scenario
{
    public Scenario(ulong seed)
    {
        var rng = new Prng(seed ^ 0x5EED_0F_5CE7A210);
        // Four to seven in most runs: below, no validator may be faulty and there is less to go wrong.
        Validators = rng.Chance(850) ? rng.Between(4, 7) : rng.Between(1, 3);
        int f = GovChain.Core.Model.Quorum.Faulty(Validators);
        Faulty = rng.Chance(600) ? f : rng.Below(f + 1);
        FaultyForgets = rng.Chance(250);
        LossPerMille = rng.Chance(500) ? rng.Below(300) : 0;
        DuplicatePerMille = rng.Chance(500) ? rng.Below(300) : 0;
        SpikePerMille = rng.Chance(500) ? rng.Below(100) : 0;
        DelayMaxUs = rng.Chance(700) ? 5_000 : 100_000;
        ChaosEveryMs = rng.Between(80, 800);
        DurationMs = (ulong)rng.Between(4_000, 9_000);
        SubmitEveryMs = rng.Between(30, 400);
        CrashWeight = rng.Below(4);
        PartitionWeight = rng.Below(4);
        FilterWeight = rng.Below(4);
        SplitWeight = rng.Below(4);
        PoolWeight = rng.Below(2);
        RestartAllWeight = rng.Chance(300) ? 1 : 0;
        Parameters = new ConsensusParameters(
            BaseTimeoutMs: (ulong)rng.Between(150, 500),
            TimeoutCapMs: 4_000,
            LeaderBlocksMax: (uint)rng.Between(1, 12),
            TimePrecisionMs: 500,
            MessageDelayMs: (ulong)rng.Between(500, 5_000),
            BlockTransactionsMax: 8);
    }

    public int Validators { get; }

    public int Faulty { get; }

    /// <summary>The faulty ones lose their journals instead of being hostile.</summary>
    public bool FaultyForgets { get; }

    public int LossPerMille { get; }

    public int DuplicatePerMille { get; }

    public int SpikePerMille { get; }

    public int DelayMaxUs { get; }

    public int ChaosEveryMs { get; }

    public ulong DurationMs { get; }

    public int SubmitEveryMs { get; }

    public int CrashWeight { get; }

    public int PartitionWeight { get; }

    public int FilterWeight { get; }

    public int SplitWeight { get; }

    public int PoolWeight { get; }

    public int RestartAllWeight { get; }

    public ConsensusParameters Parameters { get; }
}
