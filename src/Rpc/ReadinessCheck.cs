using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GovChain.Rpc;

/// <summary>Ready while the node takes submissions.</summary>
internal sealed class ReadinessCheck(ILedgerGateway gateway) : IHealthCheck
{
    /// <summary>The tag of checks that say whether the node is ready.</summary>
    public const string Tag = "ready";

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        NodeReadiness readiness = gateway.Readiness;
        return Task.FromResult(readiness.IsReady
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(readiness.Reason));
    }
}
