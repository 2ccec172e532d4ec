using System.Diagnostics;
using GovChain.Core.Execution;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>Figures for docs/SPEC.md: dotnet test --filter LedgerMeasurement.</summary>
[Explicit("a measurement, not a test")]
public sealed class LedgerMeasurement : LedgerFixture
{
    [TestCase(200, 500, 512)]
    [TestCase(1000, 10, 512)]
    public void Append_Blocks_Durably(int blocks, int transactions, int bytes)
    {
        var appending = new Stopwatch();
        var checking = new Stopwatch();
        WithStore(store =>
        {
            AppendNext(store);
            for (int i = 0; i < blocks; i++)
            {
                ExecutedBlock block = NextBlock(store.Current, transactions, bytes);
                appending.Start();
                store.Append(block, CertificateOf(block));
                appending.Stop();
            }
            checking.Start();
            int findings = LedgerIntegrity.Check(store.Current).Count();
            checking.Stop();
            Assert.That(findings, Is.Zero);
        });
        WithStore(store => { });
        int records = blocks * transactions;
        double seconds = appending.Elapsed.TotalSeconds;
        FileInfo[] files = [.. new DirectoryInfo(DirectoryPath).EnumerateFiles("*", SearchOption.AllDirectories)];
        TestContext.Out.WriteLine($"{blocks} blocks of {transactions} x {bytes} bytes: {blocks / seconds:F0} blocks/s, "
            + $"{records / seconds:F0} records/s, {1000 * seconds / blocks:F2} ms a block; "
            + $"{files.Sum(f => f.Length) / (double)records:F0} bytes a record on disk; "
            + $"check {records / checking.Elapsed.TotalSeconds:F0} records/s");
        foreach (IGrouping<string, FileInfo> kind in files.GroupBy(f => f.Extension))
            TestContext.Out.WriteLine($"  {kind.Key,-6} {kind.Count(),3} files {kind.Sum(f => f.Length),12:N0} bytes");
    }

    [Test]
    public void Journal_Sync_OneKilobyte()
    {
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using VoteJournal journal = VoteJournal.Create(directory);
        byte[] record = new byte[1024];
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 1000; i++)
        {
            journal.Append(record);
            journal.Sync();
        }
        TestContext.Out.WriteLine($"{watch.Elapsed.TotalMilliseconds / 1000:F3} ms a synced record of 1 KiB");
    }
}
