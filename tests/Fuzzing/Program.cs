using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace GovChain.Tests.Fuzzing;

/// <summary>Fuzzes from the command line: [--seconds N] [--target T] [--seed N] [--json] [--keep], or --target T --input HEX.
/// With --keep it adds a kibibyte of what lies deepest to each target's corpus.</summary>
internal static class Program
{
    private const string Usage = "usage: [--seconds N] [--target NAME] [--seed N] [--json] [--keep] | --target NAME --input HEX";
    private const int KeptBytesMax = 1024;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private static int Main(string[] args)
    {
        double seconds = 60;
        int seed = Environment.TickCount & 0xFFFF;
        string? only = null, input = null;
        bool json = false, keep = false;
        for (int i = 0; i < args.Length; i++)
        {
            bool valid = args[i] switch
            {
                "--json" => json = true,
                "--keep" => keep = true,
                "--seconds" => ++i < args.Length && double.TryParse(args[i], CultureInfo.InvariantCulture, out seconds) && seconds > 0,
                "--seed" => ++i < args.Length && int.TryParse(args[i], CultureInfo.InvariantCulture, out seed),
                "--target" => ++i < args.Length && Targets.Names.Contains(only = args[i]),
                "--input" => ++i < args.Length && (input = args[i]).Length % 2 == 0,
                _ => false,
            };
            if (!valid)
            {
                Console.Error.WriteLine($"{Usage}\ntargets: {string.Join(", ", Targets.Names)}");
                return 2;
            }
        }
        if (input is not null)
            return RunOne(only, input);
        var reports = new List<FuzzReport>();
        using var coverage = new Coverage();
        string[] names = only is null ? [.. Targets.Names] : [only];
        foreach (string name in names)
        {
            var fuzz = new Fuzz(Targets.Get(name), coverage, seed);
            using var watch = new Timer(_ => EndIfHanging(fuzz, name), null, Hang, Hang / 10);
            var clock = Stopwatch.StartNew();
            FuzzReport report = fuzz.Run(_ => clock.Elapsed.TotalSeconds < seconds / names.Length);
            reports.Add(report);
            if (keep && report.Failure is null)
                File.AppendAllLines(Path.Combine("tests", "Fuzzing", "corpus", name + ".txt"), fuzz.Distil(KeptBytesMax).Select(Convert.ToHexStringLower));
            if (!json)
                Print(report, clock.Elapsed.TotalSeconds);
        }
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(new { seed, reports }, JsonSerializerOptions.Web));
        FuzzReport? failed = reports.Find(r => r.Failure is not null);
        if (failed is not null)
            Console.Error.WriteLine($"again: ./soak fuzz --target {failed.Target} --input {failed.Failure!.Input}");
        return failed is null ? 0 : 1;
    }

    private static int RunOne(string? target, string input)
    {
        if (target is null)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        Console.WriteLine(Targets.RunOf(target)(Convert.FromHexString(input)) ? "accepted" : "refused");
        return 0;
    }

    private static void Print(FuzzReport report, double seconds)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Target}: {report.Inputs} inputs ({report.Inputs / seconds:F0}/s), {report.Accepted} accepted, "
            + $"{report.Features} branches, {report.Corpus} kept, at most {report.AllocatedMax / 1024} KiB allocated"));
        if (report.Failure is { } failure)
            Console.WriteLine($"FAILED with {failure.Input}\n{failure.What}");
    }

    private static void EndIfHanging(Fuzz fuzz, string target)
    {
        long since = Volatile.Read(ref fuzz.RunningSince);
        if (since == 0 || Stopwatch.GetElapsedTime(since) < Hang)
            return;
        Console.Error.WriteLine($"{target} has worked on one input for {Hang.TotalSeconds:0} seconds.\n"
            + $"again: ./soak fuzz --target {target} --input {Convert.ToHexStringLower(fuzz.Running)}");
        Environment.Exit(1);
    }
}
