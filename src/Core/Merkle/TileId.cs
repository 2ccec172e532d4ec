namespace GovChain.Core.Merkle;

/// <summary>
/// A tile of the log tree: the nodes [256 * Index, 256 * Index + 256) of tree level 8 * Level. Level is 0 to 7.
/// </summary>
public readonly record struct TileId(byte Level, ulong Index)
{
    /// <inheritdoc/>
    public override string ToString() => TilePath.Format(this, LogTiles.Width);
}
