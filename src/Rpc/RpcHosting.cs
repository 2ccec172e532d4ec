using Google.Protobuf.Reflection;
using Google.Rpc;
using GovChain.Rpc.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using LedgerReflection = GovChain.Protos.V1.LedgerServiceReflection;

namespace GovChain.Rpc;

/// <summary>
/// Puts the services into a host: <see cref="AddGovChainRpc"/> on its services, <see cref="LimitKestrel"/> on Kestrel's
/// limits, <see cref="DoorHosting.UseDoor"/> on each listener, <see cref="MapGovChainRpc"/> on the application. The host registers <see cref="ILedgerGateway"/> as a singleton.
/// </summary>
public static class RpcHosting
{
    /// <summary>The name of the meter, for exporters.</summary>
    public const string MeterName = RpcMetrics.MeterName;

    /// <summary>Registers what the services need.</summary>
    /// <exception cref="ArgumentException">The options break a rule; the message names all of them.</exception>
    public static IServiceCollection AddGovChainRpc(this IServiceCollection services, RpcOptions options)
    {
        IReadOnlyList<string> problems = options.Problems();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(" ", problems), nameof(options));

        services.AddSingleton(options);
        services.AddSingleton<RpcMetrics>();
        services.TryAddSingleton<ReaderDoor>();
        services.AddDoor(options.ConnectionBufferBytes);
        services.TryAddSingleton(TimeProvider.System);
        services.AddRateLimiter(_ => { });
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MessageBytesMax;
            grpc.EnableDetailedErrors = false;
            // A few KiB can unpack to more than any message may be, and the limit is checked before unpacking.
            grpc.CompressionProviders.Clear();
            grpc.Interceptors.Add<ErrorInterceptor>();
        }).AddJsonTranscoding(json =>
        {
            // JSON numbers are doubles to most programs: positions beyond 2^53 and times would change.
            json.JsonSettings.WriteInt64sAsStrings = true;
            json.TypeRegistry = TypeRegistry.FromFiles(LedgerReflection.Descriptor, ErrorDetailsReflection.Descriptor);
        });
        services.AddHealthChecks().AddCheck<ReadinessCheck>("ledger", tags: [ReadinessCheck.Tag]);
        services.AddGrpcHealthChecks(health =>
        {
            health.Services.Map("", IsReadiness);
            health.Services.Map("govchain.v1.Ledger", IsReadiness);
        });
        services.Configure<HealthCheckPublisherOptions>(publisher =>
        {
            publisher.Delay = TimeSpan.Zero;
            publisher.Period = TimeSpan.FromSeconds(5);
        });
        return services;

        static bool IsReadiness(Grpc.AspNetCore.HealthChecks.HealthCheckMapContext check) =>
            check.Tags.Contains(ReadinessCheck.Tag);
    }

    /// <summary>Sets Kestrel's own bounds to what the services need.</summary>
    public static void LimitKestrel(this KestrelServerLimits limits, RpcOptions options)
    {
        // gRPC lifts this for its streams, whose messages are bounded one by one.
        limits.MaxRequestBodySize = Math.Max(options.MessageBytesMax, options.JsonBodyBytesMax) + 1_024;
        // Connections are counted by each listener's own gate: the operator's are not the clients'.
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = options.HeaderBytesMax;
        limits.MaxRequestHeaderCount = options.HeadersMax;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = options.IdleConnectionMax;
        limits.MaxResponseBufferSize = options.ConnectionBufferBytes;
        limits.MaxRequestBufferSize = options.ConnectionBufferBytes;
        // The request's clock ends a slow body alone; the server would end the connection, which a proxy shares among
        // many clients. For answers the server's rule is the last resort, behind the clock.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = new MinDataRate(240, options.ResponseTimeMax + TimeSpan.FromSeconds(30));
        limits.Http2.MaxStreamsPerConnection = options.RequestsPerConnection;
        limits.Http2.HeaderTableSize = 4 * 1024;
        limits.Http2.MaxRequestHeaderFieldSize = Math.Min(8 * 1024, options.HeaderBytesMax);
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = options.ConnectionWindowBytes;
        limits.Http2.KeepAlivePingDelay = options.PingAfter;
        limits.Http2.KeepAlivePingTimeout = options.PingTimeout;
    }

    /// <summary>
    /// Maps the ledger service (gRPC and JSON), grpc.health.v1, /health/live and /health/ready, with the middleware
    /// before them. Call it before mapping anything else, and mark other endpoints with
    /// <see cref="ListenersAttribute"/> (<c>.WithMetadata(new ListenersAttribute(...))</c>): one without answers on
    /// every listener.
    /// </summary>
    public static void MapGovChainRpc(this WebApplication app)
    {
        app.UseRouting();
        app.UseMiddleware<RequestGate>();
        app.UseMiddleware<ListenerGate>();
        app.UseRateLimiter(DoorLimits.Rates(app.Services.GetRequiredService<RpcOptions>()));
        app.UseMiddleware<MessageGate>();
        app.UseMiddleware<JsonGate>();

        var everywhere = new ListenersAttribute(NodeListeners.Clients | NodeListeners.Administration);
        app.MapGrpcService<LedgerService>();
        app.MapGrpcHealthChecksService().WithMetadata(everywhere);
        app.MapHealthChecks("/health/live", Health(static _ => false)).WithMetadata(everywhere);
        app.MapHealthChecks("/health/ready", Health(static c => c.Tags.Contains(ReadinessCheck.Tag)))
            .WithMetadata(everywhere);
    }

    /// <summary>Plain text: Healthy, or the reason why not.</summary>
    private static HealthCheckOptions Health(Func<HealthCheckRegistration, bool> predicate) => new()
    {
        Predicate = predicate,
        AllowCachingResponses = false,
        ResponseWriter = static (context, report) => context.Response.WriteAsync(report.Status == HealthStatus.Healthy
            ? "Healthy\n"
            : string.Join('\n', report.Entries.Values.Select(e => e.Description)) + "\n"),
    };
}
