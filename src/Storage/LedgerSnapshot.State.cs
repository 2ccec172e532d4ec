using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>A state value, or null for one that there is not, with the path that proves it to the state root.</summary>
public readonly record struct VerifiedState(ReadOnlyMemory<byte>? Value, StatePath Path);

/// <summary>State values, records' histories, and passes over everything.</summary>
public sealed partial class LedgerSnapshot
{
    /// <summary>
    /// A state value together with its path, the value checked against the state root: what a proof is made of.
    /// </summary>
    public VerifiedState GetStateVerified(StateKey key)
    {
        byte[]? value = Get(LedgerColumn.State, key.Span);
        StatePath path;
        try
        {
            path = StateTree.Prove(this, Tip.StateRoot, key.TreeKey);
        }
        catch (CorruptPageException e)
        {
            throw StorageException.Damaged($"{_ledger.Database.Location} (pages)", e.Message, e);
        }
        StateProofFailure failure = value is null
            ? StateVerifier.VerifyAbsence(Tip.StateRoot, key.TreeKey, path)
            : StateVerifier.VerifyPresence(Tip.StateRoot, key.TreeKey, Sha256.Hash(value), path);
        if (failure != StateProofFailure.None)
            throw Damaged(LedgerColumn.State, $"{key}", $"The value is not what the state tree holds: {failure}.");
        return new VerifiedState(OrNull(value), path);
    }

