namespace GovChain.Node.Pool;

/// <summary>The pool's bounds. All are positive; see <see cref="Validate"/>.</summary>
internal sealed record PoolOptions
{
    /// <summary>Transactions held: at 600 a second more than a minute of backlog, at 10,000 five seconds.</summary>
    public int CountMax { get; init; } = 50_000;

    /// <summary>Bytes of envelopes held; the objects around them take about 1 KiB each on top.</summary>
    public long BytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Of the transactions held, those that cannot commit now: before a gap, or refused for the present.</summary>
    public int HeldMax { get; init; } = 12_500;

    /// <summary>Transactions waiting for one record or type; bounds the walk along a chain.</summary>
    public int ChainMax { get; init; } = 1_024;

    /// <summary>
    /// Transactions held of one validator key. Each is judged anew after every block, for a quorum of keys: 64 of 50 departments
    /// each are 110,000 reads of the state at worst. An honest node has a few under way; what does not fit it offers again.
    /// </summary>
    public int ProtocolMax { get; init; } = 64;

    /// <summary>Final refusals remembered for those who ask later; about 0.5 KiB each.</summary>
    public int OutcomesMax { get; init; } = 16_384;

    /// <summary>How long after its expiry by this node's clock a transaction still waits for a header, milliseconds.</summary>
    public ulong ExpiryGraceMs { get; init; } = 30_000;

    /// <summary>Names the first bound that breaks its rule.</summary>
    /// <exception cref="ArgumentException">A bound is not positive, or more are held than the pool has room for.</exception>
    public void Validate()
    {
        if (CountMax <= 0 || BytesMax <= 0 || HeldMax <= 0 || ChainMax <= 0 || ProtocolMax <= 0 || OutcomesMax <= 0)
            throw new ArgumentException("Every bound of the pool must be positive.");
        if (HeldMax > CountMax)
            throw new ArgumentException($"HeldMax ({HeldMax}) must not exceed CountMax ({CountMax}).");
    }
}
