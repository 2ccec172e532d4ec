using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace GovChain.Rpc.Connections;

/// <summary>The instruments of meter "GovChain.Door": connections of every listener before and below requests. Labels
/// are listeners and reasons.</summary>
internal sealed class DoorMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "GovChain.Door";

    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _handshakesFailed;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _resets;

    public DoorMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _connections = meter.CreateUpDownCounter<long>(
            "govchain.door.connections", "{connection}", "Open connections, by listener.");
        _refused = meter.CreateCounter<long>(
            "govchain.door.refused", "{connection}", "Connections refused on arrival, by listener and reason.");
        _handshakesFailed = meter.CreateCounter<long>("govchain.door.handshakes.failed", "{connection}",
            "Connections that ended before TLS was through, by listener and reason.");
        _closed = meter.CreateCounter<long>("govchain.door.closed", "{connection}",
            "Connections closed for a flood of HTTP/2 frames, by listener and reason.");
        _resets = meter.CreateCounter<long>(
            "govchain.door.resets", "{frame}", "Requests that clients reset (RST_STREAM), by listener.");
    }

    public void Opened(NodeListeners listener) => _connections.Add(1, Listener(listener));

    public void Ended(NodeListeners listener) => _connections.Add(-1, Listener(listener));

    public void Refused(NodeListeners listener, string reason) => _refused.Add(1, Tags(listener, reason));

    public void HandshakeFailed(NodeListeners listener, string reason) =>
        _handshakesFailed.Add(1, Tags(listener, reason));

    public void Closed(NodeListeners listener, string reason) => _closed.Add(1, Tags(listener, reason));

    public void Reset(NodeListeners listener) => _resets.Add(1, Listener(listener));

    private static TagList Tags(NodeListeners listener, string reason) =>
        new() { Listener(listener), { "reason", reason } };

    private static KeyValuePair<string, object?> Listener(NodeListeners listener) =>
        new("listener", listener switch
        {
            NodeListeners.Clients => "clients",
            NodeListeners.Administration => "administration",
            NodeListeners.Peers => "peers",
            _ => "none",
        });
}
