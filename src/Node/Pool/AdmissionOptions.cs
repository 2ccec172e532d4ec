using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>Admission's bounds.</summary>
internal sealed record AdmissionOptions
{
    /// <summary>What the envelopes that wait for their signatures to be verified may cost together, see <see cref="CostOf"/>: 8,192
    /// signatures, which one core verifies in about three seconds, or 16 MiB.</summary>
    public long PendingBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of gossip not yet decoded, of all peers; more is dropped and comes again. What a node's own clients left in
    /// the pool at the end of an epoch fits.</summary>
    public long GossipBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>What clients may send in one department's name, places (<see cref="PlaceBytes"/>) a second; twice as many may come
    /// at once. Counted of each address, and of all that proves to be the department's.</summary>
    public int PlacesPerSecond { get; init; } = 1_000;

    /// <summary>Senders whose rates are told apart, 100 bytes each.</summary>
    public const int SendersMax = 16_384;

    /// <summary>Cores used for signatures.</summary>
    public int VerifyThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Envelopes verified in one go: what has arrived, up to a chunk for each core. The cores take their chunks at the same
    /// time, so those a vote waits for wait no longer than for one: a tenth of a second on a busy core.
    /// </summary>
    public int BatchMax => BatchVerifier.ChunkSize * VerifyThreads;

    /// <summary>Bytes that a signature counts for at least, and what a turn of whoever waits is worth.</summary>
    public const long PlaceBytes = 2 * 1024;

    /// <summary>What an envelope takes of the room and of its department's turns: bytes, and <see cref="PlaceBytes"/> for each
    /// signature, its own and those it carries, at least.</summary>
    public static long CostOf(Transaction transaction) =>
        Math.Max(transaction.Envelope.Length, transaction.SignatureChecks.Count * PlaceBytes);
}
