using System.Globalization;
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
internal sealed class SnapshotStorageFaultTest
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("FULL") == "1";
    private static readonly int Seed = Number("SEED") ?? Environment.TickCount;
    private static readonly int Samples = Number("SAMPLES") ?? 2;

    private static readonly (string Class, string[] Kinds)[] Faults =
    [
        ("write", ["eio", "torn", "kill"]),
        ("sync", ["eio", "kill"]),
        ("create", ["eio", "kill"]),
        ("rename", ["eio", "kill", "killed"]),
        ("mkdir", ["eio", "kill"]),
        ("unlink", ["eio", "kill"]),
    ];

    private string _directory = "", _scriptFile = "", _source = "";
    private Script _script = null!;
    private FaultLayer _layer = null!;
    private List<TraceRecord> _calls = [];
    private int _begin;
    private int _roots;

    [OneTimeSetUp]
    public void RunWithoutFaults()
    {
        _directory = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"govchain-install-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_directory);
        _layer = new FaultLayer(_directory);
        _layer.Build();
        _script = Script.Make((int)InstallWorkload.NewHeight);
        _scriptFile = Path.Combine(_directory, "script");
        _script.Save(_scriptFile);
        _source = Path.Combine(_directory, "source");
        new Workload(_source, _script, static _ => { }).Run(InstallWorkload.NewHeight);
        TestContext.Out.WriteLine($"seed {Seed}; again: SEED={Seed} dotnet test tests/Faults -c Release --filter SnapshotStorageFaultTest");
        FaultRun clean = Drive(NewRoot(), "");
        Assert.That(clean.ExitCode, Is.Zero, clean.Error);
        _calls = clean.Calls;
        Assert.That(_calls.Last(c => c.Op == TraceOp.Acknowledge).Text, Does.StartWith($"block {InstallWorkload.NewHeight}"));
        _begin = _calls.FindIndex(static c => c.Says("assembly"));
    }

    [OneTimeTearDown]
    public void RemoveFiles()
    {
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task Crash_AfterAnyCall_LeavesTheOldLedgerOrTheSnapshots()
    {
        var random = new Random(Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        var problems = new List<string>();
        int examined = 0;
        for (int i = 0; i <= _calls.Count; i++)
        {
            if (i > _begin && _calls[i - 1].Class is not null && (Full || Decides(_calls[i - 1]) || random.Next(60) == 0))
            {
                foreach (Crash crash in Enum.GetValues<Crash>().Concat(Decides(_calls[i - 1]) ? [Crash.Torn, Crash.Torn] : []))
                {
                    string root = NewRoot();
                    medium.Leave(root, crash, random);
                    if (await ExamineAsync(root, acknowledged) is { } problem)
                        problems.Add($"{crash} crash after call {i} ({_calls[i - 1]}): {problem}");
                    Directory.Delete(root, recursive: true);
                    examined++;
                }
            }
            if (i < _calls.Count)
                Advance(medium, acknowledged, _calls[i]);
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
        if (!Full)
        {
            var random = new Random(Seed);
            faults = [.. random.GetItems<string>([.. faults.Where(static f => f.StartsWith("rename", StringComparison.Ordinal))], 1), .. random.GetItems<string>([.. faults], Samples - 1)];
        }
        var problems = new List<string>();
        await Parallel.ForEachAsync(faults, async (fault, _) =>
        {
            if (await TryAsync(fault) is not { } problem)
                return;
            TestContext.Progress.WriteLine($"seed {Seed}: {problem}");
            lock (problems)
                problems.Add(problem);
        });
        TestContext.Out.WriteLine($"tried {string.Join(", ", Full ? [$"{faults.Count} faults"] : faults)}");
        Assert.That(problems, Is.Empty);
    }

    private async Task<string?> TryAsync(string fault)
    {
        string root = NewRoot();
        FaultRun run = Drive(root, fault);
        var random = new Random(Seed);
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        List<TraceRecord> calls = run.Calls;
        calls.ForEach(call => Advance(medium, acknowledged, call));
        string end = $"{fault} ({run.FailedCall}), ended with {run.ExitCode} [{run.Error.Trim()}]";
        if (run.ExitCode is not (0 or Program.Stopped) && !run.Killed)
            return end;
        foreach (Crash crash in new[] { Crash.Unsynced, Crash.Torn })
        {
            string cut = NewRoot();
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
            using (DataDirectory directory = DataDirectory.Open(path, _script.Genesis.ChainId))
            {
                using LedgerStore store = LedgerStore.Open(directory, Workload.Options);
                ulong tip = store.Current.TipHeight;
                if (tip != InstallWorkload.NewHeight && (tip != InstallWorkload.OldHeight || acknowledged.Snapshot))
                    return $"the ledger ends at block {tip}";
                for (ulong height = store.Gap?.FirstWhole ?? 0; height <= tip; height++)
                {
                    if (store.Current.GetHeader(height).Hash != _script.HashAt(height))
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
            AuditReport report = await DirectoryAudit.RunAsync(path, null, new GenesisFile(_script.Genesis, []), null, null, CancellationToken.None);
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

    private FaultRun Drive(string root, string fault) => _layer.Drive(root, fault, "install", _scriptFile, _source, DataOf(root));

    private static void Advance(Medium medium, Acknowledged acknowledged, TraceRecord call)
    {
        if (call.Op == TraceOp.Acknowledge)
            acknowledged.Add(call.Text);
        else
            medium.Apply(call);
    }

    private string NewRoot() => Directory.CreateDirectory(Path.Combine(_directory, $"{Interlocked.Increment(ref _roots)}")).FullName;

    private static string DataOf(string root) => Path.Combine(root, "data");

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
