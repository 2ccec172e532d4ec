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
    /// Surplus round robin (H. Adiseshu, G. Parulkar, G. Varghese, "A reliable and scalable striping protocol", SIGCOMM 1996): each
    /// turn adds a place to a department's credit, which it may overdraw by its last transaction. So each that has something
    /// waiting has at least one transaction in the block, if there is room, and over any two blocks half of its share at least,
    /// whatever the others send and however large.
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
            List<Turn> turns = Turns();
            while (turns.Count > 0)
            {
                long least = turns.Min(static t => Math.Max(0, -t.Credit)); // no turns in which nobody may take
                foreach (Turn turn in turns)
                {
                    turn.Credit += placeBytes * (1 + least / placeBytes);
                    Take(turn, block);
                }
                turns.RemoveAll(static t => t.Next is null);
            }
            return block.Taken;
        }
    }

    /// <summary>Whoever has something that could commit, from block to block another one first.</summary>
    private List<Turn> Turns()
    {
        var turns = new List<Turn>(_queues.Count);
        for (int i = 0; i < _queues.Count; i++)
        {
            DepartmentQueue queue = _queues.GetAt((int)((_height + (ulong)i) % (ulong)_queues.Count)).Value;
            if (queue.ReadyCount > 0)
                turns.Add(new Turn { Next = queue.First });
        }
        return turns;
    }

    private void Take(Turn turn, Filling block)
    {
        for (; turn.Next is { } at && turn.Credit > 0; turn.Next = turn.Next?.Next)
        {
            long before = block.Cost;
            if (at.Value.IsReady && !Take(at.Value, block))
            {
                turn.Next = null; // its order is kept; the others may have what fits
                return;
            }
            turn.Credit -= block.Cost - before;
        }
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
    private sealed class Turn
    {
        /// <summary>What it takes next; null when it is through.</summary>
        public LinkedListNode<PoolEntry>? Next { get; set; }

        /// <summary>Bytes that it may take; below zero after one that was larger.</summary>
        public long Credit { get; set; }
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
