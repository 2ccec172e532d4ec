using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Mutants;

/// <summary>Is the checker any good? Each known bug is switched on by itself, and the simulator must find it.</summary>
internal static class Program
{
    private const string Usage =
        """
        usage: dotnet run -c Release --project tests/Mutants -- [--bug NAME] [--seeds N] [--json]
               dotnet run -c Release --project tests/Mutants -- --bug NAME --trace SEED

          --bug NAME     this bug only; without it all of tests/Mutants/bugs.txt
          --seeds N      look for so many seeds at most, instead of as many as the list allows each bug
          --trace SEED   draw the run of a seed with the bug as a message chart
          --list         print the bugs
          --json         the report as JSON

        Exit code 0: every bug was found; 1: one was not; 2: the command line is wrong.
        """;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static int Main(string[] args)
    {
        IReadOnlyList<Bug> bugs = BugList.All;
        int? seeds = null;
        ulong? trace = null;
        bool json = false, list = false;
        for (int i = 0; i < args.Length; i++)
        {
            string value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--json":
                    json = true;
                    break;
                case "--list":
                    list = true;
                    break;
                case "-h" or "--help":
                    Console.WriteLine(Usage);
                    return 0;
                case "--bug" when BugList.Named(value) is { } named:
                    bugs = [named];
                    i++;
                    break;
                case "--bug":
                    return Refuse($"There is no bug '{value}'; --list has them all.");
                case "--seeds" when int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number > 0:
                    seeds = number;
                    i++;
                    break;
                case "--trace" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong seed):
                    trace = seed;
                    i++;
                    break;
                default:
                    return Refuse($"'{args[i]}' is no option, or its value is missing or wrong.");
            }
        }
        if (trace is { } drawn)
            return bugs.Count == 1 ? Draw(bugs[0], drawn) : Refuse("--trace needs --bug.");
        if (list)
        {
            foreach (Bug bug in bugs)
                Console.WriteLine($"{bug.Name,-32} {bug.What} ({bug.Source}; {bug.Breaks}; {bug.Found})");
            return 0;
        }
        return LookFor(bugs, seeds, json);
    }

    private static int LookFor(IReadOnlyList<Bug> bugs, int? seeds, bool json)
    {
        var findings = new List<Finding>();
        if (!json)
            Console.WriteLine("| bug | source | breaks | first seed | of at most | found by | transcripts that fail |\n|--|--|--|--|--|--|--|");
        var clock = Stopwatch.StartNew();
        foreach (Bug bug in bugs)
        {
            Finding finding = Hunt.For(bug, seeds ?? bug.SeedsMax);
            findings.Add(finding);
            if (!json)
                Console.WriteLine(RowOf(finding, seeds));
        }
        int missed = findings.Count(f => !f.IsFound);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    bugs = findings.Count,
                    found = findings.Count - missed,
                    seconds = Math.Round(clock.Elapsed.TotalSeconds, 1),
                    findings = findings.Select(f => new
                    {
                        name = f.Bug.Name,
                        bug = f.Bug.What,
                        source = f.Bug.Source,
                        breaks = f.Bug.Breaks,
                        isFound = f.IsFound,
                        seed = f.Seed,
                        seedsMax = seeds ?? f.Bug.SeedsMax,
                        by = f.By,
                        failure = f.Failure,
                        transcripts = f.Transcripts,
                    }),
                },
                Indented));
        }
        else
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{findings.Count - missed} of {findings.Count} bugs found in {clock.Elapsed.TotalSeconds:F0} s"));
        }
        return missed == 0 ? 0 : 1;
    }

    private static string RowOf(Finding f, int? seeds)
    {
        string by = f switch
        {
            { By: null } => "NOT FOUND",
            { Innocent: false } => $"NOTHING: without the bug it fails, too: {f.Failure}",
            _ => f.By,
        };
        return $"| `{f.Bug.Name}`: {f.Bug.What} | {f.Bug.Source} | {f.Bug.Breaks} | {(f.Seed is { } seed ? seed : "-")} "
            + $"| {(seeds ?? f.Bug.SeedsMax) switch { 0 => "-", int max => max }} | {by} "
            + $"| {f.Transcripts.Count switch { 0 => "-", > 3 => f.Transcripts.Count, _ => $"`{string.Join("`, `", f.Transcripts)}`" }} |";
    }

    private static int Draw(Bug bug, ulong seed)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput());
        RunResult result = Switch.With(bug, () => RandomRun.Run(seed, bug.Limits, new MessageChart(output)));
        return result.Failure is null ? 0 : 1;
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine(why);
        Console.Error.WriteLine(Usage);
        return 2;
    }
}
