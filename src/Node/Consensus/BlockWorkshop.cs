using System.Diagnostics;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Consensus;

/// <summary>
/// Builds this node's proposals and checks those of others, beside the driver's thread. What execution gave is kept
/// for the commit.
/// </summary>
internal sealed class BlockWorkshop(
    ValidatorSet validators,
    ushort self,
    LedgerHead ledger,
    TransactionPool pool,
    BlockBodies bodies,
    BodyAssembler assembler,
    BlockSizer sizer,
    TimeProvider time,
    NodeMetrics metrics)
{
    /// <summary>How long a leader waits for more work when there is little.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMilliseconds(20);

    // With this many waiting, a block is worth its votes: it carries more signatures than it costs.
    private const int WorthABlock = 256;

    private static readonly TimeSpan WaitStep = TimeSpan.FromMilliseconds(5);

    private readonly SemaphoreSlim _execution = new(1);

    /// <summary>Builds the block of a height, or null where there is nothing to propose.</summary>
    public async Task<ProposedBlock?> BuildAsync(ulong height, CancellationToken cancellation)
    {
        if (pool.ReadyCount == 0)
            return null;
        int enough = Math.Min(WorthABlock, sizer.Limit);
        for (TimeSpan waited = TimeSpan.Zero; waited < WaitMax && pool.ReadyCount < enough; waited += WaitStep)
            await Task.Delay(WaitStep, time, cancellation);
        await _execution.WaitAsync(cancellation);
        try
        {
            using LedgerSnapshot view = ledger.OpenSnapshot();
            // A block learnt meanwhile ended the height.
            return view.Tip.Height + 1 == height ? Build(view) : null;
        }
        finally
        {
            _execution.Release();
        }
    }

    /// <summary>Gets a block's transactions and executes them.</summary>
    public async Task<BlockFault> CheckAsync(ProposedBlock block, int hint, CancellationToken cancellation)
    {
        if (bodies.Find(block.Hash) is not null)
            return BlockFault.None;
        if (!HasItsLeaves(block))
            return BlockFault.WrongLeaves;
        (VerifiedTransaction[]? transactions, BlockFault fault) =
            await assembler.AssembleAsync(block, hint, cancellation);
        if (transactions is null)
            return fault;
        await _execution.WaitAsync(cancellation);
        try
        {
            return Check(block.Header, transactions);
        }
        finally
        {
            _execution.Release();
        }
    }

    /// <summary>Leaves of a block that is no more the next are not judged.</summary>
    private bool HasItsLeaves(ProposedBlock block)
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        return view.Tip.Hash != block.Header.ParentHash || block.HasItsLeaves(view.Frontier);
    }

    private ProposedBlock? Build(LedgerSnapshot view)
    {
        Parameters parameters = new StateOverlay(view).Parameters;
        int countMax = Math.Min((int)parameters.BlockTransactionsMax, sizer.Limit);
        List<VerifiedTransaction> candidates = pool.TakeCandidates(
            (long)parameters.BlockBytesMax, countMax, JournalLoader.ParametersOf(parameters).PlaceBytes);
        if (candidates.Count == 0)
            return null;
        long started = Stopwatch.GetTimestamp();
        ulong timestampMs = Math.Max(time.NowMs(), view.Tip.TimestampMs + 1);
        BuiltBlock built = BlockExecutor.Build(view, validators, timestampMs, self, candidates, ledger.NewestVersion);
        metrics.Executed(Stopwatch.GetElapsedTime(started), "build");
        if (built.LeftOut.Count > 0)
            pool.Hold(built.LeftOut);
        if (built.Block is null)
            return null;
        bodies.Add(built.Block);
        return new ProposedBlock(built.Block.Header, LeavesOf(built.Block.Transactions));
    }

    private BlockFault Check(BlockHeader header, VerifiedTransaction[] transactions)
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        if (view.Tip.Hash != header.ParentHash)
            return BlockFault.Unavailable; // another block was stored meanwhile; the core has moved on
        long started = Stopwatch.GetTimestamp();
        ExecutedBlock? executed = BlockExecutor.Check(
            view, validators, header, transactions, out BlockFailure? failure, ledger.NewestVersion);
        metrics.Executed(Stopwatch.GetElapsedTime(started), "check");
        if (executed is null)
        {
            LastFailure = failure;
            return FaultOf(failure!.Kind);
        }
        bodies.Add(executed);
        return BlockFault.None;
    }

    /// <summary>Why the last block that failed did, for the operator.</summary>
    public BlockFailure? LastFailure { get; private set; }

    private static BlockFault FaultOf(BlockFailureKind kind) => kind switch
    {
        BlockFailureKind.InvalidTransaction => BlockFault.InvalidTransaction,
        BlockFailureKind.TooManyTransactions or BlockFailureKind.TooManyBytes => BlockFault.TooLarge,
        BlockFailureKind.LogRoot or BlockFailureKind.LogSizeAfter or BlockFailureKind.LogSizeBefore
            or BlockFailureKind.Empty => BlockFault.WrongLeaves,
        BlockFailureKind.StateRoot => BlockFault.WrongState,
        _ => BlockFault.WrongHeader,
    };

    private static Digest[] LeavesOf(IReadOnlyList<VerifiedTransaction> transactions)
    {
        var leaves = new Digest[transactions.Count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = transactions[i].Transaction.LeafHash;
        return leaves;
    }
}
