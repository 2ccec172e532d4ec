using System.Diagnostics;
using GovChain.Node.Auditing;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Every file of a stopped node's directory, damaged: flipped bytes, cut off, deleted, an older copy. Each is named by the
/// audit or shown to be irrelevant, and nothing wrong is served. By default sampled bytes, with a printed seed;
/// <see cref="Audit_EveryByteOfEveryFile_IsNamedOrIrrelevant"/> takes every one.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class DirectoryDamageTests
{
    private const int TipSlotSize = 90;

    private readonly Dictionary<(string Kind, Verdict Verdict), int> _counts = [];
    private DamageBed _bed = null!;

    [OneTimeSetUp]
    public async Task Make() => _bed = await DamageBed.MakeAsync();

    [OneTimeTearDown]
    public async Task Remove() => await _bed.DisposeAsync();

    [TearDown]
    public void Tell()
    {
        foreach (((string kind, Verdict verdict), int count) in _counts.OrderBy(static c => c.Key))
            TestContext.Out.WriteLine($"{kind}: {count} {verdict}");
        _counts.Clear();
    }

    [Test]
    public async Task Audit_SampledBytesOfEveryFile_AreNamedOrIrrelevantAndNeverServed()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        foreach (string file in _bed.Files)
        {
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(_bed.Sound, file));
            if (content.Length == 0)
                continue;
            int inside = random.Next(content.Length);
            bool read = _bed.ReportOf(file).Condition != FileCondition.Irrelevant;
            foreach (int offset in read ? new[] { 0, inside, random.Next(content.Length), content.Length - 1 }.Distinct() : [inside])
                await FlipAsync(file, content, offset, (byte)(1 << random.Next(8)), serve: read && offset == inside);
        }
    }

    [Test]
    public async Task Audit_FilesCutOffDeletedOrOlder_AreNamedOrIrrelevantAndNeverServed()
    {
        foreach (string file in _bed.Files)
            await ReplaceAsync(file, serve: false);
        await ReplaceAsync("ledger/000999.sst", "unknown file", [1, 2, 3], serve: false);
        await ReplaceAsync("notes.txt", "unknown file", [1, 2, 3], serve: false);
    }

    /// <summary>The whole of the promise; an hour or more: see docs/TESTING.md.</summary>
    [Test]
    [Explicit("Tens of thousands of audits: half an hour or more.")]
    public async Task Audit_EveryByteOfEveryFile_IsNamedOrIrrelevant()
    {
        int seed = EnvironmentNumber.Read("SEED") ?? Environment.TickCount;
        TestContext.Progress.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var since = Stopwatch.StartNew();
        string only = Environment.GetEnvironmentVariable("ONLY") ?? "";
        foreach (string file in _bed.Files.Where(f => f.Contains(only, StringComparison.Ordinal)))
        {
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(_bed.Sound, file));
            await ReplaceAsync(file, serve: true);
            if (_bed.ReportOf(file).Condition == FileCondition.Irrelevant)
            {
                // Not read at all: whatever the bytes are, so all of them at once.
                await ReplaceAsync(file, "all bytes flipped", [.. content.Select(static b => (byte)~b)], serve: true);
                continue;
            }
            if (file == "tip")
            {
                // Between its two slots stand zeros, which nothing reads: all of them at once.
                await ReplaceAsync(file, "padding flipped", [.. content.Select(static (b, i) => i % 4096 < TipSlotSize ? b : (byte)~b)], serve: true);
            }
            for (int offset = 0; offset < content.Length; offset++)
            {
                if (file != "tip" || offset % 4096 < TipSlotSize)
                    await FlipAsync(file, content, offset, (byte)random.Next(1, 256), serve: offset % 256 == 0);
            }
            TestContext.Progress.WriteLine($"{file}: {content.Length} bytes, {since.Elapsed:hh\\:mm\\:ss}");
        }
        foreach (((string kind, Verdict verdict), int count) in _counts.OrderBy(static c => c.Key))
            TestContext.Progress.WriteLine($"{kind}: {count} {verdict}");
    }

    [Test]
    public async Task Audit_SoundDirectory_AccountsForEveryFile()
    {
        Assert.That(_bed.SoundReport.Files.Select(static f => f.File), Is.SupersetOf(_bed.Files.Where(static f => !f.Contains("LOG", StringComparison.Ordinal))));
        Assert.That(_bed.SoundReport.Files.Select(static f => f.Condition), Is.All.AnyOf(FileCondition.Sound, FileCondition.Irrelevant));
        await Task.CompletedTask;
    }

    [Test]
    public async Task Audit_DirectoryThatWasOpenedAndClosedAgain_HasNothingToSayOfTheEmptyLog()
    {
        string copy = _bed.CopyOut();
        using (DataDirectory opened = DataDirectory.Open(copy, _bed.Ledger.Genesis.ChainId))
        using (LedgerStore.Open(opened))
            Assert.That(Directory.EnumerateFiles(Path.Combine(copy, "ledger"), "*.log").Any(static f => new FileInfo(f).Length == 0));
        AuditReport report = await _bed.AuditAsync(copy);
        Assert.That(report.Findings, Is.Empty);
        Assert.That(report.FirstProblem, Is.Null);
    }

    private async Task FlipAsync(string file, byte[] content, int offset, byte mask, bool serve)
    {
        byte[] flipped = [.. content];
        flipped[offset] ^= mask;
        await DamageAsync(file, "flipped byte", $"byte {offset} xor {mask}", flipped, serve);
    }

    private async Task ReplaceAsync(string file, bool serve)
    {
        byte[] content = await File.ReadAllBytesAsync(Path.Combine(_bed.Sound, file));
        await ReplaceAsync(file, "deleted", null, serve: serve || file.EndsWith(".log", StringComparison.Ordinal));
        if (content.Length > 0)
        {
            await ReplaceAsync(file, "cut to nothing", [], serve);
            await ReplaceAsync(file, "cut to half", content[..(content.Length / 2)], serve);
            await ReplaceAsync(file, "cut by one byte", content[..^1], serve);
        }
        string older = Path.Combine(_bed.Older, file);
        if (File.Exists(older) && await File.ReadAllBytesAsync(older) is { } copy && !copy.SequenceEqual(content))
            await ReplaceAsync(file, "older copy", copy, serve: true);
    }

    private Task ReplaceAsync(string file, string kind, byte[]? content, bool serve) =>
        DamageAsync(file, kind, kind, content, serve);

    private async Task DamageAsync(string file, string kind, string damage, byte[]? content, bool serve)
    {
        string path = Path.Combine(_bed.Sound, file);
        byte[]? before = File.Exists(path) ? await File.ReadAllBytesAsync(path) : null;
        Put(path, content);
        try
        {
            Verdict verdict = await _bed.JudgeAsync(_bed.Sound, file, damage);
            (string, Verdict) key = (kind, verdict);
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
            if (serve)
                _bed.AssertNothingWrongIsServed(_bed.CopyOut(), $"{file}, {damage}");
        }
        catch (Exception e) when (e is not AssertionException and not ResultStateException)
        {
            Assert.Fail($"{file}, {damage}: {e}");
        }
        finally
        {
            Put(path, before);
        }
    }

    private static void Put(string path, byte[]? content)
    {
        if (content is null)
            File.Delete(path);
        else
            File.WriteAllBytes(path, content);
    }
}
