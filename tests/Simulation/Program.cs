using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace GovChain.Tests.Simulation;

/// <summary>Runs seeds from the command line: --seeds N --from SEED [--json].</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        ulong from = 1;
        int seeds = 500;
        bool json = false;
        for (int i = 0; i < args.Length; i++)
        {
            bool valid = args[i] switch
            {
                "--json" => json = true,
                "--seeds" => ++i < args.Length && int.TryParse(args[i], CultureInfo.InvariantCulture, out seeds),
                "--from" => ++i < args.Length && ulong.TryParse(args[i], CultureInfo.InvariantCulture, out from),
                _ => false,
            };
            if (!valid)
            {
                Console.Error.WriteLine("usage: --seeds N --from SEED [--json]");
                return 2;
            }
        }
        var clock = Stopwatch.StartNew();
        SeedReport report = SeedRunner.Run(from, seeds);
        double perSecond = seeds / Math.Max(clock.Elapsed.TotalSeconds, 0.001);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                seeds,
                failures = report.Failures.Select(f => new { seed = f.Seed, failure = f.Failure }),
                seedsPerSecond = Math.Round(perSecond, 1),
                faultsInjected = report.Faults,
                simulatedHours = Math.Round(report.VirtualMs / 3_600_000.0, 2),
                blocks = report.Blocks,
                amnesiacsFound = report.Amnesiacs,
            }));
        }
        else
        {
            foreach (RunResult failure in report.Failures)
                Console.WriteLine(SeedRunner.Describe(failure));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{seeds} seeds, {report.Failures.Count} failures, {perSecond:F1} seeds/s, {report.Faults} faults, "
                + $"{report.VirtualMs / 3_600_000.0:F2} simulated hours, {report.Blocks} blocks"));
        }
        return report.Failures.Count == 0 ? 0 : 1;
    }
}
