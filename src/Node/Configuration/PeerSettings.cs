namespace GovChain.Node.Configuration;

/// <summary>
/// The bounds towards the other departments' nodes that an operator may have reason to move: memory, slow lines, many
/// addresses. The bounds of <see cref="Peers.PeerNetworkOptions"/> that are not here follow from these or from the protocol.
/// </summary>
internal static class PeerSettings
{
    private const long MiB = 1024 * 1024, GiB = 1024 * MiB;

    /// <summary>The largest frame that an honest node sends is 4 MiB of blocks or envelopes and one more block of 16 MiB with
    /// what stands around its envelopes: a node that takes less could not follow a ledger of large blocks.</summary>
    private const long FrameBytesLeast = 24 * MiB;

    public static readonly NumberSetting ConnectionsMax = new("peers.connectionsMax", 512, 16, 100_000)
    {
        Meaning = "connections to the peer listener at a time, strangers included until TLS has refused them (about 320 KiB each)",
        Unit = "connections",
        Example = "512",
    };

    public static readonly NumberSetting ConnectionsPerAddress = new("peers.connectionsPerAddress", 256, 3, 100_000)
    {
        Meaning = "of these, connections of one address (IPv6: one /64); departments behind one address share them",
        Unit = "connections",
        Example = "256",
    };

    public static readonly NumberSetting HandshakesMax = new("peers.handshakesMax", 128, 4, 100_000)
    {
        Meaning = "of these, connections that are not through TLS yet; one more displaces the oldest of whoever has most",
        Unit = "connections",
        Example = "128",
    };

    public static readonly NumberSetting HandshakeTimeoutMs = new("peers.handshakeTimeoutMs", 5_000, 500, 60_000)
    {
        Meaning = "how long the other side may take to connect, and again to introduce itself",
        Unit = "ms",
        Example = "5000",
    };

    public static readonly NumberSetting FrameBytesMax = new("peers.frameBytesMax", 32 * MiB, FrameBytesLeast, GiB)
    {
        Meaning = "one frame, either way; a hostile department can make this node hold three of them",
        Unit = "bytes",
        Example = "33554432",
    };

    public static readonly NumberSetting ConsensusQueueBytesMax =
        new("peers.consensusQueueBytesMax", 64 * MiB, FrameBytesLeast, 4 * GiB)
        {
            Meaning = "votes, proposals and requests that wait for one department; when full, the oldest go. One entry for each 16 KiB",
            Unit = "bytes",
            Example = "67108864",
        };

    public static readonly NumberSetting ReplyQueueBytesMax = new("peers.replyQueueBytesMax", 64 * MiB, FrameBytesLeast, 4 * GiB)
    {
        Meaning = "answers that wait for one department; when full, no more are added and it asks again. One entry for each 256 KiB",
        Unit = "bytes",
        Example = "67108864",
    };

    public static readonly NumberSetting GossipQueueBytesMax = new("peers.gossipQueueBytesMax", 32 * MiB, MiB, 4 * GiB)
    {
        Meaning = "submitted transactions that wait for one department; when full, it fetches them when they are proposed. "
            + "One entry for each 2 KiB",
        Unit = "bytes",
        Example = "33554432",
    };

    public static readonly NumberSetting FramesPerSecond = new("peers.framesPerSecond", 2_000, 100, 1_000_000)
    {
        Meaning = "frames that are read from one department over a long time, twice as many at once; more wait in its own connection. "
            + "A block every 20 ms needs some 500",
        Unit = "frames/s",
        Example = "2000",
    };

    public static readonly NumberSetting RequestsMax = new("peers.requestsMax", 256, 4, 65_536)
    {
        Meaning = "this node's requests to one department under way",
        Unit = "requests",
        Example = "256",
    };

    public static readonly NumberSetting RequestBacklog = new("peers.requestBacklog", 64, 4, 65_536)
    {
        Meaning = "requests of one department that wait while one of it is answered; more are dropped and come again",
        Unit = "requests",
        Example = "64",
    };

    public static readonly NumberSetting BlocksTimeoutMs = new("peers.blocksTimeoutMs", 10_000, 1_000, 600_000)
    {
        Meaning = "how long to wait for blocks or a part of a snapshot before another department is asked; where no blocks come in "
            + "time fewer are asked for, down to one: raise it where one of 16 MiB takes longer",
        Unit = "ms",
        Example = "10000",
    };

    public static readonly NumberSetting EnvelopesTimeoutMs = new("peers.envelopesTimeoutMs", 2_000, 100, 60_000)
    {
        Meaning = "how long to wait for transactions of a proposal before another department is asked; the view's timer runs meanwhile",
        Unit = "ms",
        Example = "2000",
    };

    public static readonly NumberSetting WriteTimeoutMs = new("peers.writeTimeoutMs", 30_000, 1_000, 600_000)
    {
        Meaning = "a department that takes no bytes for this long is disconnected; it may come back",
        Unit = "ms",
        Example = "30000",
    };

    public static readonly NumberSetting KeepAliveMs = new("peers.keepAliveMs", 5_000, 1_000, 600_000)
    {
        Meaning = "after this long without a byte a connection is probed, and given up after as long again",
        Unit = "ms",
        Example = "5000",
    };

    public static readonly NumberSetting RedialMsMin = new("peers.redialMsMin", 200, 10, 60_000)
    {
        Meaning = "first pause before a department is dialled again; it doubles up to `redialMsMax`",
        Unit = "ms",
        Example = "200",
    };

    public static readonly NumberSetting RedialMsMax = new("peers.redialMsMax", 3_000, 100, 600_000)
    {
        Meaning = "longest pause before a department is dialled again; short, as it may be needed for the quorum when it comes back",
        Unit = "ms",
        Example = "3000",
    };

    /// <summary>All of them, in the order in which they are read and shown.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        ConnectionsMax, ConnectionsPerAddress, HandshakesMax, HandshakeTimeoutMs,
        FrameBytesMax, ConsensusQueueBytesMax, ReplyQueueBytesMax, GossipQueueBytesMax,
        FramesPerSecond, RequestsMax, RequestBacklog, BlocksTimeoutMs, EnvelopesTimeoutMs,
        WriteTimeoutMs, KeepAliveMs, RedialMsMin, RedialMsMax,
    ];
}
