using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Storage;

/// <summary>Headers, certificates and leaves.</summary>
public sealed partial class LedgerSnapshot
{
    /// <summary>The header at a height.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Above the tip.</exception>
    public BlockHeader GetHeader(ulong height) => height == TipHeight ? Tip : GetBlockRow(height).Header;

    /// <summary>The commit certificate at a height; null at height 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Above the tip.</exception>
    public Certificate? GetCertificate(ulong height) =>
        height == TipHeight ? TipCertificate : GetBlockRow(height).Certificate;

    /// <summary>A block with its leaves.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Above the tip.</exception>
    public StoredBlock GetBlock(ulong height)
    {
        (BlockHeader header, Certificate? certificate) = GetBlockRow(height);
        int count = checked((int)(header.LogSizeAfter - header.LogSizeBefore));
        return new StoredBlock(header, certificate, GetEntries(header.LogSizeBefore, count));
    }

    /// <inheritdoc/>
    public StoredBlock Read(ulong height) => GetBlock(height);

    /// <summary>The leaf at a position.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in the log.</exception>
    public ReadOnlyMemory<byte> GetEntry(ulong position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Tip.LogSizeAfter);
        RequireFilledIn(position);
        byte[] entry = Get(LedgerColumn.Entries, LedgerKey.Number(position))
            ?? throw Damaged(LedgerColumn.Entries, $"{position}", "The leaf is missing.");
        CheckLeaf(position, entry, GetTile(0, position / LogTiles.Width).Span);
        return entry;
    }

    /// <summary>Leaves from a position on.</summary>
    /// <param name="first">The first position.</param>
    /// <param name="count">How many; fewer come back at the end of the log.</param>
    public IReadOnlyList<ReadOnlyMemory<byte>> GetEntries(ulong first, int count)
    {
        ulong available = first < Tip.LogSizeAfter ? Tip.LogSizeAfter - first : 0;
        var entries = new List<ReadOnlyMemory<byte>>((int)Math.Min((ulong)count, available));
        if (entries.Capacity == 0)
            return entries;
        RequireFilledIn(first);
        ReadOnlyMemory<byte> tile = default;
        ulong position = first;
        foreach ((byte[] key, byte[] entry) in Scan(LedgerColumn.Entries, LedgerKey.Number(first), bulk: false))
        {
            if (key.Length != sizeof(ulong) || LedgerKey.ReadNumber(key) != position)
                break;
            if (tile.IsEmpty || position % LogTiles.Width == 0)
                tile = GetTile(0, position / LogTiles.Width);
            CheckLeaf(position, entry, tile.Span);
            entries.Add(entry);
            position++;
            if (entries.Count == entries.Capacity)
                return entries;
        }
        throw Damaged(LedgerColumn.Entries, $"{position}", "The leaf is missing.");
    }

    /// <summary>The block that holds a position.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in the log.</exception>
    public ulong HeightOfPosition(ulong position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Tip.LogSizeAfter);
        RequireFilledIn(position);
        PublishedLedger ledger = Ledger;
        (byte[] Key, byte[] Value)? row =
            ledger.Database.Last(LedgerColumn.Starts, LedgerKey.Number(position), ledger.Options);
        if (row is not { } start || start.Value.Length != sizeof(ulong))
            throw Damaged(LedgerColumn.Starts, $"{position}", "No block begins at or before this position.");
        ulong height = LedgerKey.ReadNumber(start.Value);
        if (height > TipHeight || GetHeader(height) is not { } header
            || position < header.LogSizeBefore || position >= header.LogSizeAfter)
            throw Damaged(LedgerColumn.Starts, $"{position}", $"Block {height} does not hold this position.");
        return height;
    }

    private (BlockHeader Header, Certificate? Certificate) GetBlockRow(ulong height)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, TipHeight);
        if (height != 0 && Gap is { } gap && height < gap.FirstWhole)
            throw gap.Missing();
        byte[] row = Get(LedgerColumn.Blocks, LedgerKey.Number(height))
            ?? throw Damaged(LedgerColumn.Blocks, $"{height}", "The block is missing.");
        return BlockRow.Read(height, Tip.ChainId, row)
            ?? throw Damaged(LedgerColumn.Blocks, $"{height}", "Header and certificate cannot be read, or differ.");
    }

    private void RequireFilledIn(ulong position)
    {
        if (Gap is { } gap && position < gap.FirstPosition)
            throw gap.Missing();
    }

    private void CheckLeaf(ulong position, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> tile)
    {
        Digest expected = MemoryMarshal.Cast<byte, Digest>(tile)[(int)(position % LogTiles.Width)];
        Digest found = LogHash.Leaf(entry);
        if (found != expected)
            throw Damaged(LedgerColumn.Entries, $"{position}", $"The leaf's hash is {found}; the log has {expected}.");
    }

    private IEnumerable<(byte[] Key, byte[] Value)> Scan(LedgerColumn column, byte[] from, bool bulk)
    {
        PublishedLedger ledger = Ledger;
        IEnumerable<(byte[] Key, byte[] Value)> rows =
            ledger.Database.Scan(column, from, bulk ? ledger.BulkOptions : ledger.Options);
        return bulk && OnBulkRead is { } read ? Told(rows, read) : rows;
    }

    private static IEnumerable<(byte[] Key, byte[] Value)> Told(IEnumerable<(byte[] Key, byte[] Value)> rows, Action<int> read)
    {
        foreach ((byte[] Key, byte[] Value) row in rows)
        {
            read(row.Key.Length + row.Value.Length);
            yield return row;
        }
    }
}

/// <summary>The value of the blocks' column: header[268] | certificate, which block 0 has not.</summary>
internal static class BlockRow
{
    public static byte[] Write(BlockHeader header, Certificate? certificate) =>
        certificate is null ? header.ToBytes() : [.. header.ToBytes(), .. certificate.ToBytes()];

    /// <summary>Null unless the header is of this ledger and height and the certificate of this header.</summary>
    public static (BlockHeader Header, Certificate? Certificate)? Read(
        ulong height, Digest chainId, ReadOnlySpan<byte> row)
    {
        if (row.Length < BlockHeader.Size || BlockHeader.TryRead(row[..BlockHeader.Size]) is not { } header
            || header.Height != height || header.ChainId != chainId)
            return null;
        ReadOnlySpan<byte> rest = row[BlockHeader.Size..];
        if (height == 0)
            return rest.IsEmpty ? (header, null) : null;
        return Certificate.TryRead(rest) is { Type: VoteType.Commit } certificate && certificate.Height == height
            && certificate.BlockHash == header.Hash ? (header, certificate) : null;
    }
}
