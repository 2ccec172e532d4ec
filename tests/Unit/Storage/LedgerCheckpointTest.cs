using GovChain.Core.Model;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>
/// A copy taken while blocks are appended is a whole ledger as of one block; it says of itself that it is a copy, and so
/// does the directory it is put into.
/// </summary>
public sealed class LedgerCheckpointTest : LedgerFixture
{
    private string CopyPath => Path.Combine(DirectoryPath, "copy");

    [Test]
    public void Checkpoint_WhileBlocksAreAppended_IsWholeAndDoesNotMove()
    {
        WithStore(store =>
        {
            for (int i = 0; i < 20; i++)
                AppendNext(store, 20, 5_000); // long ones stand in blob files
            using var stop = new CancellationTokenSource();
            Task appending = Task.Run(() =>
            {
                while (!stop.IsCancellationRequested)
                    AppendNext(store, 20, 5_000);
            });
            using (LedgerCheckpoint checkpoint = store.CreateCheckpoint())
            {
                ulong at = HeightOf(store);
                Assert.That(SpinWait.SpinUntil(() => HeightOf(store) > at + 3 || appending.IsCompleted, TimeSpan.FromSeconds(60)));
                Copy(checkpoint.Root, CopyPath);
                Assert.That(checkpoint.Files.Sum(f => f.Bytes), Is.EqualTo(new DirectoryInfo(CopyPath).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length)));
                Assert.That(Read(CopyPath), Is.EqualTo(checkpoint.Tip));
            }
            stop.Cancel();
            appending.GetAwaiter().GetResult();
        });
        Assert.That(Directory.EnumerateDirectories(DirectoryPath, "staged-*"), Is.Empty, "the checkpoint was removed");
        Assert.That(Directory.Exists(Path.Combine(CopyPath, "votes")), Is.False);

        using DataDirectory copy = DataDirectory.Open(CopyPath, Chain);
        Assert.That(copy.IsRestored, "whoever starts a node on a copy starts one that does not vote");
    }

    [Test]
    public void Install_OverALedger_KeepsItAside_MarksTheDirectory_AndLeavesTheVotes()
    {
        MakeLedger(5);
        BlockHeader copied = null!;
        WithStore(store =>
        {
            using LedgerCheckpoint checkpoint = store.CreateCheckpoint();
            copied = checkpoint.Tip;
            Copy(checkpoint.Root, CopyPath);
            AppendNext(store);
        });
        File.WriteAllText(Path.Combine(DirectoryPath, "votes"), "votes");
        Directory.CreateDirectory(Path.Combine(DirectoryPath, "staged-left-over"));

        string? aside;
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        {
            Assert.That(Directory.EnumerateDirectories(DirectoryPath, "staged-*"), Is.Empty, "what a crash left is removed");
            string staged = directory.CreateStaged();
            Directory.Move(Path.Combine(CopyPath, "ledger"), Path.Combine(staged, "ledger"));
            File.Move(Path.Combine(CopyPath, "tip"), Path.Combine(staged, "tip"));
            aside = directory.Install(staged);
            Assert.That(directory.IsRestored);
        }

        Assert.That(Directory.Exists(aside), "the ledger that was there is kept");
        Assert.That(File.ReadAllText(Path.Combine(DirectoryPath, "votes")), Is.EqualTo("votes"));
        WithStore(store => Assert.That(store.Current.Tip, Is.EqualTo(copied)));
        using DataDirectory again = DataDirectory.Open(DirectoryPath, Chain);
        Assert.That(again.IsRestored, "until the journal says it");
        again.ForgetRestored();
        Assert.That(again.IsRestored, Is.False);
    }

    /// <summary>The first start on it writes one slot anew; a power cut then must leave the other.</summary>
    [TestCase(0)]
    [TestCase(4096)]
    public void Checkpoint_WithTheTipTornInOneSlot_OpensByTheOther(int slot)
    {
        MakeLedger(5);
        WithStore(store =>
        {
            using LedgerCheckpoint checkpoint = store.CreateCheckpoint();
            Copy(checkpoint.Root, CopyPath);
        });
        using (FileStream tip = new(Path.Combine(CopyPath, "tip"), FileMode.Open, FileAccess.Write))
        {
            tip.Position = slot;
            tip.Write(new byte[90]);
        }
        Assert.That(Read(CopyPath).Height, Is.EqualTo(5));
    }

    /// <summary>Of a store to which another thread appends.</summary>
    private static ulong HeightOf(LedgerStore store)
    {
        using LedgerSnapshot ledger = store.OpenSnapshot();
        return ledger.TipHeight;
    }

    private static BlockHeader Read(string path)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(path);
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        using LedgerSnapshot ledger = store.OpenSnapshot();
        Assert.That(LedgerIntegrity.Check(ledger), Is.Empty);
        return ledger.Tip;
    }
}
