using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace GovChain.Rpc;

/// <summary>
/// Lets a request in when its kind has room, and holds its place until the answer is gone: a client that does not
/// read keeps its own place, not the node's memory. A <see cref="RequestClock"/> ends it in time.
/// </summary>
internal sealed class RequestGate(RequestDelegate next, RpcOptions options, RpcMetrics metrics, TimeProvider time)
{
    private readonly PartitionedRateLimiter<HttpContext> _atOnce = DoorLimits.AtOnce(options);
    private readonly DoorPlaces _submissions = new(options.SubmitsWaiting);
    private readonly DoorPlaces _streams = new(options.StreamsTotal);

    /// <summary>The middleware.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var clock = new RequestClock(context, options, metrics, time);
        context.Response.OnCompleted(static clock =>
        {
            ((RequestClock)clock).End();
            return Task.CompletedTask;
        }, clock);
        RateLimitLease lease;
        try
        {
            lease = await _atOnce.AcquireAsync(context, 1, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // It waited too long for its turn, or its client went away.
            await SayWhyAsync(context, clock);
            return;
        }
        context.Response.RegisterForDispose(lease);
        if (!lease.IsAcquired)
        {
            await DoorLimits.RefuseAsync(context, lease, "TOO_MANY_AT_ONCE", options);
            return;
        }
        clock.Begin();
        using DoorPlace? place = TakePlace(context, clock);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (clock.Overdue is not null)
        {
            // Said below.
        }
        await SayWhyAsync(context, clock);
        clock.Answering();
        await DrainAsync(context, clock);
    }

    /// <summary>The place of a client's submission or stream, where its service finds it; null of all else.</summary>
    private DoorPlace? TakePlace(HttpContext context, RequestClock clock)
    {
        DoorPlaces? places = context.KindOf() switch
        {
            RequestKind.Submit => _submissions,
            RequestKind.Stream => _streams,
            _ => null,
        };
        if (places is null || !DoorLimits.IsClient(context))
            return null;
        DoorPlace place = places.Enter(DoorLimits.AddressOf(context), clock.GiveWay);
        context.Features.Set(place);
        return place;
    }

    /// <summary>
    /// Waits until the client has taken the answer, all but the last 4 KiB, which the server does not wait for. Without
    /// that it would keep the answer, however large, for a request that is over and counted nowhere.
    /// </summary>
    private static async Task DrainAsync(HttpContext context, RequestClock clock)
    {
        try
        {
            if (clock.Untaken is { } untaken)
                await untaken.WaitAsync(context.RequestAborted);
            else if (context.Response.HasStarted)
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // Broken off by the clock or by the client.
        }
    }

    /// <summary>Answers for a request whose time was over before its answer began.</summary>
    private async Task SayWhyAsync(HttpContext context, RequestClock clock)
    {
        if (clock.Overdue is not { } reason || context.Response.HasStarted)
            return;
        context.Response.Clear();
        await ErrorResponse.WriteAsync(context, ErrorStatus.OfLate(reason, options.RetryAfter),
            reason == RequestClock.BodyTooSlow ? DoorReasons.HttpStatusOf(DoorReason.BodyTooSlow) : null);
    }
}
