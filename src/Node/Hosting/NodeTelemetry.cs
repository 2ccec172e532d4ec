using GovChain.Core.Execution;
using GovChain.Node.Configuration;
using GovChain.Node.Gateway;
using GovChain.Node.Tracing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GovChain.Node.Hosting;

/// <summary>Metrics for whoever scrapes them, and traces to where the configuration says.</summary>
internal static class NodeTelemetry
{
    /// <summary>The service's name in every backend.</summary>
    public const string ServiceName = "govchain";

    /// <summary>Registers both. Metrics and spans carry service, department, network and ledger.</summary>
    public static void Add(IServiceCollection services, NodeConfiguration configuration, Genesis genesis)
    {
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(ServiceName, serviceVersion: NodeStatus.SoftwareVersion, serviceInstanceId: configuration.Department)
                .AddAttributes(
                [
                    new("govchain.department", configuration.Department),
                    new("govchain.network", genesis.Body.NetworkName),
                    new("govchain.chain.id", genesis.ChainId.ToString()),
                ]))
            .WithMetrics(metrics => metrics
                .AddMeter("GovChain.*", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddPrometheusExporter());
        if (configuration.OtlpEndpoint is not { } endpoint)
            return;
        telemetry.WithTracing(tracing => tracing
            // The web server's span of a request comes first, so that it takes part in the sampling.
            .AddSource(RecordTrace.SourceName, "Microsoft.AspNetCore")
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(configuration.TraceSamplingRatio)))
            .AddOtlpExporter(otlp =>
            {
                otlp.Endpoint = endpoint;
                otlp.Protocol = configuration.OtlpProtocol == OtlpProtocol.Grpc
                    ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
            }));
    }
}
