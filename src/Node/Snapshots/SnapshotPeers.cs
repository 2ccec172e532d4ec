using GovChain.Consensus;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Asks peers what <see cref="SnapshotSources"/> and those who use it want to know. For one task.
/// </summary>
/// <param name="plan">Remembers what searches before have shown: see <see cref="SnapshotSources"/>.</param>
/// <param name="blocks">What those who were asked for blocks have shown: likewise.</param>
internal sealed class SnapshotPeers(
    LedgerSources sources, IPeerNetwork network, PeerProgress progress, TimeProvider time, SnapshotPlan? plan = null,
    BlockSources<int>? blocks = null)
{
    private readonly LedgerPeers _peers = new(sources, network, time);

    /// <summary>Who is asked for what, and who is not asked any more.</summary>
    public SnapshotSources Sources { get; } = new(() => sources.Connected, time.MonotonicMs, progress.Misbehaved, plan, blocks);

    /// <summary>The height that most of the connected departments hold a snapshot at, and of several the newest; null where
    /// nobody has one above a height.</summary>
    public async Task<ulong?> FindAsync(ulong above, CancellationToken cancellation)
    {
        await AskAsync(Sources.Find(above), cancellation);
        return Sources.Found;
    }

    /// <summary>Asks for blocks until somebody gives them.</summary>
    public async Task<(int Source, IReadOnlyList<FetchedBlock> Blocks)?> AskForBlocksAsync(
        ulong firstHeight, CancellationToken cancellation)
    {
        await AskAsync(Sources.AskForBlocks(firstHeight), cancellation);
        return Sources.WasGiven ? Sources.Blocks : null;
    }

    /// <summary>Asks one question after the other until there are no more.</summary>
    public Task AskAsync(IEnumerable<LedgerQuestion> questions, CancellationToken cancellation) => _peers.AskAsync(questions, cancellation);
}
