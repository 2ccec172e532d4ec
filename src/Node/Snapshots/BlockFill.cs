using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Storage;
using Microsoft.Extensions.Logging;
using CertifiedBlock = GovChain.Consensus.CertifiedBlock;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Fills in the blocks below a snapshot, from genesis on: each header under its certificate and after the one before, each
/// leaf against the log root. Each epoch's blocks are believed under its own departments, whom the state names. Works in the
/// background, at most half of the time, and waits while the node is behind.
/// </summary>
internal sealed class BlockFill(
    Genesis genesis,
    ValidatorHistory history,
    DataDirectory directory,
    LedgerStore store,
    LedgerSources sources,
    IPeerNetwork network,
    ISignatureVerifier verifier,
    PeerProgress progress,
    TimeProvider time,
    Func<ulong> lag,
    ILogger log)
{
    private const ulong LagMax = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LogPeriod = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Works until nothing is missing, or <see cref="Stop"/>.</summary>
    /// <exception cref="FatalNodeException">Two blocks are certified at one height.</exception>
    /// <exception cref="StorageException">The ledger cannot be read or written.</exception>
    public async Task RunAsync()
    {
        try
        {
            if (store.OpenFilling() is { } filling)
                await RunAsync(filling, _stop.Token);
            if (store.Gap is null)
                directory.RemoveOutrun();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Ends the work.</summary>
    public void Stop() => _stop.Cancel();

    private async Task RunAsync(LogTip filling, CancellationToken cancellation)
    {
        using LedgerSalvage? outrun = LedgerSalvage.TryOpen(directory.OutrunLedgerPath, genesis.ChainId);
        bool useOutrun = outrun is not null;
        var peers = new SnapshotPeers(sources, network, progress, time);
        long logged = time.GetTimestamp();
        while (store.Gap is { } gap)
        {
            if (lag() > LagMax)
            {
                await Task.Delay(Pause, time, cancellation);
                continue;
            }
            ulong first = filling.Header.Height + 1;
            IReadOnlyList<FetchedBlock> fetched = useOutrun ? ReadOutrun(outrun!, first) : [];
            int from = -1;
            if (fetched.Count == 0)
            {
                useOutrun = false;
                if (await peers.AskForBlocksAsync(first, cancellation) is not { } answer)
                {
                    await Task.Delay(Pause, time, cancellation);
                    peers = new SnapshotPeers(sources, network, progress, time);
                    continue;
                }
                (from, fetched) = (answer.Source, [.. answer.Range.Blocks.Select(BlockSync.Read)]);
            }
            long begun = time.GetTimestamp();
            if (Store(filling, gap, first, fetched) is { } lie)
            {
                if (from >= 0)
                    peers.Lied(from, lie);
                useOutrun = false;
            }
            if (time.GetElapsedTime(logged) > LogPeriod)
            {
                logged = time.GetTimestamp();
                log.FillingIn(filling.Header.Height, gap.Base.Height);
            }
            await Task.Delay(time.GetElapsedTime(begun), time, cancellation);
        }
        log.FilledIn(filling.Header.Height);
    }

    private static List<FetchedBlock> ReadOutrun(LedgerSalvage outrun, ulong first)
    {
        var blocks = new List<FetchedBlock>();
        while (blocks.Count < CatchUp.RangeBlocks && outrun.TryRead(first + (ulong)blocks.Count) is { } stored)
            blocks.Add(new FetchedBlock(stored.Header.ToBytes(), stored.Certificate!.ToBytes(), stored.Leaves));
        return blocks;
    }

    /// <summary>Stores what fits; says what is wrong with the first that does not.</summary>
    private string? Store(LogTip filling, LedgerGap gap, ulong first, IReadOnlyList<FetchedBlock> fetched)
    {
        var catchUp = new CatchUp(genesis.ChainId, history.At(first), verifier);
        IReadOnlyList<CertifiedBlock> chain = catchUp.Believe(first, fetched, out string? lie);
        var blocks = new List<SealedBlock>();
        foreach (CertifiedBlock block in chain)
        {
            if (filling.Header.Height == gap.Base.Height)
                break;
            if (block.Header.Height == gap.Base.Height && block.Header.Hash != gap.Base.Hash)
            {
                throw new FatalNodeException(
                    $"Two blocks are certified at height {gap.Base.Height}: {block.Header.Hash} and, under the snapshot that this "
                    + $"ledger began with, {gap.Base.Hash}. More than f departments have signed both: compare ledgers with "
                    + "'govchain evidence fork'.");
            }
            if (catchUp.Seal(filling.Header, filling.Frontier, filling, block, out string? wrong) is not { } good)
            {
                lie = wrong;
                break;
            }
            filling.Advance(good);
            blocks.Add(good);
        }
        if (blocks.Count > 0)
            store.FillIn(filling, blocks);
        return lie;
    }
}
