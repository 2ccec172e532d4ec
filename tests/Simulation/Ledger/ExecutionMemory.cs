using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// What executing a block gave, for all ledgers of a run: equal inputs give equal results, and most of a run's time would
/// go into computing them again in each node. Every so many is computed again all the same, and compared.
/// </summary>
internal sealed class ExecutionMemory
{
    private const int CheckEvery = 16;
    private const int KeptMax = 256;

    private readonly Dictionary<Digest, ExecutedBlock> _executed = [];
    private int _asked;

    /// <summary>Executes a block on a ledger, or remembers what that gave on an equal one.</summary>
    public ExecutedBlock? Execute(
        SimulatedLedger ledger, BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions, out BlockFault fault)
    {
        bool known = _executed.TryGetValue(header.Hash, out ExecutedBlock? before)
            && header.ParentHash == ledger.Tip.Block.Hash && AreSame(before.Transactions, transactions);
        if (known && ++_asked % CheckEvery != 0)
        {
            fault = BlockFault.None;
            return before;
        }
        ExecutedBlock? executed = ledger.Execute(header, transactions, out fault);
        if (known && (executed is null || !AreSame(before!, executed)))
            throw new InvariantException("I8", $"block {header.Height} executes to something else at another node: {fault}");
        if (executed is not null)
            Add(executed);
        return executed;
    }

    /// <summary>Remembers a block that a leader has built.</summary>
    public void Add(ExecutedBlock block)
    {
        if (_executed.Count == KeptMax)
            _executed.Clear();
        _executed[block.Header.Hash] = block;
    }

    private static bool AreSame(IReadOnlyList<VerifiedTransaction> a, IReadOnlyList<VerifiedTransaction> b)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (a[i].Transaction.LeafHash != b[i].Transaction.LeafHash)
                return false;
        }
        return true;
    }

    private static bool AreSame(ExecutedBlock a, ExecutedBlock b)
    {
        if (a.Changes.Count != b.Changes.Count || a.Log.NewRoot != b.Log.NewRoot || a.State.NewRoot != b.State.NewRoot)
            return false;
        for (int i = 0; i < a.Changes.Count; i++)
        {
            if (!a.Changes[i].Key.Equals(b.Changes[i].Key) || !a.Changes[i].Value.AsSpan().SequenceEqual(b.Changes[i].Value))
                return false;
        }
        return true;
    }
}
