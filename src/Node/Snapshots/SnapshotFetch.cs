using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Storage;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Fetches one snapshot from peers and puts a stored ledger together out of it. What it asks for and believes is
/// <see cref="SnapshotAssembler"/>'s.
/// </summary>
/// <remarks>Used once, by one task.</remarks>
/// <param name="known">Who certifies blocks, as far as this node's own ledger says.</param>
internal sealed class SnapshotFetch(
    Genesis genesis, ValidatorHistory known, ISignatureVerifier verifier, SnapshotPeers peers, LedgerAssembly assembly, ulong height)
{
    private SnapshotAssembler? _assembler;

    /// <summary>An answer ends with the row, page or change that makes it longer than this.</summary>
    public int AnswerBytesMax { get; init; } = SnapshotAnswers.AnswerBytesMax;

    /// <summary>How long may be waited for all answers together, milliseconds.</summary>
    public ulong WaitMaxMs { get; init; } = SnapshotRules.FetchMs;

    /// <summary>The newest protocol version that is executed here.</summary>
    public uint NewestVersion { get; init; } = ProtocolVersions.Newest;

    /// <summary>Told how far it is, after every part.</summary>
    public Action<SnapshotProgress> OnProgress { get; init; } = static _ => { };

    /// <summary>Whether a snapshot is worth fetching, once its head is known: the header, the base and about how many rows.
    /// </summary>
    public Func<BlockHeader, BlockHeader, ulong, bool> IsWorthwhile { get; init; } = static (_, _, _) => true;

    /// <summary>The departments have certified the snapshot's header.</summary>
    public bool IsProven => _assembler is { IsProven: true };

    /// <summary>Fetches all of it. Null when the assembly holds it; otherwise why it does not.</summary>
    /// <exception cref="StorageException">The disk.</exception>
    /// <exception cref="UnexecutableVersionException">The snapshot is of a ledger that this node cannot follow.</exception>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        _assembler = new SnapshotAssembler(genesis, known, verifier, peers.Sources, new StoredAssembly(assembly), height)
        {
            AnswerBytesMax = AnswerBytesMax,
            WaitMaxMs = WaitMaxMs,
            NewestVersion = NewestVersion,
            OnProgress = OnProgress,
            IsWorthwhile = IsWorthwhile,
        };
        await peers.AskAsync(_assembler.Questions(), cancellation);
        return _assembler.Failure;
    }

    private sealed class StoredAssembly(LedgerAssembly assembly) : ISnapshotAssembly
    {
        private StoredLog? _log;

        public ILogEdge? Log => _log;

        public bool Begin(BlockHeader genesis, BlockHeader below, IReadOnlyList<(TileId Id, byte[] Bytes)> edge)
        {
            bool begun = assembly.Begin(genesis, below, edge);
            _log = begun ? new StoredLog(assembly.Log!) : null;
            return begun;
        }

        public void Put(IEnumerable<(StatePageId Id, byte[] Bytes)> pages) => assembly.Put(pages);

        public void Put(IEnumerable<StateChange> states) => assembly.Put(states);

        public void Put(IReadOnlyList<SealedBlock> blocks) => assembly.Put(blocks);

        public byte[]? TryGetState(StateKey key) => assembly.TryGetState(key);

        public StatePageCache Cache => assembly.Cache;

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => assembly.TryGetPage(id);
    }
}

/// <summary>A stored log's edge.</summary>
internal sealed class StoredLog(LogTip tip) : ILogEdge
{
    /// <inheritdoc/>
    public BlockHeader Header => tip.Header;

    /// <inheritdoc/>
    public LogFrontier Frontier => tip.Frontier;

    /// <inheritdoc/>
    public void Advance(SealedBlock block) => tip.Advance(block);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => tip.GetTile(level, index);
}
