using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>A transaction offered to the pool with what the rules said of it on the ledger's newest state.</summary>
/// <param name="Entry">The transaction.</param>
/// <param name="Obstacle">Why it cannot commit now; null also where only versions before it are missing.</param>
/// <param name="StateVersion">The ledger's version of its target; 0 where there is none.</param>
internal readonly record struct PoolOffer(PoolEntry Entry, Rejection? Obstacle, ulong StateVersion);

/// <summary>A transaction in the pool as it stood when somebody asked.</summary>
/// <param name="Transaction">It.</param>
/// <param name="Obstacle">Why it cannot commit now; null also where only versions before it are missing.</param>
/// <param name="IsAhead">It waits for a version that neither the ledger has nor a transaction in the pool makes.</param>
internal readonly record struct HeldTransaction(Transaction Transaction, Rejection? Obstacle, bool IsAhead);

/// <summary>What the pool said to an offer.</summary>
internal enum PoolAnswer
{
    /// <summary>It is in the pool.</summary>
    Added = 1,

    /// <summary>It, or the same body under another signature, was there already.</summary>
    AlreadyHeld,

    /// <summary>A bound of the pool is reached.</summary>
    Full,
}

/// <summary>
/// Verified transactions that wait for a block, in order of arrival. What stands here may fill the gap before a
/// version but never refuses a rival: only the ledger's state does.
/// </summary>
/// <remarks>
/// Safe from any thread. Every member takes one lock for the whole batch it is given and neither waits nor does I/O
/// under it, apart from <see cref="OnCommitted"/>, which has the few affected transactions judged anew.
/// </remarks>
internal sealed partial class TransactionPool
{
    private readonly object _gate = new();
    private readonly PoolOptions _options;
    private readonly int _departments, _share, _heldShare;
    private readonly Dictionary<Digest, PoolEntry> _byLeaf = [];
    private readonly Dictionary<Digest, PoolEntry> _byId = [];
    private readonly Dictionary<StateKey, RecordChain> _chains = [];
    private readonly OrderedDictionary<string, DepartmentQueue> _queues = []; // never more than the ledger has departments
    private PoolEntry? _first, _last;
    private ulong _height;
    private long _bytes;
    private int _ready;
    private readonly Dictionary<PublicKey, int> _protocol = []; // of each validator key
    private int _naming; // transactions that rest on more than their own record

    /// <summary>An empty pool on top of a ledger of <paramref name="height"/>, shared by the given departments.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    public TransactionPool(PoolOptions options, int departments, ulong height)
    {
        options.Validate();
        _options = options;
        _departments = departments;
        _share = Math.Max(1, options.CountMax / departments);
        _heldShare = Math.Max(1, options.HeldMax / departments);
        _height = height;
    }

