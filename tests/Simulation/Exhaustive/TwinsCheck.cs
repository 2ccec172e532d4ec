using System.Collections.Concurrent;

namespace GovChain.Tests.Simulation;

/// <summary>What all scenarios of twins gave.</summary>
internal sealed class TwinsReport
{
    public int Scenarios { get; set; }

    /// <summary>Scenarios, by the view that decided the first height.</summary>
    public SortedDictionary<uint, int> DecidedIn { get; } = [];

    /// <summary>Scenarios in which the first height was decided in more than one view.</summary>
    public int DecidedAgain { get; set; }

    /// <summary>Scenarios in which somebody held evidence against the twins.</summary>
    public int Accused { get; set; }

    /// <summary>What broke a promise, with the option that draws it.</summary>
    public List<string> Failures { get; } = [];
}

/// <summary>Plays scenarios of twins on all cores.</summary>
internal static class TwinsCheck
{
    /// <param name="scenarios">Which.</param>
    /// <param name="progress">Told of runs that are over, and of how many there are, on any thread.</param>
    public static TwinsReport Run(IReadOnlyList<TwinsScenario> scenarios, Action<int, int>? progress = null)
    {
        var failures = new ConcurrentBag<(int, string)>();
        var results = new TwinsResult?[scenarios.Count];
        int done = 0;
        Parallel.For(0, scenarios.Count, i =>
        {
            try
            {
                results[i] = TwinsRun.Play(scenarios[i]);
            }
            catch (Exception e)
            {
                failures.Add((i, $"--twins-scenario {scenarios[i]}: {(e is InvariantException ? e.Message : e)}"));
            }
            progress?.Invoke(Interlocked.Increment(ref done), scenarios.Count);
        });
        var report = new TwinsReport { Scenarios = scenarios.Count };
        report.Failures.AddRange(failures.Order().Select(f => f.Item2));
        foreach (TwinsResult result in results.OfType<TwinsResult>())
        {
            report.DecidedIn[result.View] = report.DecidedIn.GetValueOrDefault(result.View) + 1;
            report.DecidedAgain += result.Certificates > 1 ? 1 : 0;
            report.Accused += result.Accusations > 0 ? 1 : 0;
        }
        return report;
    }
}
