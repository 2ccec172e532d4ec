using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace GovChain.Tests.Simulation;

/// <summary>What is tried in full.</summary>
internal enum ExhaustivePart
{
    Mutations,
    Twins,
    Journal,
    Model,
}

/// <summary>The exhaustive parts from the command line: what was counted, what failed, and how long it took.</summary>
internal static class ExhaustiveCommand
{
    private const double TellEverySeconds = 10;
    private const int JournalBlocks = 200;
    private const int SettledOfFull = 16;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Runs one part on all cores and prints its report.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(ExhaustivePart part, bool json)
    {
        var clock = Stopwatch.StartNew();
        double told = 0;
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        IReadOnlyList<string> failures = part switch
        {
            ExhaustivePart.Mutations => Mutations(counts, Tell),
            ExhaustivePart.Twins => Twins(counts, Tell),
            ExhaustivePart.Journal => Journal(counts, Tell),
            _ => Model(counts, Tell),
        };
        double seconds = clock.Elapsed.TotalSeconds;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { part = $"{part}".ToLowerInvariant(), counts, failures, seconds = Math.Round(seconds, 1) }, Indented));
        }
        else
        {
            foreach (string failure in failures)
                Console.WriteLine(failure);
            foreach ((string what, long count) in counts)
                Console.WriteLine($"{count,10} {what}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{failures.Count} failures, {seconds:F1} s"));
        }
        return failures.Count == 0 ? 0 : 1;

        void Tell(int done, int all)
        {
            lock (counts)
            {
                if (clock.Elapsed.TotalSeconds - told < TellEverySeconds)
                    return;
                told = clock.Elapsed.TotalSeconds;
            }
            Console.Error.WriteLine($"{done} of {all} after {told:F0} s");
        }
    }

    private static List<string> Mutations(SortedDictionary<string, long> counts, Action<int, int> tell)
    {
        MutationReport report = MutationCheck.Run(inFull: true, tell);
        counts["messages"] = report.Messages;
        counts["fields"] = report.Fields.Count;
        counts["changed messages"] = report.Mutations;
        counts["runs with what was accepted"] = report.Runs;
        foreach ((string outcome, int count) in report.Outcomes)
            counts[$"changed messages, {outcome}"] = count;
        return report.Failures;
    }

    private static string[] Journal(SortedDictionary<string, long> counts, Action<int, int> tell)
    {
        try
        {
            JournalReport report = JournalRun.Run(JournalBlocks, tell);
            counts["blocks"] = (long)report.Blocks;
            counts["journal records of four validators"] = report.Records;
            counts["restarts from saved prefixes"] = report.Restarts;
            counts["votes signed after restarts"] = report.Votes;
            counts["views left"] = report.ViewsLeft;
            return [];
        }
        catch (InvariantException e)
        {
            return [e.Message];
        }
    }

    private static List<string> Model(SortedDictionary<string, long> counts, Action<int, int> tell)
    {
        var failures = new List<string>();
        foreach (ModelScope scope in ModelCheck.Small(1).Concat(ModelCheck.Full(SettledOfFull)))
        {
            ModelReport report = ModelExplorer.Run(scope, tell);
            if (report.Failure is not null)
                failures.Add($"{report}");
            counts[$"{scope}: states"] = report.States;
            counts[$"{scope}: transitions"] = report.Transitions;
            counts[$"{scope}: depth"] = report.Depth;
            counts[$"{scope}: states of one validator"] = report.LocalStates;
            counts[$"{scope}: steps of production cores"] = report.CoreSteps;
            counts[$"{scope}: of these compared with another history"] = report.Compared;
            counts[$"{scope}: hostile proposals tried"] = report.Proposals.Tried;
            counts[$"{scope}: hostile proposals passed"] = report.Proposals.Passed;
            counts[$"{scope}: states in which a block is decided"] = report.Decided.Once;
            counts[$"{scope}: states in which it is decided in two views"] = report.Decided.Twice;
            counts[$"{scope}: states settled"] = report.Settled.States;
            counts[$"{scope}: longest settling, ms of the protocol"] = (long)report.Settled.LongestMs;
        }
        using var self = Process.GetCurrentProcess();
        counts["MiB of memory at the peak"] = self.PeakWorkingSet64 >> 20;
        return failures;
    }

    private static List<string> Twins(SortedDictionary<string, long> counts, Action<int, int> tell)
    {
        TwinsReport report = TwinsCheck.Run(TwinsSpace.Full(), tell);
        counts["scenarios"] = report.Scenarios;
        counts["scenarios in which the first block was decided again in a later view"] = report.DecidedAgain;
        counts["scenarios in which the twins were accused"] = report.Accused;
        foreach ((uint view, int count) in report.DecidedIn)
            counts[$"scenarios decided in view {view}"] = count;
        return report.Failures;
    }
}
