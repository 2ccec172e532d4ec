using GovChain.Consensus;
using GovChain.Core.Cryptography;

namespace GovChain.Node.Pool;

/// <summary>A stretch of time in which one validator leads, as this node sees it.</summary>
/// <param name="Number">1 or more; the next one is higher.</param>
/// <param name="SinceMs">When it began, by the monotonic clock.</param>
/// <param name="IsOwn">This node leads.</param>
internal readonly record struct LeaderTerm(int Number, ulong SinceMs, bool IsOwn);

/// <summary>What a look at the waiting transactions found.</summary>
/// <param name="Forward">Envelopes to give to the leader now.</param>
/// <param name="Overdue">A transaction that the leader has passed over; null if there is none.</param>
internal readonly record struct WaitingReport(IReadOnlyList<ReadOnlyMemory<byte>> Forward, Digest? Overdue);

/// <summary>How long what could commit has waited for the leader.</summary>
internal sealed partial class TransactionPool
{
    private ulong _passed;

    /// <summary>
    /// Looks at every transaction that could commit now, at a steady pace: those that <see cref="ComplaintRules"/> want
    /// forwarded, each once in a term and at most so many, and the first that they allow a complaint about. What cannot
    /// commit does not wait.
    /// </summary>
    /// <param name="nowMs">The monotonic clock.</param>
    /// <param name="term">Who leads since when.</param>
    /// <param name="parameters">T1, T2 and the block size.</param>
    /// <param name="forwardMax">How many are forwarded at most.</param>
    public WaitingReport LookAtWaiting(ulong nowMs, LeaderTerm term, ConsensusParameters parameters, int forwardMax)
    {
        var forward = new List<ReadOnlyMemory<byte>>();
        Digest? overdue = null;
        lock (_gate)
        {
            for (PoolEntry? entry = _first; entry is not null; entry = entry.Next)
            {
                entry.WaitingSinceMs = entry.IsReady ? entry.WaitingSinceMs ?? nowMs : null;
                if (entry.WaitingSinceMs is not { } since || term.IsOwn)
                    continue;
                ulong waitedMs = nowMs - Math.Max(since, term.SinceMs);
                if (entry.Forwarded is { } given && given.Term == term.Number)
                {
                    var waiting = new WaitingTransaction(waitedMs, given.Ahead, _passed - given.Passed);
                    if (overdue is null && ComplaintRules.IsComplaintDue(parameters, waiting))
                        overdue = entry.Transaction.Id;
                }
                else if (forward.Count < forwardMax && ComplaintRules.IsForwardDue(parameters, waitedMs))
                {
                    entry.Forwarded = (term.Number, _ready, _passed);
                    forward.Add(entry.Transaction.Envelope);
                }
            }
        }
        return new WaitingReport(forward, overdue);
    }
}
