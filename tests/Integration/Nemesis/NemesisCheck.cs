using GovChain.Core.Model;
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
    TestNetwork network, IReadOnlyList<ClientProcess> clerks, IReadOnlyList<Damage> damages, NemesisReport report)
{
    /// <summary>Checks, and puts what it counts into the report; fails the test at the first deviation.</summary>
    public async Task RunAsync(IReadOnlyList<GetStatusResponse> statuses, CancellationToken cancellation)
    {
        DiaryEntry[][] diaries = [.. clerks.Select(c => DiaryEntry.Read(c.File).ToArray())];
        List<Acknowledgement> told = [];
        for (int i = 0; i < diaries.Length; i++)
        {
            var check = new DiaryCheck(diaries[i], network.Network.Departments[i].Id, damages);
            told.AddRange(check.Answers());
            check.CheckReads();
            Count(diaries[i]);
        }
        report.Acknowledged = told.Count;
        report.PerSecond.AddRange(PerSecond(diaries));

        var ledgers = new LedgerCheck(network, told);
        await ledgers.RunAsync(cancellation);
        for (int i = 0; i < ledgers.Audits.Count; i++)
        {
            report.Departments.Add(new DepartmentReport(
                network.Network.Departments[i].Id, ledgers.Audits[i].Height, ledgers.Audits[i].Transactions,
                ledgers.Audits[i].LogRoot.ToString(), ledgers.Audits[i].StateRoot.ToString(), statuses[i].Voting,
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

    /// <summary>The checker is checked: an acknowledgement left out, altered or added must be noticed.</summary>
    private void FindsWhatIsWrong(List<Acknowledgement> told)
    {
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
        long[] at =
        [
            .. diaries.SelectMany(d => d).Where(e => e.Kind == DiaryKind.Told && e.AtMs >= report.BeganAtMs)
                .Select(e => (e.AtMs - report.BeganAtMs) / 1000),
        ];
        int[] counts = new int[at.Length == 0 ? 0 : at.Max() + 1];
        foreach (long second in at)
            counts[second]++;
        return counts;
    }
}
