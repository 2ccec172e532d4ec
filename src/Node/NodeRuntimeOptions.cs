using GovChain.Node.Pool;

namespace GovChain.Node;

/// <summary>The runtime's bounds.</summary>
internal sealed record NodeRuntimeOptions
{
    /// <summary>Transactions that wait for a block.</summary>
    public PoolOptions Pool { get; init; } = new();

    /// <summary>Envelopes that wait to be verified.</summary>
    public AdmissionOptions Admission { get; init; } = new();
}
