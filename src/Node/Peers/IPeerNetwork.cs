using GovChain.Protos.V1;

namespace GovChain.Node.Peers;

/// <summary>How the connection to one other department stands.</summary>
/// <param name="Department">The department.</param>
/// <param name="Endpoint">Where its node listens, as the ledger says.</param>
/// <param name="IsConnected">A stream is up.</param>
/// <param name="LastError">Why there is none, or why the last one ended; empty if nothing is wrong.</param>
/// <param name="LastSeenMs">When the last frame came, UTC milliseconds; 0 for never.</param>
internal readonly record struct PeerConnection(
    string Department, string Endpoint, bool IsConnected, string LastError, ulong LastSeenMs)
{
    /// <summary>The stream that is up is under a key that the operator states and the ledger here does not name yet: it
    /// gives blocks and snapshots, and its consensus messages do not count.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>The department had a vote and has none, and the operator does not name it as an observer: nobody waits for it.
    /// </summary>
    public bool IsFormer { get; init; }

    /// <summary>The newest version of the ledger's protocol that the department says its node executes; 0: it has not said, or no
    /// stream is up.</summary>
    public uint NewestVersion { get; init; }
}

/// <summary>
/// What the node asks of its peers: over the streams of the real network, or inside one process in tests that cut and
/// heal it. Sending never waits: what does not fit a peer's queue is dropped, votes last.
/// </summary>
internal interface IPeerNetwork
{
    /// <summary>Every other department, connected or not.</summary>
    IReadOnlyList<PeerConnection> Connections { get; }

    /// <summary>Queues one encoded consensus message for a department.</summary>
    void SendConsensus(string department, ReadOnlyMemory<byte> message);

    /// <summary>Queues one encoded consensus message for every other department.</summary>
    void BroadcastConsensus(ReadOnlyMemory<byte> message);

    /// <summary>Queues envelopes for a department.</summary>
    void SendGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes);

    /// <summary>Queues envelopes for every other department.</summary>
    void BroadcastGossip(IReadOnlyList<ReadOnlyMemory<byte>> envelopes);

    /// <summary>Asks a department for envelopes by leaf hash (n x 32 bytes); null if it did not answer in time.</summary>
    Task<IReadOnlyList<ReadOnlyMemory<byte>>?> RequestEnvelopesAsync(
        string department, ulong height, ReadOnlyMemory<byte> leafHashes, CancellationToken cancellation);

    /// <summary>Asks a department for stored blocks from a height on; null if it did not answer in time.</summary>
    Task<BlockRangeResponse?> RequestBlocksAsync(
        string department, ulong firstHeight, int count, CancellationToken cancellation);

    /// <summary>Asks a department for a part of a snapshot; null if it did not answer in time. The request's id is the
    /// network's to set.</summary>
    Task<SnapshotResponse?> RequestSnapshotAsync(
        string department, SnapshotRequest request, CancellationToken cancellation);
}
