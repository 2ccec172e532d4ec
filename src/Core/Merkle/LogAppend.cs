using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// What appending a block's leaves to the log changes. Computed without writing: a block is executed before it is
/// voted on, and stored only afterwards.
/// </summary>
public sealed class LogAppend
{
    private LogAppend(LogFrontier frontier, IReadOnlyList<(TileId Id, byte[] Bytes)> changedTiles)
    {
        NewFrontier = frontier;
        ChangedTiles = changedTiles;
    }

    /// <summary>Number of leaves afterwards.</summary>
    public ulong NewSize => NewFrontier.Size;

    /// <summary>Root of the log tree afterwards.</summary>
    public Digest NewRoot => NewFrontier.Root;

    /// <summary>Right edge of the log afterwards.</summary>
    public LogFrontier NewFrontier { get; }

    /// <summary>
    /// Each tile that grew, whole (32 bytes for each of its 1 to 256 hashes), by level, then index. All but the last
    /// of a level are full.
    /// </summary>
    public IReadOnlyList<(TileId Id, byte[] Bytes)> ChangedTiles { get; }

    /// <summary>
    /// Appends leaves to the log with the edge <paramref name="before"/>. From <paramref name="edge"/> only the
    /// growing tile of each level is read, and checked against the edge.
    /// </summary>
    /// <exception cref="MissingTileException">A growing tile is missing or too short.</exception>
    /// <exception cref="CorruptTileException">A growing tile does not fit the edge.</exception>
    /// <exception cref="OverflowException">The log would have more than 2^64 - 1 leaves.</exception>
    public static LogAppend Compute(LogFrontier before, ITileReader edge, ReadOnlySpan<Digest> leafHashes)
    {
        var rows = new List<Digest[]>();
        LogFrontier after = before.Append(leafHashes, rows);
        var tiles = new List<(TileId, byte[])>();
        for (byte level = 0; level < rows.Count; level++)
            AddTiles(tiles, level, before, edge, rows[level]);
        return new LogAppend(after, tiles);
    }

    /// <summary>Puts the new nodes of a level behind those in its growing tile, and into further tiles.</summary>
    private static void AddTiles(
        List<(TileId, byte[])> tiles, byte level, LogFrontier before, ITileReader edge, ReadOnlySpan<Digest> row)
    {
        ulong index = (before.Size >> (LogTiles.Height * level)) / LogTiles.Width;
        ReadOnlySpan<byte> old = ReadEdge(new TileId(level, index), before, edge);
        ReadOnlySpan<byte> added = MemoryMarshal.AsBytes(row);
        while (!added.IsEmpty)
        {
            int taken = Math.Min(added.Length, LogTiles.Width * Digest.Size - old.Length);
            var bytes = new byte[old.Length + taken];
            old.CopyTo(bytes);
            added[..taken].CopyTo(bytes.AsSpan(old.Length));
            tiles.Add((new TileId(level, index++), bytes));
            added = added[taken..];
            old = [];
        }
    }

    /// <summary>The hashes that the growing tile already holds; none when the next one begins a tile.</summary>
    private static ReadOnlySpan<byte> ReadEdge(TileId tile, LogFrontier before, ITileReader edge)
    {
        int width = LogTiles.WidthAt(tile, before.Size);
        if (width == 0)
            return [];
        ReadOnlySpan<byte> bytes = edge.GetTile(tile.Level, tile.Index).Span;
        if (bytes.Length < width * Digest.Size)
            throw new MissingTileException(tile, width, bytes.Length);
        bytes = bytes[..(width * Digest.Size)];
        Span<Digest> row = stackalloc Digest[LogTiles.Width];
        row = row[..width];
        MemoryMarshal.Cast<byte, Digest>(bytes).CopyTo(row);
        for (int level = LogTiles.Height * tile.Level; !row.IsEmpty; level++)
        {
            if (row.Length % 2 != 0 && row[^1] != before.NodeAt(level))
                throw new CorruptTileException(tile, before.NodeAt(level), row[^1]);
            LogHash.Nodes(row, row);
            row = row[..(row.Length / 2)];
        }
        return bytes;
    }
}
