using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Auditing;

/// <summary>
/// Audits a node's data directory, of a stopped or a running node: every file, the chain, and all that is kept beside it.
/// </summary>
internal static class DirectoryAudit
{
    /// <summary>Deviating rows named at most: one damaged block of a table can touch very many.</summary>
    private const int RowsMax = 100;

    /// <summary>As below, without an export.</summary>
    public static Task<AuditReport> RunAsync(
        string path, Digest? expected, Genesis genesis, Action<ulong, ulong>? progress, CancellationToken cancellation) =>
        RunAsync(path, expected, new GenesisFile(genesis, []), export: null, progress, cancellation);

    /// <summary>Checks every file; reads every block and replays it; then reads every other row and compares.</summary>
    /// <param name="path">The data directory.</param>
    /// <param name="expected">The genesis digest to audit against; null: the genesis file's.</param>
    /// <param name="founded">The genesis file; its digest must be the directory's.</param>
    /// <param name="export">Takes the whole ledger and is completed if nothing deviates; null: no export.</param>
    /// <param name="progress">Told the proven height and the height to reach.</param>
    /// <param name="cancellation">Ends the audit.</param>
    /// <param name="paranoid">The platform verifies every signature, too.</param>
    /// <param name="department">Whose directory it is, for whoever knows: its vote journal must be that department's.</param>
    /// <param name="engine">What verifies signatures; null: nobody chose.</param>
    public static async Task<AuditReport> RunAsync(
        string path, Digest? expected, GenesisFile founded, LedgerExport? export, Action<ulong, ulong>? progress,
        CancellationToken cancellation, bool paranoid = false, string? department = null, EngineChoice? engine = null)
    {
        Genesis genesis = founded.Genesis;
        Digest? owner = DirectoryCheck.OwnerOf(path);
        if ((expected ?? genesis.ChainId) != genesis.ChainId || (owner is { } found && found != genesis.ChainId))
        {
            throw new CommandException(ExitCode.VerificationFailed,
                $"{path} is of the ledger {owner?.ToString() ?? "unknown"}; the genesis is of {genesis.ChainId}"
                + (expected is null ? "." : $", expected was {expected}."));
        }
        DirectoryReport directory = DirectoryCheck.Run(path, genesis.ChainId, onRead: null, cancellation);
        if (!directory.LedgerOpens)
            return Combine(NothingProven(path, genesis), directory, []);
        using DataDirectory data = DataDirectory.OpenUnverified(path, genesis.ChainId);
        using LedgerStore store = directory.TipIsLost ? LedgerStore.OpenWithoutTip(data) : LedgerStore.OpenReadOnly(data);
        using LedgerSnapshot ledger = store.OpenSnapshot();
        ulong tip = ledger.TipHeight;
        if (ledger.Gap is { } gap)
        {
            List<DirectoryFinding> rows = CheckRows(data, ledger, genesis, directory, chainOk: true, department, out IReadOnlyList<string> votesAbove);
            return AuditAboveGap(ledger, gap, Combine(NothingProven(path, genesis), directory, rows)) with { VotesOf = votesAbove };
        }
        if (export is not null)
            await export.BeginAsync(founded, cancellation);
        AuditReport chain = await ChainAudit.RunAsync(
            path, genesis, tip, (height, _) => Task.FromResult(Read(ledger, height)), export is null ? null : export.AddAsync,
            progress is null ? null : height => progress(height, tip), cancellation, paranoid, engine);
        List<DirectoryFinding> findings = CheckRows(data, ledger, genesis, directory, chain.Ok, department, out IReadOnlyList<string> votesOf);
        AuditReport report = Combine(chain, directory, findings) with
        {
            VotesOf = votesOf,
            Proven = chain.Ok && findings.All(static f => !f.IsDamage) ? new DurableTip(tip, ledger.Tip.Hash) : null,
        };
        if (export is not null && report.Ok)
            await export.CompleteAsync(cancellation);
        return report;
    }

    /// <summary>Every row; and where they are sound, whether the journal is of the ledger's time, which nothing else can tell.</summary>
    private static List<DirectoryFinding> CheckRows(
        DataDirectory data, LedgerSnapshot ledger, Genesis genesis, DirectoryReport files, bool chainOk, string? department, out IReadOnlyList<string> votesOf)
    {
        votesOf = [];
        string name = Path.GetRelativePath(data.Root, data.LedgerPath).Replace('\\', '/') + "/";
        List<DirectoryFinding> findings = [.. LedgerIntegrity.Check(ledger, Environment.ProcessorCount).Take(RowsMax).Select(f => f.InFile(name))];
        bool journalReads = files.Findings.All(static f => !(f.IsDamage && f.File == "votes"));
        if (chainOk && findings.Count == 0 && journalReads && JournalVerdict.Of(data, ledger, genesis, department) is { } journal)
        {
            votesOf = journal.Voters;
            if (journal.Finding is { } forgotten)
                findings.Add(forgotten);
        }
        return findings;
    }

    /// <summary>Damage is named whatever is missing; without any, that blocks are still being filled in is no problem of the
    /// directory, and no proof of it either.</summary>
    private static AuditReport AuditAboveGap(LedgerSnapshot ledger, LedgerGap gap, AuditReport found) => found with
    {
        Incomplete = found.FirstProblem is not null ? null
            : $"{found.Source}: whole from block {gap.FirstWhole} on, to block {ledger.TipHeight}; older blocks are still being filled in "
                + $"({gap.FilledTo} of {gap.Base.Height}). Every file and row that is here is sound, but an audit replays from genesis: "
                + "let the node run until 'govchain node status' says no more of this, or audit another department's.",
    };

    private static RawBlock Read(LedgerSnapshot ledger, ulong height)
    {
        try
        {
            StoredBlock block = ledger.Read(height);
            return new RawBlock(block.Header.ToBytes(), block.Certificate?.ToBytes() ?? [], block.Leaves);
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            throw new UnreadableBlockException(new AuditProblem(
                height, e is StorageException s ? s.Where : "stored block", "the block as it was stored", e is StorageException d ? d.What : e.Message,
                "This node cannot serve the block, and proves nothing from it on. 'govchain node repair' fetches it from the others."));
        }
    }

    private static AuditReport Combine(AuditReport chain, DirectoryReport directory, IReadOnlyList<DirectoryFinding> rows)
    {
        DirectoryFinding[] findings = [.. directory.Findings, .. rows];
        DirectoryFinding? first = findings.FirstOrDefault(static f => f.IsDamage);
        return chain with
        {
            Files = directory.Files,
            Findings = findings,
            Incomplete = first is null ? chain.Incomplete : null,
            ChainProblem = chain.FirstProblem,
            FirstProblem = chain.FirstProblem ?? (first is null
                ? null : new AuditProblem(chain.Height, $"{first.File}, {first.Where}", first.Expected, first.Found, first.Meaning)),
        };
    }

    private static AuditReport NothingProven(string path, Genesis genesis) =>
        new(path, genesis.ChainId, 0, 0, genesis.Block.Header.LogRoot, genesis.Block.Header.StateRoot, null);
}
