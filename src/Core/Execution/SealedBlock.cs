using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// A block whose leaves are, one by one, those that its header's log root stands for. Not executed: that its transactions
/// were valid is what the departments signed with the header. What is stored of a block below a snapshot's state.
/// </summary>
/// <param name="Header">The header, of the one before's next height.</param>
/// <param name="Certificate">The commit certificate. Whoever makes a sealed block has verified it.</param>
/// <param name="Transactions">In order; the position of the first is the header's log size before.</param>
/// <param name="Log">The log's changed tiles and frontier.</param>
/// <param name="Records">One entry per record action, in order.</param>
public sealed record SealedBlock(
    BlockHeader Header,
    Certificate Certificate,
    IReadOnlyList<Transaction> Transactions,
    LogAppend Log,
    IReadOnlyList<RecordVersionEntry> Records)
{
    /// <summary>
    /// Appends a block's leaves to the log after its parent. Null, with what is wrong, if they do not lead to the header's
    /// log root.
    /// </summary>
    /// <param name="parent">The header before.</param>
    /// <param name="frontier">The log's right edge after the parent.</param>
    /// <param name="edge">The growing tiles of that log.</param>
    /// <param name="header">The block's header.</param>
    /// <param name="certificate">Its verified certificate.</param>
    /// <param name="transactions">What are said to be its transactions.</param>
    /// <param name="failure">The first deviation.</param>
    public static SealedBlock? TrySeal(
        BlockHeader parent, LogFrontier frontier, ITileReader edge, BlockHeader header, Certificate certificate,
        IReadOnlyList<Transaction> transactions, out BlockFailure? failure)
    {
        failure = Compare(BlockFailureKind.Height, parent.Height + 1, header.Height)
            ?? Compare(BlockFailureKind.ParentHash, parent.Hash, header.ParentHash)
            ?? Compare(BlockFailureKind.LogSizeBefore, parent.LogSizeAfter, header.LogSizeBefore)
            ?? Compare(BlockFailureKind.LogSizeAfter, header.LogSizeBefore + (ulong)transactions.Count, header.LogSizeAfter)
            ?? (transactions.Count > 0 ? null : new BlockFailure(BlockFailureKind.Empty, "one or more transactions", "0"));
        if (failure is not null)
            return null;
        var leaves = new Digest[transactions.Count];
        var records = new List<RecordVersionEntry>();
        for (int i = 0; i < leaves.Length; i++)
        {
            leaves[i] = transactions[i].LeafHash;
            if (RecordOf(transactions[i].Body, header.LogSizeBefore + (ulong)i) is { } record)
                records.Add(record);
        }
        LogAppend log = LogAppend.Compute(frontier, edge, leaves);
        failure = Compare(BlockFailureKind.LogRoot, header.LogRoot, log.NewRoot);
        return failure is null ? new SealedBlock(header, certificate, transactions, log, records) : null;
    }

    /// <summary>The version that a committed transaction made of a record; null if it made none.</summary>
    private static RecordVersionEntry? RecordOf(TransactionBody body, ulong position) =>
        RecordActions.VersionMadeBy(body) is { } made
            ? new RecordVersionEntry(StateKey.Record(made.Record.Type, made.Record.Id), made.Version, position)
            : null;

    private static BlockFailure? Compare<T>(BlockFailureKind kind, T expected, T found) where T : IEquatable<T> =>
        expected.Equals(found) ? null : new BlockFailure(kind, $"{expected}", $"{found}");
}
