using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>A candidate that could not stand in a block, and why.</summary>
public readonly record struct LeftOut(VerifiedTransaction Transaction, Rejection Rejection);

/// <summary>What a leader got out of its candidates.</summary>
/// <param name="Block">The block; null where no candidate could stand in it, for there are no empty blocks.</param>
/// <param name="LeftOut">Candidates that were refused, in order. Those that did not fit are in neither list.</param>
public sealed record BuiltBlock(ExecutedBlock? Block, IReadOnlyList<LeftOut> LeftOut);

/// <summary>
/// Executes blocks on a ledger, without changing it: the leader's way from candidates to a block, and everybody
/// else's from a block to a verdict. Equal inputs give equal results, bit for bit.
/// </summary>
public static class BlockExecutor
{
    /// <summary>
    /// Makes the next block of the candidates in the given order. Those that are invalid where they would stand are
    /// left out; at the first that does not fit the block's limits it ends.
    /// </summary>
    /// <param name="view">The ledger to build on.</param>
    /// <param name="validators">The set that certifies the block, as the newest header names it.</param>
    /// <param name="timestampMs">The block's time, greater than the newest header's.</param>
    /// <param name="proposer">The builder's index in the set.</param>
    /// <param name="candidates">What to put in, in order.</param>
    /// <param name="newest">The newest protocol version that is executed here.</param>
    /// <exception cref="ArgumentException">Not that set, time or index.</exception>
    /// <exception cref="UnexecutableVersionException">The next block is of a later version.</exception>
    public static BuiltBlock Build(
        ILedgerView view,
        ValidatorSet validators,
        ulong timestampMs,
        ushort proposer,
        IEnumerable<VerifiedTransaction> candidates,
        uint newest = ProtocolVersions.Newest)
    {
        BlockHeader draft = Frame(view, validators, timestampMs, proposer);
        if (CheckFrame(view, validators, draft) is { } failure)
            throw new ArgumentException($"No block can be built: {failure}.");
        ProtocolVersions.Require(view, newest);
        var state = new StateOverlay(view);
        Parameters parameters = state.Parameters;
        var included = new List<VerifiedTransaction>();
        var leftOut = new List<LeftOut>();
        ulong bytes = 0;
        foreach (VerifiedTransaction candidate in candidates)
        {
            bytes += (ulong)candidate.Transaction.Envelope.Length;
            if (included.Count == parameters.BlockTransactionsMax || bytes > parameters.BlockBytesMax)
                break;
            if (Execute(state, draft, candidate.Transaction, included.Count) is { } rejection)
            {
                bytes -= (ulong)candidate.Transaction.Envelope.Length;
                leftOut.Add(new LeftOut(candidate, rejection));
                continue;
            }
            included.Add(candidate);
        }
        return new BuiltBlock(included.Count == 0 ? null : Finish(view, validators, state, draft, included), leftOut);
    }

    /// <summary>
    /// Executes a block that somebody else built. Null, with the first deviation, if it is not exactly what its
    /// transactions give on this ledger. Timeliness and the proposer's turn are consensus's to judge.
    /// </summary>
    /// <exception cref="ArgumentException">Not the validator set that the newest header names.</exception>
    /// <exception cref="UnexecutableVersionException">The block is of a later protocol version than <paramref name="newest"/>.</exception>
    public static ExecutedBlock? Check(
        ILedgerView view,
        ValidatorSet validators,
        BlockHeader header,
        IReadOnlyList<VerifiedTransaction> transactions,
        out BlockFailure? failure,
        uint newest = ProtocolVersions.Newest)
    {
        ProtocolVersions.Require(view, newest);
        var state = new StateOverlay(view);
        failure = CheckFrame(view, validators, header) ?? CheckSize(state.Parameters, header, transactions)
            ?? ExecuteAll(state, header, transactions);
        if (failure is not null)
            return null;
        ExecutedBlock executed = Finish(view, validators, state, header, transactions);
        failure = Compare(BlockFailureKind.NextValidatorSetHash, executed.Header.NextValidatorSetHash, header.NextValidatorSetHash)
            ?? Compare(BlockFailureKind.LogRoot, executed.Header.LogRoot, header.LogRoot)
            ?? Compare(BlockFailureKind.StateRoot, executed.Header.StateRoot, header.StateRoot);
        return failure is null ? executed : null;
    }

    /// <summary>The first of a block's transactions that may not stand where it stands, whatever else is wrong with the block; null if
    /// all may.</summary>
    /// <exception cref="UnexecutableVersionException">The block is of a later protocol version than <paramref name="newest"/>.</exception>
    public static BlockFailure? FindInvalid(
        ILedgerView view, BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions, uint newest = ProtocolVersions.Newest)
    {
        ProtocolVersions.Require(view, newest);
        return ExecuteAll(new StateOverlay(view), header, transactions);
    }

    /// <summary>The header as far as the ledger below gives it: no transactions yet, and no roots.</summary>
    private static BlockHeader Frame(ILedgerView view, ValidatorSet validators, ulong timestampMs, ushort proposer)
    {
        BlockHeader tip = view.Tip;
        return new BlockHeader
        {
            ChainId = tip.ChainId,
            Height = tip.Height + 1,
            ParentHash = tip.Hash,
            Epoch = tip.NextEpoch,
            ValidatorSetHash = tip.NextValidatorSetHash,
            NextValidatorSetHash = validators.Hash,
            TimestampMs = timestampMs,
            Proposer = proposer,
            LogSizeBefore = tip.LogSizeAfter,
            LogSizeAfter = tip.LogSizeAfter,
            LogRoot = Digest.Zero,
            StateRoot = Digest.Zero,
            ParametersHash = ParametersHash(view),
        };
    }

