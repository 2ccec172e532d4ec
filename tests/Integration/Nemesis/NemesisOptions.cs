namespace GovChain.Tests.Integration.Nemesis;

/// <summary>What a run is asked for.</summary>
/// <param name="Nodes">Departments.</param>
/// <param name="Seed">From which the schedule follows.</param>
/// <param name="Length">How long faults go on; where counts are given, at least until those are reached.</param>
/// <param name="Kills">How many node processes are killed at least; all four at once are four.</param>
/// <param name="Partitions">How often the network is divided at least.</param>
internal sealed record NemesisOptions(int Nodes, int Seed, TimeSpan Length, int Kills, int Partitions)
{
    /// <summary>The line that runs the same schedule again.</summary>
    public string Again => $"./soak nemesis --nodes {Nodes} --seed {Seed} "
        + (Kills + Partitions > 0 ? $"--kills {Kills} --partitions {Partitions}" : $"--seconds {Length.TotalSeconds:0}");
}
