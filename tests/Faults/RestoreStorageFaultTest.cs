using System.Globalization;
using System.Security.Cryptography;
using GovChain.Node.Backups;
using GovChain.Node.Commands;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// Goal: whatever call to the disk fails while a backup is put in a ledger's place, and whenever process or power goes, the
/// directory is as before, or says that its ledger is a copy, so that no node votes on it; the votes stay; and the restore,
/// run again, ends well. Method: that of <see cref="StorageFaultTest"/>. By default a sample from a printed seed; with
/// FULL=1 every call of the restore.
/// </summary>
[TestFixture]
[Category(TestGroup.StorageFaults)]
internal sealed class RestoreStorageFaultTest
{
    private const ulong BackupHeight = 2;
    private const ulong Height = 4;

    private static readonly int Samples = FaultStage.Samples(8);
    private static readonly string[] Kinds = ["eio", "kill", "killed"];

    private FaultStage _stage = null!;
    private List<TraceRecord> _calls = null!;
    private int _begun;

    private string Backup => Path.Combine(_stage.Files, "backup");

    [OneTimeSetUp]
    public void RunWithoutFaults()
    {
        _stage = new FaultStage((int)Height + 2);
        MakeBackup();
        TestContext.Out.WriteLine(FaultStage.Again(Samples));
        string root = _stage.NewRoot();
        FaultRun clean = Drive(root, "");
        Assert.That(clean.ExitCode, Is.Zero, clean.Error);
        StorageFaultTest.CompareWithFiles(root, clean.Calls);
        _calls = clean.Calls;
        _begun = _calls.FindIndex(c => c.Says(Acknowledged.Restoring));
        Assert.That(_calls[^1].Says(Acknowledged.Restored));
        TestContext.Out.WriteLine($"calls of the restore: {_calls.Skip(_begun).Count(c => c.Class is not null)}");
    }

    [OneTimeTearDown]
    public void RemoveFiles() => _stage?.Dispose();

