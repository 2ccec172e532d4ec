using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Storage.Integrity;

/// <summary>A deviation in what is stored.</summary>
/// <param name="What">What is wrong, one sentence.</param>
/// <param name="Where">Column family and key.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Found">What is.</param>
public sealed record LedgerFinding(string What, string Where, string Expected, string Found)
{
    /// <summary>The same as a deviation of the directory, with the file where RocksDB names one.</summary>
    /// <param name="ledger">Where the ledger is, relative to the data directory; ends with a slash.</param>
    public DirectoryFinding InFile(string ledger = "ledger/") => new(
        ledger + DirectoryCheck.FileNamedIn(What), Where, Expected, Found,
        $"{What} What a node keeps was damaged or altered here; it is refused when it is read. Run 'govchain node repair'.",
        IsDamage: true);
}

/// <summary>
/// Reads every row of a ledger once and checks that the column families fit together: chain of headers, log against
/// tiles, tiles against the root, values against the state tree, indexes against the log. Signatures and the rules of
/// transactions are the auditor's to check, by executing everything again. Of blocks that are being filled in below a
/// snapshot only the headers are looked at: what is stored of them was checked leaf by leaf, and nothing of it is given out.
/// </summary>
public static partial class LedgerIntegrity
{
    /// <summary>
    /// Gives the findings as they are met; none means that all is well. A column family that cannot be read to its end
    /// gives one finding, and the next one is looked at.
    /// </summary>
    /// <param name="ledger">What is checked; not to be disposed before the enumeration has ended.</param>
    /// <param name="cores">Over how many the state tree's hashes are spread, 1 or more. The findings are the same.</param>
    public static IEnumerable<LedgerFinding> Check(LedgerSnapshot ledger, int cores = 1)
    {
        Func<LedgerSnapshot, IEnumerable<LedgerFinding>>[] checks =
        [
            CheckBlocks, CheckStarts, CheckTiles, CheckEntries, CheckTransactions,
            l => CheckPages(l, cores), l => CheckStates(l, cores), CheckHistory,
        ];
        foreach (Func<LedgerSnapshot, IEnumerable<LedgerFinding>> check in checks)
        {
            using IEnumerator<LedgerFinding> findings = check(ledger).GetEnumerator();
            while (Next(findings, out LedgerFinding? finding))
                yield return finding!;
        }
    }

    /// <summary>An exception ends the enumeration with what it says as the last finding.</summary>
    private static bool Next(IEnumerator<LedgerFinding> findings, out LedgerFinding? finding)
    {
        finding = null;
        try
        {
            if (!findings.MoveNext())
                return false;
            finding = findings.Current;
        }
        catch (StorageException e)
        {
            finding = new LedgerFinding(e.What, e.Where, "readable data", "damage");
        }
        catch (Exception e) when (e is MissingTileException or CorruptTileException or CorruptPageException
            or CorruptStateException or ArgumentException or OverflowException)
        {
            finding = new LedgerFinding(e.Message, "ledger", "readable data", "damage");
        }
        return true;
    }

    private static IEnumerable<LedgerFinding> CheckBlocks(LedgerSnapshot ledger)
    {
        ulong next = 0;
        BlockHeader? parent = null;
        foreach ((BlockHeader header, _) in ledger.ScanBlocks())
        {
            string where = $"blocks {header.Height}";
            if (ledger.Gap is { } gap && header.Height == gap.FirstWhole && next == gap.FilledTo + 1)
                (parent, next) = (gap.Base, gap.FirstWhole);
            if (header.Height != next)
                yield return new("Heights are not contiguous.", where, $"{next}", $"{header.Height}");
            else if (header.ParentHash != (parent?.Hash ?? Digest.Zero))
            {
                yield return new("A header does not name the one before.", where,
                    $"{parent?.Hash}", $"{header.ParentHash}");
            }
            else if (header.LogSizeBefore != (parent?.LogSizeAfter ?? 0) || header.LogSizeAfter <= header.LogSizeBefore)
            {
                yield return new("A block does not begin where the log ended.", where,
                    $"{parent?.LogSizeAfter ?? 0}", $"{header.LogSizeBefore} to {header.LogSizeAfter}");
            }
            parent = header;
            next = header.Height + 1;
        }
        if (parent is null || !parent.Equals(ledger.Tip))
            yield return new("The blocks do not end at the tip.", "blocks", $"{ledger.TipHeight}", $"{parent?.Height}");
    }

