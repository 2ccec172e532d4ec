using System.Diagnostics.Metrics;
using GovChain.Node.Tls;
using GovChain.Protos.V1;

namespace GovChain.Node.Peers;

/// <summary>The instruments of the peer network.</summary>
internal sealed class PeerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = NodeMetrics.MeterName;

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _framesSent;
    private readonly Counter<long> _framesReceived;
    private readonly Counter<long> _bytesSent;
    private readonly Counter<long> _bytesReceived;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _connections;

    /// <summary>Makes the instruments; the gauges read <paramref name="links"/> when they are collected.</summary>
    public PeerMetrics(Func<IEnumerable<PeerLink>> links)
    {
        _framesSent = _meter.CreateCounter<long>("govchain.peers.frames.sent", "{frame}", "Frames sent, by peer and kind.");
        _framesReceived = _meter.CreateCounter<long>(
            "govchain.peers.frames.received", "{frame}", "Frames received, by peer and kind.");
        _bytesSent = _meter.CreateCounter<long>("govchain.peers.sent", "By", "Bytes of frames sent, by peer.");
        _bytesReceived = _meter.CreateCounter<long>("govchain.peers.received", "By", "Bytes of frames received, by peer.");
        _dropped = _meter.CreateCounter<long>(
            "govchain.peers.dropped", "{frame}", "What was not sent because the peer's queue was full, by peer and lane.");
        _refused = _meter.CreateCounter<long>("govchain.peers.refused", "{connection}", "Connections refused, by reason.");
        _connections = _meter.CreateCounter<long>("govchain.peers.connections", "{connection}", "Streams set up, by peer.");
        _meter.CreateObservableGauge("govchain.peers.connected", () => Observe(links, link => link.IsConnected ? 1 : 0),
            "{connection}", "1 for a peer whose stream is up.");
        _meter.CreateObservableGauge("govchain.peers.queue", () => Observe(links, link => link.QueueCount),
            "{frame}", "What waits to be sent, by peer.");
        _meter.CreateObservableGauge("govchain.peers.queue.bytes", () => Observe(links, link => link.QueueBytes),
            "By", "Bytes that wait to be sent, by peer.");
    }

    public void Sent(string peer, PeerFrame.KindOneofCase kind, int bytes)
    {
        _framesSent.Add(1, Peer(peer), new("kind", kind.ToString()));
        _bytesSent.Add(bytes, Peer(peer));
    }

    public void Received(string peer, PeerFrame.KindOneofCase kind, int bytes)
    {
        _framesReceived.Add(1, Peer(peer), new("kind", kind.ToString()));
        _bytesReceived.Add(bytes, Peer(peer));
    }

    public void Dropped(string peer, Lane lane) => _dropped.Add(1, Peer(peer), new("lane", lane.ToString()));

    public void Refused(PeerRefusal reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));

    public void Connected(string peer) => _connections.Add(1, Peer(peer));

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Observe(Func<IEnumerable<PeerLink>> links, Func<PeerLink, long> value) =>
        links().Select(link => new Measurement<long>(value(link), Peer(link.Department)));

    private static KeyValuePair<string, object?> Peer(string peer) => new("peer", peer);
}
