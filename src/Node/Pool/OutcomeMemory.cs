using System.Diagnostics.CodeAnalysis;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>
/// The last final refusals, by transaction id, for those who ask what became of a transaction. Bounded: the oldest is
/// forgotten first. Safe from any thread.
/// </summary>
/// <remarks>
/// Only refusals of a body whose signature was verified belong here: anybody can give a known body a garbage signature.
/// </remarks>
internal sealed class OutcomeMemory(int capacity)
{
    private readonly object _gate = new();
    private readonly Dictionary<Digest, Rejection> _rejections = [];
    private readonly Queue<Digest> _order = [];

    /// <summary>Remembers refusals; a newer one for the same transaction takes the older one's place.</summary>
    public void Add(IReadOnlyList<PoolExit> exits)
    {
        lock (_gate)
        {
            foreach (PoolExit exit in exits)
            {
                Digest id = exit.Transaction.Id;
                if (!_rejections.ContainsKey(id))
                {
                    if (_order.Count == capacity)
                        _rejections.Remove(_order.Dequeue());
                    _order.Enqueue(id);
                }
                _rejections[id] = exit.Rejection;
            }
        }
    }

    /// <summary>Why the transaction was refused, if it was and is still remembered.</summary>
    public bool TryGet(Digest transactionId, [NotNullWhen(true)] out Rejection? rejection)
    {
        lock (_gate)
            return _rejections.TryGetValue(transactionId, out rejection);
    }
}
