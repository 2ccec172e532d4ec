using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Auditing;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>What a damage came to.</summary>
internal enum Verdict
{
    /// <summary>The audit names the damaged file.</summary>
    NamedByFile,

    /// <summary>The audit names what is missing, in the ledger as a whole.</summary>
    NamedByWhatIsMissing,

    /// <summary>Every block, row and root is as before, and the audit says so.</summary>
    Irrelevant,
}

/// <summary>
/// The directory of a stopped node with a real ledger: tables, a blob file, a write-ahead log, a journal with votes. It is
/// damaged one way at a time, judged, and put back. An older copy of it lies beside it.
/// </summary>
internal sealed class DamageBed : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-damage-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private readonly List<StoredBlock> _blocks = [];
    private AuditReport _sound = null!;

    public string Sound => Path.Combine(_root, "sound");

    public string Older => Path.Combine(_root, "older");

    /// <summary>Files of the directory, relative to it.</summary>
    public IReadOnlyList<string> Files => [.. FilesOf(Sound)];

    public AuditReport SoundReport => _sound;

    public TestLedger Ledger => _ledger;

    public static async Task<DamageBed> MakeAsync()
    {
        var bed = new DamageBed();
        await using (var node = new TestNode(bed._ledger, 0, bed.Sound, new LoopbackNetwork()))
        {
            await node.StartAsync();
            await node.FoundAsync();
            await node.CommitAsync(bed._ledger.Change("L-1", 0, $"\"{new string('x', 5000)}\""));
            await node.StopAsync();
            Copy(bed.Sound, bed.Older);
            await node.StartAsync(); // what was in the log goes to tables
            await node.CommitAsync(bed._ledger.Change("L-2", 0));
            await node.CommitAsync(bed._ledger.Change("L-1", 1));
        }
        bed._sound = await bed.AuditAsync(bed.Sound);
        Assert.That(bed._sound.Findings, Is.Empty, "the ledger is sound before it is damaged");
        Assert.That(bed._sound.FirstProblem, Is.Null);
        foreach (string kind in new[] { ".sst", ".blob", ".log" })
            Assert.That(bed.Files.Any(f => f.EndsWith(kind, StringComparison.Ordinal)), $"there is a {kind} file to damage");
        using DataDirectory directory = DataDirectory.OpenReadOnly(bed.Sound);
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        for (ulong height = 0; height <= store.Current.TipHeight; height++)
            bed._blocks.Add(store.Current.GetBlock(height));
        return bed;
    }

    /// <summary>A copy of the whole directory, to be damaged.</summary>
    public string CopyOut()
    {
        string copy = Path.Combine(_root, "copy");
        if (Directory.Exists(copy))
            Directory.Delete(copy, recursive: true);
        Copy(Sound, copy);
        return copy;
    }

    /// <summary>The file's condition in the sound directory.</summary>
    public FileReport ReportOf(string file) => _sound.Files.FirstOrDefault(f => f.File == file)
        ?? new FileReport(file, FileCondition.Irrelevant, "made by an audit: RocksDB's messages");

    /// <summary>
    /// Audits a damaged directory. Whatever the audit neither names nor shows to be irrelevant fails the test.
    /// </summary>
    public async Task<Verdict> JudgeAsync(string directory, string file, string damage)
    {
        AuditReport report = await AuditAsync(directory);
        if (report.Findings.Any(f => f.File == file))
            return Verdict.NamedByFile;
        if (report.FirstProblem is { } problem)
        {
            TestContext.Out.WriteLine($"{file}, {damage}: named as {problem.Where}: {problem.Found}");
            return Verdict.NamedByWhatIsMissing;
        }
        Assert.That((report.Height, report.LogRoot, report.StateRoot, report.Transactions),
            Is.EqualTo((_sound.Height, _sound.LogRoot, _sound.StateRoot, _sound.Transactions)), $"{file}, {damage}: not named, not whole");
        return Verdict.Irrelevant;
    }

    /// <summary>
    /// Starts the storage of a node on a damaged directory, which is changed by it: it is refused, or every block is given
    /// as it was or refused.
    /// </summary>
    public void AssertNothingWrongIsServed(string directory, string damage)
    {
        try
        {
            using DataDirectory opened = DataDirectory.Open(directory, _ledger.Genesis.ChainId);
            using LedgerStore store = LedgerStore.Open(opened);
            Assert.That(store.Current.Tip, Is.EqualTo(_blocks[^1].Header), $"{damage}: another tip is served");
            foreach (StoredBlock block in _blocks)
                AssertGivenOrRefused(store.Current, block, damage);
        }
        catch (StorageException e)
        {
            Assert.That(e.Error, Is.AnyOf(
                StorageError.Damaged, StorageError.NewerFormat, StorageError.OlderFormat, StorageError.ForeignChain), $"{damage}: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
        await Task.CompletedTask;
    }

    public Task<AuditReport> AuditAsync(string directory) =>
        DirectoryAudit.RunAsync(
            directory, null, new GenesisFile(_ledger.Genesis, []), export: null, progress: null, CancellationToken.None);

    public static IEnumerable<string> FilesOf(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(directory, f).Replace('\\', '/')).Order(StringComparer.Ordinal);

    private static void AssertGivenOrRefused(LedgerSnapshot ledger, StoredBlock expected, string damage)
    {
        try
        {
            StoredBlock block = ledger.GetBlock(expected.Header.Height);
            Assert.That(block.Header, Is.EqualTo(expected.Header), $"{damage}: another header is served");
            for (int i = 0; i < expected.Leaves.Count; i++)
                Assert.That(block.Leaves[i].Span.SequenceEqual(expected.Leaves[i].Span), $"{damage}: another leaf is served");
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            // refused
        }
    }

    public static void Copy(string from, string to)
    {
        foreach (string file in FilesOf(from))
        {
            string target = Path.Combine(to, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(from, file), target, overwrite: true);
        }
    }
}
