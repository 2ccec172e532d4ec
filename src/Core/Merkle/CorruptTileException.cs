using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>The hashes in a stored tile do not lead to the node that the log's edge holds.</summary>
public sealed class CorruptTileException(TileId tile, Digest expected, Digest found)
    : Exception($"The log tile {tile} is damaged: a subtree at its end has the root {found}, not {expected}.")
{
    /// <summary>The tile.</summary>
    public TileId Tile { get; } = tile;
}
