using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Storage;

namespace GovChain.Node.Backups;

/// <summary>
/// Puts a backup's ledger into the data directory of a stopped node. The vote journal stays as it is, and the ledger is
/// marked as restored before anything moves: the node that starts on it does not vote.
/// </summary>
internal static class BackupRestore
{
    /// <summary>Verifies the backup and installs it.</summary>
    /// <param name="backup">The backup's directory.</param>
    /// <param name="data">The node's data directory.</param>
    /// <param name="genesis">The node's genesis; a backup of another ledger is refused.</param>
    /// <param name="replace">A ledger that stands there is kept under another name; without it, it is refused.</param>
    /// <param name="audit">Also audits the backup from genesis, first.</param>
    /// <param name="progress">Told what is being done, and its share, 0 to 1.</param>
    /// <param name="cancellation">Ends it; the node's directory is then as before.</param>
    /// <returns>The manifest, and the new name of the ledger that was there.</returns>
    public static async Task<(BackupManifest Manifest, string? Aside)> RunAsync(
        string backup, string data, Genesis genesis, bool replace, bool audit, Action<string, double>? progress,
        CancellationToken cancellation)
    {
        BackupManifest manifest = BackupManifest.Read(backup);
        if (manifest.ChainId != genesis.ChainId.ToString())
        {
            throw new CommandException(ExitCode.VerificationFailed,
                $"The backup {backup} is of the ledger {manifest.ChainId}; the configuration's genesis is {genesis.ChainId}.");
        }
        await BackupFiles.VerifyAsync(
            backup, manifest, n => progress?.Invoke("verifying", n / Math.Max(1.0, manifest.Bytes)), cancellation);
        if (audit)
            await AuditAsync(backup, genesis, progress, cancellation);
        using DataDirectory directory = DataDirectory.Open(data, genesis.ChainId);
        if (!replace && (Directory.Exists(directory.LedgerPath) || File.Exists(directory.TipPath)))
        {
            throw new CommandException(ExitCode.Usage,
                $"{data} holds a ledger already. With --replace it is kept under another name and the backup takes its place.");
        }
        BackupFiles.RequireRoom(data, manifest.Bytes);
        string staged = await CopyAsync(backup, manifest, directory, progress, cancellation);
        return (manifest, directory.Install(staged));
    }

    private static async Task AuditAsync(string backup, Genesis genesis, Action<string, double>? progress, CancellationToken cancellation)
    {
        AuditReport report = await DirectoryAudit.RunAsync(
            backup, genesis.ChainId, genesis, progress is null ? null : (height, tip) => progress("auditing", height / Math.Max(1.0, tip)), cancellation);
        if (report.Incomplete is { } incomplete)
            throw new CommandException(ExitCode.Unavailable, incomplete);
        if (report.FirstProblem is { } problem)
        {
            throw new CommandException(ExitCode.VerificationFailed,
                $"The backup {backup} is not whole: block {problem.Height}, {problem.Where}: {problem.Meaning} Use another one.");
        }
    }

    private static async Task<string> CopyAsync(
        string backup, BackupManifest manifest, DataDirectory directory, Action<string, double>? progress, CancellationToken cancellation)
    {
        string staged = directory.CreateStaged();
        try
        {
            string ledger = Path.GetFileName(directory.LedgerPath), tip = Path.GetFileName(directory.TipPath);
            long done = 0;
            foreach (BackupEntry entry in manifest.Files.Where(f => f.Path == tip || f.Path.StartsWith(ledger + "/", StringComparison.Ordinal)))
            {
                await BackupFiles.CopyAsync(backup, entry, Path.Combine(staged, entry.Path),
                    n => progress?.Invoke("copying", (done += n) / Math.Max(1.0, manifest.Bytes)), cancellation);
            }
            BackupFiles.SyncDirectories(staged);
            RequireLedger(backup, manifest, directory.ChainId, staged);
            return staged;
        }
        catch (Exception e)
        {
            Directory.Delete(staged, recursive: true);
            if (e is UnauthorizedAccessException or IOException and not StorageException)
                throw new CommandException(ExitCode.Storage, $"The backup cannot be copied to {directory.Root}: {e.Message} The directory is as before.");
            throw;
        }
    }

    /// <summary>That the copy opens and ends where the manifest says: before anything of the node's is moved.</summary>
    private static void RequireLedger(string backup, BackupManifest manifest, Digest chainId, string staged)
    {
        try
        {
            using var copy = DataDirectory.OpenUnverified(staged, chainId);
            using LedgerStore store = LedgerStore.OpenReadOnly(copy);
            BlockHeader tip = store.Current.Tip;
            var found = (tip.Height, tip.Hash.ToString(), tip.LogSizeAfter, tip.LogRoot.ToString(), tip.StateRoot.ToString());
            if (found == (manifest.Height, manifest.HeaderHash, manifest.LogSize, manifest.LogRoot, manifest.StateRoot))
                return;
            throw Unusable($"its ledger ends at block {tip.Height}, {tip.Hash}; {BackupManifest.FileName} says block {manifest.Height}, "
                + $"{manifest.HeaderHash}, or other roots.");
        }
        catch (StorageException e)
        {
            throw Unusable($"its ledger does not open: {e.What}");
        }

        CommandException Unusable(string what) => new(ExitCode.VerificationFailed,
            $"The backup {backup} is damaged or was changed: {what} Use another one. The directory is as before.");
    }
}
