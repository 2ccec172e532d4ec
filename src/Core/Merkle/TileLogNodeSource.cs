using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The nodes of a log of <paramref name="size"/> leaves, from its tiles. Remembers the last tile of each level, so
/// that one path reads a tile once; therefore for one thread, and for one proof or a few.
/// </summary>
public sealed class TileLogNodeSource(ITileReader tiles, ulong size) : ILogNodeSource
{
    private readonly ReadOnlyMemory<byte>[] _lastTile = new ReadOnlyMemory<byte>[LogTiles.LevelMax + 1];
    private readonly ulong[] _lastIndex = new ulong[LogTiles.LevelMax + 1];

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The subtree does not lie wholly within the log.</exception>
    /// <exception cref="MissingTileException">A tile is missing or too short.</exception>
    public Digest GetNode(int level, ulong index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(level, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size >> level);
        int depth = level % LogTiles.Height;
        ulong first = index << depth; // among the nodes of the tile's own level
        var tile = new TileId((byte)(level / LogTiles.Height), first / LogTiles.Width);
        int offset = (int)(first % LogTiles.Width);
        Span<Digest> row = stackalloc Digest[LogTiles.Width / 2];
        row = row[..(1 << depth)];
        Hashes(tile).Slice(offset, row.Length).CopyTo(row);
        for (; row.Length > 1; row = row[..(row.Length / 2)])
            LogHash.Nodes(row, row);
        return row[0];
    }

    private ReadOnlySpan<Digest> Hashes(TileId tile)
    {
        ref ReadOnlyMemory<byte> last = ref _lastTile[tile.Level];
        if (last.IsEmpty || _lastIndex[tile.Level] != tile.Index)
        {
            ReadOnlyMemory<byte> read = tiles.GetTile(tile.Level, tile.Index);
            int width = LogTiles.WidthAt(tile, size);
            if (read.Length < width * Digest.Size)
                throw new MissingTileException(tile, width, read.Length);
            last = read;
            _lastIndex[tile.Level] = tile.Index;
        }
        return MemoryMarshal.Cast<byte, Digest>(last.Span);
    }
}