    /// <summary>A record's versions, ascending.</summary>
    /// <param name="record">The record's state key.</param>
    /// <param name="fromVersion">The first version wanted.</param>
    /// <param name="limit">At most so many; the next page begins after the last version given.</param>
    /// <exception cref="NotFilledInException">One of the versions may be in a block that is not filled in yet.</exception>
    public IReadOnlyList<RecordVersionEntry> GetHistory(StateKey record, ulong fromVersion, int limit)
    {
        var versions = new List<RecordVersionEntry>();
        if (limit <= 0)
            return versions;
        byte[] from = LedgerKey.History(record, fromVersion);
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.History, from, bulk: false))
        {
            if (key.Length != record.Span.Length + LedgerKey.VersionSuffixSize || !key.AsSpan().StartsWith(record.Span)
                || key[record.Span.Length] != 0)
                break;
            versions.Add(ReadHistory(key, value));
            if (versions.Count == limit)
                break;
        }
        if (Gap is { } gap && !IsWhole(gap, record, fromVersion, versions))
            throw gap.Missing();
        return versions;
    }

    /// <summary>Versions follow one another in the log, so those from one above the gap on are all there. A record without
    /// any there has them below, if it exists.</summary>
    private bool IsWhole(LedgerGap gap, StateKey record, ulong fromVersion, List<RecordVersionEntry> versions) =>
        versions.Count == 0
            ? Get(LedgerColumn.State, record.Span) is null
            : versions[0].Version == Math.Max(1, fromVersion) && versions[0].Position >= gap.FirstPosition;

    /// <summary>State values of a kind whose ids begin with a prefix, ascending by id.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="idPrefix">What the ids begin with; for the records of a type: type | 0x00.</param>
    /// <param name="afterId">The whole id that the last page ended with; empty for the first page.</param>
    /// <param name="limit">At most so many.</param>
    public IReadOnlyList<StateChange> EnumerateStates(
        StateKind kind, ReadOnlySpan<byte> idPrefix, ReadOnlySpan<byte> afterId, int limit)
    {
        var values = new List<StateChange>();
        if (limit <= 0)
            return values;
        byte[] prefix = new StateKey(kind, idPrefix).Span.ToArray();
        // The smallest key above another is that key with a zero byte behind it.
        byte[] from = afterId.IsEmpty ? prefix : [.. new StateKey(kind, afterId).Span, 0];
        if (from.AsSpan().SequenceCompareTo(prefix) < 0)
            from = prefix;
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.State, from, bulk: false))
        {
            if (!key.AsSpan().StartsWith(prefix))
                break;
            values.Add(new StateChange(new StateKey(kind, key.AsSpan(1)), value));
            if (values.Count == limit)
                break;
        }
        return values;
    }

    /// <summary>Every state value, ascending by key.</summary>
    public IEnumerable<StateChange> ScanStates()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.State, [], bulk: true))
            yield return new StateChange(ReadStateKey(key), value);
    }

    /// <summary>The state values whose keys follow one, ascending; all where it is empty.</summary>
    /// <param name="after">kind | id; it need not exist.</param>
    public IEnumerable<StateChange> ScanStatesAfter(byte[] after)
    {
        // The smallest key above another is that key with a zero byte behind it.
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.State, after.Length == 0 ? [] : [.. after, 0], bulk: true))
            yield return new StateChange(ReadStateKey(key), value);
    }

    /// <summary>About how many state values there are, as the database knows without counting.</summary>
    public ulong EstimateStates() => ulong.TryParse(
        Ledger.Database.Property(LedgerColumn.State, "rocksdb.estimate-num-keys"),
        System.Globalization.CultureInfo.InvariantCulture, out ulong count) ? count : 0;

    /// <summary>Every page of the state tree, by depth, then prefix.</summary>
    public IEnumerable<(StatePageId Id, ReadOnlyMemory<byte> Bytes)> ScanPages()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Pages, [], bulk: true))
        {
            if (!StatePageId.TryParseKey(key, out StatePageId id))
                throw Damaged(LedgerColumn.Pages, Convert.ToHexStringLower(key), "This is no page's key.");
            yield return (id, value);
        }
    }

    /// <summary>Every tile of the log, by level, then index.</summary>
    public IEnumerable<(TileId Id, ReadOnlyMemory<byte> Bytes)> ScanTiles()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Tiles, [], bulk: true))
        {
            if (key.Length != 1 + sizeof(ulong) || key[0] > LogTiles.LevelMax)
                throw Damaged(LedgerColumn.Tiles, Convert.ToHexStringLower(key), "This is no tile's key.");
            yield return (new TileId(key[0], LedgerKey.ReadNumber(key.AsSpan(1))), value);
        }
    }

    /// <summary>Every leaf, in order.</summary>
    public IEnumerable<(ulong Position, ReadOnlyMemory<byte> Leaf)> ScanEntries()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Entries, [], bulk: true))
            yield return (ReadNumberKey(LedgerColumn.Entries, key), value);
    }

    /// <summary>Every header with its certificate, in order.</summary>
    public IEnumerable<(BlockHeader Header, Certificate? Certificate)> ScanBlocks()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Blocks, [], bulk: true))
        {
            ulong height = ReadNumberKey(LedgerColumn.Blocks, key);
            yield return BlockRow.Read(height, Tip.ChainId, value)
                ?? throw Damaged(LedgerColumn.Blocks, $"{height}", "Header and certificate cannot be read, or differ.");
        }
    }

    /// <summary>The first position of every block, with its height.</summary>
    public IEnumerable<(ulong Position, ulong Height)> ScanStarts()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Starts, [], bulk: true))
        {
            ulong position = ReadNumberKey(LedgerColumn.Starts, key);
            yield return (position, ReadNumberKey(LedgerColumn.Starts, value));
        }
    }

    /// <summary>The index of transactions, by id.</summary>
    public IEnumerable<(Digest Id, TransactionLocation Location)> ScanTransactions()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.Transactions, [], bulk: true))
        {
            if (key.Length != Digest.Size || value.Length != 2 * sizeof(ulong))
                throw Damaged(LedgerColumn.Transactions, Convert.ToHexStringLower(key), "No transaction's row.");
            yield return (new Digest(key), new TransactionLocation(
                LedgerKey.ReadNumber(value), LedgerKey.ReadNumber(value.AsSpan(sizeof(ulong)))));
        }
    }

    /// <summary>Every version of every record, by record, then version.</summary>
    public IEnumerable<RecordVersionEntry> ScanHistory()
    {
        foreach ((byte[] key, byte[] value) in Scan(LedgerColumn.History, [], bulk: true))
            yield return ReadHistory(key, value);
    }

    private RecordVersionEntry ReadHistory(byte[] key, byte[] value)
    {
        int length = key.Length - LedgerKey.VersionSuffixSize;
        if (length < 1 || key[length] != 0 || value.Length != sizeof(ulong))
            throw Damaged(LedgerColumn.History, Convert.ToHexStringLower(key), "This is no record version's row.");
        return new RecordVersionEntry(ReadStateKey(key.AsSpan(0, length)),
            LedgerKey.ReadNumber(key.AsSpan(length + 1)), LedgerKey.ReadNumber(value));
    }

    private StateKey ReadStateKey(ReadOnlySpan<byte> key) => key.IsEmpty
        ? throw Damaged(LedgerColumn.State, "(empty)", "This is no state key.")
        : new StateKey((StateKind)key[0], key[1..]);

    private ulong ReadNumberKey(LedgerColumn column, byte[] bytes) => bytes.Length == sizeof(ulong)
        ? LedgerKey.ReadNumber(bytes)
        : throw Damaged(column, Convert.ToHexStringLower(bytes), "This is no row of this column family.");
}