    private static IEnumerable<LedgerFinding> CheckStarts(LedgerSnapshot ledger)
    {
        ulong next = 0;
        foreach ((ulong position, ulong height) in ledger.ScanStarts())
        {
            if (ledger.Gap is { } gap && height < gap.FirstWhole)
            {
                next = gap.FirstWhole;
                continue;
            }
            if (height != next || height > ledger.TipHeight)
            {
                yield return new("The index of first positions is not contiguous.", $"starts {position}",
                    $"{next}", $"{height}");
                yield break;
            }
            if (ledger.GetHeader(height).LogSizeBefore != position)
            {
                yield return new("The index of first positions is wrong.", $"starts {position}",
                    $"{ledger.GetHeader(height).LogSizeBefore}", $"{position}");
            }
            next++;
        }
        if (next != ledger.TipHeight + 1)
            yield return new("The first positions end early.", "starts", $"{ledger.TipHeight + 1}", $"{next}");
    }

    /// <summary>Every tile is there once, each full one hashes to its place in the level above, and the edge to the
    /// log's root.</summary>
    private static IEnumerable<LedgerFinding> CheckTiles(LedgerSnapshot ledger)
    {
        ulong size = ledger.Tip.LogSizeAfter;
        var next = new TileId(0, FirstTile(ledger, 0));
        foreach ((TileId id, ReadOnlyMemory<byte> bytes) in ledger.ScanTiles())
        {
            if (id.Index < FirstTile(ledger, id.Level))
                continue;
            while (next.Level < id.Level && LogTiles.WidthAt(next, size) == 0)
                next = new TileId((byte)(next.Level + 1), FirstTile(ledger, (byte)(next.Level + 1)));
            int width = LogTiles.WidthAt(id, size);
            if (id != next || bytes.Length != width * Digest.Size || width == 0)
            {
                yield return new("A tile is missing, superfluous or of the wrong width.", $"tiles {id}",
                    $"{next}: {LogTiles.WidthAt(next, size)} hashes", $"{id}: {bytes.Length} bytes");
                yield break;
            }
            if (width == LogTiles.Width && TileRoot(bytes) != ParentHash(ledger, id))
            {
                yield return new("A tile does not hash to what the level above holds.", $"tiles {id}",
                    $"{ParentHash(ledger, id)}", $"{TileRoot(bytes)}");
            }
            next = new TileId(id.Level, id.Index + 1);
        }
        while (next.Level < LogTiles.LevelMax && LogTiles.WidthAt(next, size) == 0)
            next = new TileId((byte)(next.Level + 1), FirstTile(ledger, (byte)(next.Level + 1)));
        if (LogTiles.WidthAt(next, size) != 0)
            yield return new("The tiles end early.", "tiles", $"{next}", "nothing");
        Digest root = LogFrontier.Read(new TileLogNodeSource(ledger, size), size).Root;
        if (root != ledger.Tip.LogRoot)
            yield return new("The tiles do not lead to the log's root.", "tiles", $"{ledger.Tip.LogRoot}", $"{root}");
    }

    private static IEnumerable<LedgerFinding> CheckEntries(LedgerSnapshot ledger)
    {
        ulong first = ledger.Gap?.FirstPosition ?? 0;
        ulong next = first;
        var leaves = new List<ReadOnlyMemory<byte>>(LogTiles.Width); // of the tile that next stands in
        foreach ((ulong position, ReadOnlyMemory<byte> leaf) in ledger.ScanEntries())
        {
            if (position < first)
                continue;
            if (position != next || position >= ledger.Tip.LogSizeAfter)
            {
                yield return new("The leaves are not contiguous.", $"entries {position}", $"{next}", $"{position}");
                yield break;
            }
            leaves.Add(leaf);
            next++;
            if (next % LogTiles.Width != 0)
                continue;
            foreach (LedgerFinding finding in CheckTile(ledger, next, leaves))
                yield return finding;
            leaves.Clear();
        }
        foreach (LedgerFinding finding in CheckTile(ledger, next, leaves))
            yield return finding;
        if (next != ledger.Tip.LogSizeAfter)
            yield return new("The leaves end early.", "entries", $"{ledger.Tip.LogSizeAfter}", $"{next}");
    }

