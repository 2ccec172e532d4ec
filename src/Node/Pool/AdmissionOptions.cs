namespace GovChain.Node.Pool;

/// <summary>Admission's bounds.</summary>
internal sealed record AdmissionOptions
{
    /// <summary>Signatures of envelopes decoded and not yet verified, an envelope's own and those it carries: what one core
    /// verifies in about three seconds.</summary>
    public int PendingMax { get; init; } = 8_192;

    /// <summary>Bytes of those.</summary>
    public long PendingBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Batches of gossip not yet decoded, of all peers; more are dropped and come again.</summary>
    public int GossipBatchesMax { get; init; } = 256;

    /// <summary>Cores used for signatures.</summary>
    public int VerifyThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Envelopes verified in one go: what has arrived, up to a chunk for each core. The cores take their chunks at the same
    /// time, so those a vote waits for wait no longer than for one: a tenth of a second on a busy core.
    /// </summary>
    public int BatchMax => BatchVerifier.ChunkSize * VerifyThreads;
}
