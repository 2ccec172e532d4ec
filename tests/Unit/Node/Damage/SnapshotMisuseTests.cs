using GovChain.Node.Auditing;
using GovChain.Node.Repair;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: what no crash leaves in a data directory is found, touched by nothing, and moved aside by a repair (docs/SPEC.md,
/// "Damage"). Method: the directory as a snapshot leaves it, with marks of something else, folders, pipes and links where files
/// belong, and things that somebody put into <c>install</c>.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class SnapshotMisuseTests
{
    private SnapshotDamageBed _bed = null!;

    [OneTimeSetUp]
    public async Task Make() => _bed = await SnapshotDamageBed.MakeAsync();

    [OneTimeTearDown]
    public void Remove() => _bed.Dispose();

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

    /// <summary>Thousands of gigabytes of nothing: told by their length, for no run would see the end of reading them.</summary>
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
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings.Where(static f => f.IsDamage).Select(static f => f.File), Does.Contain(name));
        Assert.Throws<StorageException>(() => OpenAll(copy));
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

    private void CarryOut(string path, RepairPlan plan)
    {
        using DirectoryRepair directory = DirectoryRepair.Hold(path, _bed.Genesis.ChainId);
        directory.MoveAside(plan.Aside, plan.ForgetsVotes);
        if (plan.WritesIdentity)
            directory.WriteIdentity();
    }
}
