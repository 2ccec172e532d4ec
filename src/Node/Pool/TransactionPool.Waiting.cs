using GovChain.Consensus;
using GovChain.Core.Cryptography;

namespace GovChain.Node.Pool;

/// <summary>A stretch of time in which one validator leads, as this node sees it.</summary>
/// <param name="Number">1 or more; the next one is higher.</param>
/// <param name="SinceMs">When it began, by the monotonic clock.</param>
/// <param name="IsOwn">This node leads.</param>
internal readonly record struct LeaderTerm(int Number, ulong SinceMs, bool IsOwn);

/// <summary>What blocks may hold before a transaction, in places; see <see cref="WaitingTransaction"/>.</summary>
/// <param name="Ahead">At most so much comes first.</param>
/// <param name="UnderWay">At most so much is in the block under way.</param>
/// <param name="Passed">So much blocks had held before.</param>
internal readonly record struct BlockOutlook(long Ahead, long UnderWay, long Passed);

/// <summary>What a look at the waiting transactions found.</summary>
/// <param name="Forward">Envelopes to give to the leader now.</param>
/// <param name="Overdue">A transaction that the leader has passed over; null if there is none.</param>
internal readonly record struct WaitingReport(IReadOnlyList<ReadOnlyMemory<byte>> Forward, Digest? Overdue);

/// <summary>How long what could commit has waited for the leader.</summary>
internal sealed partial class TransactionPool
{
    private (long Transactions, long Bytes) _passed;

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
                    BlockOutlook then = given.Blocks;
                    var waiting = new WaitingTransaction(waitedMs, then.Ahead, then.UnderWay, Passed(parameters) - then.Passed);
                    if (overdue is null && ComplaintRules.IsComplaintDue(parameters, waiting))
                        overdue = entry.Transaction.Id;
                }
                else if (forward.Count < forwardMax && ComplaintRules.IsForwardDue(parameters, waitedMs))
                {
                    entry.Forwarded = (term.Number, OutlookFor(entry, parameters));
                    forward.Add(entry.Transaction.Envelope);
                }
            }
        }
        return new WaitingReport(forward, overdue);
    }

    /// <summary>The leader may fill the block under way, then it takes of the department's own at least half of that
    /// department's share of what it records.</summary>
    private BlockOutlook OutlookFor(PoolEntry entry, ConsensusParameters parameters)
    {
        long own = Places(entry.Queue.ReadyCount, entry.Queue.ReadyBytes, parameters);
        long all = _queues.Values.Sum(q => Places(q.ReadyCount, q.ReadyBytes, parameters));
        long underWay = Math.Min(all, parameters.BlockTransactionsMax);
        return new BlockOutlook(2 * _departments * own + underWay, underWay, Passed(parameters));
    }

    /// <summary>At most what these take.</summary>
    private static long Places(int count, long bytes, ConsensusParameters parameters) => count + bytes / parameters.PlaceBytes;

    /// <summary>At least what blocks have filled so far.</summary>
    private long Passed(ConsensusParameters parameters) => Math.Max(_passed.Transactions, _passed.Bytes / parameters.PlaceBytes);
}
