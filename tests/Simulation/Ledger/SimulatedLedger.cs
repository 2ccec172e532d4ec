using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>One validator's ledger, executed by the production executor; all of it survives a crash.</summary>
internal sealed class SimulatedLedger
{
    private readonly List<StoredBlock> _blocks = [];
    private readonly Genesis _genesis;
    private SimulatedState _ledger;
    private StoredBlock[] _outrun = [];
    private List<SealedBlock> _filled = [];

    public SimulatedLedger(Genesis genesis)
    {
        _genesis = genesis;
        _ledger = new SimulatedState(genesis);
        History = new ValidatorHistory(genesis.Validators, null);
        _blocks.Add(new StoredBlock(new ProposedBlock(_ledger.Tip, []), null, [], StateValue.NextLeaders(_ledger)));
    }

    public StoredBlock Tip => _blocks[^1];

    public ulong Height => Tip.Height;

    /// <summary>Who certifies which height.</summary>
    public ValidatorHistory History { get; private set; }

    /// <summary>By height, genesis first; null where a block below a snapshot is missing.</summary>
    public IReadOnlyList<StoredBlock> Blocks => _blocks;

    /// <summary>The header below which blocks are missing; null where none is.</summary>
    public BlockHeader? Base { get; private set; }

    /// <summary>The first block from which on all are here; 0 where none is missing.</summary>
    public ulong FirstWhole => Base is { } below ? below.Height + 1 : 0;

    /// <summary>Where filling in has got to; null where nothing is missing.</summary>
    public SimulatedLog? Filling { get; private set; }

    /// <summary>State, pages and tiles.</summary>
    public SimulatedState State => _ledger;

    /// <summary>The newest state. Good until a block is stored.</summary>
    public ILedgerView View => _ledger;

    public bool Contains(Digest transactionId) => _ledger.FindTransaction(transactionId) is not null;

    /// <summary>A block of the candidates that are valid now; none when none is.</summary>
    /// <param name="candidates">In order.</param>
    /// <param name="proposer">The builder.</param>
    /// <param name="utcMs">Its time.</param>
    /// <param name="bounded">False: of however many there are; the header's parameters, too, are those of a ledger that allows it.</param>
    public BuiltBlock Build(IEnumerable<VerifiedTransaction> candidates, int proposer, ulong utcMs, bool bounded = true) =>
        BlockExecutor.Build(
            bounded ? _ledger : new UnboundedView(_ledger),
            History.Acting, Math.Max(utcMs, _ledger.Tip.TimestampMs + 1), (ushort)proposer, candidates);

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
        Clear();
        foreach (StoredBlock block in kept)
        {
            Store(
                Execute(block.Header, block.Transactions, out BlockFault fault)
                    ?? throw new InvariantException("I2", $"a stored block {block.Height} fails: {fault}"),
                block.Certificate!);
        }
    }

    /// <summary>The directory is gone.</summary>
    public void Clear()
    {
        _ledger = new SimulatedState(_genesis);
        History = new ValidatorHistory(_genesis.Validators, null);
        _blocks.RemoveRange(1, _blocks.Count - 1);
        (Base, Filling, _outrun, _filled) = (null, null, [], []);
    }

    /// <summary>All of it, to be put back some day.</summary>
    public SimulatedLedger Copy()
    {
        var copy = new SimulatedLedger(_genesis);
        copy.PutBack(this);
        return copy;
    }

    /// <summary>The directory is what it was when the copy was made.</summary>
    public void PutBack(SimulatedLedger copy)
    {
        _ledger = copy._ledger.Copy();
        History = copy.History;
        _blocks.Clear();
        _blocks.AddRange(copy._blocks);
        (Base, _outrun, _filled) = (copy.Base, copy._outrun, [.. copy._filled]);
        Filling = copy.Filling is { } filling
            ? SimulatedLog.TryOpen(filling.Header, filling.Tiles.Select(static t => (t.Key, t.Value))) : null;
    }

    /// <summary>The ledger as it is now, to be given to others.</summary>
    public SimulatedView OpenView() => new(_ledger.Copy(), _blocks, FirstWhole);

    /// <summary>A snapshot takes this ledger's place, which is kept for its blocks.</summary>
    public void Install(SimulatedAssembly assembly, ISignatureVerifier keys)
    {
        BlockHeader below = assembly.Base!;
        StoredBlock[] before = [.. _blocks.Skip(1).TakeWhile(static b => b is not null)];
        StoredBlock genesis = _blocks[0];
        Clear();
        _outrun = before;
        _ledger = assembly.ToState();
        History = ValidatorHistory.Of(_genesis, _ledger);
        while ((ulong)_blocks.Count <= below.Height)
            _blocks.Add(null!);
        _blocks.AddRange(assembly.Blocks.Select(b => BlockOf(b, keys)));
        _blocks[^1] = _blocks[^1] with { NextLeaders = StateValue.NextLeaders(_ledger) };
        if (below.Height == 0)
            return;
        Base = below;
        Filling = SimulatedLog.TryOpen(genesis.Header, _genesis.Block.Log.ChangedTiles);
    }

    /// <summary>Blocks from a height on out of the ledger that a snapshot took the place of.</summary>
    public IReadOnlyList<StoredBlock> ReadOutrun(ulong first, int count) => [.. _outrun.SkipWhile(b => b.Height < first).Take(count)];

    /// <summary>Stores blocks below the base, which <see cref="Filling"/> has gone on by. Nobody is given any of them before all are
    /// here.</summary>
    public void FillIn(IReadOnlyList<SealedBlock> blocks, ISignatureVerifier keys)
    {
        _filled.AddRange(blocks);
        if (Filling!.Header.Height < Base!.Height)
            return;
        foreach (SealedBlock block in _filled)
        {
            _blocks[(int)block.Header.Height] = BlockOf(block, keys);
            _ledger.Index(block.Header, block.Transactions);
        }
        (Base, Filling, _filled, _outrun) = (null, null, [], []);
    }

    private static StoredBlock BlockOf(SealedBlock block, ISignatureVerifier keys) => new(
        new ProposedBlock(block.Header, [.. block.Transactions.Select(static t => t.LeafHash)]), block.Certificate,
        [
            .. VerifiedTransaction.VerifyAll([.. block.Transactions], keys).Select(
                t => t ?? throw new InvariantException("I4", $"a fetched block {block.Header.Height} holds a transaction with a wrong signature")),
        ],
        null!);

    /// <summary>An executed block as consensus knows it.</summary>
    public static ProposedBlock BlockOf(ExecutedBlock executed) =>
        new(executed.Header, [.. executed.Transactions.Select(t => t.Transaction.LeafHash)]);
}
