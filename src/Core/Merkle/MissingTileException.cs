namespace GovChain.Core.Merkle;

/// <summary>A tile that the log's size calls for is not stored, or holds fewer hashes than it must.</summary>
public sealed class MissingTileException : Exception
{
    /// <summary>There is no such tile.</summary>
    public MissingTileException(TileId tile)
        : base($"The log tile {tile} is missing.") => Tile = tile;

    /// <summary>The tile is too short.</summary>
    public MissingTileException(TileId tile, int expectedHashes, int foundBytes)
        : base($"The log tile {tile} has {foundBytes} bytes; {expectedHashes} hashes are {expectedHashes * 32}.") =>
        Tile = tile;

    /// <summary>The tile.</summary>
    public TileId Tile { get; }
}
