using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>A ledger put together out of a snapshot's parts, in a folder of its own that a crash before its end removes.</summary>
internal sealed class SimulatedAssembly : ISnapshotAssembly
{
    private readonly Dictionary<StateKey, byte[]> _values = [];
    private readonly Dictionary<StatePageId, byte[]> _pages = [];
    private readonly List<SealedBlock> _blocks = [];
    private SimulatedLog? _log;

    public ILogEdge? Log => _log;

    /// <summary>The header below its blocks.</summary>
    public BlockHeader? Base { get; private set; }

    /// <summary>The blocks above the base.</summary>
    public IReadOnlyList<SealedBlock> Blocks => _blocks;

    public bool Begin(BlockHeader genesis, BlockHeader below, IReadOnlyList<(TileId Id, byte[] Bytes)> edge)
    {
        _log = SimulatedLog.TryOpen(below, edge);
        Base = _log is null ? null : below;
        return _log is not null;
    }

    public void Put(IEnumerable<(StatePageId Id, byte[] Bytes)> pages)
    {
        foreach ((StatePageId id, byte[] bytes) in pages)
            _pages[id] = bytes;
    }

    public void Put(IEnumerable<StateChange> states)
    {
        foreach (StateChange state in states)
            _values[state.Key] = state.Value;
    }

    public void Put(IReadOnlyList<SealedBlock> blocks) => _blocks.AddRange(blocks);

    public byte[]? TryGetState(StateKey key) => _values.GetValueOrDefault(key);

    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        _pages.TryGetValue(id, out byte[]? page) ? page : (ReadOnlyMemory<byte>?)null;

    /// <summary>The ledger that it is.</summary>
    public SimulatedState ToState()
    {
        var state = new SimulatedState(
            _log!.Header, _log.Frontier, _values, _pages, _log.Tiles.ToDictionary());
        foreach (SealedBlock block in _blocks)
            state.Index(block.Header, block.Transactions);
        return state;
    }
}

/// <summary>A ledger as it was after one block, held for others.</summary>
internal sealed class SimulatedView(SimulatedState state, IReadOnlyList<StoredBlock> blocks, ulong firstWhole) : ISnapshotView, IDisposable
{
    private readonly StoredBlock[] _blocks = [.. blocks];

    public SimulatedState State => state;

    /// <summary>The same blocks under another state.</summary>
    public SimulatedView With(SimulatedState other) => new(other, _blocks, firstWhole);

    public BlockHeader Tip => state.Tip;

    public LogFrontier Frontier => state.Frontier;

    public Certificate? TipCertificate => _blocks[^1].Certificate;

    public ulong FirstWhole => firstWhole;

    public BlockHeader GetHeader(ulong height) => _blocks[(int)height].Header;

    public Certificate? GetCertificate(ulong height) => _blocks[(int)height].Certificate;

    public ReadOnlyMemory<byte>? GetState(StateKey key) => state.GetState(key);

    public TransactionLocation? FindTransaction(Core.Cryptography.Digest transactionId) => state.FindTransaction(transactionId);

    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => state.TryGetPage(id);

    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => state.GetTile(level, index);

    public IEnumerable<StateChange> ScanStatesAfter(byte[] after) =>
        state.Values.SkipWhile(v => v.Key.Span.SequenceCompareTo(after) <= 0);

    public ulong EstimateStates() => (ulong)state.Count;

    public void Dispose()
    {
    }
}
