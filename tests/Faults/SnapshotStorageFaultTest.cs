using GovChain.Core.Execution;
using GovChain.Node.Auditing;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// Goal: whatever call fails and whenever process or power goes while a snapshot takes a ledger's place, the next start has the
/// one or the other, whole, and the snapshot's once it was complete (docs/SPEC.md, "Directory"). Method: as
/// <see cref="StorageFaultTest"/>, from where the snapshot's ledger is begun.
/// </summary>
[TestFixture]
[Category(TestGroup.StorageFaults)]
internal sealed class SnapshotStorageFaultTest
{
    private static readonly int Samples = FaultStage.Samples(2);

    private static readonly (string Class, string[] Kinds)[] Faults =
    [
        ("write", ["eio", "torn", "kill"]),
        ("sync", ["eio", "kill"]),
        ("create", ["eio", "kill"]),
        ("rename", ["eio", "kill", "killed"]),
        ("mkdir", ["eio", "kill"]),
        ("unlink", ["eio", "kill"]),
    ];

    private string _source = "";
    private FaultStage _stage = null!;
    private List<TraceRecord> _calls = [];
    private int _begin;

    [OneTimeSetUp]
    public void RunWithoutFaults()
    {
        _stage = new FaultStage((int)InstallWorkload.NewHeight);
        _source = Path.Combine(_stage.Files, "source");
        new Workload(_source, _stage.Script, static _ => { }).Run(InstallWorkload.NewHeight);
        TestContext.Out.WriteLine(FaultStage.Again(Samples));
        FaultRun clean = Drive(_stage.NewRoot(), "");
        Assert.That(clean.ExitCode, Is.Zero, clean.Error);
        _calls = clean.Calls;
        Assert.That(_calls.Last(c => c.Op == TraceOp.Acknowledge).Text, Does.StartWith($"block {InstallWorkload.NewHeight}"));
        _begin = _calls.FindIndex(static c => c.Says("assembly"));
    }

    [OneTimeTearDown]
    public void RemoveFiles() => _stage?.Dispose();

