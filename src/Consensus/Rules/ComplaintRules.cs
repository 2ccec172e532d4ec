namespace GovChain.Consensus;

/// <summary>What a node knows of a transaction that it has forwarded to the leader and that could still commit.</summary>
/// <param name="WaitedMs">Since it could commit, or since this leader leads if that is later, milliseconds.</param>
/// <param name="Ahead">Transactions that could commit, itself included, when it was forwarded: the leader may take all of
/// them first.</param>
/// <param name="Passed">Transactions stored since it was forwarded.</param>
public readonly record struct WaitingTransaction(ulong WaitedMs, int Ahead, ulong Passed);

/// <summary>
/// Two strikes against a leader that passes a transaction over (docs/PROTOCOL.md, "Censorship"): after T1 it is forwarded,
/// after T2, longer the more stands ahead of it, the leader is complained about. Pure.
/// </summary>
public static class ComplaintRules
{
    /// <summary>What each transaction ahead adds to the patience, milliseconds: a leader that records a hundred a second,
    /// in order, is never complained about.</summary>
    public const ulong PaceMs = 10;

    /// <summary>Whether the leader should be given the transaction.</summary>
    public static bool IsForwardDue(ConsensusParameters parameters, ulong waitedMs) =>
        waitedMs >= parameters.ForwardTimeoutMs;

    /// <summary>How long a transaction waits at most before the leader is complained about, milliseconds.</summary>
    public static ulong PatienceMs(ConsensusParameters parameters, int ahead) =>
        parameters.ComplaintTimeoutMs + (ulong)ahead * PaceMs;

    /// <summary>
    /// Whether the leader has passed the transaction over: never before T2; then once all that stood ahead, and a whole
    /// block more, has been recorded without it, or its patience is over.
    /// </summary>
    public static bool IsComplaintDue(ConsensusParameters parameters, in WaitingTransaction transaction) =>
        transaction.WaitedMs >= parameters.ComplaintTimeoutMs
        && (transaction.Passed >= (ulong)transaction.Ahead + parameters.BlockTransactionsMax
            || transaction.WaitedMs >= PatienceMs(parameters, transaction.Ahead));
}
