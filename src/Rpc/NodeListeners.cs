using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GovChain.Rpc;

/// <summary>The node's listeners (one flag each), and sets of them.</summary>
[Flags]
public enum NodeListeners
{
    /// <summary>None: a connection that nobody marked.</summary>
    None = 0,

    /// <summary>Other nodes, under mutual TLS.</summary>
    Peers = 1,

    /// <summary>Clerks, their software, citizens, auditors.</summary>
    Clients = 2,

    /// <summary>Loopback: the operator, metrics, remote audit until readers are authenticated.</summary>
    Administration = 4,
}

/// <summary>Says on which listeners an endpoint, a service or one of its methods answers. On others the answer is
/// PERMISSION_DENIED. The most specific attribute counts.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class ListenersAttribute(NodeListeners allowed) : Attribute
{
    /// <summary>The set.</summary>
    public NodeListeners Allowed => allowed;
}

/// <summary>Marks connections with the listener they came in by.</summary>
/// <remarks>A mark, not a port number: it holds with ports that the system chose, and cannot be got wrong in a second
/// place.</remarks>
public static class NodeListenerExtensions
{
    /// <summary>Marks every connection of this Kestrel listener. Call it once, in any order with UseHttps.</summary>
    internal static ListenOptions UseNodeListener(this ListenOptions listen, NodeListeners listener)
    {
        var mark = new Mark(listener);
        listen.Use(next => connection =>
        {
            connection.Features.Set(mark);
            return next(connection);
        });
        return listen;
    }

    /// <summary>
    /// The listener a request came in by. A request counts as Administration only if it also comes from a loopback
    /// address and names a loopback host: a web page that a browser on this machine shows may have a name that leads
    /// to 127.0.0.1, and must not read through it.
    /// </summary>
    internal static NodeListeners NodeListener(this HttpContext context)
    {
        NodeListeners listener = context.Features.Get<Mark>()?.Listener ?? NodeListeners.None;
        if (listener != NodeListeners.Administration)
            return listener;
        bool local = context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            && IsLoopbackName(context.Request.Host.Host);
        return local ? listener : NodeListeners.None;
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private sealed record Mark(NodeListeners Listener);
}
