using GovChain.Core.Execution;
using GovChain.Node.Auditing;
using GovChain.Storage;

namespace GovChain.Tests.Faults;

/// <summary>Opens what a crash left, without faults, and holds it against what was acknowledged.</summary>
internal static class Recovery
{
    /// <summary>
    /// Null if the directory opens, holds everything acknowledged with the right content and nothing that was never
    /// written, goes on, and then passes the audit; else what is wrong.
    /// </summary>
    public static async Task<string?> ExamineAsync(string path, Script script, Acknowledged acknowledged)
    {
        try
        {
            var later = new Acknowledged();
            ulong until = Math.Min(acknowledged.Height + 2 ?? 1, (ulong)script.Blocks.Count);
            new Workload(path, script, later.Add).Run(until, (store, journal) =>
            {
                CheckLedger(store, script, acknowledged);
                CheckJournal(journal, acknowledged);
                CheckJustifications(path, script, acknowledged);
            });
            CheckJournalAgain(path, script, later);
            AuditReport report = await DirectoryAudit.RunAsync(
                path, null, new GenesisFile(script.Genesis, []), null, null, CancellationToken.None);
            if (report.FirstProblem is { } problem)
                return $"audit: {problem}";
            return report.Height == until ? null : $"it went on to block {until}, but holds {report.Height}";
        }
        catch (PromiseBrokenException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    internal static void CheckLedger(LedgerStore store, Script script, Acknowledged acknowledged)
    {
        ulong? tip = store.IsEmpty ? null : store.Current.TipHeight;
        if (acknowledged.Height is { } height && (tip is null || tip < height))
        {
            throw new PromiseBrokenException(
                $"block {height} was acknowledged, the ledger ends at {(tip is { } t ? $"block {t}" : "nothing")}");
        }
        if (tip > (acknowledged.Height + 1 ?? 0))
            throw new PromiseBrokenException($"the ledger ends at block {tip}, acknowledged was {acknowledged.Height}");
        for (ulong h = 0; h <= tip; h++)
        {
            if (store.Current.GetHeader(h).Hash != script.HashAt(h))
                throw new PromiseBrokenException($"block {h} is not the one that was written");
        }
    }

    private static void CheckJustifications(string path, Script script, Acknowledged acknowledged)
    {
        using var directory = DataDirectory.OpenReadOnly(path, script.Genesis.ChainId);
        IReadOnlyList<byte[]> kept = EvidenceStore.ReadJustifications(directory);
        if (acknowledged.Kept.Count == 0)
            return;
        bool IsThere(ulong h) => kept.Any(k => k.AsSpan().SequenceEqual(Workload.JustificationAt(h)));
        // One that was written and not acknowledged has made the oldest go.
        ulong newest = acknowledged.Kept[^1];
        newest += IsThere(newest + 1) ? 1UL : 0;
        foreach (ulong h in acknowledged.Kept.Where(h => newest - h < Workload.JustificationsMax))
        {
            if (!IsThere(h))
                throw new PromiseBrokenException($"the justification of height {h} was kept, and is not there");
        }
    }

    internal static void CheckJournal(JournalOpening opening, Acknowledged acknowledged)
    {
        if (opening.Condition == JournalCondition.DamagedInterior)
            throw new PromiseBrokenException("the journal's interior is damaged");
        if (opening.Condition == JournalCondition.Missing)
        {
            if (acknowledged.Journal)
                throw new PromiseBrokenException("the journal is missing");
            return;
        }
        ulong next = opening.Records.Count > 0 ? opening.Records[0].Index : opening.Journal!.NextIndex;
        if (next > Math.Max(acknowledged.PrunedBelow, 1))
        {
            throw new PromiseBrokenException(
                $"the journal begins at vote {next}; only those below {acknowledged.PrunedBelow} were to be forgotten");
        }
        foreach (JournalRecord record in opening.Records)
        {
            if (record.Index != next++)
                throw new PromiseBrokenException($"the journal's vote {record.Index} stands where {next - 1} should");
            if (!record.Payload.Span.SequenceEqual(Workload.VoteAt(record.Index)))
                throw new PromiseBrokenException($"vote {record.Index} is not what was written");
        }
        if (next <= acknowledged.Vote)
            throw new PromiseBrokenException($"vote {acknowledged.Vote} was acknowledged, the journal ends at {next - 1}");
    }

    private static void CheckJournalAgain(string path, Script script, Acknowledged acknowledged)
    {
        using DataDirectory directory = DataDirectory.Open(path, script.Genesis.ChainId);
        JournalOpening opening = VoteJournal.Open(directory);
        opening.Journal?.Dispose();
        CheckJournal(opening, acknowledged);
    }
}