    [Test]
    public async Task Restore_CutOffAfterAnyCall_IsAsBeforeOrMarked_AndCanBeRunAgain()
    {
        var random = new Random(FaultStage.Seed);
        (int Calls, Crash Crash)[] points =
        [
            .. Enumerable.Range(_begun, _calls.Count - _begun + 1).Where(n => n == _calls.Count || _calls[n].Class is not null)
                .SelectMany(n => Enum.GetValues<Crash>().Select(c => (n, c))),
        ];
        if (!FaultStage.Full)
        {
            random.Shuffle(points);
            points = [.. points.Take(3 * Samples).OrderBy(p => p.Calls)];
        }
        var problems = new List<string>();
        var medium = new Medium();
        var acknowledged = new Acknowledged();
        int done = 0;
        foreach ((int calls, Crash crash) in points)
        {
            for (; done < calls; done++)
                medium.Apply(_calls[done], acknowledged);
            string root = _stage.NewRoot();
            medium.Leave(root, crash, random);
            if (await ExamineAsync(root, acknowledged) is { } problem)
                problems.Add($"{crash} crash before call {calls} ({(calls < _calls.Count ? _calls[calls] : "the end")}): {problem}");
            Directory.Delete(root, recursive: true);
        }
        TestContext.Out.WriteLine($"{points.Length} crashes examined");
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public async Task Restore_ACallFails_SaysSo_IsAsBeforeOrMarked_AndCanBeRunAgain()
    {
        // Only calls of the restore fail, so those before it are counted over.
        (string Class, string Fault)[] faults =
        [
            .. _calls.Skip(_begun).Where(c => c.Class is not null).GroupBy(c => c.Class!).SelectMany(g =>
                Enumerable.Range(1, g.Count()).SelectMany(i => Kinds.Select(k =>
                    (g.Key, $"{g.Key}:{_calls.Take(_begun).Count(c => c.Class == g.Key) + i}:{k}")))),
        ];
        if (!FaultStage.Full)
        {
            new Random(FaultStage.Seed).Shuffle(faults);
            faults = [.. faults.GroupBy(f => f.Class).SelectMany(g => g.Take(Math.Max(1, Samples / 8)))];
        }
        var problems = new List<string>();
        foreach ((_, string fault) in faults)
        {
            string root = _stage.NewRoot();
            FaultRun run = Drive(root, fault);
            var medium = new Medium();
            var acknowledged = new Acknowledged();
            run.Calls.ForEach(c => medium.Apply(c, acknowledged));
            if (run is { Killed: false, ExitCode: not (0 or Program.Stopped) })
                problems.Add($"{fault} ({run.FailedCall}) ended with {run.ExitCode}: {run.Error}");
            string cut = _stage.NewRoot();
            medium.Leave(cut, Crash.Unsynced, new Random(FaultStage.Seed));
            foreach ((string what, string left) in new[] { ("power cut", cut), ("started again", root) })
            {
                if (await ExamineAsync(left, acknowledged) is { } problem)
                    problems.Add($"{fault} ({run.FailedCall}), {what}: {problem} [{run.Error.Trim()}]");
                Directory.Delete(left, recursive: true);
            }
        }
        TestContext.Out.WriteLine($"{faults.Length} failed calls examined");
        Assert.That(problems, Is.Empty);
    }

    [Test]
    public void Restore_TheSyncOfACopiedFileFails_EndsWithItsError()
    {
        const string Tip = "/tip"; // a name that RocksDB's own threads do not sync
        int before = _calls.Take(_begun).Count(c => c.Class == "sync" && c.Path.EndsWith(Tip, StringComparison.Ordinal));
        FaultRun run = Drive(_stage.NewRoot(), $"sync@{Tip}:{before + 1}:eio");
        Assert.That(run.FailedCall?.Path, Does.Contain("/staged-"));
        Assert.That(run.ExitCode, Is.EqualTo(Program.Stopped), run.Error);
        Assert.That(run.Error, Does.Contain("The directory is as before"));
    }

    /// <summary>Null if the directory keeps what is promised and the restore, run again, ends well; else what is wrong.</summary>
    private async Task<string?> ExamineAsync(string root, Acknowledged acknowledged)
    {
        string data = DataOf(root);
        try
        {
            using (DataDirectory directory = DataDirectory.Open(data, _stage.Script.Genesis.ChainId))
            {
                CheckLedger(directory, acknowledged);
                JournalOpening journal = VoteJournal.Open(directory);
                journal.Journal?.Dispose();
                Recovery.CheckJournal(journal, acknowledged);
            }
            await BackupRestore.RunAsync(Backup, data, _stage.Script.Genesis, replace: true, audit: false, null, CancellationToken.None);
            using DataDirectory again = DataDirectory.Open(data, _stage.Script.Genesis.ChainId);
            using LedgerStore store = LedgerStore.Open(again, Workload.Options);
            return again.IsRestored && store.Current.TipHeight == BackupHeight ? null
                : $"restored again, the ledger ends at block {store.Current.TipHeight}, marked: {again.IsRestored}";
        }
        catch (Exception e) when (e is PromiseBrokenException or CommandException or IOException or UnauthorizedAccessException)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    /// <summary>Without the mark it is the ledger of before, whole; with it another, or one that is refused.</summary>
    private void CheckLedger(DataDirectory directory, Acknowledged acknowledged)
    {
        bool marked = directory.IsRestored;
        try
        {
            using LedgerStore store = LedgerStore.Open(directory, Workload.Options);
            if (!marked)
                Recovery.CheckLedger(store, _stage.Script, acknowledged);
            ulong? height = store.IsEmpty ? null : store.Current.TipHeight;
            if (acknowledged.IsRestored && (!marked || height != BackupHeight))
                throw new PromiseBrokenException($"it was restored, but ends at block {height}, marked: {marked}");
        }
        catch (StorageException e) when (marked && !acknowledged.IsRestored && e.Error == StorageError.Damaged)
        {
            // A ledger without its tip, or the reverse: no node starts on it, and the restore is run again.
        }
    }

    /// <summary>A copy of the same ledger at an earlier block, with its manifest.</summary>
    private void MakeBackup()
    {
        string source = Path.Combine(_stage.Files, "source");
        new Workload(source, _stage.Script, _ => { }).Run(BackupHeight);
        using DataDirectory directory = DataDirectory.Open(source, _stage.Script.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory, Workload.Options);
        using LedgerCheckpoint checkpoint = store.CreateCheckpoint();
        foreach (CheckpointFile file in checkpoint.Files)
        {
            string to = Path.Combine(Backup, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(checkpoint.Root, file.Path), to);
        }
        var manifest = new BackupManifest
        {
            Format = BackupManifest.FormatVersion,
            Department = TestDepartment,
            ChainId = _stage.Script.Genesis.ChainId.ToString(),
            Height = BackupHeight,
            HeaderHash = checkpoint.Tip.Hash.ToString(),
            LogSize = checkpoint.Tip.LogSizeAfter,
            LogRoot = checkpoint.Tip.LogRoot.ToString(),
            StateRoot = checkpoint.Tip.StateRoot.ToString(),
            TakenAt = DateTimeOffset.UnixEpoch,
            Software = "test",
            Files =
            [
                .. checkpoint.Files.Select(f => new BackupEntry(
                    f.Path, f.Bytes, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Backup, f.Path)))))),
            ],
        };
        File.WriteAllBytes(Path.Combine(Backup, BackupManifest.FileName), manifest.ToBytes());
    }

    private const string TestDepartment = "land";

    private FaultRun Drive(string root, string fault) => _stage.Layer.Drive(
        root, fault, "restore", _stage.ScriptFile, DataOf(root), Backup, Height.ToString(CultureInfo.InvariantCulture));

    private static string DataOf(string root) => Path.Combine(root, "data");
}
