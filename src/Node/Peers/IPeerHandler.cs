namespace GovChain.Node.Peers;

/// <summary>
/// What the node does with what its peers send. Called on the peer streams' threads: every member returns quickly,
/// queues or drops, and never throws on what a peer sent. Sizes were bounded by the transport.
/// </summary>
internal interface IPeerHandler
{
    /// <summary>One encoded consensus message of the authenticated department.</summary>
    void OnConsensus(string department, ReadOnlyMemory<byte> message);

    /// <summary>Envelopes that a peer's clients submitted.</summary>
    void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes);

    /// <summary>Those of the named envelopes (32-byte leaf hashes) that this node holds, from pool or ledger.</summary>
    IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes);

    /// <summary>Stored blocks from a height on, at most <paramref name="count"/> and at most a few MiB.</summary>
    Protos.V1.BlockRangeResponse ReadBlocks(ulong firstHeight, int count);

    /// <summary>A part of a snapshot, or nothing where this node does not hold it; at most a few MiB.</summary>
    Protos.V1.SnapshotResponse ReadSnapshot(Protos.V1.SnapshotRequest request);

    /// <summary>A stream to the department came up; a good moment to send it our status.</summary>
    void OnConnected(string department);
}
