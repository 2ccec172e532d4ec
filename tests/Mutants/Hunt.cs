using System.Collections.Concurrent;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Mutants;

/// <summary>What came of looking for a bug.</summary>
/// <param name="Bug">The bug.</param>
/// <param name="Seed">The first seed of 1, 2, 3 ... that finds it; null where a transcript does, or nothing.</param>
/// <param name="By">The promise whose break gave it away, or the transcript; null: it was not found.</param>
/// <param name="Failure">What was said.</param>
/// <param name="Transcripts">The transcripts that fail with it.</param>
/// <param name="Innocent">False: the same seed or transcript fails without the bug, too, and so says nothing of it.</param>
internal sealed record Finding(Bug Bug, ulong? Seed, string? By, string? Failure, IReadOnlyList<string> Transcripts, bool Innocent = true)
{
    public bool IsFound => By is not null && Innocent;
}

/// <summary>Switches a bug on and lets the simulator look for it.</summary>
internal static class Hunt
{
    /// <summary>Looks for a bug as the list says; seeds on all cores, and all transcripts.</summary>
    /// <param name="bug">The bug.</param>
    /// <param name="seedsMax">How many seeds at most; 0: none, and the transcripts must find it.</param>
    public static Finding For(Bug bug, int seedsMax)
    {
        string[] transcripts = Switch.With(bug, static () => Transcript.Names().Where(Fails).ToArray());
        if (Switch.With(bug, () => FirstFailure(seedsMax, bug.Limits)) is { } found)
        {
            return new Finding(bug, found.Seed, found.Invariant, found.Failure, transcripts,
                Innocent: RandomRun.Run(found.Seed, bug.Limits).Failure is null);
        }
        return seedsMax == 0 && transcripts.Length > 0
            ? new Finding(bug, null, "transcript", null, transcripts, Innocent: !transcripts.Any(Fails))
            : new Finding(bug, null, null, null, transcripts);
    }

    /// <summary>Whether a transcript does not do what it says, with whatever bug is on.</summary>
    public static bool Fails(string transcript)
    {
        try
        {
            ScriptedRun.Play(Transcript.Read(transcript));
            return false;
        }
        catch (Exception)
        {
            return true;
        }
    }

    private static RunResult? FirstFailure(int seedsMax, ScenarioLimits limits)
    {
        var failures = new ConcurrentDictionary<ulong, RunResult>();
        // One after the other: in ranges, the last of them would run long before it is known that they are not needed.
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(1, seedsMax), EnumerablePartitionerOptions.NoBuffering),
            (seed, state) =>
            {
                RunResult result = RandomRun.Run((ulong)seed, limits);
                if (result.Failure is null)
                    return;
                failures[result.Seed] = result;
                state.Break();
            });
        return failures.IsEmpty ? null : failures[failures.Keys.Min()];
    }
}
