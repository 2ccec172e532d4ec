namespace GovChain.Core.Merkle;

/// <summary>Gives the tiles of a stored log.</summary>
public interface ITileReader
{
    /// <summary>
    /// The hashes of a tile that are there, 32 bytes each, the first of the tile first: 1 to 256 of them.
    /// </summary>
    /// <exception cref="MissingTileException">There is no such tile.</exception>
    ReadOnlyMemory<byte> GetTile(byte level, ulong index);
}
