using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Pool;

namespace GovChain.Node.Consensus;

/// <summary>
/// Watches what the leader does with the transactions that this node holds: gives it those that wait, and complains when
/// it passes one over (docs/PROTOCOL.md, "Censorship"). One caller, about once a second. No clock of its own.
/// </summary>
internal sealed class LeaderWatch(ValidatorSet validators, int self, ConsensusParameters parameters, TransactionPool pool)
{
    /// <summary>Envelopes given to the leader at a time: it has most of them, and decodes each.</summary>
    private const int ForwardMax = 64;

    private LeaderTerm _term;
    private int _leader = -1;

    /// <summary>Looks once.</summary>
    /// <param name="standing">Height, view and leader now.</param>
    /// <param name="nowMs">The monotonic clock.</param>
    /// <param name="forward">Envelopes to give to the leader.</param>
    /// <returns>What to tell the core; null if there is nothing to complain about.</returns>
    public Complaint? Look(ConsensusStanding standing, ulong nowMs, out IReadOnlyList<ReadOnlyMemory<byte>> forward)
    {
        if (standing.Leader != _leader)
            Begin(standing.Leader, nowMs);
        WaitingReport report = pool.LookAtWaiting(nowMs, _term, parameters, ForwardMax);
        forward = report.Forward;
        // Above view 0 the view's timer judges the leader, and grows: if complaints ended these views, too, nothing would ever be
        // decided where deciding takes longer than T2.
        if (report.Overdue is not { } transaction || standing.View > 0)
            return null;
        // Two strikes anew: if only this node holds the transaction, nobody joins, and it must not stay out of every height.
        Begin(standing.Leader, nowMs);
        return new Complaint(standing.Height, standing.View,
            $"{validators[standing.Leader].Department} passes over transaction {transaction}");
    }

    private void Begin(int leader, ulong nowMs)
    {
        _leader = leader;
        _term = new LeaderTerm(_term.Number + 1, nowMs, leader == self);
    }
}
