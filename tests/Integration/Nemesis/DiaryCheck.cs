using NUnit.Framework;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Holds a clerk's diary against itself: every question has one final answer, what was read had been made, and the clerk's own
/// node never gave less than it had acknowledged.
/// </summary>
/// <param name="diary">All lines, in order.</param>
/// <param name="own">The department whose node the clerk works through.</param>
/// <param name="damages">What was damaged, of all departments.</param>
internal sealed class DiaryCheck(IReadOnlyList<DiaryEntry> diary, string own, IEnumerable<Damage> damages)
{
    private readonly Damage[] _damages = [.. damages.Where(d => d.Department == own)];

    /// <summary>What the clerk was told is on the ledger, once each.</summary>
    public IEnumerable<Acknowledgement> Answers()
    {
        ILookup<string, DiaryEntry> answers = diary
            .Where(e => e.Kind is DiaryKind.Told or DiaryKind.Refused).ToLookup(e => e.TransactionId);
        var recorded = diary.Where(e => e.Kind == DiaryKind.Told).Select(e => (e.Record, e.Version)).ToHashSet();
        foreach (DiaryEntry asked in diary.Where(e => e.Kind == DiaryKind.Asked))
        {
            DiaryEntry[] given = [.. answers[asked.TransactionId].Select(a => a with { AtMs = 0 }).Distinct()];
            Assert.That(given, Has.Length.EqualTo(1),
                $"{asked.TransactionId} ({asked.Type} {asked.Record}) has one answer, not: {string.Join("; ", given.Select(g => g.ToString()))}");
            // Signed anew after its expiry, one of the two is recorded, and the other is then late.
            bool late = given[0].Reason is "EXPIRED"
                || (given[0].Reason is "VERSION_CONFLICT" or "RECORD_IN_FORCE" or "RECORD_ANNULLED"
                    && recorded.Contains((asked.Record, asked.Version)));
            Assert.That(given[0].Kind == DiaryKind.Told || late,
                $"{asked.TransactionId} ({asked.Type} {asked.Record}, version {asked.Version}) was refused without cause: {given[0].Reason}");
            if (given[0].Kind == DiaryKind.Told)
                yield return given[0].ToAcknowledgement();
        }
    }

    /// <summary>Every version that was read was made, with that content; and the clerk's own node gave at least what it had told
    /// him before, unless its data were damaged in between.</summary>
    public void CheckReads()
    {
        DiaryEntry[] told = [.. diary.Where(e => e.Kind == DiaryKind.Told).DistinctBy(e => e.TransactionId)];
        var made = told.ToDictionary(e => (e.Record, e.Version), e => e.Content);
        ILookup<string, DiaryEntry> byRecord = told.ToLookup(e => e.Record);
        var askedAtMs = diary.Where(e => e.Kind == DiaryKind.Asked).DistinctBy(e => e.TransactionId)
            .ToDictionary(e => e.TransactionId, e => e.AtMs);
        foreach (DiaryEntry read in diary.Where(e => e.Kind == DiaryKind.Read))
        {
            if (read.Version > 0)
            {
                Assert.That(made.TryGetValue((read.Record, read.Version), out string? content), Is.True,
                    $"{read.Node} gave version {read.Version} of {read.Type} {read.Record}, which does not exist");
                Assert.That(read.Content is "" || read.Content == content, Is.True,
                    $"{read.Node} gave another content of {read.Type} {read.Record}, version {read.Version}");
            }
            if (read.Node != own)
                continue;
            ulong promised = byRecord[read.Record]
                .Where(t => t.Version <= read.KnownVersion && !WasDamagedBetween(askedAtMs[t.TransactionId], read.AtMs))
                .Select(static t => t.Version).DefaultIfEmpty().Max();
            Assert.That(read.Version, Is.GreaterThanOrEqualTo(promised),
                $"{read.Node} forgot a version of {read.Type} {read.Record} that it had acknowledged");
        }
    }

    /// <summary>Of what was asked for only after the damage was mended, the answer came after it, too, however late it was written down.
    /// </summary>
    private bool WasDamagedBetween(long askedAtMs, long readAtMs) =>
        _damages.Any(d => askedAtMs < d.ToMs && readAtMs >= d.FromMs);
}