    /// <summary>Transactions held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _byLeaf.Count;
        }
    }

    /// <summary>Bytes of envelopes held.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>Transactions that could commit now, as far as is known.</summary>
    public int ReadyCount
    {
        get
        {
            lock (_gate)
                return _ready;
        }
    }

    /// <summary>
    /// Takes in a batch that was judged on the ledger of height <paramref name="judgedAt"/>. False, and nothing done,
    /// if there has been a block since: then the batch has to be judged anew.
    /// </summary>
    /// <exception cref="ArgumentException">The answers differ in number from the offers.</exception>
    public bool TryAdd(ulong judgedAt, ReadOnlySpan<PoolOffer> offers, Span<PoolAnswer> answers)
    {
        if (offers.Length != answers.Length)
            throw new ArgumentException($"{offers.Length} offers need as many answers, not {answers.Length}.");
        lock (_gate)
        {
            if (judgedAt != _height)
                return false;
            for (int i = 0; i < offers.Length; i++)
                answers[i] = Add(offers[i]);
            return true;
        }
    }

    /// <summary>
    /// Fills in, for each leaf hash, the transaction held under it; leaves alone what is filled in already.
    /// </summary>
    /// <returns>How many are still missing.</returns>
    public int Find(IReadOnlyList<Digest> leafHashes, Span<VerifiedTransaction?> found)
    {
        int missing = 0;
        lock (_gate)
        {
            for (int i = 0; i < leafHashes.Count; i++)
            {
                if (found[i] is not null)
                    continue;
                if (_byLeaf.TryGetValue(leafHashes[i], out PoolEntry? entry))
                    found[i] = entry.Verified;
                else
                    missing++;
            }
        }
        return missing;
    }

    /// <summary>Whether an envelope with this leaf hash is held.</summary>
    public bool Contains(Digest leafHash)
    {
        lock (_gate)
            return _byLeaf.ContainsKey(leafHash);
    }

    /// <summary>The held transaction of this id, or null.</summary>
    public HeldTransaction? FindById(Digest transactionId)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(transactionId, out PoolEntry? entry)
                ? new HeldTransaction(entry.Transaction, entry.Obstacle, entry.Obstacle is null && !entry.IsReady) : null;
        }
    }

    /// <summary>
    /// Ready transactions of one source that have waited for more than <paramref name="ageMs"/> since the others were
    /// last told of them; they count as told now.
    /// </summary>
    public List<ReadOnlyMemory<byte>> TakeForGossip(string source, ulong nowMs, ulong ageMs, int maxCount)
    {
        var envelopes = new List<ReadOnlyMemory<byte>>();
        lock (_gate)
        {
            // In order of arrival, so beyond the first younger ones there is little to find.
            for (PoolEntry? entry = _first; entry is not null && envelopes.Count < maxCount; entry = entry.Next)
            {
                if (!entry.IsReady || entry.Source != source || entry.GossipedAtMs + ageMs > nowMs)
                    continue;
                entry.GossipedAtMs = nowMs;
                envelopes.Add(entry.Transaction.Envelope);
            }
        }
        return envelopes;
    }

    private PoolAnswer Add(PoolOffer offer)
    {
        PoolEntry entry = offer.Entry;
        if (_byLeaf.ContainsKey(entry.Transaction.LeafHash) || _byId.ContainsKey(entry.Transaction.Id))
            return PoolAnswer.AlreadyHeld;
        DepartmentQueue queue = QueueOf(entry.Department);
        if (!HasRoom(entry, queue))
            return PoolAnswer.Full;
        entry.Queue = queue;
        entry.Obstacle = offer.Obstacle;
        if (entry.Target is { } target && !Join(entry, target.Key, offer.StateVersion))
            return PoolAnswer.Full;
        if (entry.Target is null && offer.Obstacle is null)
            SetReady(entry);
        if (!entry.IsReady && !MayBeHeld(queue))
        {
            Leave(entry);
            return PoolAnswer.Full;
        }
        Append(entry);
        return PoolAnswer.Added;
    }

    /// <summary>Under pressure a department's signers keep to its share; while there is plenty of room they may take more. A
    /// validator key's own transactions are few.</summary>
    private bool HasRoom(PoolEntry entry, DepartmentQueue queue)
    {
        if (_byLeaf.Count >= _options.CountMax || _bytes + entry.Bytes > _options.BytesMax)
            return false;
        if (entry.Transaction.IsProtocol && _protocol.GetValueOrDefault(entry.Transaction.Signer) >= _options.ProtocolMax)
            return false;
        bool plenty = _byLeaf.Count < _options.CountMax / 2 && _bytes < _options.BytesMax / 2;
        return plenty || queue.Count < _share;
    }

    /// <summary>The same for what cannot commit now.</summary>
    private bool MayBeHeld(DepartmentQueue queue)
    {
        int held = _byLeaf.Count - _ready;
        return held < _options.HeldMax && (held < _options.HeldMax / 2 || queue.HeldCount < _heldShare);
    }

    private DepartmentQueue QueueOf(string department)
    {
        if (!_queues.TryGetValue(department, out DepartmentQueue? queue))
            _queues.Add(department, queue = new DepartmentQueue());
        return queue;
    }

    private bool Join(PoolEntry entry, StateKey key, ulong stateVersion)
    {
        if (!_chains.TryGetValue(key, out RecordChain? chain))
            _chains.Add(key, chain = new RecordChain(key, stateVersion));
        else if (chain.Entries.Count >= _options.ChainMax)
            return false;
        entry.Chain = chain;
        chain.Insert(entry);
        _ready += chain.UpdateReady();
        return true;
    }

    private void Leave(PoolEntry entry)
    {
        if (entry.IsReady)
        {
            entry.IsReady = false;
            _ready--;
        }
        if (entry.Chain is not { } chain)
            return;
        chain.Remove(entry);
        entry.Chain = null;
        if (chain.Entries.Count == 0)
            _chains.Remove(chain.Key);
        else
            _ready += chain.UpdateReady();
    }

    private void SetReady(PoolEntry entry)
    {
        bool ready = entry.Obstacle is null;
        _ready += (ready ? 1 : 0) - (entry.IsReady ? 1 : 0);
        entry.IsReady = ready;
    }

    private void Append(PoolEntry entry)
    {
        _byLeaf.Add(entry.Transaction.LeafHash, entry);
        _byId.Add(entry.Transaction.Id, entry);
        entry.Queue.Append(entry);
        _bytes += entry.Bytes;
        if (entry.Transaction.IsProtocol)
            _protocol[entry.Transaction.Signer] = _protocol.GetValueOrDefault(entry.Transaction.Signer) + 1;
        if (entry.Named.Count > 0)
            _naming++;
        entry.Previous = _last;
        if (_last is null)
            _first = entry;
        else
            _last.Next = entry;
        _last = entry;
    }

    private void Remove(PoolEntry entry)
    {
        Leave(entry);
        _byLeaf.Remove(entry.Transaction.LeafHash);
        _byId.Remove(entry.Transaction.Id);
        entry.Queue.Remove(entry);
        _bytes -= entry.Bytes;
        if (entry.Transaction.IsProtocol && --_protocol[entry.Transaction.Signer] == 0)
            _protocol.Remove(entry.Transaction.Signer);
        if (entry.Named.Count > 0)
            _naming--;
        if (entry.Previous is null)
            _first = entry.Next;
        else
            entry.Previous.Next = entry.Next;
        if (entry.Next is null)
            _last = entry.Previous;
        else
            entry.Next.Previous = entry.Previous;
    }
}
