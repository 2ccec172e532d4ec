using Microsoft.AspNetCore.Http;

namespace GovChain.Rpc;

/// <summary>Refuses what came in by a listener that the endpoint does not answer on.</summary>
internal sealed class ListenerGate(RequestDelegate next, RpcMetrics metrics)
{
    /// <summary>The middleware.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<ListenersAttribute>() is not { } listeners
            || (context.NodeListener() & listeners.Allowed) != NodeListeners.None)
            return next(context);
        string allowed = listeners.Allowed.ToString().ToLowerInvariant();
        metrics.Refused("WRONG_LISTENER");
        var error = LedgerRequestException.PermissionDenied(
            listeners.Allowed == NodeListeners.Administration
                ? "This answers on the administration listener only: from the node's own machine, by the address that "
                    + "its configuration names under administration, with localhost or 127.0.0.1 as host name."
                : $"This does not answer here, but on these listeners of the node: {allowed}.",
            ("listener", allowed));
        return ErrorResponse.WriteAsync(context, ErrorStatus.Of(error, TimeSpan.Zero));
    }
}
