namespace GovChain.Rpc.Connections;

/// <summary>The bounds of one listener's connections. What a connection costs at worst stands at
/// <see cref="RpcOptions"/>.</summary>
public sealed record ConnectionLimits
{
    /// <summary>Whose bounds they are; also the mark that its connections carry.</summary>
    public required NodeListeners Listener { get; init; }

    /// <summary>Connections at a time.</summary>
    public required int Total { get; init; }

    /// <summary>Connections of one remote address (IPv6: one /64) at a time.</summary>
    public required int PerAddress { get; init; }

    /// <summary>Connections at a time that are not through TLS. One more displaces the oldest of whoever has most, so
    /// that half-open ones keep nobody out.</summary>
    public required int HandshakesAtOnce { get; init; }

    /// <summary>How long TLS may take.</summary>
    public required TimeSpan HandshakeTimeout { get; init; }

    /// <summary>
    /// HTTP/2 frames a second that carry no request (PING, SETTINGS, RST_STREAM, PRIORITY, CONTINUATION, empty DATA,
    /// unknown ones) on one connection over a long time; twice as many may come at once. WINDOW_UPDATE counts a tenth:
    /// a client that reads quickly sends many. A browser or SDK stays below 100.
    /// </summary>
    public int ControlFramesPerSecond { get; init; } = 1_000;
}
