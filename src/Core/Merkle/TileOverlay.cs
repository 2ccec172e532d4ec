namespace GovChain.Core.Merkle;

/// <summary>
/// Tiles that are not stored yet on top of those that are, so that a block can be appended to one that is only
/// proposed. A tile keeps growing: a wider one replaces the narrower.
/// </summary>
public sealed class TileOverlay(ITileReader below) : ITileReader
{
    private readonly Dictionary<TileId, byte[]> _tiles = [];

    /// <summary>Lays the tiles that an append changes on top.</summary>
    public void Add(LogAppend append)
    {
        foreach ((TileId id, byte[] bytes) in append.ChangedTiles)
            _tiles[id] = bytes;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
        _tiles.TryGetValue(new TileId(level, index), out byte[]? bytes) ? bytes : below.GetTile(level, index);
}
