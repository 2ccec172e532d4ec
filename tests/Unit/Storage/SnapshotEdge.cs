using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Storage;

namespace GovChain.Tests.Unit.Storage;

/// <summary>The growing tiles of a log, which a snapshot begins with.</summary>
internal static class SnapshotEdge
{
    /// <summary>Those of the log after the block of a height.</summary>
    public static List<(TileId Id, byte[] Bytes)> Of(LedgerSnapshot source, ulong height)
    {
        ulong size = source.GetHeader(height).LogSizeAfter;
        var tiles = new List<(TileId, byte[])>();
        for (byte level = 0; level <= LogTiles.LevelMax; level++)
        {
            var id = new TileId(level, (size >> (LogTiles.Height * level)) / LogTiles.Width);
            int width = LogTiles.WidthAt(id, size);
            if (width > 0)
                tiles.Add((id, source.GetTile(level, id.Index)[..(width * Digest.Size)].ToArray()));
        }
        return tiles;
    }
}
