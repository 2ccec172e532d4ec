using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Node.Benching;
using GovChain.Node.Devnet;
using GovChain.Node.Signatures;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain bench</c>: what this machine does: networks of real processes, votes and disks, and signatures, hashes and trees alone.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure a network of real processes, or signatures, hashes and trees alone, on this machine") { Load(), Flood(), Failover(), CatchUp(), Crypto() };

    private static Command Load()
    {
        Option<int> departments = Number("--departments", "How many departments, one process each", 4, 1, DevnetLayout.DepartmentsMax);
        Option<int> records = Number("--records", "How many records are measured, all departments together", 10_000, 1, LoadOptions.RecordsMax);
        Option<int> size = Number("--size", "A record's content, bytes", 512, LoadOptions.ContentBytesMin, LoadOptions.ContentBytesMax);
        Option<int> warmUp = Number("--warm-up", "Records before the clock starts", 1_000, 0, LoadOptions.RecordsMax);
        Option<int> window = Number("--window", "Records under way at once, for each department", 256, 1, LoadOptions.WindowMax);
        Option<int> seed = Number("--seed", "Chooses contents and the receipts that are verified", 1, 0, int.MaxValue);
        Option<SignatureEngine> engine = EngineOption.Create();
        Option<string?> directory = DirectoryOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("load",
            "Submit records through every department at once and measure what is committed. All envelopes are signed before the "
            + "clock starts; afterwards receipts are verified and one node is audited.")
            { departments, records, size, warmUp, window, seed, engine, directory, json };
        command.SetAction(async (result, cancellation) =>
        {
            var options = new LoadOptions(
                result.GetValue(departments), result.GetValue(records), result.GetValue(size), result.GetValue(warmUp),
                result.GetValue(window), result.GetValue(seed), result.GetValue(engine));
            bool asJson = result.GetValue(json);
            Say(asJson, $"Starting {options.Departments} departments ...");
            await using BenchNetwork bench = await BenchNetwork.StartAsync(
                result.GetValue(directory), options.Departments, options.Engine, cancellation);
            LoadReport report = await WithProgressAsync(asJson, (say, progress) => new LoadBench(options, say, progress).RunAsync(bench, cancellation));
            if (asJson)
                Output.Json(report.ToJson());
            else
                Print(report);
            return report.Ok ? ExitCode.Ok : ExitCode.ProblemsFound;
        });
        return command;
    }

    private static Command Flood()
    {
        Option<int> departments = Number("--departments", "How many departments, one process each", 4, 4, DevnetLayout.DepartmentsMax);
        Option<int> seconds = Number("--seconds", "How long the measured department sends, alone and then under the flood", 60, 5, 3_600);
        Option<int> perSecond = Number("--per-second", "What it sends a second: its fair share, or less", 200, 1, 10_000);
        Option<int> floodRecords = Number("--flood-records", "New records that the flood has; then it repeats them", 100_000, 1_000, LoadOptions.RecordsMax);
        Option<int> size = Number("--size", "A record's content, bytes", 512, LoadOptions.ContentBytesMin, LoadOptions.ContentBytesMax);
        Option<int> seed = Number("--seed", "Chooses contents and the receipts that are verified", 1, 0, int.MaxValue);
        Option<string?> directory = DirectoryOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("flood",
            "Measure what one department's flood does to another: how long records of one that keeps to its share take, alone, and while a clerk of another "
            + "sends new, repeated and forged records as fast as all nodes' doors let it. Afterwards receipts are verified and one node is audited.")
            { departments, seconds, perSecond, floodRecords, size, seed, directory, json };
        command.SetAction(async (result, cancellation) =>
        {
            bool asJson = result.GetValue(json);
            var options = new FloodOptions(
                result.GetValue(departments), result.GetValue(seconds), result.GetValue(perSecond), result.GetValue(floodRecords),
                result.GetValue(size), result.GetValue(seed));
            if (options.RecordsPerPhase > LoadOptions.RecordsMax)
                throw new CommandException(ExitCode.Usage, $"--seconds times --per-second are {options.RecordsPerPhase} records; {LoadOptions.RecordsMax} at most are signed ahead.");
            Say(asJson, $"Starting {options.Departments} departments ...");
            await using BenchNetwork bench = await BenchNetwork.StartAsync(
                result.GetValue(directory), options.Departments, SignatureEngine.Auto, cancellation);
            FloodReport report = await new FloodBench(options, text => Say(asJson, text)).RunAsync(bench, cancellation);
            if (asJson)
                Output.Json(report.ToJson());
            else
                Print(report);
            return report.Ok ? ExitCode.Ok : ExitCode.ProblemsFound;
        });
        return command;
    }

    private static Command Failover()
    {
        Option<int> departments = Number("--departments", "How many departments, one process each", 4, 4, DevnetLayout.DepartmentsMax);
        Option<int> rounds = Number("--rounds", "How often the leader is killed", 3, 1, 100);
        Option<string?> directory = DirectoryOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("failover",
            "Kill the leader's process and measure how long it takes until the others commit a block without it.")
            { departments, rounds, directory, json };
        command.SetAction(async (result, cancellation) =>
        {
            bool asJson = result.GetValue(json);
            int count = result.GetValue(departments);
            Say(asJson, $"Starting {count} departments ...");
            await using BenchNetwork bench = await BenchNetwork.StartAsync(
                result.GetValue(directory), count, SignatureEngine.Auto, cancellation);
            IReadOnlyList<double> times =
                await new FailoverBench(bench, text => Say(asJson, text)).RunAsync(result.GetValue(rounds), cancellation);
            double median = LoadReport.Quantile([.. times.Order()], 0.5);
            Say(asJson, $"Median of {times.Count}: {median:F0} ms from the leader's SIGKILL to the next block.");
            if (asJson)
            {
                Output.Json(new JsonObject
                {
                    ["failoverMs"] = Math.Round(median),
                    ["roundsMs"] = new JsonArray([.. times.Select(t => (JsonNode)Math.Round(t))]),
                    ["departments"] = count,
                    ["processors"] = Environment.ProcessorCount,
                });
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CatchUp()
    {
        Option<int> records = Number("--records", "Records of the history", 20_000, 1_000, 2_000_000);
        Option<int> versions = Number("--versions", "Versions of each: more old blocks, and the same state", 1, 1, 100);
        Option<int> block = Number("--block-records", "Transactions in a block of the history", 50, 1, 5_000);
        Option<int> load = Number("--load", "Records committed to measure the commit rate; 0: that and catch-up by blocks are left out", 3_000, 0, 100_000);
        Option<string?> directory = DirectoryOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("catchup",
            "Give three departments a long history, made without voting but executed and certified, and measure how a fourth whose disk was wiped "
            + "comes back: block by block, and by snapshot (expiry horizon one minute).")
            { records, versions, block, load, directory, json };
        command.SetAction(async (result, cancellation) =>
        {
            bool asJson = result.GetValue(json);
            var options = new CatchUpOptions(
                result.GetValue(records), result.GetValue(versions), result.GetValue(block), result.GetValue(load));
            CatchUpReport report = await new CatchUpBench(options, text => Say(asJson, text)).RunAsync(result.GetValue(directory), cancellation);
            if (asJson)
                Output.Json(report.ToJson());
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Crypto()
    {
        Option<int> seconds = Number("--seconds", "How long is measured", 25, 10, 3_600);
        Option<bool> json = Output.JsonOption();
        var command = new Command("crypto",
            "Measure what cryptography costs. Verifying a signature: the engine on each of this processor's paths, the platform's ECDSA and, "
            + "where the system has it, libsecp256k1. Hashing, the log's tree and the state tree: each beside the platform's hash or a simple "
            + "tree. Each in turn in slices of some milliseconds; the best slice counts. Before that the root of 1,000,000 leaves of 512 bytes, "
            + "each way as often as eight seconds allow. Ratios say how many times faster this program's own is. Some 1.5 GB of memory are used.")
            { seconds, json };
        command.SetAction((result, cancellation) =>
        {
            bool asJson = result.GetValue(json);
            using var bench = new CryptoBench();
            CryptoReport report = bench.Run(TimeSpan.FromSeconds(result.GetValue(seconds)), text => Say(asJson, text), cancellation);
            if (asJson)
                Output.Json(report.ToJson());
            else
                Print(report);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void Print(CryptoReport report)
    {
        foreach ((string name, double microseconds) in report.Microseconds)
            Output.Line($"  {name,-48} {microseconds,9:F2} us");
        foreach ((string name, double? ratio) in report.Ratios)
            Output.Line($"  {name,-48} {(ratio is null ? "  no yardstick" : $"{ratio,9:F2} x")}");
        if (report.LibraryName is null)
            Output.Line("  libsecp256k1 is not on this system (Debian: apt-get install libsecp256k1-1).");
    }

    private static Option<int> Number(string name, string description, int usual, int min, int max)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is int value && (value < min || value > max))
                r.AddError($"{name}: {min} to {max} are expected.");
        });
        return option;
    }

    private static Option<string?> DirectoryOption() => new("--dir")
    {
        Description = "A new directory for the network, which is kept (default: a temporary one, which is removed)",
        HelpName = "DIR",
    };

    private static async Task<LoadReport> WithProgressAsync(
        bool json, Func<Action<string>, Action<int, int>, Task<LoadReport>> run)
    {
        if (json || Console.IsOutputRedirected)
            return await run(text => Say(json, text), (_, _) => { });
        LoadReport? report = null;
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask("Starting");
                report = await run(
                    text =>
                    {
                        if (text.EndsWith("...", StringComparison.Ordinal))
                            (bar.Description, bar.Value) = (Markup.Escape(text), 0);
                        else
                            AnsiConsole.MarkupLineInterpolated($"{text}");
                    },
                    (done, total) => (bar.MaxValue, bar.Value) = (Math.Max(1, total), done));
            });
        return report!;
    }

    private static void Print(LoadReport r)
    {
        Output.Line($"{r.RecordsPerSecond:F0} records a second: {r.Committed} of {r.Options.ContentBytes} bytes in {r.Took.TotalSeconds:F1} s, "
            + $"{r.Blocks} blocks, {r.Options.Departments} departments on {Environment.ProcessorCount} processors");
        Output.Line($"  to the committed outcome: p50 {LoadReport.Quantile(r.LatenciesMs, 0.5):F0} ms, p99 {LoadReport.Quantile(r.LatenciesMs, 0.99):F0} ms, "
            + $"with {r.Options.WindowRecords} under way for each department");
        Output.Line($"  every block synced to disk before it counts; signatures verified by {r.Verifier}");
        Output.Line($"  signed ahead: {r.Options.Records + r.Options.WarmUpRecords} in {r.SigningTook.TotalSeconds:F1} s, of these {r.Options.WarmUpRecords} for warming up");
        Output.Line($"  a node: {r.NodeMemoryBytes / 1048576.0:F0} MiB of memory at most, {r.BytesPerRecord:F0} bytes of disk a record");
        Output.Line($"  {r.ProcessorMsPerRecord:F2} ms of processor a record, all nodes together");
        Output.Line($"  receipts verified: {r.Receipts.Verified} (seed {r.Options.Seed}); audit of one node: {r.AuditProblem ?? "whole"}");
        foreach (string failure in r.Receipts.Failures.Concat(r.Refusals).Take(5))
            Output.Line($"  PROBLEM: {failure}");
    }

    private static void Print(FloodReport r)
    {
        Output.Line($"p99 under the flood {r.P99Ratio:F1} times that of the quiet network, {r.Options.PerSecond} records a second of {r.Options.ContentBytes} bytes");
        Output.Line($"  alone: p50 {LoadReport.Quantile(r.QuietMs, 0.5):F0} ms, p99 {LoadReport.Quantile(r.QuietMs, 0.99):F0} ms; "
            + $"flooded: p50 {LoadReport.Quantile(r.FloodedMs, 0.5):F0} ms, p99 {LoadReport.Quantile(r.FloodedMs, 0.99):F0} ms");
        Output.Line($"  the flood: {r.FloodPerSecond:F0} envelopes a second for {r.Took.TotalSeconds:F0} s, {r.FloodPerSecond / r.Options.PerSecond:F0} times as many");
        foreach ((string how, long count) in r.FloodOutcomes)
            Output.Line($"    {how,-24} {count,12}");
        Output.Line($"  a node: {r.NodeMemoryBytes / 1048576.0:F0} MiB of memory at most, {r.QuietMemoryBytes / 1048576.0:F0} before the flood");
        Output.Line($"  receipts verified: {r.Receipts.Verified} (seed {r.Options.Seed}); audit of one node: {r.AuditProblem ?? "whole"}");
        foreach (string failure in r.Receipts.Failures.Concat(r.Refusals).Take(5))
            Output.Line($"  PROBLEM: {failure}");
    }

    private static void Say(bool json, string text)
    {
        if (!json)
            Output.Line(text);
    }
}