    /// <summary>Leaves of one tile, the last of them at <paramref name="end"/> - 1, against the tile.</summary>
    private static IEnumerable<LedgerFinding> CheckTile(LedgerSnapshot ledger, ulong end, List<ReadOnlyMemory<byte>> leaves)
    {
        if (leaves.Count == 0)
            yield break;
        ulong first = end - (ulong)leaves.Count;
        ReadOnlyMemory<byte> tile = ledger.GetTile(0, first / LogTiles.Width);
        var hashes = new Digest[leaves.Count];
        LogHash.Leaves(CollectionsMarshal.AsSpan(leaves), hashes);
        for (int i = 0; i < hashes.Length; i++)
        {
            Digest expected = HashAt(tile, (int)(first % LogTiles.Width) + i);
            if (hashes[i] != expected)
                yield return new("A leaf is not what the log holds.", $"entries {first + (ulong)i}", $"{expected}", $"{hashes[i]}");
        }
    }

    private static IEnumerable<LedgerFinding> CheckTransactions(LedgerSnapshot ledger)
    {
        ulong count = 0;
        foreach ((Digest id, TransactionLocation location) in ledger.ScanTransactions())
        {
            count++;
            if (ledger.Gap is { } gap && location.Height < gap.FirstWhole)
                continue;
            BlockHeader? header = location.Height <= ledger.TipHeight ? ledger.GetHeader(location.Height) : null;
            if (header is null || location.Position < header.LogSizeBefore || location.Position >= header.LogSizeAfter)
            {
                yield return new("The index of transactions names a wrong place.", $"transactions {id}",
                    $"positions {header?.LogSizeBefore} to {header?.LogSizeAfter}", $"{location}");
            }
        }
        // Every leaf but the genesis leaf is a transaction, and none stands twice.
        if (ledger.Gap is null && count != ledger.Tip.LogSizeAfter - 1)
        {
            yield return new("The index of transactions has the wrong number of rows.", "transactions",
                $"{ledger.Tip.LogSizeAfter - 1}", $"{count}");
        }
    }

    private static IEnumerable<LedgerFinding> CheckHistory(LedgerSnapshot ledger)
    {
        RecordVersionEntry? before = null;
        foreach (RecordVersionEntry entry in ledger.ScanHistory())
        {
            bool follows = before is { } b && b.Record.Equals(entry.Record);
            ulong expected = follows ? before!.Value.Version + 1 : 1;
            string where = $"history {entry.Record} {entry.Version}";
            if (entry.Version != expected && ledger.Gap is null)
                yield return new("A record's versions are not contiguous.", where, $"{expected}", $"{entry.Version}");
            if (entry.Position >= ledger.Tip.LogSizeAfter || (follows && entry.Position <= before!.Value.Position))
            {
                yield return new("A record's version stands at a wrong position.", where,
                    "a later one", $"{entry.Position}");
            }
            before = entry;
        }
    }

    private static ulong FirstTile(LedgerSnapshot ledger, byte level) => ledger.Gap?.FirstTile(level) ?? 0;

    private static Digest TileRoot(ReadOnlyMemory<byte> tile)
    {
        Digest[] row = MemoryMarshal.Cast<byte, Digest>(tile.Span).ToArray();
        for (int length = row.Length; length > 1; length /= 2)
            LogHash.Nodes(row.AsSpan(0, length), row.AsSpan(0, length / 2));
        return row[0];
    }

    private static Digest ParentHash(LedgerSnapshot ledger, TileId id) => HashAt(
        ledger.GetTile((byte)(id.Level + 1), id.Index / LogTiles.Width), (int)(id.Index % LogTiles.Width));

    private static Digest HashAt(ReadOnlyMemory<byte> tile, int index) =>
        MemoryMarshal.Cast<byte, Digest>(tile.Span)[index];
}
