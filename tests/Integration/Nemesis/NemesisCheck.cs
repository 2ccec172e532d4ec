using GovChain.Core.Model;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Holds the clerks' diaries against each other and against the directory of every department, after the nodes have stopped:
/// every question has one final answer; what was told stands everywhere exactly once, as it was told; what was refused
/// stands nowhere, and nothing stands that nobody asked for; what was read is what stands, and no node forgot what it had said.
/// </summary>
internal sealed class NemesisCheck(
    TestNetwork network, IReadOnlyList<ClientProcess> clerks, IReadOnlySet<int> damaged, NemesisReport report)
{
    /// <summary>Checks, and puts what it counts into the report; fails the test at the first deviation.</summary>
    public async Task RunAsync(IReadOnlyList<GetStatusResponse> statuses, CancellationToken cancellation)
    {
        DiaryEntry[][] diaries = [.. clerks.Select(c => DiaryEntry.Read(c.File).ToArray())];
        List<Acknowledgement> told = [];
        for (int i = 0; i < diaries.Length; i++)
        {
            told.AddRange(Answers(diaries[i]));
            Count(diaries[i]);
        }
        report.Acknowledged = told.Count;
        report.PerSecond.AddRange(PerSecond(diaries));
        for (int i = 0; i < diaries.Length; i++)
            CheckReads(diaries[i], network.Network.Departments[i]);

        var check = new LedgerCheck(network, told);
        await check.RunAsync(cancellation);
        for (int i = 0; i < check.Audits.Count; i++)
        {
            report.Departments.Add(new DepartmentReport(
                network.Network.Departments[i].Id, check.Audits[i].Height, check.Audits[i].Transactions,
                check.Audits[i].LogRoot.ToString(), check.Audits[i].StateRoot.ToString(), statuses[i].Voting,
                statuses[i].AbstainingBecause));
        }
        FindsWhatIsWrong(told);
    }

    private void Count(DiaryEntry[] diary)
    {
        report.Asked += diary.Where(e => e.Kind == DiaryKind.Asked).DistinctBy(e => e.TransactionId).Count();
        report.Reads += diary.Count(e => e.Kind == DiaryKind.Read);
        foreach (DiaryEntry refused in diary.Where(e => e.Kind == DiaryKind.Refused).DistinctBy(e => e.TransactionId))
            report.Refused[refused.Reason] = report.Refused.GetValueOrDefault(refused.Reason) + 1;
    }

    /// <summary>What a clerk was told is on the ledger, once each.</summary>
    private static IEnumerable<Acknowledgement> Answers(DiaryEntry[] diary)
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

    /// <summary>
    /// Every version that was read was made, with that content; and whoever reads at his own department's node finds at
    /// least what that node had told him before, unless its data were damaged.
    /// </summary>
    private void CheckReads(DiaryEntry[] diary, DevnetDepartment own)
    {
        var made = diary.Where(e => e.Kind == DiaryKind.Told).DistinctBy(e => e.TransactionId)
            .ToDictionary(e => (e.Record, e.Version), e => e.Content);
        bool keepsItsWord = !damaged.Contains(network.Network.Departments.ToList().IndexOf(own));
        foreach (DiaryEntry read in diary.Where(e => e.Kind == DiaryKind.Read))
        {
            if (read.Version > 0)
            {
                Assert.That(made.TryGetValue((read.Record, read.Version), out string? content), Is.True,
                    $"{read.Node} gave version {read.Version} of {read.Type} {read.Record}, which does not exist");
                Assert.That(read.Content is "" || read.Content == content, Is.True,
                    $"{read.Node} gave another content of {read.Type} {read.Record}, version {read.Version}");
            }
            if (read.Node == own.Id && keepsItsWord)
            {
                Assert.That(read.Version, Is.GreaterThanOrEqualTo(read.KnownVersion),
                    $"{read.Node} forgot a version of {read.Type} {read.Record} that it had acknowledged");
            }
        }
    }

    /// <summary>The checker is checked: an acknowledgement left out, altered or added must be noticed.</summary>
    private void FindsWhatIsWrong(List<Acknowledgement> told)
    {
        Assert.That(told, Is.Not.Empty, "something was recorded");
        Acknowledgement one = told[told.Count / 2];
        List<Acknowledgement>[] wrong =
        [
            [.. told.Where(t => t != one)],
            [.. told.Select(t => t == one ? t with { Position = t.Position + 1 } : t)],
            [.. told.Select(t => t == one ? t with { Content = Acknowledgement.DigestOf("else"u8) } : t)],
            [.. told, one with { TransactionId = new string('0', one.TransactionId.Length) }],
        ];
        foreach (List<Acknowledgement> list in wrong)
        {
            bool noticed = false;
            using (new TestExecutionContext.IsolatedContext())
            {
                try
                {
                    new LedgerCheck(network, list).Compare(network.Network.Departments[0].Id);
                }
                catch (AssertionException)
                {
                    noticed = true;
                }
            }
            Assert.That(noticed, "the checker notices an acknowledgement that is left out, altered or added");
        }
    }

    private IEnumerable<int> PerSecond(DiaryEntry[][] diaries)
    {
        long[] at = [.. diaries.SelectMany(d => d).Where(e => e.Kind == DiaryKind.Told).Select(e => (e.AtMs - report.BeganAtMs) / 1000)];
        int[] counts = new int[at.Length == 0 ? 0 : at.Max() + 1];
        foreach (long second in at)
            counts[second]++;
        return counts;
    }
}
