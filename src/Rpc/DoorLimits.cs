using System.Net;
using System.Threading.RateLimiting;
using GovChain.Rpc.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace GovChain.Rpc;

/// <summary>
/// How many requests a second, and how many at once. Rates are counted per client address on the clients' listener;
/// requests at once on every listener, per address and in all, each listener having its own.
/// </summary>
internal static class DoorLimits
{
    /// <summary>The rates, for ASP.NET Core's rate limiting middleware.</summary>
    public static RateLimiterOptions Rates(RpcOptions options) => new()
    {
        GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (RequestKind, IPAddress)>(context =>
        {
            RequestKind kind = context.KindOf();
            return kind switch
            {
                RequestKind.Read when IsClient(context) => RateLimitPartition.GetTokenBucketLimiter(
                    (kind, AddressOf(context)), _ => Bucket(options.ReadsPerSecond, options.ReadBurst)),
                RequestKind.Submit when IsClient(context) => RateLimitPartition.GetTokenBucketLimiter(
                    (kind, AddressOf(context)), _ => Bucket(options.SubmitsPerSecond, options.SubmitBurst)),
                _ => RateLimitPartition.GetNoLimiter((RequestKind.Other, IPAddress.None)),
            };
        }),
        OnRejected = (rejected, _) => RefuseAsync(rejected.HttpContext, rejected.Lease, "RATE_LIMITED", options),
    };

    /// <summary>The numbers at once. Only reads wait for their turn: everything else would wait too long.</summary>
    public static PartitionedRateLimiter<HttpContext> AtOnce(RpcOptions options) =>
        PartitionedRateLimiter.CreateChained(AtOncePerAddress(options), AtOnceInAll(options));

    /// <summary>Answers RESOURCE_EXHAUSTED with what there is too much of and when to come back.</summary>
    public static async ValueTask RefuseAsync(
        HttpContext context, RateLimitLease lease, string reason, RpcOptions options)
    {
        TimeSpan after = lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan hint) ? hint : options.RetryAfter;
        (string what, string instead) = context.KindOf() switch
        {
            RequestKind.Stream => ("streams at once", "close one, or send more on one"),
            RequestKind.Submit => ("single submissions", "use SubmitStream"),
            RequestKind.Read => ("reads", "slow down, or read from the node of your own department"),
            _ => ("requests at once", "slow down"),
        };
        var status = ErrorStatus.Of(
            LedgerRequestException.ResourceExhausted($"Too many {what}: {instead}.", after), after);
        context.RequestServices.GetRequiredService<RpcMetrics>().Refused(reason);
        await ErrorResponse.WriteAsync(context, status);
    }

    private static PartitionedRateLimiter<HttpContext> AtOncePerAddress(RpcOptions options) =>
        PartitionedRateLimiter.Create<HttpContext, (RequestKind, IPAddress)>(context =>
            !IsClient(context)
                ? RateLimitPartition.GetNoLimiter((RequestKind.Other, IPAddress.None))
                : RateLimitPartition.GetConcurrencyLimiter((context.KindOf(), AddressOf(context)), key => key.Item1 switch
                {
                    RequestKind.Read => Permits(options.ReadsAtOncePerAddress, options.ReadsWaitingPerAddress),
                    RequestKind.Submit => Permits(options.SubmitsWaitingPerAddress),
                    RequestKind.Stream => Permits(options.StreamsPerAddress),
                    _ => Permits(options.ReadsAtOncePerAddress, options.ReadsWaitingPerAddress),
                }));

    /// <summary>Health answers whatever else goes on, so it has no share in all; clients' submissions and streams have
    /// <see cref="DoorPlaces"/>.</summary>
    private static PartitionedRateLimiter<HttpContext> AtOnceInAll(RpcOptions options) =>
        PartitionedRateLimiter.Create<HttpContext, (RequestKind, bool)>(context =>
            RateLimitPartition.Get((context.KindOf(), IsClient(context)), RateLimiter (key) => key switch
            {
                (RequestKind.Read, true) => Limiter(Permits(options.ReadsAtOnce, options.ReadsWaiting)),
                (RequestKind.Read, false) => Limiter(Permits(options.AdministrationReadsAtOnce, options.ReadsWaiting)),
                (RequestKind.Submit, false) => Limiter(Permits(options.SubmitsWaitingPerAddress)),
                (RequestKind.Stream, false) => Limiter(Permits(options.StreamsPerAddress)),
                _ => Limiter(Permits(int.MaxValue)),
            }));

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        AutoReplenishment = true,
    };

    private static ConcurrencyLimiter Limiter(ConcurrencyLimiterOptions options) => new(options);

    private static ConcurrencyLimiterOptions Permits(int permits, int waiting = 0) => new()
    {
        PermitLimit = permits,
        QueueLimit = waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    };

    /// <summary>Whether it came in by the clients' listener.</summary>
    public static bool IsClient(HttpContext context) => context.NodeListener() != NodeListeners.Administration;

    /// <summary>The address that it is counted by.</summary>
    public static IPAddress AddressOf(HttpContext context) => RemoteAddress.Counted(context.Connection.RemoteIpAddress);
}
