using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>A transaction in the pool. Belongs to the pool, which changes it under its lock only.</summary>
/// <param name="transaction">It.</param>
/// <param name="department">Whose officer or validator key signed it, as the ledger stands; empty where it knows of none.</param>
/// <param name="source">The department whose node brought it.</param>
/// <param name="arrivedAtMs">By this node's clock.</param>
internal sealed class PoolEntry(VerifiedTransaction transaction, string department, string source, ulong arrivedAtMs)
{
    /// <summary>The transaction with its verified signature.</summary>
    public VerifiedTransaction Verified { get; } = transaction;

    /// <summary>The transaction.</summary>
    public Transaction Transaction => Verified.Transaction;

    /// <summary>The signer's department: whose share of the pool and whose turn in a block it takes.</summary>
    public string Department { get; } = department;

    /// <summary>The department whose node brought it.</summary>
    public string Source { get; } = source;

    /// <summary>The transactions of its department.</summary>
    public DepartmentQueue Queue { get; set; } = null!; // by the pool, before anything else

    /// <summary>What it changes, if that has versions.</summary>
    public TransactionTarget? Target { get; } = TransactionTarget.Of(transaction.Transaction);

    /// <summary>What else decides whether it can commit: other records, and the submission that waits.</summary>
    public IReadOnlyList<StateKey> Named { get; } = TransactionTarget.NamedBy(transaction.Transaction.Body);

    /// <summary>The others that change the same, or null.</summary>
    public RecordChain? Chain { get; set; }

    /// <summary>Why it cannot commit now, leaving aside missing versions before it; null if nothing is known.</summary>
    public Rejection? Obstacle { get; set; }

    /// <summary>Nothing in state or pool stands in its way: a candidate for the next block.</summary>
    public bool IsReady
    {
        get;
        set
        {
            if (field == value)
                return;
            field = value;
            Queue.OnReady(this);
        }
    }

    /// <summary>When this node last told the others of it, by its own clock.</summary>
    public ulong GossipedAtMs { get; set; } = arrivedAtMs;

    /// <summary>Since when it could commit, as far as was looked, by the monotonic clock; null while it cannot.</summary>
    public ulong? WaitingSinceMs { get; set; }

    /// <summary>The last term in which it was given to the leader, and how blocks stood then.</summary>
    public (int Term, BlockOutlook Blocks)? Forwarded { get; set; }

    /// <summary>Neighbours in order of arrival.</summary>
    public PoolEntry? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public PoolEntry? Next { get; set; }

    /// <summary>Its place in <see cref="Queue"/>; null while it is in none.</summary>
    public LinkedListNode<PoolEntry>? InQueue { get; set; }

    /// <summary>What of a rejection stands in its way: versions before it that are missing do not, for its chain knows of them.</summary>
    public Rejection? ObstacleIn(Rejection? rejection) =>
        Target is not null && rejection?.Code == RejectionCode.VersionAhead ? null : rejection;

    /// <summary>Bytes it counts for.
    public int Bytes => Transaction.Envelope.Length;
}
