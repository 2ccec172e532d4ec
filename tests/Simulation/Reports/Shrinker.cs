namespace GovChain.Tests.Simulation;

/// <summary>
/// Makes a failing run smaller: leaves out faults, then time, transactions and validators, as long as the same promise is
/// broken.
/// </summary>
internal static class Shrinker
{
    /// <summary>The smallest failing run found; null if the seed does not fail.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="limits">What it leaves out to begin with.</param>
    /// <param name="progress">Told of each step that still fails.</param>
    public static RunResult? Shrink(ulong seed, ScenarioLimits limits, Action<RunResult> progress)
    {
        RunResult smallest = RandomRun.Run(seed, limits);
        if (smallest.Failure is null)
            return null;
        for (bool smaller = true; smaller;)
        {
            smaller = false;
            foreach (ScenarioLimits candidate in Candidates(smallest))
            {
                RunResult result = RandomRun.Run(seed, candidate);
                if (result.Invariant != smallest.Invariant)
                    continue;
                smallest = result;
                progress(result);
                smaller = true;
                break;
            }
        }
        return smallest;
    }

    private static IEnumerable<ScenarioLimits> Candidates(RunResult failing)
    {
        ScenarioLimits limits = failing.Limits;
        Scenario scenario = Scenario.Of(failing.Seed, limits);
        foreach (FaultKind kind in Enum.GetValues<FaultKind>().Where(scenario.Has))
            yield return limits with { Without = new SortedSet<FaultKind>(limits.Without) { kind } };
        if (scenario.DurationMs > 200)
        {
            yield return limits with { DurationMs = scenario.DurationMs / 2 };
            yield return limits with { DurationMs = scenario.DurationMs * 7 / 8 };
        }
        if (scenario.TransactionsMax > 1)
        {
            yield return limits with { Transactions = scenario.TransactionsMax / 2 };
            yield return limits with { Transactions = scenario.TransactionsMax - 1 };
        }
        if (scenario.Validators > 4)
            yield return limits with { Validators = scenario.Validators - 1 };
    }
}
