using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>Which transactions the next block takes (docs/PROTOCOL.md, "Fair shares").</summary>
internal sealed partial class TransactionPool
{
    private long _taking;

    /// <summary>
    /// Transactions for the next block, at most so many and so long, in an order in which each finds the version it
    /// follows. They stay in the pool. Departments take turns, each its oldest first.
    /// </summary>
    /// <remarks>
    /// A turn of the <see cref="RoundRobin{T}"/> is worth a place. So each that has something waiting has at least one transaction
    /// in the block, if there is room, and over any two blocks half of its share at least, whatever the others send and however large.
    /// </remarks>
    /// <param name="maxBytes">Bytes of envelopes in the block.</param>
    /// <param name="maxCount">Transactions in it.</param>
    /// <param name="placeBytes">What a smaller transaction counts for, as it takes one of the block's places all the same.</param>
    public List<VerifiedTransaction> TakeCandidates(long maxBytes, int maxCount, long placeBytes)
    {
        lock (_gate)
        {
            var block = new Filling(maxBytes, maxCount, placeBytes, Math.Min(_ready, maxCount));
            _taking++;
            RoundRobin<Turn> turns = Turns(placeBytes);
            while (turns.Next() is { } turn)
            {
                long before = block.Cost;
                if (turn.Next.Value.IsReady && !Take(turn.Next.Value, block))
                {
                    turns.Leave(turn); // its order is kept; the others may have what fits
                    continue;
                }
                turns.Pay(turn, block.Cost - before);
                if (turn.Next.Next is { } next)
                    turn.Next = next;
                else
                    turns.Leave(turn);
            }
            return block.Taken;
        }
    }

    /// <summary>Whoever has something that could commit, from block to block another one first.</summary>
    private RoundRobin<Turn> Turns(long placeBytes)
    {
        var turns = new RoundRobin<Turn>(placeBytes);
        for (int i = 0; i < _queues.Count; i++)
        {
            DepartmentQueue queue = _queues.GetAt((int)((_height + (ulong)i) % (ulong)_queues.Count)).Value;
            if (queue.ReadyCount > 0)
                turns.Enter(new Turn(queue.First!)); // what is ready is in the queue
        }
        return turns;
    }

    /// <summary>Takes the entry with what has to go before it; false when the next one does not fit.</summary>
    private bool Take(PoolEntry entry, Filling block)
    {
        if (entry.Chain is not { } chain)
            return block.TryAdd(entry);
        ulong reached = chain.Reached.Taking == _taking ? chain.Reached.Version : chain.StateVersion;
        for (; reached <= entry.Target!.Value.ExpectedVersion; reached++)
        {
            PoolEntry? next = chain.ReadyAt(reached);
            if (next is null)
                break;
            if (!block.TryAdd(next))
                return false;
            chain.Reached = (_taking, reached + 1);
        }
        return true;
    }

    /// <summary>A department's part in the filling of a block.</summary>
    private sealed class Turn(LinkedListNode<PoolEntry> first) : RoundRobin<Turn>.Party
    {
        /// <summary>What it takes next.</summary>
        public LinkedListNode<PoolEntry> Next { get; set; } = first;
    }

    private sealed class Filling(long maxBytes, int maxCount, long placeBytes, int capacity)
    {
        private long _bytes;

        public List<VerifiedTransaction> Taken { get; } = new(capacity);

        /// <summary>Bytes taken, where each transaction counts for a place at least.</summary>
        public long Cost { get; private set; }

        public bool TryAdd(PoolEntry entry)
        {
            if (Taken.Count >= maxCount || _bytes + entry.Bytes > maxBytes)
                return false;
            _bytes += entry.Bytes;
            Cost += Math.Max(entry.Bytes, placeBytes);
            Taken.Add(entry.Verified);
            return true;
        }
    }
}
