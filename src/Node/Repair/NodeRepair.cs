using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Auditing;
using GovChain.Node.Configuration;
using GovChain.Node.Hosting;
using GovChain.Node.Ledger;
using GovChain.Node.Signatures;
using GovChain.Storage;

namespace GovChain.Node.Repair;

/// <summary>What a repair did.</summary>
/// <param name="Folder">Where the damaged parts are now; null where nothing was moved.</param>
/// <param name="CatchUp">How far the ledger came; null where it was not fetched.</param>
internal sealed record RepairOutcome(string? Folder, CatchUp? CatchUp);

/// <summary>
/// Repairs a stopped node's directory: what is damaged goes aside, blocks that are sound under their certificates are
/// taken out of it, the rest comes from the peers, and everything that follows from blocks is made again by execution.
/// Where only the tip's file is damaged, the ledger that the audit has proven stays, and the tip is written anew.
/// </summary>
internal sealed class NodeRepair(NodeConfiguration configuration)
{
    private readonly NodeHost _host = new(configuration);

    /// <summary>The node's data directory.</summary>
    public string Directory => configuration.DataDirectory;

    /// <summary>Audits the directory; null where there is nothing of a node in it.</summary>
    /// <exception cref="StorageException">Locked: a node runs on it.</exception>
    public async Task<AuditReport?> AuditAsync(Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        GenesisFile genesis = NodeInputs.ReadGenesis(configuration);
        Hold(genesis.Genesis.ChainId).Dispose();
        try
        {
            return await DirectoryAudit.RunAsync(
                Directory, null, genesis, export: null, progress, cancellation, department: configuration.Department,
                engine: EngineChoice.OfNode(configuration.SignatureEngine));
        }
        catch (StorageException e) when (e.Error == StorageError.NotFound)
        {
            return null;
        }
    }

    /// <summary>Carries a plan out.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="fetch">Also rebuilds and fetches the ledger now, instead of at the node's next start.</param>
    /// <param name="patience">How long to wait for blocks that do not come.</param>
    /// <param name="progress">Told the height, and the height to reach.</param>
    /// <param name="cancellation">Ends it; run again, it goes on.</param>
    public async Task<RepairOutcome> RunAsync(
        RepairPlan plan, bool fetch, TimeSpan patience, Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        Genesis genesis = NodeInputs.ReadGenesis(configuration).Genesis;
        Digest chainId = genesis.ChainId;
        // A key that does not fit the genesis, which is all that a ledger begins with, is said before anything is moved.
        using ISigner? signer = fetch && plan.RebuildsLedger ? NodeInputs.OpenSigner(configuration, genesis) : null;
        if (signer is not null)
            NodeInputs.CheckMember(configuration, LedgerMembers.Of(genesis), signer.PublicKey);
        string? folder;
        using (DirectoryRepair directory = Hold(chainId))
        {
            folder = directory.MoveAside(plan.Aside, plan.ForgetsVotes);
            if (plan.WritesIdentity)
                directory.WriteIdentity();
            if (plan.Tip is { } tip)
                directory.RestoreTip(tip);
        }
        if (signer is null)
            return new RepairOutcome(folder, null);
        // The ledger that was damaged, or else one that a snapshot was taking the place of.
        using LedgerSalvage? salvage = (folder is null ? null : LedgerSalvage.TryOpen(Path.Combine(folder, "ledger"), chainId))
            ?? LedgerSalvage.TryOpen(Path.Combine(Directory, "ledger.outrun"), chainId);
        return new RepairOutcome(folder, await _host.CatchUpAsync(signer, salvage, patience, progress, cancellation));
    }

    private DirectoryRepair Hold(Digest chainId) => DirectoryRepair.Hold(Directory, chainId);
}
