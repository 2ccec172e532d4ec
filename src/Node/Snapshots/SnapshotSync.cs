using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Sync;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Snapshots;

/// <summary>
/// Decides when a node that is far behind fetches a snapshot instead of all blocks, and has it put in place. The node in use
/// goes on meanwhile; it takes the new ledger when it starts again.
/// </summary>
/// <remarks>Belongs to catch-up's task; what it shows may be read from any thread.</remarks>
/// <param name="lagMin">Blocks behind from which on a snapshot is thought of; 0: never.</param>
internal sealed class SnapshotSync(
    Genesis genesis,
    ValidatorHistory history,
    DataDirectory directory,
    LedgerHead ledger,
    LedgerSources sources,
    IPeerNetwork network,
    ISignatureVerifier verifier,
    PeerProgress progress,
    TimeProvider time,
    ulong lagMin,
    ILogger log)
{
    private readonly SnapshotPlan _plan = new(lagMin);
    private readonly TaskCompletionSource<ulong> _installed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the height when a snapshot is ready to be put in place by the next start.</summary>
    public Task<ulong> Installed => _installed.Task;

    /// <summary>How far a fetch is; null while there is none.</summary>
    public SnapshotProgress? Progress { get; private set; }

    /// <summary>Fetches a snapshot if the node is so far behind that it costs less. False: go on by blocks.</summary>
    /// <param name="lag">Blocks behind.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="wordOf">Who alone says so; null where it is proven.</param>
    public async Task<bool> TryAsync(ulong lag, CancellationToken cancellation, int? wordOf = null)
    {
        if (!_plan.Begin(lag, time.MonotonicMs(), wordOf))
            return false;
        var peers = new SnapshotPeers(sources, network, progress, time, _plan);
        while (true)
        {
            if (await peers.FindAsync(_plan.UsefulAbove(ledger.Tip), cancellation) is not { } height)
            {
                _plan.NothingOffered(time.MonotonicMs());
                return false;
            }
            long begun = time.GetTimestamp();
            (string? failure, bool isProven) = await FetchAsync(peers, height, cancellation);
            if (failure is null)
            {
                log.SnapshotFetched(height, (long)time.GetElapsedTime(begun).TotalMilliseconds);
                _installed.TrySetResult(height);
                return true;
            }
            log.SnapshotGivenUp(height, failure);
            peers.Sources.GiveUp(isProven);
            if (!_plan.TryAgain(isProven, time.MonotonicMs()))
                return false;
        }
    }

    /// <summary>What failed, null for nothing, and whether there is a certificate for the snapshot's header.</summary>
    private async Task<(string? Failure, bool IsProven)> FetchAsync(
        SnapshotPeers peers, ulong height, CancellationToken cancellation)
    {
        BlockHeader tip = ledger.Tip;
        try
        {
            using LedgerAssembly assembly = LedgerAssembly.Create(directory);
            var fetch = new SnapshotFetch(genesis, history, verifier, peers, assembly, height)
            {
                NewestVersion = ledger.NewestVersion,
                OnProgress = p =>
                {
                    if (Progress is null)
                        log.SnapshotBegun(height, height - tip.Height); // that the ledger goes so far is proven by now
                    Progress = p;
                },
                IsWorthwhile = (header, below, rows) => SnapshotPlan.IsCheaper(tip, header, below, rows),
            };
            string? failure = await fetch.RunAsync(cancellation);
            tip = ledger.Tip; // the node has followed meanwhile
            if (failure is null && height <= _plan.UsefulAbove(tip))
                failure = "the ledger has nearly come there by blocks";
            if (failure is null)
                assembly.Complete(new DurableTip(tip.Height, tip.Hash));
            return (failure, fetch.IsProven);
        }
        catch (StorageException e)
        {
            return (e.Message, true); // no room for a second ledger; the one in use says itself what is wrong with it
        }
        finally
        {
            Progress = null;
        }
    }
}
