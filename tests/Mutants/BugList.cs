using System.Globalization;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Mutants;

/// <summary>A bug of bugs.txt.</summary>
/// <param name="Number">Its place in the list, from 1.</param>
/// <param name="Name">Its name.</param>
/// <param name="What">What the node does wrong.</param>
/// <param name="Source">Who had it.</param>
/// <param name="Breaks">The section of docs/PROTOCOL.md that it breaks.</param>
/// <param name="Found">Within how many seeds the simulator finds it, or that a transcript does.</param>
/// <param name="Shown">The transcripts that show it, or "-".</param>
internal sealed record Bug(int Number, string Name, string What, string Source, string Breaks, string Found, string Shown)
{
    /// <summary>Who had it, one by one.</summary>
    public IReadOnlyList<string> Sources => ListIn(Source);

    /// <summary>The transcripts that show it: each fails while it is on.</summary>
    public IReadOnlyList<string> Transcripts => ListIn(Shown);

    /// <summary>Within how many seeds the simulator finds it; 0 where only a transcript does.</summary>
    public int SeedsMax => Found == "by transcript" ? 0 : int.Parse(Found.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>What the seeds are run with.</summary>
    public ScenarioLimits Limits => Found.EndsWith("with snapshots", StringComparison.Ordinal)
        ? new ScenarioLimits { Snapshots = true } : ScenarioLimits.None;

    private static string[] ListIn(string words) => words == "-" ? [] : words.Split(", ");
}

/// <summary>The bugs that this build has, in the order of bugs.txt.</summary>
internal static partial class BugList
{
    public static IReadOnlyList<Bug> All => Planted;

    public static Bug? Named(string name) => Array.Find(Planted, b => b.Name == name);
}
