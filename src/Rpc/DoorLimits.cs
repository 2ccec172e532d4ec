using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace GovChain.Rpc;

/// <summary>
/// Rates and numbers of requests at once, for the methods of the ledger service. Reads and single submissions are
/// counted per client address on the clients' listener; streams on every listener, per address and in all.
/// </summary>
internal static class DoorLimits
{
    private enum Kind
    {
        Unlimited,
        Read,
        Submit,
        Stream,
    }

    /// <summary>The limiter for ASP.NET Core's rate limiting middleware.</summary>
    public static RateLimiterOptions Create(RpcOptions options) => new()
    {
        GlobalLimiter = PartitionedRateLimiter.CreateChained(PerAddress(options), InAll(options)),
        OnRejected = (rejected, _) => RefuseAsync(rejected, options),
    };

    private static PartitionedRateLimiter<HttpContext> PerAddress(RpcOptions options) =>
        PartitionedRateLimiter.Create<HttpContext, (Kind, IPAddress)>(context =>
        {
            Kind kind = KindOf(context);
            IPAddress address = AddressOf(context);
            return kind switch
            {
                Kind.Read when IsClient(context) => RateLimitPartition.GetTokenBucketLimiter(
                    (kind, address), _ => Bucket(options.ReadsPerSecond, options.ReadBurst)),
                Kind.Submit when IsClient(context) => RateLimitPartition.GetTokenBucketLimiter(
                    (kind, address), _ => Bucket(options.SubmitsPerSecond, options.SubmitBurst)),
                Kind.Stream => RateLimitPartition.GetConcurrencyLimiter(
                    (kind, address), _ => AtOnce(options.StreamsPerAddress)),
                _ => RateLimitPartition.GetNoLimiter((Kind.Unlimited, IPAddress.None)),
            };
        });

    private static PartitionedRateLimiter<HttpContext> InAll(RpcOptions options) =>
        PartitionedRateLimiter.Create<HttpContext, Kind>(context => KindOf(context) switch
        {
            Kind.Stream => RateLimitPartition.GetConcurrencyLimiter(Kind.Stream, _ => AtOnce(options.StreamsTotal)),
            Kind.Submit => RateLimitPartition.GetConcurrencyLimiter(Kind.Submit, _ => AtOnce(options.SubmitsWaiting)),
            _ => RateLimitPartition.GetNoLimiter(Kind.Unlimited),
        });

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        AutoReplenishment = true,
    };

    private static ConcurrencyLimiterOptions AtOnce(int permits) => new() { PermitLimit = permits, QueueLimit = 0 };

    private static bool IsClient(HttpContext context) => context.NodeListener() != NodeListeners.Administration;

    /// <summary>What a request costs. Health, metrics and the node's own endpoints are not limited here.</summary>
    private static Kind KindOf(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } grpc
            || grpc.ServiceType != typeof(LedgerService))
            return Kind.Unlimited;
        return grpc.Method.Type != MethodType.Unary ? Kind.Stream
            : grpc.Method.Name == nameof(LedgerService.Submit) ? Kind.Submit
            : Kind.Read;
    }

    /// <summary>The address that is counted: for IPv6 the /64, which is what one subscriber is given.</summary>
    private static IPAddress AddressOf(HttpContext context)
    {
        IPAddress address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private static async ValueTask RefuseAsync(OnRejectedContext rejected, RpcOptions options)
    {
        TimeSpan after = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan hint)
            ? hint
            : options.RetryAfter;
        (string what, string instead) = KindOf(rejected.HttpContext) switch
        {
            Kind.Stream => ("streams at once", "close one, or send more on one"),
            Kind.Submit => ("single submissions", "use SubmitStream"),
            _ => ("reads", "slow down, or read from the node of your own department"),
        };
        var status = ErrorStatus.Of(
            LedgerRequestException.ResourceExhausted($"Too many {what}: {instead}.", after), after);
        rejected.HttpContext.RequestServices.GetRequiredService<RpcMetrics>().Refused("RATE_LIMITED");
        await ErrorResponse.WriteAsync(rejected.HttpContext, status);
    }
}