    private static BlockFailure? CheckFrame(ILedgerView view, ValidatorSet validators, BlockHeader header)
    {
        BlockHeader tip = view.Tip;
        if (validators.Hash != tip.NextValidatorSetHash)
            throw new ArgumentException($"Not the validator set after height {tip.Height}.", nameof(validators));
        return Compare(BlockFailureKind.ChainId, tip.ChainId, header.ChainId)
            ?? Compare(BlockFailureKind.Height, tip.Height + 1, header.Height)
            ?? Compare(BlockFailureKind.ParentHash, tip.Hash, header.ParentHash)
            ?? Compare(BlockFailureKind.Epoch, tip.NextEpoch, header.Epoch)
            ?? Compare(BlockFailureKind.ValidatorSetHash, validators.Hash, header.ValidatorSetHash)
            ?? Require(
                header.TimestampMs > tip.TimestampMs,
                BlockFailureKind.Timestamp, $"more than {tip.TimestampMs}", header.TimestampMs)
            ?? Require(
                header.Proposer < validators.Count,
                BlockFailureKind.Proposer, $"less than {validators.Count}", header.Proposer)
            ?? Compare(BlockFailureKind.ParametersHash, ParametersHash(view), header.ParametersHash)
            ?? Compare(BlockFailureKind.LogSizeBefore, tip.LogSizeAfter, header.LogSizeBefore);
    }

    private static BlockFailure? CheckSize(
        Parameters parameters, BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions)
    {
        ulong bytes = 0;
        foreach (VerifiedTransaction transaction in transactions)
            bytes += (ulong)transaction.Transaction.Envelope.Length;
        return Require(transactions.Count > 0, BlockFailureKind.Empty, "one or more transactions", 0)
            ?? Require(
                (uint)transactions.Count <= parameters.BlockTransactionsMax,
                BlockFailureKind.TooManyTransactions, $"at most {parameters.BlockTransactionsMax}", transactions.Count)
            ?? Require(
                bytes <= parameters.BlockBytesMax,
                BlockFailureKind.TooManyBytes, $"at most {parameters.BlockBytesMax}", bytes)
            ?? Compare(
                BlockFailureKind.LogSizeAfter, header.LogSizeBefore + (ulong)transactions.Count, header.LogSizeAfter);
    }

    private static BlockFailure? ExecuteAll(
        StateOverlay state, BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions)
    {
        for (int i = 0; i < transactions.Count; i++)
        {
            if (Execute(state, header, transactions[i].Transaction, i) is { } rejection)
                return new BlockFailure(BlockFailureKind.InvalidTransaction, "a valid transaction", rejection.CodeName, i, rejection);
        }
        return null;
    }

    private static Rejection? Execute(StateOverlay state, BlockHeader header, Transaction transaction, int index)
    {
        ulong position = header.LogSizeBefore + (ulong)index;
        Outcome outcome = TransactionRules.Judge(state, transaction, header.Height, header.TimestampMs, position);
        if (outcome.Rejection is null)
            state.Apply(transaction.Id, outcome);
        return outcome.Rejection;
    }

    /// <summary>Appends to the log, updates the state tree, and puts both roots into the header.</summary>
    private static ExecutedBlock Finish(
        ILedgerView view,
        ValidatorSet validators,
        StateOverlay state,
        BlockHeader frame,
        IReadOnlyList<VerifiedTransaction> transactions)
    {
        ValidatorSet next = ValidatorHistory.Next(state, validators);
        LeaderState leaders = LeaderSchedule.After(
            state.Leader, state.CurrentLeader, frame.Height, validators[frame.Proposer].Department,
            state.Parameters.LeaderBlocksMax);
        ProtocolRules.EndBlock(state, frame);
        state.Write(StateKey.Leader, next.Hash == validators.Hash ? leaders : LeaderSchedule.WithSet(leaders, next));
        var leaves = new Digest[transactions.Count];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = transactions[i].Transaction.LeafHash;
        LogAppend log = LogAppend.Compute(view.Frontier, view, leaves);
        StateChange[] changes = state.Changes();
        StateUpdate tree = StateRoots.Update(view, view.Tip.StateRoot, changes);
        BlockHeader header = frame.WithResult(next.Hash, log.NewSize, log.NewRoot, tree.NewRoot);
        return new ExecutedBlock(header, transactions, log, tree, changes, state.Records);
    }

    private static Digest ParametersHash(ILedgerView view) => LedgerParameters.Hash(
        (view.GetState(StateKey.Parameters) ?? throw new CorruptStateException(StateKey.Parameters, "no value")).Span);

    private static BlockFailure? Compare<T>(BlockFailureKind kind, T expected, T found) where T : IEquatable<T> =>
        expected.Equals(found) ? null : new BlockFailure(kind, $"{expected}", $"{found}");

    private static BlockFailure? Require<T>(bool valid, BlockFailureKind kind, string expected, T found) =>
        valid ? null : new BlockFailure(kind, expected, $"{found}");
}
