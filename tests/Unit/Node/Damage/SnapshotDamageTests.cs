using System.Diagnostics;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Repair;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: what snapshots keep in a data directory is accounted for as everything else is (docs/SPEC.md, "Damage"). Method: the
/// directory in each state that a crash leaves while a snapshot is put in place; one file after the other flipped, cut, deleted,
/// older, foreign, or replaced by what is no file. The audit names it or says that nothing depends on it; a start refuses it, or
/// has the snapshot's ledger; what a repair makes of it is sound.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[Parallelizable]
public sealed class SnapshotDamageTests
{
    private readonly Dictionary<(string Kind, string Verdict), int> _counts = [];
    private SnapshotDamageBed _bed = null!;
    private FileReport[] _sound = [];

    [OneTimeSetUp]
    public async Task Make() => _bed = await SnapshotDamageBed.MakeAsync();

    [OneTimeTearDown]
    public void Remove() => _bed.Dispose();

    [TearDown]
    public void Tell()
    {
        foreach (((string kind, string verdict), int count) in _counts.OrderBy(static c => c.Key))
            TestContext.Progress.WriteLine($"{kind}: {count} {verdict}");
        _counts.Clear();
    }

    [Test]
    public async Task Audit_SoundDirectory_AccountsForEveryFile_AndFindsNothing([Values] InstallState state)
    {
        string copy = _bed.CopyOut(state);
        string[] files = [.. SnapshotDamageBed.FilesOf(copy)];
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings, Is.Empty);
        Assert.That(report.FirstProblem, Is.Null);
        Assert.That(report.Incomplete, Does.Contain("still being filled in"));
        Assert.That(report.Files.Select(static f => f.Condition), Is.All.AnyOf(FileCondition.Sound, FileCondition.Irrelevant));
        foreach (string file in files.Where(static f => !f.Contains("LOG", StringComparison.Ordinal)))
            Assert.That(report.Files.Any(f => f.File == file || (f.File.EndsWith('/') && file.StartsWith(f.File, StringComparison.Ordinal))), file);
        string[] brought = state == InstallState.JustInstalled ? ["advanced", "tip", "ledger/CURRENT"]
            : state == InstallState.HalfMoved ? ["advanced", "install/tip", "install/ledger/CURRENT"]
            : ["install/advanced", "install/tip", "install/ledger/CURRENT"];
        Assert.That(report.Files.Where(static f => f.Condition == FileCondition.Sound).Select(static f => f.File), Is.SupersetOf(brought));
    }

    [Test]
    public async Task Audit_SampledDamageToEveryFile_IsNamedOrIrrelevantAndNeverServed([Values] InstallState state)
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string directory = _bed.CopyOut(state);
        await LookAtSoundAsync(directory);
        foreach (string file in SnapshotDamageBed.FilesOf(directory).ToArray())
        {
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(directory, file));
            // Of what nothing depends on, and of what the other states have too, a part.
            bool isRest = ConditionOf(file) == FileCondition.Irrelevant || (state == InstallState.HalfMoved && file.StartsWith("install/ledger", StringComparison.Ordinal));
            if (content.Length == 0 || (isRest && random.Next(6) > 0))
                continue;
            int offset = file.EndsWith("tip", StringComparison.Ordinal) ? random.Next(2) * 4096 + random.Next(90) : random.Next(content.Length);
            await JudgeAsync(directory, file, "flipped", $"byte {offset}", Flipped(content, offset));
            await JudgeAsync(directory, file, "deleted", "deleted", null);
            await JudgeAsync(directory, file, "cut", "cut to half", content[..(content.Length / 2)]);
            string older = Path.Combine(directory, file.Replace("install/", "", StringComparison.Ordinal));
            if (file.StartsWith("install/", StringComparison.Ordinal) && File.Exists(older) && await File.ReadAllBytesAsync(older) is var before && !before.SequenceEqual(content))
                await JudgeAsync(directory, file, "older copy", "older copy", before);
        }
    }

    /// <summary>By which command: docs/TESTING.md, "Damage".</summary>
    [Test]
    [Explicit("Tens of thousands of audits: half an hour or more.")]
    public async Task Audit_EveryByteOfEveryFile_IsNamedOrIrrelevant([Values] InstallState state)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("SEED"), out int given) ? given : Environment.TickCount;
        TestContext.Progress.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var since = Stopwatch.StartNew();
        string directory = _bed.CopyOut(state);
        await LookAtSoundAsync(directory);
        string only = Environment.GetEnvironmentVariable("ONLY") ?? "";
        foreach (string file in SnapshotDamageBed.FilesOf(directory).Where(f => f.Contains(only, StringComparison.Ordinal)).ToArray())
        {
            // The ledger's own files are the same bytes in every state: all of them while they wait, and samples elsewhere.
            int step = state == InstallState.Waiting || !file.Contains("ledger/", StringComparison.Ordinal) ? 1 : 97;
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(directory, file));
            bool isTip = file.EndsWith("tip", StringComparison.Ordinal);
            if (ConditionOf(file) == FileCondition.Irrelevant)
            {
                // Not read at all: whatever the bytes are, so all of them at once.
                await JudgeAsync(directory, file, "all flipped", "all bytes", [.. content.Select(static b => (byte)~b)]);
                continue;
            }
            for (int offset = 0; offset < content.Length; offset += step)
            {
                if (!isTip || offset % 4096 < 90)
                    await JudgeAsync(directory, file, "flipped", $"byte {offset}", Flipped(content, offset, (byte)random.Next(1, 256)), serve: offset % 256 == 0);
            }
            TestContext.Progress.WriteLine($"{state}, {file}: {content.Length} bytes, {since.Elapsed:hh\\:mm\\:ss}");
        }
    }

    /// <summary>What would let a node vote by a journal that is too old, if it were believed.</summary>
    [Test]
    public async Task Mark_OfAnotherSnapshotOrLedger_IsNamed_AndTheNodeWouldAbstain([Values("older", "foreign", "height", "no checksum", "empty")] string kind)
    {
        string copy = _bed.CopyOut(InstallState.JustInstalled), file = Path.Combine(copy, "advanced");
        string right = await File.ReadAllTextAsync(file);
        string[] parts = right.TrimEnd('\n').Split(' ');
        LedgerAdvance advance = LedgerAdvance.TryParse(right.TrimEnd('\n'))!;
        Assert.That(advance.To.Height, Is.EqualTo(_bed.Tip));
        await File.WriteAllBytesAsync(file, kind switch
        {
            "older" => (advance with { To = advance.From }).ToBytes(),
            "foreign" => (advance with { To = advance.To with { HeaderHash = advance.From.HeaderHash } }).ToBytes(),
            "height" => System.Text.Encoding.ASCII.GetBytes(right.Replace($"{parts[0]} ", $"{advance.From.Height - 1} ", StringComparison.Ordinal)),
            "no checksum" => System.Text.Encoding.ASCII.GetBytes(string.Join(' ', parts[..4]) + "\n"),
            _ => [],
        });
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.FirstProblem?.Where, Does.StartWith("advanced"));
        Assert.That(report.Findings.Any(static f => f.File == "votes" && !f.IsDamage), "the journal is found too old: the node would abstain");
        RepairPlan plan = RepairPlan.Of(report, ledger: false, journal: false);
        Assert.That((string.Join(',', plan.Aside), plan.RebuildsLedger), Is.EqualTo(("advanced", false)));
        CarryOut(copy, plan);
        Assert.That((await _bed.AuditAsync(copy)).FirstProblem, Is.Null);
    }

    [TestCase("advanced")]
    [TestCase("install")]
    [TestCase("install/advanced")]
    [TestCase("install/tip")]
    [TestCase("install/ledger")]
    [TestCase("install/ledger/CURRENT")]
    [TestCase("ledger.outrun")]
    [TestCase("restored")]
    [TestCase("votes")]
    [TestCase("tip")]
    [TestCase("VERSION")]
    [TestCase("chain-id")]
    [TestCase("ledger")]
    [TestCase("ledger/CURRENT")]
    [TestCase("evidence")]
    public async Task WhatIsNoFileOrFolderWhereOneBelongs_IsNamed_NotOpened_AndRepaired(string name)
    {
        InstallState state = name.StartsWith("install", StringComparison.Ordinal) ? InstallState.Waiting : InstallState.JustInstalled;
        string[] kinds = OperatingSystem.IsWindows() ? ["folder"] : ["folder", "endless", "nowhere", "pipe"];
        foreach (string kind in kinds)
        {
            string copy = _bed.CopyOut(state), path = Path.Combine(copy, name);
            bool wasFolder = Directory.Exists(path) || name == "evidence";
            Misplace(path, kind);
            string named = wasFolder ? name + "/" : name;
            AuditReport report = await _bed.AuditAsync(copy);
            Assert.That(report.Findings.Where(static f => f.IsDamage).Select(static f => f.File), Is.EqualTo(new[] { named }), $"{kind}: once, and nothing else");
            StorageException refusal = Assert.Throws<StorageException>(() => DataDirectory.Open(copy, _bed.Genesis.ChainId).Dispose())!;
            Assert.That((refusal.Error, refusal.Where), Is.EqualTo((StorageError.Damaged, path)), kind);
            RepairPlan plan = RepairPlan.Of(report, ledger: false, journal: false);
            Assert.That(plan.Aside, Does.Contain(name.StartsWith("install", StringComparison.Ordinal) ? "install" : name.Split('/')[0]));
            CarryOut(copy, plan);
            if (plan.ForgetsVotes)
                Assert.That(File.Exists(Path.Combine(copy, "restored")), "the node is told that it must not vote");
            DataDirectory.Open(copy, _bed.Genesis.ChainId).Dispose();
            if (!plan.RebuildsLedger)
                Assert.That((await _bed.AuditAsync(copy)).FirstProblem, Is.Null, kind);
        }
    }

    /// <summary>What no crash leaves was put there by somebody: the ledger stays, and so does what was put there.</summary>
    [TestCase("rubbish", "install/notes.txt")]
    [TestCase("stray", "install/notes.txt")]
    [TestCase("no mark", "install/")]
    [TestCase("mark altered", "install/advanced")]
    [TestCase("mark of another block", "install/tip")]
    [TestCase("mark only", "install/ledger/")]
    [TestCase("no tip", "install/tip")]
    [TestCase("tip of another block", "install/tip")]
    [TestCase("tip alone", "install/")]
    [TestCase("not above the ledger", "install/")]
    public async Task Install_ThatNoNodeLeft_IsNamed_Refused_LosesNothing_AndIsMovedAside(string kind, string named)
    {
        string copy = _bed.CopyOut(kind == "not above the ledger" ? InstallState.JustInstalled : InstallState.Waiting);
        ulong height = kind == "not above the ledger" ? _bed.Tip : SnapshotDamageBed.OldTip;
        Misuse(copy, kind);
        Dictionary<string, byte[]> before = ContentsOf(copy);
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings.Where(static f => f.IsDamage).Select(static f => f.File), Is.EqualTo(new[] { named }));
        Assert.That(report.Files.Where(static f => f.File.StartsWith("install/", StringComparison.Ordinal)).Select(static f => f.Condition),
            Is.All.AnyOf(FileCondition.Damaged, FileCondition.Missing, FileCondition.Unread), "nothing there is said to be sound");
        StorageException refusal = Assert.Throws<StorageException>(() => DataDirectory.Open(copy, _bed.Genesis.ChainId).Dispose())!;
        Assert.That((refusal.Error, refusal.Where), Is.EqualTo((StorageError.Damaged, Path.Combine(copy, named.TrimEnd('/')).TrimEnd('/'))));
        Assert.That(refusal.Message, Does.Contain("has been left as it is").And.Contain("node repair"));
        Assert.That(Assert.Throws<StorageException>(() => DataDirectory.OpenReadOnly(copy).Dispose())!.Error, Is.EqualTo(StorageError.Damaged));
        Assert.That(ContentsOf(copy), Is.EqualTo(before), "nothing has been moved or removed");
        RepairPlan plan = RepairPlan.Of(report, ledger: false, journal: false);
        Assert.That((string.Join(',', plan.Aside), plan.RebuildsLedger, plan.ForgetsVotes), Is.EqualTo(("install", false, false)));
        CarryOut(copy, plan);
        string aside = Directory.GetDirectories(copy, "damaged-*").Single();
        foreach ((string name, byte[] content) in before.Where(static f => f.Key.StartsWith("install/", StringComparison.Ordinal)))
            Assert.That(await File.ReadAllBytesAsync(Path.Combine(aside, name)), Is.EqualTo(content), name);
        using (DataDirectory directory = DataDirectory.Open(copy, _bed.Genesis.ChainId))
        {
            using LedgerStore store = LedgerStore.Open(directory);
            Assert.That((store.Current.TipHeight, directory.IsRestored), Is.EqualTo((height, false)));
        }
    }

    /// <summary>It is whole and of this ledger, and not the one that its mark and tip speak of.</summary>
    [TestCase(InstallState.Waiting)]
    [TestCase(InstallState.HalfMoved)]
    public async Task Install_WithAnOlderLedgerInIt_IsNamed_AndIsNotPutInPlace(InstallState state)
    {
        string copy = _bed.CopyOut(state), ledger = Path.Combine(copy, "install", "ledger");
        Directory.Delete(ledger, recursive: true);
        DamageBed.Copy(Path.Combine(copy, state == InstallState.Waiting ? "ledger" : "ledger.outrun"), ledger);
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.FirstProblem?.Where, Does.StartWith("install/ledger/"));
        StorageException refusal = Assert.Throws<StorageException>(() => DataDirectory.Open(copy, _bed.Genesis.ChainId).Dispose())!;
        Assert.That((refusal.Error, refusal.Where), Is.EqualTo((StorageError.Damaged, ledger)));
        Assert.That(Directory.Exists(ledger) && File.Exists(Path.Combine(copy, "install", "tip")));
        Assert.That(Directory.Exists(Path.Combine(copy, "ledger")), Is.EqualTo(state == InstallState.Waiting));
    }

    /// <summary>As if the ledger had been moved already, while the one in its place is the old one.</summary>
    [Test]
    public async Task Install_WithATipAlone_AboveTheLedgerInPlace_IsNotPutInPlace()
    {
        string copy = _bed.CopyOut(InstallState.Waiting), tip = Path.Combine(copy, "tip");
        Directory.Delete(Path.Combine(copy, "install", "ledger"), recursive: true);
        File.Move(Path.Combine(copy, "install", "advanced"), Path.Combine(copy, "advanced"));
        byte[] before = await File.ReadAllBytesAsync(tip);
        Assert.That((await _bed.AuditAsync(copy)).FirstProblem?.Where, Does.StartWith("ledger/"));
        StorageException refusal = Assert.Throws<StorageException>(() => DataDirectory.Open(copy, _bed.Genesis.ChainId).Dispose())!;
        Assert.That((refusal.Error, refusal.Where), Is.EqualTo((StorageError.Damaged, Path.Combine(copy, "ledger"))));
        Assert.That(await File.ReadAllBytesAsync(tip), Is.EqualTo(before));
    }

    [Test]
    public async Task Install_Empty_IsNoProblem_AndIsRemoved()
    {
        string copy = _bed.CopyOut(InstallState.JustInstalled), install = Path.Combine(copy, "install");
        Directory.CreateDirectory(install);
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.FirstProblem, Is.Null);
        Assert.That(report.Files.Single(static f => f.File == "install/").Condition, Is.EqualTo(FileCondition.Irrelevant));
        DataDirectory.OpenReadOnly(copy).Dispose();
        OpenAll(copy);
        Assert.That(Directory.Exists(install), Is.False);
    }

    /// <summary>The lock cannot be held, so no repair is safe: what to do is said, once, and the rest of the directory is looked at.</summary>
    [Test]
    public async Task Lock_ThatIsNoFile_IsNamedAlone_AndEveryCommandSaysWhatToDo([Values("folder", "endless", "nowhere")] string kind)
    {
        if (OperatingSystem.IsWindows() && kind != "folder")
            Assert.Ignore("Needs symbolic links that anybody may make.");
        string copy = _bed.CopyOut(InstallState.JustInstalled), path = Path.Combine(copy, "lock");
        Misplace(path, kind);
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings.Select(static f => f.File), Is.EqualTo(new[] { "lock" }));
        foreach (Action hold in new Action[] { () => DataDirectory.Open(copy, _bed.Genesis.ChainId), () => DirectoryRepair.Hold(copy, _bed.Genesis.ChainId) })
        {
            StorageException refusal = Assert.Throws<StorageException>(() => hold())!;
            Assert.That(refusal.Message, Does.Contain(path).And.Contain("no node runs").And.Contain("remove it"));
        }
    }

    /// <summary>Thousands of gigabytes of nothing: told by their length.</summary>
    [TestCase("ledger/CURRENT")]
    [TestCase("ledger/IDENTITY")]
    [TestCase("ledger/MANIFEST-")]
    [TestCase("ledger/*.log")]
    [TestCase("votes")]
    public async Task HugeSparseFile_IsNamed_AndNotRead(string which)
    {
        string copy = _bed.CopyOut(InstallState.JustInstalled);
        string pattern = which.EndsWith('-') ? which + "*" : which;
        string path = Directory.GetFiles(Path.GetDirectoryName(Path.Combine(copy, pattern))!, Path.GetFileName(pattern)).Order(StringComparer.Ordinal).First();
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write))
            file.SetLength(3L << 40);
        string name = Path.GetRelativePath(copy, path).Replace('\\', '/');
        var since = Stopwatch.StartNew();
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings.Where(static f => f.IsDamage).Select(static f => f.File), Does.Contain(name));
        Assert.Throws<StorageException>(() => OpenAll(copy));
        Assert.That(since.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1)), "three terabytes take longer");
    }

    private void OpenAll(string path)
    {
        using DataDirectory directory = DataDirectory.Open(path, _bed.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        VoteJournal.Open(directory).Journal?.Dispose();
    }

    private void Misuse(string directory, string kind)
    {
        string install = Path.Combine(directory, "install"), mark = Path.Combine(install, "advanced"), tip = Path.Combine(install, "tip");
        LedgerAdvance advance = LedgerAdvance.TryParse(File.ReadAllText(Path.Combine(_bed.Sound, "install", "advanced")).TrimEnd('\n'))!;
        switch (kind)
        {
            case "rubbish":
                Directory.Delete(install, recursive: true);
                Directory.CreateDirectory(install);
                File.WriteAllText(Path.Combine(install, "notes.txt"), "a backup of sorts");
                break;
            case "stray":
                File.WriteAllText(Path.Combine(install, "notes.txt"), "a backup of sorts");
                break;
            case "no mark":
                File.Delete(mark);
                break;
            case "mark altered":
                File.WriteAllText(mark, File.ReadAllText(mark).Replace($" {_bed.Tip} ", $" {_bed.Tip + 1} ", StringComparison.Ordinal));
                break;
            case "mark of another block":
                File.WriteAllBytes(mark, (advance with { To = advance.To with { Height = _bed.Tip + 1 } }).ToBytes());
                break;
            case "mark only":
                Directory.Delete(Path.Combine(install, "ledger"), recursive: true);
                File.Delete(tip);
                break;
            case "no tip":
                File.Delete(tip);
                break;
            case "tip of another block":
                File.Copy(Path.Combine(directory, "tip"), tip, overwrite: true);
                break;
            case "tip alone":
                Directory.Delete(Path.Combine(install, "ledger"), recursive: true);
                File.Delete(mark);
                break;
            default:
                DamageBed.Copy(Path.Combine(_bed.Sound, "install"), install);
                break;
        }
    }

    private static Dictionary<string, byte[]> ContentsOf(string directory) => SnapshotDamageBed.FilesOf(directory)
        .Where(static f => !Path.GetFileName(f).StartsWith("LOG", StringComparison.Ordinal) && Path.GetFileName(f) != "lock")
        .ToDictionary(static f => f, f => File.ReadAllBytes(Path.Combine(directory, f)));

    private static void Misplace(string path, string kind)
    {
        bool wasFolder = Directory.Exists(path) || Path.GetFileName(path) == "evidence";
        if (kind == "folder" && wasFolder)
            kind = "file";
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        File.Delete(path);
        if (kind == "folder")
            Directory.CreateDirectory(path);
        else if (kind == "file")
            File.WriteAllBytes(path, [1]);
        else if (kind == "pipe")
            System.Diagnostics.Process.Start("mkfifo", path).WaitForExit();
        else
            File.CreateSymbolicLink(path, kind == "endless" ? "/dev/zero" : "/nonexistent/nowhere");
    }

    /// <summary>Damages one file in the state's directory, judges, and puts it back.</summary>
    private async Task JudgeAsync(string directory, string file, string kind, string damage, byte[]? content, bool serve = true)
    {
        string path = Path.Combine(directory, file), what = $"{file}, {damage}";
        byte[] sound = await File.ReadAllBytesAsync(path);
        if (content is null)
            File.Delete(path);
        else
            await File.WriteAllBytesAsync(path, content);
        try
        {
            AuditReport report = await _bed.AuditAsync(directory);
            string verdict = report.Findings.Any(f => f.File == file) ? "named"
                : report.Findings.Count > 0 ? "named by what is missing" : "irrelevant";
            if (verdict == "irrelevant")
                AssertIrrelevant(report, file, content, sound, what);
            _counts[(kind, verdict)] = _counts.GetValueOrDefault((kind, verdict)) + 1;
            if (serve)
                AssertNothingWrongIsServed(_bed.CopyAgain(directory), what);
        }
        catch (Exception e) when (e is not AssertionException and not ResultStateException)
        {
            Assert.Fail($"{what}: {e}");
        }
        finally
        {
            await File.WriteAllBytesAsync(path, sound);
        }
    }

    /// <summary>What the audit neither names nor finds missing it must have said not to matter, file or folder.</summary>
    private void AssertIrrelevant(AuditReport report, string file, byte[]? content, ReadOnlySpan<byte> sound, string what)
    {
        Assert.That(report.FirstProblem, Is.Null, what);
        bool sameMeaning = content is not null && content.AsSpan().SequenceEqual(sound.TrimEnd((byte)'\n')); // a line feed less
        Assert.That(ConditionOf(file) == FileCondition.Irrelevant || sameMeaning, $"{what}: neither named nor said to be irrelevant");
    }

    private async Task LookAtSoundAsync(string directory) =>
        _sound = [.. (await _bed.AuditAsync(directory)).Files.Where(static f => f.File != "install/")];

    /// <summary>What the audit says of a file, or of the folder that it lies in; what an audit itself made is RocksDB's messages.</summary>
    private FileCondition ConditionOf(string file) =>
        (_sound.FirstOrDefault(f => f.File == file) ?? _sound.FirstOrDefault(f => f.File.EndsWith('/') && file.StartsWith(f.File, StringComparison.Ordinal)))
            ?.Condition ?? (file.Contains("/LOG", StringComparison.Ordinal) ? FileCondition.Irrelevant : FileCondition.Unknown);

    private void AssertNothingWrongIsServed(string copy, string what)
    {
        try
        {
            using DataDirectory directory = DataDirectory.Open(copy, _bed.Genesis.ChainId);
            using LedgerStore store = LedgerStore.Open(directory);
            Assert.That(store.Current.TipHeight, Is.EqualTo(_bed.Tip), $"{what}: another ledger is served");
            for (ulong height = store.Gap!.FirstWhole; height <= _bed.Tip; height++)
                AssertGivenOrRefused(store.Current, height, what);
        }
        catch (StorageException e)
        {
            Assert.That(e.Error, Is.AnyOf(
                StorageError.Damaged, StorageError.NewerFormat, StorageError.OlderFormat, StorageError.ForeignChain), $"{what}: {e.Message}");
        }
    }

    private void AssertGivenOrRefused(LedgerSnapshot ledger, ulong height, string what)
    {
        try
        {
            Assert.That(ledger.GetBlock(height).Header, Is.EqualTo(_bed.HeaderAt(height)), $"{what}: another block is served");
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            // refused
        }
    }

    private void CarryOut(string path, RepairPlan plan)
    {
        using DirectoryRepair directory = DirectoryRepair.Hold(path, _bed.Genesis.ChainId);
        directory.MoveAside(plan.Aside, plan.ForgetsVotes);
        if (plan.WritesIdentity)
            directory.WriteIdentity();
    }

    private static byte[] Flipped(byte[] content, int offset, byte mask = 0x10)
    {
        byte[] flipped = [.. content];
        flipped[offset] ^= mask;
        return flipped;
    }
}
