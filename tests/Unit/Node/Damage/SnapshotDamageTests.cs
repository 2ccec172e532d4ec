using System.Diagnostics;
using GovChain.Node.Auditing;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: what snapshots keep in a data directory is accounted for as everything else is (docs/SPEC.md, "Damage"). Method: the
/// directory in each state that a crash leaves while a snapshot is put in place; one file after the other flipped, cut, deleted or
/// older. The audit names it or says that nothing depends on it; a start refuses it, or has the snapshot's ledger.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
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
        int seed = EnvironmentNumber.Read("SEED") ?? Environment.TickCount;
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

    private static byte[] Flipped(byte[] content, int offset, byte mask = 0x10)
    {
        byte[] flipped = [.. content];
        flipped[offset] ^= mask;
        return flipped;
    }
}
