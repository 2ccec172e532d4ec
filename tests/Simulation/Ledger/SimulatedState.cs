using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>State, log and id index of a ledger after one block, in memory; copied to be given to others.</summary>
internal sealed class SimulatedState : ILedgerView
{
    private readonly Dictionary<StateKey, byte[]> _values;
    private readonly Dictionary<StatePageId, byte[]> _pages;
    private readonly Dictionary<TileId, byte[]> _tiles;
    private readonly Dictionary<Digest, TransactionLocation> _transactions = [];

    public SimulatedState(Genesis genesis)
    {
        (_values, _pages, _tiles) = ([], [], []);
        (Tip, Frontier) = (genesis.Block.Header, genesis.Block.Log.NewFrontier);
        Store(genesis.Block);
    }

    /// <summary>Takes over what was fetched.</summary>
    public SimulatedState(
        BlockHeader tip, LogFrontier frontier, Dictionary<StateKey, byte[]> values, Dictionary<StatePageId, byte[]> pages,
        Dictionary<TileId, byte[]> tiles)
    {
        (Tip, Frontier) = (tip, frontier);
        (_values, _pages, _tiles) = (new(values), new(pages), new(tiles));
    }

    private SimulatedState(SimulatedState other)
        : this(other.Tip, other.Frontier, other._values, other._pages, other._tiles) => _transactions = new(other._transactions);

    public BlockHeader Tip { get; private set; }

    public LogFrontier Frontier { get; private set; }

    public StatePageCache Cache { get; } = new();

    /// <summary>The state values, ascending by key.</summary>
    public IEnumerable<StateChange> Values =>
        _values.OrderBy(static v => v.Key).Select(static v => new StateChange(v.Key, v.Value));

    /// <summary>The pages of the state tree, those included that it has left behind.</summary>
    public IReadOnlyDictionary<StatePageId, byte[]> Pages => _pages;

    public IReadOnlyDictionary<TileId, byte[]> Tiles => _tiles;

    public int Count => _values.Count;

    public SimulatedState Copy() => new(this);

    public void Apply(ExecutedBlock block)
    {
        if (block.Header.ParentHash != Tip.Hash)
            throw new ArgumentException($"Block {block.Header.Height} does not follow {Tip.Height}.", nameof(block));
        Store(block);
        (Tip, Frontier) = (block.Header, block.Log.NewFrontier);
    }

    /// <summary>Says where the transactions of a block stand that was not executed here.</summary>
    public void Index(BlockHeader header, IReadOnlyList<Transaction> transactions)
    {
        for (int i = 0; i < transactions.Count; i++)
            _transactions[transactions[i].Id] = new TransactionLocation(header.Height, header.LogSizeBefore + (ulong)i);
    }

    /// <summary>The same state with one value changed, and the tree with it: a root that nobody has certified.</summary>
    public (SimulatedState State, Digest Root) WithOther(StateKey key, byte[] value)
    {
        SimulatedState copy = Copy();
        copy._values[key] = value;
        StateUpdate update = StateTree.Update(copy, Tip.StateRoot, [(key.TreeKey, Sha256.Hash(value))]);
        foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
            copy._pages[id] = bytes;
        return (copy, update.NewRoot);
    }

    public ReadOnlyMemory<byte>? GetState(StateKey key) =>
        _values.TryGetValue(key, out byte[]? value) ? value : (ReadOnlyMemory<byte>?)null;

    public TransactionLocation? FindTransaction(Digest transactionId) =>
        _transactions.TryGetValue(transactionId, out TransactionLocation location) ? location : null;

    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        _pages.TryGetValue(id, out byte[]? page) ? page : (ReadOnlyMemory<byte>?)null;

    public ReadOnlyMemory<byte> GetTile(byte level, ulong index)
    {
        var id = new TileId(level, index);
        return _tiles.TryGetValue(id, out byte[]? tile) ? tile : throw new MissingTileException(id);
    }

    private void Store(ExecutedBlock block)
    {
        foreach (StateChange change in block.Changes)
            _values[change.Key] = change.Value;
        foreach ((StatePageId id, byte[] bytes) in block.State.ChangedPages)
            _pages[id] = bytes;
        foreach ((TileId id, byte[] bytes) in block.Log.ChangedTiles)
            _tiles[id] = bytes;
        Index(block.Header, [.. block.Transactions.Select(static t => t.Transaction)]);
    }
}

/// <summary>A log that is written apart from execution.</summary>
internal sealed class SimulatedLog : ILogEdge
{
    private readonly Dictionary<TileId, byte[]> _tiles;

    private SimulatedLog(BlockHeader header, IEnumerable<(TileId Id, byte[] Bytes)> tiles)
    {
        Header = header;
        _tiles = tiles.ToDictionary(static t => t.Id, static t => t.Bytes);
        Frontier = LogFrontier.Read(new TileLogNodeSource(this, header.LogSizeAfter), header.LogSizeAfter);
    }

    public BlockHeader Header { get; private set; }

    public LogFrontier Frontier { get; private set; }

    public IReadOnlyDictionary<TileId, byte[]> Tiles => _tiles;

    /// <summary>Null where the tiles are not those of the header's log root.</summary>
    public static SimulatedLog? TryOpen(BlockHeader header, IEnumerable<(TileId Id, byte[] Bytes)> tiles)
    {
        try
        {
            var log = new SimulatedLog(header, tiles);
            return log.Frontier.Root == header.LogRoot ? log : null;
        }
        catch (MissingTileException)
        {
            return null;
        }
    }

    public void Advance(SealedBlock block)
    {
        foreach ((TileId id, byte[] bytes) in block.Log.ChangedTiles)
            _tiles[id] = bytes;
        (Header, Frontier) = (block.Header, block.Log.NewFrontier);
    }

    public ReadOnlyMemory<byte> GetTile(byte level, ulong index)
    {
        var id = new TileId(level, index);
        return _tiles.TryGetValue(id, out byte[]? tile) ? tile : throw new MissingTileException(id);
    }
}