    [Test]
    public async Task Crash_AfterAnyCall_LeavesTheOldLedgerOrTheSnapshots()
    {
        var random = new Random(FaultStage.Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        var problems = new List<string>();
        int examined = 0;
        for (int i = 0; i <= _calls.Count; i++)
        {
            if (i > _begin && _calls[i - 1].Class is not null && (FaultStage.Full || Decides(_calls[i - 1]) || random.Next(60) == 0))
            {
                foreach (Crash crash in Enum.GetValues<Crash>().Concat(Decides(_calls[i - 1]) ? [Crash.Torn, Crash.Torn] : []))
                {
                    string root = _stage.NewRoot();
                    medium.Leave(root, crash, random);
                    if (await ExamineAsync(root, acknowledged) is { } problem)
                        problems.Add($"{crash} crash after call {i} ({_calls[i - 1]}): {problem}");
                    Directory.Delete(root, recursive: true);
                    examined++;
                }
            }
            if (i < _calls.Count)
                medium.Apply(_calls[i], acknowledged);
        }
        TestContext.Out.WriteLine($"{examined} crashes of {_calls.Count - _begin} calls examined");
        Assert.That(examined, Is.GreaterThan(40));
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public async Task Call_FailedOnce_StopsOrIsAbsorbed_AndTheNextStartGoesOn()
    {
        List<string> faults =
        [
            .. Enumerable.Range(_begin, _calls.Count - _begin).Where(i => _calls[i].Class is not null).SelectMany(i =>
                Faults.Where(f => f.Class == _calls[i].Class).SelectMany(static f => f.Kinds)
                    .Select(k => $"{_calls[i].Class}:{_calls.Take(i + 1).Count(c => c.Class == _calls[i].Class)}:{k}")),
        ];
        if (!FaultStage.Full)
        {
            var random = new Random(FaultStage.Seed);
            faults = [.. random.GetItems<string>([.. faults.Where(static f => f.StartsWith("rename", StringComparison.Ordinal))], 1), .. random.GetItems<string>([.. faults], Samples - 1)];
        }
        var problems = new List<string>();
        await Parallel.ForEachAsync(faults, async (fault, _) =>
        {
            if (await TryAsync(fault) is not { } problem)
                return;
            TestContext.Progress.WriteLine($"seed {FaultStage.Seed}: {problem}");
            lock (problems)
                problems.Add(problem);
        });
        TestContext.Out.WriteLine($"tried {string.Join(", ", FaultStage.Full ? [$"{faults.Count} faults"] : faults)}");
        Assert.That(problems, Is.Empty);
    }

    private async Task<string?> TryAsync(string fault)
    {
        string root = _stage.NewRoot();
        FaultRun run = Drive(root, fault);
        var random = new Random(FaultStage.Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        List<TraceRecord> calls = run.Calls;
        calls.ForEach(call => medium.Apply(call, acknowledged));
        string end = $"{fault} ({run.FailedCall}), ended with {run.ExitCode} [{run.Error.Trim()}]";
        if (run.ExitCode is not (0 or Program.Stopped) && !run.Killed)
            return end;
        foreach (Crash crash in new[] { Crash.Unsynced, Crash.Torn })
        {
            string cut = _stage.NewRoot();
            medium.Leave(cut, crash, random);
            string? lost = await ExamineAsync(cut, acknowledged);
            Directory.Delete(cut, recursive: true);
            if (lost is not null)
                return $"{end}, power cut ({crash}): {lost}";
        }
        FaultRun again = Drive(root, "");
        string? left = again.ExitCode != 0 ? $"started again it ended with {again.ExitCode} [{again.Error.Trim()}]"
            : await ExamineAsync(root, acknowledged);
        Directory.Delete(root, recursive: true);
        return left is null ? null : $"{end}: {left}";
    }

    /// <summary>Opens what is left as a start does, and audits it; null if it is what it must be.</summary>
    private async Task<string?> ExamineAsync(string root, Acknowledged acknowledged)
    {
        string path = DataOf(root);
        try
        {
            using (DataDirectory directory = DataDirectory.Open(path, _stage.Script.Genesis.ChainId))
            {
                using LedgerStore store = LedgerStore.Open(directory, Workload.Options);
                ulong tip = store.Current.TipHeight;
                if (tip != InstallWorkload.NewHeight && (tip != InstallWorkload.OldHeight || acknowledged.Snapshot))
                    return $"the ledger ends at block {tip}";
                for (ulong height = store.Gap?.FirstWhole ?? 0; height <= tip; height++)
                {
                    if (store.Current.GetHeader(height).Hash != _stage.Script.HashAt(height))
                        return $"block {height} is another one";
                }
                if (LedgerIntegrity.Check(store.Current).FirstOrDefault() is { } row)
                    return $"a row is damaged: {row}";
                if (directory.HasAdvance != (tip == InstallWorkload.NewHeight) || (directory.HasAdvance && directory.Advance?.To.Height != tip))
                    return "the mark is not of this ledger";
                if (VoteJournal.Read(directory).Condition is JournalCondition.DamagedInterior or JournalCondition.Missing)
                    return "the journal is lost";
                if (Directory.EnumerateDirectories(path).Any(static d => Path.GetFileName(d) is var name && (name == "install" || name.StartsWith("staged-", StringComparison.Ordinal))))
                    return "something is left over";
            }
            AuditReport report = await DirectoryAudit.RunAsync(path, null, new GenesisFile(_stage.Script.Genesis, []), null, null, CancellationToken.None);
            return report.FirstProblem is { } problem ? $"audit: {problem}" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    /// <summary>Names and the tip: where the one ledger or the other is chosen.</summary>
    private static bool Decides(TraceRecord call) => call.Op == TraceOp.Rename && !call.Path.EndsWith(".dbtmp", StringComparison.Ordinal)
        || (call.Op == TraceOp.SyncDirectory && call.Path == "data") || (call.Op == TraceOp.Write && call.Path.EndsWith("/tip", StringComparison.Ordinal));

    private FaultRun Drive(string root, string fault) => _stage.Layer.Drive(root, fault, "install", _stage.ScriptFile, _source, DataOf(root));

    private static string DataOf(string root) => Path.Combine(root, "data");
}
