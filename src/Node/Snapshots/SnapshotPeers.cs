using GovChain.Consensus;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Protos.V1;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Asks peers what <see cref="SnapshotSources"/> and those who use it want to know. For one task.
/// </summary>
internal sealed class SnapshotPeers(LedgerSources sources, IPeerNetwork network, PeerProgress progress, TimeProvider time)
{
    /// <summary>Who is asked for what, and who is not asked any more.</summary>
    public SnapshotSources Sources { get; } = new(() => sources.Connected, progress.Misbehaved);

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
    public async Task AskAsync(IEnumerable<LedgerQuestion> questions, CancellationToken cancellation)
    {
        foreach (LedgerQuestion question in questions)
        {
            long begun = time.GetTimestamp();
            switch (question)
            {
                case OffersQuestion q:
                    SnapshotResponse?[] offers = await Task.WhenAll(q.Sources.Select(s => network.RequestSnapshotAsync(
                        sources.DepartmentOf(s), new SnapshotRequest(), cancellation)));
                    offers.CopyTo(q.Answers, 0);
                    break;
                case PartQuestion q:
                    q.Answer = await network.RequestSnapshotAsync(sources.DepartmentOf(q.Source), q.Request, cancellation);
                    break;
                case BlocksQuestion q:
                    BlockRangeResponse? range = await network.RequestBlocksAsync(
                        sources.DepartmentOf(q.Source), q.FirstHeight, CatchUp.RangeBlocks, cancellation);
                    q.Answer = range is null ? null : BlockSync.Read(range);
                    break;
                default:
                    throw new InvalidOperationException($"Nobody can be asked {question}.");
            }
            question.TookUs = (long)time.GetElapsedTime(begun).TotalMicroseconds;
        }
    }
}
