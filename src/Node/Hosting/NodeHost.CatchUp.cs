using GovChain.Client.Keys;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Signatures;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Node.Hosting;

/// <summary>How far a catch-up came.</summary>
/// <param name="IsComplete">The ledger is as far as the others.</param>
/// <param name="Salvaged">Blocks that came out of the damaged ledger.</param>
/// <param name="Status">The node at the end.</param>
internal sealed record CatchUp(bool IsComplete, ulong Salvaged, GetStatusResponse Status);

/// <summary>The node without clients: it fetches the ledger and ends.</summary>
internal sealed partial class NodeHost
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>Looks in a row that must find nothing missing: peers tell their height once a second.</summary>
    private const int LooksLevel = 10;

    /// <summary>Runs the node without listeners for clients until its ledger is as far as the others'.</summary>
    /// <param name="signer">The node's key.</param>
    /// <param name="salvage">A damaged ledger whose sound blocks are taken before peers are asked.</param>
    /// <param name="patience">Ends it, incomplete, when no block came for so long.</param>
    /// <param name="progress">Told the height, and the height to reach.</param>
    /// <param name="cancellation">Ends it; what was stored stays.</param>
    /// <exception cref="CommandException">The node could not start, or had to stop.</exception>
    public async Task<CatchUp> CatchUpAsync(
        ISigner signer, LedgerSalvage? salvage, TimeSpan patience, Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        try
        {
            return await FollowAsync(signer, salvage, patience, progress, cancellation);
        }
        catch (UnexecutableVersionException e)
        {
            throw new CommandException(StartFailure.ReleaseTooOld, e.Message);
        }
    }

    private async Task<CatchUp> FollowAsync(
        ISigner signer, LedgerSalvage? salvage, TimeSpan patience, Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        GenesisFile genesis = NodeInputs.ReadGenesis(configuration);
        using DataDirectory directory = DataDirectory.Open(configuration.DataDirectory, genesis.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        using NodeIdentity identity = NodeIdentity.Create(signer, genesis.Genesis.ChainId, configuration.Department);
        using NodeVerifier verifier = OpenVerifier();
        LedgerMembers members = MembersOf(genesis.Genesis, store, signer);
        ulong salvaged = 0;
        while (true)
        {
            await using var network = new PeerNetwork(
                identity, members.PeersOf(configuration), verifier.Verifier, NullLoggerFactory.Instance, configuration.Peers, members.History);
            await using var runtime = new NodeRuntime(
                directory, store, genesis.Genesis, SignaturesOf(genesis), signer, network,
                new NodeRuntimeOptions { Salvage = salvage, SnapshotLag = 0, Observer = configuration.Department, Known = _known },
                TimeProvider.System, verifier.Verifier, NullLogger<NodeRuntime>.Instance);
            verifier.BeginEpoch(members.History, runtime.Fail);
            await runtime.StartAsync();
            await ListenAsync(Settings.PeerListen.Path, () => network.StartAsync(configuration.PeerListen, runtime.PeerHandler));
            bool complete = await WaitUntilLevelAsync(runtime, members.History.Acting, patience, progress, cancellation);
            salvaged += runtime.Salvaged;
            var result = new CatchUp(complete, salvaged, runtime.Gateway.GetStatus());
            await network.DisposeAsync();
            await runtime.StopAsync();
            if (runtime.Fatal.IsCompleted)
            {
                Exception reason = await runtime.Fatal;
                string message = $"The node had to stop: {reason.Message}";
                throw reason is UnexecutableVersionException
                    ? new CommandException(StartFailure.ReleaseTooOld, message) : new CommandException(ExitCode.Storage, message);
            }
            if (!runtime.EpochEnded.IsCompleted)
                return result;
            members = LedgerMembers.Of(genesis.Genesis, store);
        }
    }

    /// <summary>Of f + 1 departments with a vote one is honest, and it shows a certificate for the height that it says it has.
    /// </summary>
    private static async Task<bool> WaitUntilLevelAsync(
        NodeRuntime runtime, ValidatorSet validators, TimeSpan patience, Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        int enough = Math.Min(validators.Count - 1, validators.Count - validators.QuorumSize + 1);
        long since = TimeProvider.System.GetTimestamp();
        ulong height = 0;
        int level = 0;
        while (level < LooksLevel && TimeProvider.System.GetElapsedTime(since) < patience
            && !runtime.Fatal.IsCompleted && !runtime.EpochEnded.IsCompleted)
        {
            GetStatusResponse status = runtime.Gateway.GetStatus();
            if (status.Height != height)
                (height, since) = (status.Height, TimeProvider.System.GetTimestamp());
            progress?.Invoke(height, height + status.Lag);
            bool isLevel = status.Lag == 0 && status.Peers.Count(p => p is { Connected: true, Observer: false, Heard: true }) >= enough;
            level = isLevel ? level + 1 : 0;
            await Task.Delay(Look, cancellation);
        }
        return level >= LooksLevel;
    }
}
