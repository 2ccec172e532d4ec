namespace GovChain.Tests.Simulation;

/// <summary>What a number of runs gave.</summary>
internal sealed class SeedReport
{
    public List<RunResult> Failures { get; } = [];

    public FaultCounts Faults { get; } = new();

    public int Seeds { get; private set; }

    public ulong VirtualMs { get; private set; }

    public ulong Blocks { get; private set; }

    /// <summary>How often the validators changed.</summary>
    public ulong Epochs { get; private set; }

    public int Amnesiacs { get; private set; }

    public int Accusations { get; private set; }

    /// <summary>How often a snapshot took the place of a ledger.</summary>
    public int Installs { get; private set; }

    /// <summary>Runs by number of validators.</summary>
    public SortedDictionary<int, int> BySize { get; } = [];

    public void Add(RunResult result)
    {
        if (result.Failure is not null)
            Failures.Add(result);
        Seeds++;
        Faults.Add(result.Faults);
        VirtualMs += result.VirtualMs;
        Blocks += result.Height;
        Epochs += result.Epochs;
        Amnesiacs += result.Amnesiacs;
        Accusations += result.Accusations;
        Installs += result.Installs;
        BySize[result.Validators] = BySize.GetValueOrDefault(result.Validators) + 1;
    }
}

/// <summary>Runs seeds on all cores; each run is single-threaded and knows nothing of the others.</summary>
internal static class SeedRunner
{
    /// <param name="from">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="limits">What all of them leave out.</param>
    /// <param name="finished">Told of each run as it ends, on any thread.</param>
    public static SeedReport Run(ulong from, int count, ScenarioLimits limits, Action<RunResult>? finished = null)
    {
        var results = new RunResult[count];
        Parallel.For(0, count, i =>
        {
            results[i] = RandomRun.Run(from + (ulong)i, limits);
            finished?.Invoke(results[i]);
        });
        var report = new SeedReport();
        Array.ForEach(results, report.Add);
        return report;
    }

    /// <summary>The failure with the one line that reproduces it.</summary>
    public static string Describe(RunResult failure) =>
        $"seed {failure.Seed}: {failure.Failure}\n  {failure.Reproduction}";
}
