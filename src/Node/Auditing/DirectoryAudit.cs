using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Storage;

namespace GovChain.Node.Auditing;

/// <summary>Audits a node's data directory, of a stopped or a running node: the chain, and all that is kept beside it.
/// </summary>
internal static class DirectoryAudit
{
    /// <summary>As below, without an export.</summary>
    public static Task<AuditReport> RunAsync(
        string path, Digest? expected, Genesis genesis, Action<ulong, ulong>? progress, CancellationToken cancellation) =>
        RunAsync(path, expected, new GenesisFile(genesis, []), export: null, progress, cancellation);

    /// <summary>Reads every block and replays it; then reads every other row and compares.</summary>
    /// <param name="path">The data directory.</param>
    /// <param name="expected">The genesis digest to audit against; null: the directory's own.</param>
    /// <param name="founded">The genesis file; its digest must be the directory's.</param>
    /// <param name="export">Takes the whole ledger and is completed if nothing deviates; null: no export.</param>
    /// <param name="progress">Told the proven height and the height to reach.</param>
    /// <param name="cancellation">Ends the audit.</param>
    public static async Task<AuditReport> RunAsync(
        string path, Digest? expected, GenesisFile founded, LedgerExport? export, Action<ulong, ulong>? progress,
        CancellationToken cancellation)
    {
        Genesis genesis = founded.Genesis;
        using DataDirectory directory = DataDirectory.OpenReadOnly(path);
        if (directory.ChainId != (expected ?? genesis.ChainId) || genesis.ChainId != directory.ChainId)
        {
            throw new CommandException(ExitCode.VerificationFailed,
                $"{path} is of the ledger {directory.ChainId}; the genesis is of {genesis.ChainId}"
                + (expected is null ? "." : $", expected was {expected}."));
        }
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        using LedgerSnapshot ledger = store.OpenSnapshot();
        ulong tip = ledger.TipHeight;
        if (export is not null)
            await export.BeginAsync(founded, cancellation);
        AuditReport report = await ChainAudit.RunAsync(
            path, genesis, tip, (height, _) => Task.FromResult(Read(ledger, height)), export is null ? null : export.AddAsync,
            progress is null ? null : height => progress(height, tip),
            _ => Compare(ledger), cancellation);
        if (export is not null && report.Ok)
            await export.CompleteAsync(cancellation);
        return report;
    }

    private static RawBlock Read(LedgerSnapshot ledger, ulong height)
    {
        StoredBlock block = ledger.Read(height);
        return new RawBlock(block.Header.ToBytes(), block.Certificate?.ToBytes() ?? [], block.Leaves);
    }

    /// <summary>The replayed roots equal the headers'; what is stored must equal the roots.</summary>
    private static AuditProblem? Compare(LedgerSnapshot ledger)
    {
        LedgerFinding? finding = LedgerIntegrity.Check(ledger).FirstOrDefault();
        return finding is null ? null : new AuditProblem(
            ledger.TipHeight, finding.Where, finding.Expected, finding.Found,
            $"{finding.What} The blocks themselves are whole: what the node keeps beside them was damaged or altered.");
    }
}
