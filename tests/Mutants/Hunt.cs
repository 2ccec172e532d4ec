using System.Collections.Concurrent;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Mutants;

/// <summary>What came of looking for a bug.</summary>
/// <param name="Bug">The bug.</param>
/// <param name="Seed">The first seed of 1, 2, 3 ... that finds it; null where a transcript does, or nothing.</param>
/// <param name="By">The promise whose break gave it away, or the transcript; null: it was not found.</param>
/// <param name="Failure">What was said.</param>
/// <param name="Innocent">False: the same seed or transcript fails without the bug, too, and so says nothing of it.</param>
internal sealed record Finding(Bug Bug, ulong? Seed, string? By, string? Failure, bool Innocent = true)
{
    public bool IsFound => By is not null && Innocent;
}

/// <summary>Switches a bug on and lets the simulator look for it.</summary>
internal static class Hunt
{
    /// <summary>Looks for a bug as the list says; seeds on all cores.</summary>
    /// <param name="bug">The bug.</param>
    /// <param name="seedsMax">How many seeds at most, whatever the list says; null: what the list says.</param>
    public static Finding For(Bug bug, int? seedsMax = null) => bug.Transcript is { } transcript && seedsMax is null
        ? Play(bug, transcript)
        : Run(bug, seedsMax ?? bug.SeedsMax);

    private static Finding Run(Bug bug, int seedsMax)
    {
        if (Switch.With(bug, () => FirstFailure(seedsMax)) is not { } found)
            return new Finding(bug, null, null, null);
        return new Finding(
            bug, found.Seed, found.Invariant, found.Failure, Innocent: RandomRun.Run(found.Seed).Failure is null);
    }

    private static RunResult? FirstFailure(int seedsMax)
    {
        var failures = new ConcurrentDictionary<ulong, RunResult>();
        // One after the other: in ranges, the last of them would run long before it is known that they are not needed.
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(1, seedsMax), EnumerablePartitionerOptions.NoBuffering),
            (seed, state) =>
            {
                RunResult result = RandomRun.Run((ulong)seed);
                if (result.Failure is null)
                    return;
                failures[result.Seed] = result;
                state.Break();
            });
        return failures.Count == 0 ? null : failures[failures.Keys.Min()];
    }

    private static Finding Play(Bug bug, string name)
    {
        string? failure = Switch.With(bug, () => FailureOf(name));
        return new Finding(
            bug, null, failure is null ? null : $"transcript {name}", failure, Innocent: FailureOf(name) is null);
    }

    private static string? FailureOf(string transcript)
    {
        try
        {
            ScriptedRun.Play(Transcript.Read(transcript));
            return null;
        }
        catch (TranscriptException e)
        {
            return e.Message;
        }
    }
}
