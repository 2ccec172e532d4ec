using GovChain.Core.Cryptography;

namespace GovChain.Node.Pool;

/// <summary>
/// The last refusals, by transaction id, for those who ask what became of a transaction. Bounded: the oldest is
/// forgotten first. Safe from any thread.
/// </summary>
/// <remarks>
/// Only refusals of a body whose signature was verified belong here: anybody can give a known body a garbage signature.
/// </remarks>
internal sealed class OutcomeMemory(int capacity)
{
    private readonly object _gate = new();
    private readonly Dictionary<Digest, PoolExit> _exits = [];
    private readonly Queue<Digest> _order = [];

    /// <summary>Remembers refusals; a newer one for the same transaction takes the older one's place.</summary>
    public void Add(IReadOnlyList<PoolExit> exits)
    {
        lock (_gate)
        {
            foreach (PoolExit exit in exits)
            {
                Digest id = exit.Transaction.Id;
                if (!_exits.ContainsKey(id))
                {
                    if (_order.Count == capacity)
                        _exits.Remove(_order.Dequeue());
                    _order.Enqueue(id);
                }
                _exits[id] = exit;
            }
        }
    }

    /// <summary>How the transaction left, if it was refused and is still remembered.</summary>
    public PoolExit? Find(Digest transactionId)
    {
        lock (_gate)
            return _exits.TryGetValue(transactionId, out PoolExit exit) ? exit : null;
    }
}
