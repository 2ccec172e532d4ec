using System.Globalization;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Mutants;

/// <summary>A bug of bugs.txt.</summary>
/// <param name="Number">Its place in the list, from 1.</param>
/// <param name="Name">Its name.</param>
/// <param name="What">What the node does wrong.</param>
/// <param name="Source">Who had it.</param>
/// <param name="Breaks">The section of docs/PROTOCOL.md that it breaks.</param>
/// <param name="Found">Within how many seeds the simulator finds it, or by which transcript.</param>
internal sealed record Bug(int Number, string Name, string What, string Source, string Breaks, string Found)
{
    /// <summary>Within how many seeds the simulator finds it; 0 where only a transcript does.</summary>
    public int SeedsMax => Found == "by transcript" ? 0 : int.Parse(Found.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>What the seeds are run with.</summary>
    public ScenarioLimits Limits => Found.EndsWith("with snapshots", StringComparison.Ordinal)
        ? new ScenarioLimits { Snapshots = true } : ScenarioLimits.None;
}

/// <summary>The bugs that this build has, in the order of bugs.txt.</summary>
internal static partial class BugList
{
    public static IReadOnlyList<Bug> All => Planted;

    public static Bug? Named(string name) => Array.Find(Planted, b => b.Name == name);
}
