namespace GovChain.Tests.Simulation;

/// <summary>What one run gave.</summary>
internal sealed record RunResult
{
    public required ulong Seed { get; init; }

    public required ScenarioLimits Limits { get; init; }

    public required int Validators { get; init; }

    /// <summary>What went wrong; null when all promises were kept.</summary>
    public string? Failure { get; init; }

    /// <summary>The promise that was broken.</summary>
    public string? Invariant { get; init; }

    /// <summary>Of all that happened, in order.</summary>
    public required ulong TraceHash { get; init; }

    public required FaultCounts Faults { get; init; }

    /// <summary>Simulated time, milliseconds.</summary>
    public required ulong VirtualMs { get; init; }

    /// <summary>Blocks decided.</summary>
    public required ulong Height { get; init; }

    /// <summary>How often the validators changed.</summary>
    public required ulong Epochs { get; init; }

    /// <summary>Validators that were told what they had forgotten.</summary>
    public required int Amnesiacs { get; init; }

    /// <summary>Pieces of evidence that nodes reported.</summary>
    public required int Accusations { get; init; }

    /// <summary>Snapshots that took the place of a ledger.</summary>
    public required int Installs { get; init; }

    /// <summary>The line that runs it again.</summary>
    public string Reproduction =>
        $"dotnet run -c Release --project tests/Simulation -- --seeds 1 --from {Seed}{Limits}";
}
