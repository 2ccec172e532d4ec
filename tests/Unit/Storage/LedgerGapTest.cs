using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>
/// A ledger put together out of a snapshot: it serves what is whole, says of the rest that it is not there yet, is filled in
/// from genesis on beside new blocks, and in the end differs in nothing from the ledger it came from.
/// </summary>
public sealed class LedgerGapTest : LedgerFixture
{
    private const int PerBlock = 7;

    private string SourcePath => Path.Combine(Root, "source");

    [TestCase(3, 1)]
    [TestCase(60, 2)]
    [TestCase(60, 50)]
    [TestCase(130, 90)]
    public void Assembly_OfAnyBase_IsWholeFromThereOnAndAfterFillingInTheSameLedger(int height, int baseHeight)
    {
        using Source source = MakeSource(height);
        Assemble(source, (ulong)baseHeight);
        WithStore(store =>
        {
            Assert.That(store.Gap, Is.EqualTo(new LedgerGap(source.View.GetHeader((ulong)baseHeight), 0)));
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
            CheckServed(store.Current, source.View, (ulong)baseHeight);
            LogTip filling = store.OpenFilling()!;
            for (ulong next = 1; next <= (ulong)baseHeight; next += 5)
            {
                ulong last = Math.Min((ulong)baseHeight, next + 4);
                store.FillIn(filling, SealRange(filling, source.View, next, last));
                AppendNext(store, PerBlock);
                Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty, $"filled to {last}");
            }
            Assert.That(store.Gap, Is.Null);
            Assert.That(store.OpenFilling(), Is.Null);
        });
        WithStore(store =>
        {
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
            CheckSame(store.Current, source.View);
        });
    }

    [Test]
    public void FillIn_StoppedAnywhere_GoesOnWhereItWas()
    {
        using Source source = MakeSource(40);
        Assemble(source, 30);
        for (ulong next = 1; next <= 30; next++)
        {
            WithStore(store =>
            {
                Assert.That(store.Gap!.FilledTo, Is.EqualTo(next - 1));
                LogTip filling = store.OpenFilling()!;
                store.FillIn(filling, SealRange(filling, source.View, next, next));
                using LedgerSnapshot seen = store.OpenSnapshot(); // shown without a new block
                Assert.That(seen.Gap?.FilledTo, Is.EqualTo(next == 30 ? null : next));
            });
        }
        WithStore(store => CheckSame(store.Current, source.View));
    }

    [Test]
    public void FillIn_ATileThatWasAltered_IsDamageAtTheNextStart()
    {
        using Source source = MakeSource(80);
        Assemble(source, 70);
        WithStore(store =>
        {
            LogTip filling = store.OpenFilling()!;
            store.FillIn(filling, SealRange(filling, source.View, 1, 20));
            Assert.That(filling.GetTile(0, 0).Length, Is.GreaterThan(Digest.Size));
        });
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        {
            LedgerDatabase database = LedgerDatabase.Open(LedgerPath, create: false, readOnly: false, new LedgerOptions());
            using (var batch = new RocksDbSharp.WriteBatch())
            {
                database.Put(batch, LedgerColumn.Tiles, LedgerKey.Tile(0, 0), new byte[Digest.Size]);
                database.WriteSynced(batch);
            }
            database.RemoveUser();
        }
        WithStore(store => Refused(StorageError.Damaged, () => store.OpenFilling()));
    }

    [Test]
    public void Begin_TilesOfAnotherLog_AreRefused()
    {
        using Source source = MakeSource(10);
        WithStore(store => AppendNext(store));
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        List<(TileId Id, byte[] Bytes)> edge = SnapshotEdge.Of(source.View, 5);
        edge[0].Bytes[3] ^= 1;
        Assert.That(assembly.Begin(source.View.GetHeader(0), source.View.GetHeader(5), edge), Is.False);
        edge[0].Bytes[3] ^= 1;
        Assert.That(assembly.Begin(source.View.GetHeader(0), source.View.GetHeader(5), edge), Is.True);
    }

    /// <summary>Each step of putting the snapshot in place is made to be the last one before a crash.</summary>
    [Test]
    public void Install_EndedAfterAnyStep_IsFinishedByTheNextStart([Values] bool hadLedger)
    {
        using Source source = MakeSource(12);
        string complete = Path.Combine(Root, "complete");
        if (hadLedger)
            MakeLedger(2, PerBlock);
        Assemble(source, 8, open: false);
        Copy(DirectoryPath, complete);
        string[] steps = ["none", "advanced", "aside", "ledger", "tip"];
        for (int crash = 0; crash < steps.Length; crash++)
        {
            Directory.Delete(DirectoryPath, recursive: true);
            Copy(complete, DirectoryPath);
            string install = Path.Combine(DirectoryPath, "install");
            if (crash >= 1)
                File.Move(Path.Combine(install, "advanced"), Path.Combine(DirectoryPath, "advanced"), overwrite: true);
            if (crash >= 2 && hadLedger)
                Directory.Move(LedgerPath, Path.Combine(DirectoryPath, "ledger.outrun"));
            if (crash >= 3)
                Directory.Move(Path.Combine(install, "ledger"), LedgerPath);
            if (crash >= 4)
                File.Move(Path.Combine(install, "tip"), TipPath, overwrite: true);
            if (steps[crash] != "tip") // after that the folder is empty
                Refused(StorageError.NotFound, () => DataDirectory.OpenReadOnly(DirectoryPath));
            using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
            {
                Assert.That(directory.Advance?.From, Is.EqualTo(new DurableTip(0, Digest.Zero)), steps[crash]);
                Assert.That(directory.Advance?.To.Height, Is.EqualTo(12), steps[crash]);
                Assert.That(directory.IsRestored, Is.False);
            }
            WithStore(store =>
            {
                Assert.That(store.Current.TipHeight, Is.EqualTo(12), steps[crash]);
                Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
            });
            Assert.That(Directory.Exists(install), Is.False);
        }
    }

    /// <summary>The first start writes one slot anew; a power cut then must leave the other.</summary>
    [TestCase(0)]
    [TestCase(4096)]
    public void Install_WithTheTipTornInOneSlot_OpensByTheOther(int slot)
    {
        using Source source = MakeSource(12);
        Assemble(source, 8);
        using (FileStream tip = new(TipPath, FileMode.Open, FileAccess.Write))
        {
            tip.Position = slot;
            tip.Write(new byte[90]);
        }
        WithStore(store => Assert.That(store.Current.TipHeight, Is.EqualTo(12)));
    }

    [Test]
    public void Complete_OnADiskThatRefuses_IsATypedError_AndNothingIsCommitted()
    {
        using Source source = MakeSource(12);
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        using (LedgerAssembly assembly = LedgerAssembly.Create(directory))
        {
            assembly.Put(source.View.ScanPages().Select(static p => (p.Id, p.Bytes.ToArray())));
            assembly.Put(source.View.ScanStates());
            Assert.That(assembly.Begin(source.View.GetHeader(0), source.View.GetHeader(8), SnapshotEdge.Of(source.View, 8)));
            assembly.Put(SealRange(assembly.Log!, source.View, 9, 12));
            Directory.CreateDirectory(Path.Combine(Directory.GetDirectories(DirectoryPath, "staged-*").Single(), "tip.new"));
            Refused(StorageError.Io, () => assembly.Complete(new DurableTip(0, Digest.Zero)));
        }
        Assert.That(Directory.EnumerateDirectories(DirectoryPath).Select(Path.GetFileName), Has.None.EqualTo("install").And.None.StartsWith("staged-"));
    }

    [Test]
    public void Assembly_ThatWasNotCompleted_LeavesTheLedgerInUseAlone()
    {
        using Source source = MakeSource(12);
        MakeLedger(2, PerBlock);
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        {
            LedgerAssembly left = LedgerAssembly.Create(directory);
            Assert.That(left.Begin(source.View.GetHeader(0), source.View.GetHeader(5), SnapshotEdge.Of(source.View, 5)));
            Assert.That(Directory.EnumerateDirectories(DirectoryPath, "staged-*"), Is.Not.Empty);
            // The process ends here: nothing is disposed of in order.
        }
        WithStore(store => Assert.That(store.Current.TipHeight, Is.EqualTo(2)));
        Assert.That(Directory.EnumerateDirectories(DirectoryPath, "staged-*"), Is.Empty);
    }

    private static void CheckServed(LedgerSnapshot ledger, LedgerSnapshot source, ulong baseHeight)
    {
        ulong first = source.GetHeader(baseHeight).LogSizeAfter;
        for (ulong h = 1; h <= ledger.TipHeight; h++)
        {
            ulong height = h;
            if (h <= baseHeight)
            {
                Assert.Throws<NotFilledInException>(() => ledger.GetHeader(height));
                Assert.Throws<NotFilledInException>(() => ledger.GetBlock(height));
            }
            else
                Assert.That(ledger.GetBlock(h).Leaves.Select(l => l.ToArray()), Is.EqualTo(source.GetBlock(h).Leaves.Select(l => l.ToArray())));
        }
        var nodes = new TileLogNodeSource(ledger, ledger.Tip.LogSizeAfter);
        var right = new TileLogNodeSource(source, ledger.Tip.LogSizeAfter);
        for (ulong position = 0; position < ledger.Tip.LogSizeAfter; position++)
        {
            ulong at = position;
            if (position < first)
            {
                Assert.Throws<NotFilledInException>(() => ledger.GetEntry(at));
                Assert.Throws<NotFilledInException>(() => ledger.HeightOfPosition(at));
                continue;
            }
            Assert.That(LogProofs.Inclusion(nodes, position, ledger.Tip.LogSizeAfter),
                Is.EqualTo(LogProofs.Inclusion(right, position, ledger.Tip.LogSizeAfter)));
        }
        for (ulong h = baseHeight + 1; h < ledger.TipHeight; h++)
        {
            ulong size = ledger.GetHeader(h).LogSizeAfter;
            Assert.That(LogProofs.Consistency(nodes, size, ledger.Tip.LogSizeAfter),
                Is.EqualTo(LogProofs.Consistency(right, size, ledger.Tip.LogSizeAfter)));
        }
    }

    private static void CheckSame(LedgerSnapshot ledger, LedgerSnapshot source)
    {
        for (ulong h = 0; h <= source.TipHeight; h++)
        {
            StoredBlock mine = ledger.GetBlock(h), theirs = source.GetBlock(h);
            Assert.That(mine.Header, Is.EqualTo(theirs.Header));
            Assert.That(mine.Certificate, Is.EqualTo(theirs.Certificate));
        }
        for (ulong p = 1; p < source.Tip.LogSizeAfter; p++)
        {
            Assert.That(ledger.HeightOfPosition(p), Is.EqualTo(source.HeightOfPosition(p)));
            Assert.That(ledger.FindTransaction(Sha256.Hash(ledger.GetEntry(p).Span)), Is.EqualTo(
                source.FindTransaction(Sha256.Hash(source.GetEntry(p).Span))));
        }
    }

    private Source MakeSource(int height) => new(SourcePath, height);

    /// <summary>What a node does with a snapshot that it has fetched and checked.</summary>
    private void Assemble(Source source, ulong baseHeight, bool open = true)
    {
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        {
            using LedgerAssembly assembly = LedgerAssembly.Create(directory);
            assembly.Put(source.View.ScanPages().Select(static p => (p.Id, p.Bytes.ToArray())));
            assembly.Put(source.View.ScanStates());
            Assert.That(assembly.Begin(source.View.GetHeader(0), source.View.GetHeader(baseHeight), SnapshotEdge.Of(source.View, baseHeight)));
            assembly.Put(SealRange(assembly.Log!, source.View, baseHeight + 1, source.View.TipHeight));
            assembly.Complete(new DurableTip(0, Digest.Zero));
        }
        if (open)
            DataDirectory.Open(DirectoryPath, Chain).Dispose();
    }

    private static List<SealedBlock> SealRange(LogTip log, LedgerSnapshot source, ulong first, ulong last)
    {
        var blocks = new List<SealedBlock>();
        for (ulong height = first; height <= last; height++)
        {
            StoredBlock stored = source.GetBlock(height);
            Transaction[] transactions = [.. stored.Leaves.Select(TransactionOf)];
            SealedBlock block = SealedBlock.TrySeal(
                log.Header, log.Frontier, log, stored.Header, stored.Certificate!, transactions, out BlockFailure? failure)
                ?? throw new InvalidOperationException($"{failure}");
            log.Advance(block);
            // Bodies here are empty; what a block does to records is known from the positions.
            blocks.Add(block with
            {
                Records = [.. Enumerable.Range(0, transactions.Length).Select(i => block.Header.LogSizeBefore + (ulong)i)
                    .Select(p => new RecordVersionEntry(RecordAt(p), (p - 1) / 100 + 1, p))],
            });
        }
        return blocks;
    }

    /// <summary>A ledger to take a snapshot of, with at least a tile's worth of leaves.</summary>
    private sealed class Source : IDisposable
    {
        private readonly DataDirectory _directory;
        private readonly LedgerStore _store;

        public Source(string path, int height)
        {
            _directory = DataDirectory.Open(path, Chain);
            _store = LedgerStore.Open(_directory);
            while (_store.IsEmpty || _store.Current.TipHeight < (ulong)height)
                AppendNext(_store, PerBlock);
            View = _store.OpenSnapshot();
        }

        public LedgerSnapshot View { get; }

        public void Dispose()
        {
            View.Dispose();
            _store.Dispose();
            _directory.Dispose();
        }
    }
}
