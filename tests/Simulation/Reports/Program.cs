using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace GovChain.Tests.Simulation;

/// <summary>The simulator from the command line.</summary>
internal static class Program
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static int Main(string[] args)
    {
        if (CommandLine.TryParse(args, out string? error) is not { } line)
        {
            Console.Error.WriteLine(error);
            Console.Error.WriteLine(CommandLine.Usage);
            return 2;
        }
        if (line.Help)
        {
            Console.WriteLine(CommandLine.Usage);
            return 0;
        }
        if (line.Sizes)
            return PrintSizes(line);
        if (line.Exhaustive is { } part)
            return ExhaustiveCommand.Run(part, line.Json);
        if (line.Twins is { } scenario)
            return DrawTwins(scenario);
        if (line.Play is { } name)
            return Play(name);
        if (line.Trace is { } trace)
            return Draw(trace, line.Limits);
        return line.Shrink is { } shrink ? Shrink(shrink, line.Limits) : RunSeeds(line);
    }

    private static int PrintSizes(CommandLine line)
    {
        SizeReport report = SizeCheck.Run(line.Limits.Validators ?? 50);
        if (line.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    validators = report.Validators,
                    messagesPerBlock = report.Block.Messages / report.Blocks,
                    bytesPerBlock = report.Block.Bytes / report.Blocks,
                    largestViewChange = report.ViewChange.Largest("view-change"),
                    largestProposalWithJustification = report.ViewChange.Largest("propose"),
                    coreMsPerBlock = Math.Round(report.CoreMsPerBlock, 2),
                },
                Indented));
            return 0;
        }
        Console.WriteLine($"{report.Validators} validators, Q = {Core.Model.Quorum.Size(report.Validators)}");
        Print($"one block in view 0 (mean of {report.Blocks})", report.Block, report.Blocks);
        Print("one block whose leader died when all had prepared it", report.ViewChange, 1);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"in the core of one validator, per block: {report.CoreMsPerBlock:F2} ms"));
        return 0;
    }

    private static void Print(string what, Traffic traffic, int blocks)
    {
        Console.WriteLine($"{what}: {traffic.Messages / blocks} messages, {traffic.Bytes / blocks} bytes");
        foreach ((string type, (long messages, long bytes, int largest)) in traffic.ByType)
            Console.WriteLine($"  {type,-12} {messages / blocks,8} messages {bytes / blocks,10} bytes, longest {largest}");
    }

    private static int Play(string name)
    {
        string[] names = [.. Transcript.Names()];
        bool all = name == "all";
        if (!all && !names.Contains(name))
        {
            Console.Error.WriteLine($"There is no transcript '{name}'. There are: {string.Join(", ", names)}.");
            return 2;
        }
        int failures = 0;
        foreach (string each in all ? names : [name])
        {
            try
            {
                ScriptedRun.Play(Transcript.Read(each), all ? null : new MessageChart(Console.Out));
            }
            catch (TranscriptException e)
            {
                Console.WriteLine(e.Message);
                failures++;
            }
        }
        Console.WriteLine($"{(all ? names.Length : 1)} transcripts, {failures} failures");
        return failures == 0 ? 0 : 1;
    }

    private static int DrawTwins(TwinsScenario scenario)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput());
        var chart = new MessageChart(output);
        string? failure = null;
        try
        {
            TwinsRun.Play(scenario, chart);
        }
        catch (InvariantException e)
        {
            failure = e.Message;
        }
        chart.End(failure);
        return failure is null ? 0 : 1;
    }

    private static int Draw(ulong seed, ScenarioLimits limits)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput());
        RunResult result = RandomRun.Run(seed, limits, new MessageChart(output));
        return result.Failure is null ? 0 : 1;
    }

    private static int Shrink(ulong seed, ScenarioLimits limits)
    {
        RunResult? smallest = Shrinker.Shrink(seed, limits, step => Console.WriteLine($"still fails:{step.Limits}"));
        if (smallest is null)
        {
            Console.WriteLine($"Seed {seed} keeps every promise.");
            return 0;
        }
        Console.WriteLine(SeedRunner.Describe(smallest));
        Console.WriteLine($"  {smallest.Reproduction.Replace("--seeds 1 --from", "--trace")}");
        return 1;
    }

    private static int RunSeeds(CommandLine line)
    {
        var clock = Stopwatch.StartNew();
        SeedReport report = SeedRunner.Run(line.From, line.Seeds, line.Limits, result => Tell(result, line.Json));
        double seconds = Math.Max(clock.Elapsed.TotalSeconds, 0.001);
        double hours = report.VirtualMs / 3_600_000.0;
        if (line.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    seeds = line.Seeds,
                    from = line.From,
                    failures = report.Failures.Select(
                        f => new { seed = f.Seed, failure = f.Failure, reproduce = f.Reproduction }),
                    seedsPerSecond = Math.Round(line.Seeds / seconds, 1),
                    seconds = Math.Round(seconds, 1),
                    faultsInjected = report.Faults.ByName(),
                    simulatedHours = Math.Round(hours, 2),
                    blocks = report.Blocks,
                    amnesiacsFound = report.Amnesiacs,
                    accusations = report.Accusations,
                    snapshotsInstalled = report.Installs,
                    seedsByValidators = report.BySize.ToDictionary(s => $"{s.Key}", s => s.Value),
                },
                Indented));
        }
        else
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{line.Seeds} seeds, {report.Failures.Count} failures, {line.Seeds / seconds:F1} seeds/s, "
                + $"{report.Faults.Total} faults, {hours:F2} simulated hours, {report.Blocks} blocks{(report.Installs > 0 ? $", {report.Installs} snapshots installed" : "")}"));
        }
        return report.Failures.Count == 0 ? 0 : 1;
    }

    /// <summary>A failure is told at once: long campaigns are stopped by hand.</summary>
    private static void Tell(RunResult result, bool json)
    {
        if (result.Failure is not null)
            (json ? Console.Error : Console.Out).WriteLine(SeedRunner.Describe(result));
    }
}
