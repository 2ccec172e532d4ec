using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <summary>One validator's ledger, executed by the production executor; all of it survives a crash.</summary>
internal sealed class SimulatedLedger
{
    private readonly List<StoredBlock> _blocks = [];
    private readonly Genesis _genesis;
    private InMemoryLedger _ledger;

    public SimulatedLedger(Genesis genesis)
    {
        _genesis = genesis;
        _ledger = new InMemoryLedger(genesis);
        History = new ValidatorHistory(genesis.Validators, null);
        _blocks.Add(new StoredBlock(new ProposedBlock(_ledger.Tip, []), null, [], StateValue.NextLeaders(_ledger)));
    }

    public StoredBlock Tip => _blocks[^1];

    public ulong Height => Tip.Height;

    /// <summary>Who certifies which height.</summary>
    public ValidatorHistory History { get; private set; }

    /// <summary>By height, genesis first.</summary>
    public IReadOnlyList<StoredBlock> Blocks => _blocks;

    /// <summary>The newest state. Good until a block is stored.</summary>
    public ILedgerView View => _ledger;

    public bool Contains(Digest transactionId) => _ledger.FindTransaction(transactionId) is not null;

    /// <summary>A block of the candidates that are valid now; none when none is.</summary>
    public BuiltBlock Build(IEnumerable<VerifiedTransaction> candidates, int proposer, ulong utcMs) =>
        BlockExecutor.Build(
            _ledger, History.Acting, Math.Max(utcMs, _ledger.Tip.TimestampMs + 1), (ushort)proposer, candidates);

    /// <summary>Executes a block on the tip; null, with the fault, where it is not what its transactions give.</summary>
    public ExecutedBlock? Execute(
        BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions, out BlockFault fault)
    {
        ExecutedBlock? executed = BlockExecutor.Check(_ledger, History.Acting, header, transactions, out BlockFailure? failure);
        fault = failure?.Kind switch
        {
            null => BlockFault.None,
            BlockFailureKind.InvalidTransaction => BlockFault.InvalidTransaction,
            BlockFailureKind.TooManyBytes or BlockFailureKind.TooManyTransactions => BlockFault.TooLarge,
            BlockFailureKind.LogRoot or BlockFailureKind.LogSizeAfter or BlockFailureKind.LogSizeBefore
                or BlockFailureKind.Empty => BlockFault.WrongLeaves,
            BlockFailureKind.StateRoot => BlockFault.WrongState,
            _ => BlockFault.WrongHeader,
        };
        return executed;
    }

    /// <summary>Stores a block that was executed on the tip.</summary>
    public void Store(ExecutedBlock executed, Certificate certificate)
    {
        _ledger.Apply(executed);
        if (executed.Header.NextValidatorSetHash != executed.Header.ValidatorSetHash)
            History = ValidatorHistory.Of(_genesis, _ledger);
        _blocks.Add(new StoredBlock(
            BlockOf(executed), certificate, executed.Transactions, StateValue.NextLeaders(_ledger)));
    }

    /// <summary>The directory of some time ago was put back: blocks above a height are gone.</summary>
    public void RollBack(ulong height)
    {
        StoredBlock[] kept = [.. _blocks.Skip(1).TakeWhile(b => b.Height <= height)];
        _ledger = new InMemoryLedger(_genesis);
        History = new ValidatorHistory(_genesis.Validators, null);
        _blocks.RemoveRange(1, _blocks.Count - 1);
        foreach (StoredBlock block in kept)
        {
            Store(
                Execute(block.Header, block.Transactions, out BlockFault fault)
                    ?? throw new InvariantException("I2", $"a stored block {block.Height} fails: {fault}"),
                block.Certificate!);
        }
    }

    /// <summary>An executed block as consensus knows it.</summary>
    public static ProposedBlock BlockOf(ExecutedBlock executed) =>
        new(executed.Header, [.. executed.Transactions.Select(t => t.Transaction.LeafHash)]);
}
