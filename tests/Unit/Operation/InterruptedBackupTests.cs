using GovChain.Client;
using GovChain.Node.Backups;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.BadInput;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: a backup that does not come to its end leaves nothing that could be taken for one, and stands in nobody's way. Method:
/// a whole node; the backup is held where it copies, then cut off in each way. docs/OPERATIONS.md, "Backup and restore".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class InterruptedBackupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-backup-").FullName;
    private LiveNode _node = null!;
    private LedgerClient _client = null!;

    private string Target => Path.Combine(_directory, "backup");

    private string Partial => Target + ".partial";

    [SetUp]
    public async Task StartAsync()
    {
        _node = await LiveNode.StartAsync();
        _client = _node.ConnectAdministration();
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task Backup_SecondOnTheSameTargetMeanwhile_IsRefused_AndTheFirstIsWhole()
    {
        using var held = new Held();
        Task first = BackUpAsync(held.Progress, CancellationToken.None);
        await held.ReachedAsync();

        CommandException refused = (await Assert.ThrowsAsync<CommandException>(() => BackUpAsync(null, CancellationToken.None)))!;
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Unavailable));
        Assert.That(refused.Message, Does.Contain("Another backup is being written").And.Contain(Target));

        held.Release();
        await first.WaitAsync(Patience);
        await AssertWholeAsync();
    }

    [Test]
    public async Task Backup_Cancelled_LeavesNothing_AndTheNextRunWorks()
    {
        using var held = new Held();
        using var cancel = new CancellationTokenSource();
        Task first = BackUpAsync(held.Progress, cancel.Token);
        await held.ReachedAsync();
        await cancel.CancelAsync();
        held.Release();
        Assert.That(async () => await first.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(Directory.EnumerateFileSystemEntries(_directory), Is.Empty);
        await BackUpAgainAsync();
        await AssertWholeAsync();
    }

    /// <summary>What a killed process leaves is what stood there while it was copying.</summary>
    [Test]
    public async Task Backup_AfterOneThatWasKilled_RemovesWhatIsLeftOfItAndCopiesAnew()
    {
        using var held = new Held();
        using var cancel = new CancellationTokenSource();
        Task first = BackUpAsync(held.Progress, cancel.Token);
        await held.ReachedAsync();
        string left = Path.Combine(_directory, "left");
        foreach (string file in Directory.EnumerateFiles(Partial, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(left, Path.GetRelativePath(Partial, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            await File.WriteAllBytesAsync(copy, new byte[new FileInfo(file).Length]);
        }
        await cancel.CancelAsync();
        held.Release();
        Assert.That(async () => await first.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        Directory.Move(left, Partial);
        Assert.That((Assert.Throws<CommandException>(() => BackupManifest.Read(Partial)))!.ExitCode, Is.EqualTo(ExitCode.NotFound),
            "nobody takes it for a backup");

        await BackUpAgainAsync();

        await AssertWholeAsync();
    }

    [Test]
    public async Task Backup_SomethingElseInTheWay_IsRefusedAndLeftAlone()
    {
        Directory.CreateDirectory(Partial);
        string letter = Path.Combine(Partial, "letter.txt");
        await File.WriteAllTextAsync(letter, "Dear colleague");

        CommandException refused = (await Assert.ThrowsAsync<CommandException>(() => BackUpAsync(null, CancellationToken.None)))!;

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(File.Exists(letter));
    }

    private Task BackUpAsync(Action<string, double>? progress, CancellationToken cancellation) =>
        Task.Run(() => new BackupWriter(_client, Target).RunAsync(null, audit: false, progress, cancellation));

    /// <summary>The node learns a moment later that whoever took the one before is gone; one at a time is its rule.</summary>
    private async Task BackUpAgainAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await BackUpAsync(null, patience.Token);
                return;
            }
            catch (LedgerClientException e) when (e.Status == StatusCode.ResourceExhausted)
            {
                await Task.Delay(20, patience.Token);
            }
        }
    }

    private async Task AssertWholeAsync()
    {
        Assert.That(Directory.EnumerateFileSystemEntries(_directory), Is.EqualTo(new[] { Target }), "nothing else is left");
        await BackupFiles.VerifyAsync(Target, BackupManifest.Read(Target), null, CancellationToken.None);
    }

    /// <summary>Holds a backup at its first copied bytes.</summary>
    private sealed class Held : IDisposable
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _release = new();

        public void Progress(string what, double share)
        {
            _reached.TrySetResult();
            _release.Wait(Patience);
        }

        public Task ReachedAsync() => _reached.Task.WaitAsync(Patience);

        public void Release() => _release.Set();

        public void Dispose() => _release.Dispose();
    }
}
