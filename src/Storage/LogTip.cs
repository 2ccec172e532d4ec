using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// Where a log that is being written apart from execution has got to: its last header, its right edge and the growing
/// tiles, including those that are not stored yet. Belongs to one thread.
/// </summary>
public sealed class LogTip : ITileReader
{
    private readonly LedgerDatabase _database;
    private readonly ReadOptions _options = new ReadOptions().SetVerifyChecksums(true);
    private readonly Dictionary<TileId, byte[]> _changed = [];

    private LogTip(LedgerDatabase database, BlockHeader header)
    {
        _database = database;
        Header = header;
        Frontier = LogFrontier.Read(new TileLogNodeSource(this, header.LogSizeAfter), header.LogSizeAfter);
    }

    /// <summary>The last block's header.</summary>
    public BlockHeader Header { get; private set; }

    /// <summary>The log's right edge after it.</summary>
    public LogFrontier Frontier { get; private set; }

    internal IEnumerable<(TileId Id, byte[] Bytes)> Changed => _changed.Select(static t => (t.Key, t.Value));

    /// <summary>Reads the right edge from the stored tiles; null where they do not lead to the header's log root.</summary>
    internal static LogTip? TryRead(LedgerDatabase database, BlockHeader header)
    {
        try
        {
            var tip = new LogTip(database, header);
            return tip.Frontier.Root == header.LogRoot ? tip : null;
        }
        catch (MissingTileException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>A tile may be stored wider than this log is: the reader takes what it needs and checks that.</remarks>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index)
    {
        var id = new TileId(level, index);
        return _changed.TryGetValue(id, out byte[]? changed) ? changed
            : _database.Get(LedgerColumn.Tiles, LedgerKey.Tile(level, index), _options) ?? throw new MissingTileException(id);
    }

    /// <summary>Goes on by a block that was sealed upon this; what it changes is kept in memory until it is stored.</summary>
    public void Advance(SealedBlock block)
    {
        foreach ((TileId id, byte[] bytes) in block.Log.ChangedTiles)
            _changed[id] = bytes;
        (Header, Frontier) = (block.Header, block.Log.NewFrontier);
    }

    /// <summary>What was changed is stored.</summary>
    internal void Stored() => _changed.Clear();
}
