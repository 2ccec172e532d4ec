using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>
/// A ledger in memory: for the auditor's replay, the simulator and tests. Belongs to one thread; a view of it is the
/// ledger itself, so nothing may be applied while a block is executed on it.
/// </summary>
public sealed class InMemoryLedger : ILedgerView
{
    private readonly Dictionary<StateKey, byte[]> _state = [];
    private readonly Dictionary<Digest, TransactionLocation> _transactions = [];
    private readonly Dictionary<TileId, byte[]> _tiles = [];
    private readonly Dictionary<StatePageId, byte[]> _pages = [];

    /// <summary>A ledger that has its genesis block and nothing else.</summary>
    public InMemoryLedger(Genesis genesis)
    {
        Tip = genesis.Block.Header;
        Frontier = genesis.Block.Log.NewFrontier;
        Store(genesis.Block);
    }

    /// <inheritdoc/>
    public BlockHeader Tip { get; private set; }

    /// <inheritdoc/>
    public LogFrontier Frontier { get; private set; }

    /// <summary>How many state values there are.</summary>
    public int StateCount => _state.Count;

    /// <summary>Takes the next block over.</summary>
    /// <exception cref="ArgumentException">The block was not executed on this ledger's tip.</exception>
    public void Apply(ExecutedBlock block)
    {
        if (block.Header.ParentHash != Tip.Hash)
            throw new ArgumentException($"Block {block.Header.Height} does not follow {Tip.Height}.", nameof(block));
        Store(block);
        Tip = block.Header;
        Frontier = block.Log.NewFrontier;
    }

    /// <inheritdoc/>
    public StatePageCache Cache { get; } = new();

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? GetState(StateKey key) =>
        _state.TryGetValue(key, out byte[]? value) ? value : (ReadOnlyMemory<byte>?)null;

    /// <inheritdoc/>
    public TransactionLocation? FindTransaction(Digest transactionId) =>
        _transactions.TryGetValue(transactionId, out TransactionLocation location) ? location : null;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        _pages.TryGetValue(id, out byte[]? page) ? page : (ReadOnlyMemory<byte>?)null;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index)
    {
        var id = new TileId(level, index);
        return _tiles.TryGetValue(id, out byte[]? tile) ? tile : throw new MissingTileException(id);
    }

    private void Store(ExecutedBlock block)
    {
        foreach (StateChange change in block.Changes)
            _state[change.Key] = change.Value;
        foreach ((StatePageId id, byte[] bytes) in block.State.ChangedPages)
            _pages[id] = bytes;
        foreach ((TileId id, byte[] bytes) in block.Log.ChangedTiles)
            _tiles[id] = bytes;
        for (int i = 0; i < block.Transactions.Count; i++)
        {
            _transactions.Add(
                block.Transactions[i].Transaction.Id,
                new TransactionLocation(block.Header.Height, block.Header.LogSizeBefore + (ulong)i));
        }
    }
}
