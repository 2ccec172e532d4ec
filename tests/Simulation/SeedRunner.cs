namespace GovChain.Tests.Simulation;

/// <summary>What a number of runs gave.</summary>
internal sealed record SeedReport(
    IReadOnlyList<RunResult> Failures, long Faults, ulong VirtualMs, ulong Blocks, int Amnesiacs);

/// <summary>Runs seeds side by side; each run is single-threaded and knows nothing of the others.</summary>
internal static class SeedRunner
{
    public static SeedReport Run(ulong from, int count)
    {
        var results = new RunResult[count];
        Parallel.For(0, count, i => results[i] = World.Run(from + (ulong)i));
        return new SeedReport(
            [.. results.Where(r => r.Failure is not null)],
            results.Sum(r => r.Faults),
            results.Aggregate(0UL, (sum, r) => sum + r.VirtualMs),
            results.Aggregate(0UL, (sum, r) => sum + r.Height),
            results.Sum(r => r.Amnesiacs));
    }

    /// <summary>The failure with the one line that reproduces it.</summary>
    public static string Describe(RunResult failure) =>
        $"seed {failure.Seed}: {failure.Failure}\n"
        + $"  dotnet run -c Release --project tests/Simulation -- --seeds 1 --from {failure.Seed}";
}
