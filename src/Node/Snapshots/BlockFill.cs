using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Fills in the blocks below a snapshot, from genesis on, under the rules of <see cref="BlockFilling"/>. Works in the background,
/// at most half of the time, and waits while the node is behind.
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
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(BlockFilling.PauseMs), LogPeriod = TimeSpan.FromSeconds(30);

    private readonly BlockFilling _rules = new(genesis.ChainId, history, verifier);
    private readonly BlockSources<int> _givers = new(); // a slow line is slow also for whoever is asked anew
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
        SnapshotPeers peers = NewPeers();
        long logged = time.GetTimestamp();
        while (store.Gap is { } gap)
        {
            if (lag() > CatchUp.LagMax)
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
                    peers = NewPeers();
                    continue;
                }
                (from, fetched) = answer;
            }
            long begun = time.GetTimestamp();
            if (Store(filling, gap, fetched) is { } lie)
            {
                if (from >= 0)
                    peers.Sources.Lied(from, lie);
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

    private SnapshotPeers NewPeers() => new(sources, network, progress, time, blocks: _givers);

    private static List<FetchedBlock> ReadOutrun(LedgerSalvage outrun, ulong first)
    {
        var blocks = new List<FetchedBlock>();
        while (blocks.Count < CatchUp.RangeBlocks && outrun.TryRead(first + (ulong)blocks.Count) is { } stored)
            blocks.Add(new FetchedBlock(stored.Header.ToBytes(), stored.Certificate!.ToBytes(), stored.Leaves));
        return blocks;
    }

    /// <summary>Stores what fits; says what is wrong with the first that does not.</summary>
    private string? Store(LogTip filling, LedgerGap gap, IReadOnlyList<FetchedBlock> fetched)
    {
        try
        {
            IReadOnlyList<SealedBlock> blocks = _rules.Take(new StoredLog(filling), gap.Base, fetched, out string? lie);
            if (blocks.Count > 0)
                store.FillIn(filling, blocks);
            return lie;
        }
        catch (ForkedBaseException e)
        {
            throw new FatalNodeException(
                $"{e.Message} More than f departments have signed both: compare ledgers with 'govchain evidence fork'.");
        }
    }
}
