using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Configuration;

namespace GovChain.Node.Peers;

/// <summary>Another department's node.</summary>
/// <param name="Department">Its id.</param>
/// <param name="Key">Its validator key on the ledger.</param>
/// <param name="Endpoint">host:port of its peer listener.</param>
internal sealed record PeerEndpoint(string Department, PublicKey Key, string Endpoint)
{
    /// <summary>Another key of it, and where its node listens, that the operator states because the ledger here is behind:
    /// whoever shows that key is connected with, too, and has no vote. Null: none.</summary>
    public ObserverAddress? Awaited { get; init; }

    /// <summary>It had a vote and has none, and the operator does not name it.</summary>
    public bool IsFormer { get; init; }
}

/// <summary>
/// The bounds of the peer network, each with its arithmetic. Those with a setting are the operator's, within the
/// setting's limits; the others follow from them or from the protocol. Tests make them smaller.
/// </summary>
internal sealed record PeerNetworkOptions
{
    /// <summary>The version of the frames and of what they carry.</summary>
    public const uint ProtocolVersion = 1;

    /// <summary>The newest version of the ledger's protocol that this node executes, as it tells the others.</summary>
    public uint NewestVersion { get; init; } = ProtocolVersions.Newest;

    /// <summary>
    /// One frame, bytes, either way: a proposal with a view change's justification, or an answer with a whole block of
    /// at most <see cref="Limits.BlockBytesCeiling"/> (16 MiB) and what stands around its envelopes.
    /// </summary>
    public int FrameBytesMax { get; init; } = (int)PeerSettings.FrameBytesMax.DefaultValue;

    /// <summary>
    /// Streams that one department may have here at a time: the one that is up, one that has not been noticed to be
    /// dead, and one that introduces itself. Each holds at most one frame that is not whole yet, so a hostile department
    /// costs at most 3 x 32 MiB here, whatever it opens, and a few times that once frames are whole: <see cref="FrameBounds"/>.
    /// </summary>
    public int StreamsPerDepartment { get; init; } = 3;

    /// <summary>
    /// Connections to this node's listener at a time, strangers included until TLS has refused them. A stranger costs 64
    /// KiB of TLS state and two buffers of <see cref="BufferBytes"/>, for <see cref="HandshakeTimeout"/>: 512 are 160 MiB.
    /// </summary>
    public int ConnectionsMax { get; init; } = (int)PeerSettings.ConnectionsMax.DefaultValue;

    /// <summary>Of these, connections of one address; in a development network all departments have one.</summary>
    public int ConnectionsPerAddress { get; init; } = (int)PeerSettings.ConnectionsPerAddress.DefaultValue;

    /// <summary>Of these, connections that are not through TLS; one more displaces the oldest of whoever has most.</summary>
    public int HandshakesAtOnce { get; init; } = (int)PeerSettings.HandshakesMax.DefaultValue;

    /// <summary>Bytes in the way of one connection, in each direction, before its reading or writing stops.</summary>
    public int BufferBytes { get; init; } = 128 * 1024;

    /// <summary>Consensus messages waiting for one peer. A height costs about a dozen; the oldest goes first.</summary>
    public LaneBounds ConsensusLane { get; init; } = LaneBounds.Consensus(PeerSettings.ConsensusQueueBytesMax.DefaultValue);

    /// <summary>Answers waiting for one peer: two of the largest, or many small ones.</summary>
    public LaneBounds ReplyLane { get; init; } = LaneBounds.Reply(PeerSettings.ReplyQueueBytesMax.DefaultValue);

    /// <summary>Gossip waiting for one peer: at 600 envelopes of 1 KiB a second, 50 seconds.</summary>
    public LaneBounds GossipLane { get; init; } = LaneBounds.Gossip(PeerSettings.GossipQueueBytesMax.DefaultValue);

    /// <summary>Gossip that waits is merged into frames of about this many bytes.</summary>
    public int GossipFrameBytes { get; init; } = 256 * 1024;

    /// <summary>Envelopes in one gossip frame.</summary>
    public int GossipEnvelopesMax { get; init; } = 4_096;

    /// <summary>Frames a second that are read from one peer over a long time; more wait in its own connection. A node
    /// that works with a block every 20 ms sends some 500.</summary>
    public int InboundFramesPerSecond { get; init; } = (int)PeerSettings.FramesPerSecond.DefaultValue;

    /// <summary>Frames that one peer may send at once, when it was silent before.</summary>
    public int InboundFrameBurst { get; init; } = 2 * (int)PeerSettings.FramesPerSecond.DefaultValue;

    /// <summary>Requests of one peer that wait while another of it is answered; more are dropped.</summary>
    public int RequestBacklog { get; init; } = (int)PeerSettings.RequestBacklog.DefaultValue;

    /// <summary>Own requests to one peer under way.</summary>
    public int RequestsMax { get; init; } = (int)PeerSettings.RequestsMax.DefaultValue;

    /// <summary>Blocks in one answer.</summary>
    public int BlocksPerRequestMax { get; init; } = 1_024;

    /// <summary>Parts of snapshots that one peer is given a second, over a long time: 32 of 2 MiB and a row or page at most. It waits
    /// for more;
    /// its votes do not.</summary>
    public int SnapshotPartsPerSecond { get; init; } = 32;

    /// <summary>How long to wait for blocks, if the caller does not give up before.</summary>
    public TimeSpan BlocksTimeout { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.BlocksTimeoutMs.DefaultValue);

    /// <summary>How long to wait for envelopes of a proposal: somebody else may have them, and the view's timer runs.
    /// </summary>
    public TimeSpan EnvelopesTimeout { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.EnvelopesTimeoutMs.DefaultValue);

    /// <summary>How long the other side may take to connect and to send its first frame.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.HandshakeTimeoutMs.DefaultValue);

    /// <summary>A peer that takes no bytes for so long is disconnected; it may come back.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.WriteTimeoutMs.DefaultValue);

    /// <summary>After so long without a byte the connection is probed, and given up after as long again.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.KeepAliveMs.DefaultValue);

    /// <summary>First pause before dialling again; doubles up to <see cref="RedialMax"/>.</summary>
    public TimeSpan RedialBase { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.RedialMsMin.DefaultValue);

    /// <summary>Longest pause before dialling again. Short: a department that comes back is needed for the quorum.
    /// </summary>
    public TimeSpan RedialMax { get; init; } = TimeSpan.FromMilliseconds(PeerSettings.RedialMsMax.DefaultValue);

    /// <summary>A department without a vote that nobody names as an observer is dialled for so long without success, from the
    /// start, a new epoch or its last stream on: a restart or a repair of its machine's network takes less.</summary>
    public TimeSpan FormerDialled { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>How much may wait in one lane of a peer's queue.</summary>
/// <param name="Count">Entries.</param>
/// <param name="Bytes">Bytes of all entries.</param>
internal readonly record struct LaneBounds(int Count, long Bytes)
{
    /// <summary>Votes are below 1 KiB, proposals up to some 320 KiB: an entry for each 16 KiB.</summary>
    public static LaneBounds Consensus(long bytes) => Of(bytes, 16 * 1024);

    /// <summary>Answers are of up to 20 MiB: an entry for each 256 KiB.</summary>
    public static LaneBounds Reply(long bytes) => Of(bytes, 256 * 1024);

    /// <summary>Envelopes are of some 1 KiB: an entry for each 2 KiB.</summary>
    public static LaneBounds Gossip(long bytes) => Of(bytes, 2 * 1024);

    private static LaneBounds Of(long bytes, int bytesEach) => new(checked((int)(bytes / bytesEach)), bytes);
}
