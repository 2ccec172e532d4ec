using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Node.Consensus;

/// <summary>
/// What this node holds of the height in progress: blocks built or checked, with all that executing them gave, so that
/// committing executes nothing again, and envelopes fetched or recovered from the journal. Safe from any thread.
/// </summary>
/// <remarks>Bounded by the core, which holds few blocks per height and says which it forgets; all is dropped when the
/// height passes.</remarks>
internal sealed class BlockBodies
{
    private readonly object _gate = new();
    private readonly Dictionary<Digest, ExecutedBlock> _executed = [];
    private readonly Dictionary<Digest, VerifiedTransaction> _verified = [];
    private readonly Dictionary<Digest, ReadOnlyMemory<byte>> _recovered = [];

    /// <summary>Keeps an executed block with its transactions.</summary>
    public void Add(ExecutedBlock block)
    {
        lock (_gate)
        {
            _executed[block.Header.Hash] = block;
            foreach (VerifiedTransaction transaction in block.Transactions)
                _verified[transaction.Transaction.LeafHash] = transaction;
        }
    }

    /// <summary>Keeps transactions that are not in the pool.</summary>
    public void Add(IEnumerable<VerifiedTransaction> transactions)
    {
        lock (_gate)
        {
            foreach (VerifiedTransaction transaction in transactions)
                _verified[transaction.Transaction.LeafHash] = transaction;
        }
    }

    /// <summary>Keeps envelopes read from the journal, not verified yet.</summary>
    public void AddRecovered(IEnumerable<ReadOnlyMemory<byte>> envelopes)
    {
        lock (_gate)
        {
            foreach (ReadOnlyMemory<byte> envelope in envelopes)
                _recovered[Core.Merkle.LogHash.Leaf(envelope.Span)] = envelope;
        }
    }

    /// <summary>An executed block, or null.</summary>
    public ExecutedBlock? Find(Digest blockHash)
    {
        lock (_gate)
            return _executed.GetValueOrDefault(blockHash);
    }

    /// <summary>The bytes of an envelope recovered from the journal, or null.</summary>
    public ReadOnlyMemory<byte>? FindRecovered(Digest leafHash)
    {
        lock (_gate)
            return _recovered.TryGetValue(leafHash, out ReadOnlyMemory<byte> envelope)
                ? envelope
                : (ReadOnlyMemory<byte>?)null; // a bare null would become an empty envelope
    }

    /// <summary>Fills in the transactions that are held, where there is none yet.</summary>
    public void Find(IReadOnlyList<Digest> leafHashes, VerifiedTransaction?[] found)
    {
        lock (_gate)
        {
            for (int i = 0; i < leafHashes.Count; i++)
                found[i] ??= _verified.GetValueOrDefault(leafHashes[i]);
        }
    }

    /// <summary>Drops a block and the transactions that no other block here has; what a check still needs it fetches
    /// again.</summary>
    public void Forget(Digest blockHash)
    {
        lock (_gate)
        {
            _executed.Remove(blockHash);
            _verified.Clear();
            foreach (ExecutedBlock block in _executed.Values)
            {
                foreach (VerifiedTransaction transaction in block.Transactions)
                    _verified[transaction.Transaction.LeafHash] = transaction;
            }
        }
    }

    /// <summary>The height has passed.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _executed.Clear();
            _verified.Clear();
            _recovered.Clear();
        }
    }
}
