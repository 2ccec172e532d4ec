namespace GovChain.Node.Consensus;

/// <summary>
/// How many transactions a leader puts into a block: so many that the others can check it well within the timeout. Most
/// of a check is signatures that they have not come to yet; a leader that ignored it would be voted out for being
/// faster than they are. Learns from how long its own blocks take. Safe from any thread.
/// </summary>
/// <param name="targetMs">How long a block should take from proposal to disk.</param>
/// <param name="limitMax">What the ledger allows.</param>
internal sealed class BlockSizer(double targetMs, int limitMax)
{
    // Below this a block costs more in votes than in signatures, and making it smaller makes nothing faster.
    private const int LimitMin = 256;
    private const int LimitFirst = 512;

    private int _limit = Math.Min(LimitFirst, limitMax);

    /// <summary>At most so many transactions.</summary>
    public int Limit => Volatile.Read(ref _limit);

    /// <summary>An own block was stored; the limit at most doubles or halves.</summary>
    public void Decided(int transactions, double elapsedMs)
    {
        int limit = Limit;
        // A block below the limit says nothing about larger ones, unless it was slow already.
        if (transactions < limit && elapsedMs < targetMs)
            return;
        double fitting = transactions * targetMs / Math.Max(1, elapsedMs);
        Set((int)Math.Clamp(fitting, limit / 2.0, limit * 2.0));
    }

    /// <summary>An own block lost its view.</summary>
    public void Failed() => Set(Limit / 2);

    private void Set(int limit) => Volatile.Write(ref _limit, Math.Clamp(limit, Math.Min(LimitMin, limitMax), limitMax));
}
