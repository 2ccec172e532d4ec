namespace GovChain.Core.Merkle;

/// <summary>Sizes of the tiles: the C2SP tlog-tiles layout with tiles of height 8.</summary>
public static class LogTiles
{
    /// <summary>Levels of the tree in one tile.</summary>
    public const int Height = 8;

    /// <summary>Hashes in a full tile.</summary>
    public const int Width = 1 << Height;

    /// <summary>Highest tile level: a log has fewer than 2^64 leaves.</summary>
    public const byte LevelMax = 7;

    /// <summary>Number of hashes, 0 to 256, that a tile holds in a log of <paramref name="size"/> leaves.</summary>
    public static int WidthAt(TileId tile, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tile.Level, LevelMax);
        ulong nodes = size >> (Height * tile.Level);
        ulong full = nodes / Width;
        return tile.Index < full ? Width : tile.Index == full ? (int)(nodes % Width) : 0;
    }
}
