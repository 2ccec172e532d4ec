namespace GovChain.Consensus;

/// <summary>What a node knows of a transaction that it has forwarded to the leader and that could still commit. Blocks are
/// counted in places (<see cref="ConsensusParameters.PlaceBytes"/>).</summary>
/// <param name="WaitedMs">Since it could commit, or since this leader leads if that is later, milliseconds.</param>
/// <param name="Ahead">What a leader that gives each department its turn may record first, as was reckoned when it was
/// forwarded, its own included.</param>
/// <param name="UnderWay">What the block may hold that was then under way: nothing of it is recorded before all is.</param>
/// <param name="Passed">What has been recorded since it was forwarded.</param>
public readonly record struct WaitingTransaction(ulong WaitedMs, long Ahead, long UnderWay, long Passed);

/// <summary>
/// Two strikes against a leader that passes a transaction over (docs/PROTOCOL.md, "Censorship"): after T1 it is forwarded,
/// after T2, longer the more is recorded meanwhile, the leader is complained about. Pure.
/// </summary>
public static class ComplaintRules
{
    /// <summary>What each place adds to the patience, milliseconds: a leader that fills a hundred a second, each department
    /// in its turn, is never complained about.</summary>
    public const ulong PaceMs = 10;

    /// <summary>Whether the leader should be given the transaction.</summary>
    public static bool IsForwardDue(ConsensusParameters parameters, ulong waitedMs) =>
        waitedMs >= parameters.ForwardTimeoutMs;

    /// <summary>How long a transaction waits at most, where this is what the leader has recorded or may be about to,
    /// milliseconds.</summary>
    public static ulong PatienceMs(ConsensusParameters parameters, long places) =>
        parameters.ComplaintTimeoutMs + (ulong)places * PaceMs;

    /// <summary>
    /// Whether the leader has passed the transaction over: never before T2; then once all that was ahead, and a whole
    /// block more, has been recorded without it, or too little was recorded for the time that it took.
    /// </summary>
    public static bool IsComplaintDue(ConsensusParameters parameters, in WaitingTransaction transaction) =>
        transaction.WaitedMs >= parameters.ComplaintTimeoutMs
        && (transaction.Passed >= transaction.Ahead + parameters.BlockTransactionsMax
            || transaction.WaitedMs >= PatienceMs(parameters, transaction.UnderWay + transaction.Passed));
}
