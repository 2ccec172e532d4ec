using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;
using RocksDbSharp;

namespace GovChain.Tests.Unit.Storage;

/// <summary>Lost and altered data is refused at opening or where it is read, by name, and never served.</summary>
public sealed class LedgerDamageTest : LedgerFixture
{
    private string Old => Path.Combine(Root, "old");

    [Test]
    public void Open_LedgerRolledBackUnderANewerTip_IsRefusedNamingBothHeights()
    {
        MakeLedger(3);
        Copy(LedgerPath, Old);
        MakeLedger(6);
        Directory.Delete(LedgerPath, recursive: true);
        Copy(Old, LedgerPath);
        StorageException refusal = OpenRefused(StorageError.Damaged);
        Assert.That(refusal.Message, Does.Contain("ends at block 3").And.Contain("block 6 was durable")
            .And.Contain("govchain node repair"));
    }

    [Test]
    public void Open_CrashBetweenBatchAndTip_IsRepairedSilently()
    {
        MakeLedger(3);
        File.Copy(TipPath, Old);
        MakeLedger(4);
        File.Copy(Old, TipPath, overwrite: true);
        WithStore(store => Assert.That(store.Current.TipHeight, Is.EqualTo(4)));
        using TipFile tip = TipFile.Open(TipPath, Chain, readOnly: true);
        Assert.That(tip.Current!.Value.Height, Is.EqualTo(4));
    }

    [Test]
    public void Open_CrashAfterTheGenesisBatch_IsRepairedSilently()
    {
        WithStore(_ => { });
        File.Copy(TipPath, Old);
        MakeLedger(0);
        File.Copy(Old, TipPath, overwrite: true);
        WithStore(store => Assert.That(store.Current.TipHeight, Is.Zero));
    }

    [Test]
    public void Open_TipTwoBehind_IsRefused()
    {
        MakeLedger(3);
        File.Copy(TipPath, Old);
        MakeLedger(5);
        File.Copy(Old, TipPath, overwrite: true);
        Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("different times").And.Contain(TipPath));
    }

    [Test]
    public void Open_TipMissing_IsRefused()
    {
        MakeLedger(3);
        File.Delete(TipPath);
        OpenRefused(StorageError.Damaged);
    }

    [Test]
    public void Open_LedgerMissing_IsRefusedNamingTheHeight()
    {
        MakeLedger(3);
        Directory.Delete(LedgerPath, recursive: true);
        Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("block 3 was durable"));
        Assert.That(Directory.Exists(LedgerPath), Is.False, "nothing may be made in its place");
    }

    [Test]
    public void Open_CrashWhileTheDatabaseWasMade_MakesItAgain([Values] bool current)
    {
        WithStore(_ => { });
        // CURRENT is what RocksDB makes last before its first log.
        if (!current)
            File.Delete(Path.Combine(LedgerPath, "CURRENT"));
        foreach (string file in Directory.GetFiles(LedgerPath, "*.log"))
            File.Delete(file);
        MakeLedger(1);
    }

    [TestCase("*.sst")]
    [TestCase("MANIFEST-*")]
    [TestCase("CURRENT")]
    public void Open_FileOfRocksDbMissing_IsATypedError(string pattern)
    {
        MakeLedger(3);
        MakeLedger(4); // reopening turned the first log into tables
        string[] files = Directory.GetFiles(LedgerPath, pattern);
        Assert.That(files, Is.Not.Empty);
        File.Delete(files[0]);
        OpenRefused(StorageError.Damaged);
    }

    /// <summary>RocksDB by itself reads some of these for ever.</summary>
    [Test]
    public void Open_ByteOfTheManifestFlipped_IsRefusedNamingTheRecord()
    {
        MakeLedger(3);
        string manifest = Directory.GetFiles(LedgerPath, "MANIFEST-*").Single();
        for (long offset = 0; offset < new FileInfo(manifest).Length; offset += 61)
        {
            Flip(manifest, offset, 4);
            Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("MANIFEST").Or.Contain("block 3 was durable").Or.Contain("RocksDB"));
            Flip(manifest, offset, 4);
        }
        WithStore(store => Assert.That(store.Current.TipHeight, Is.EqualTo(3)));
    }

    /// <summary>Rows went to tables and their log was removed after the manifest was copied.</summary>
    [Test]
    public void Open_OlderManifestOfTheSameRun_IsRefused()
    {
        string older = "";
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain))
        using (LedgerStore store = LedgerStore.Open(directory, new LedgerOptions { WriteBufferBytes = 256 * 1024 }))
        {
            for (int flushes = 0, blocks = 0; flushes < 2; blocks++)
            {
                Assert.That(blocks, Is.LessThan(500), "rows go to tables");
                AppendNext(store, 20, 4000);
                if (Directory.GetFiles(LedgerPath, "*.sst").Length <= flushes * Enum.GetValues<LedgerColumn>().Length)
                    continue;
                flushes++;
                if (flushes == 1)
                    File.Copy(older = Directory.GetFiles(LedgerPath, "MANIFEST-*").Single(), Old);
            }
        }
        byte[] newest = File.ReadAllBytes(older);
        Assert.That(newest.AsSpan().StartsWith(File.ReadAllBytes(Old)) && newest.Length > new FileInfo(Old).Length, "the copy is a beginning of it");
        File.Copy(Old, older, overwrite: true);
        OpenRefused(StorageError.Damaged);
        File.WriteAllBytes(older, newest);
        WithStore(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty));
    }

    [Test]
    public void Open_UnknownColumnFamily_IsRefusedAsNewer()
    {
        MakeLedger(1);
        using (RocksDb raw = OpenRaw())
            raw.CreateColumnFamily(new ColumnFamilyOptions(), "embargoes");
        Assert.That(OpenRefused(StorageError.NewerFormat).Message, Does.Contain("embargoes"));
    }

    [Test]
    public void Open_MissingColumnFamily_IsRefused()
    {
        MakeLedger(1);
        using (RocksDb raw = OpenRaw())
            raw.DropColumnFamily("history");
        Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("history"));
    }

    [Test]
    public void Open_NewerLedgerFormat_IsRefused()
    {
        MakeLedger(1);
        Put("default", "format"u8, LedgerKey.Number(3));
        OpenRefused(StorageError.NewerFormat);
    }

    [Test]
    public void Open_LedgerOfAnotherChain_IsRefused()
    {
        MakeLedger(1);
        Put("default", "chain"u8, OtherChain.Span);
        OpenRefused(StorageError.ForeignChain);
    }

    [Test]
    public void Open_NewestTilesAltered_IsRefused()
    {
        MakeLedger(3);
        Put("tiles", LedgerKey.Tile(0, 0), new byte[10 * 32]);
        Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("root"));
    }

    [Test]
    public void Open_RootPageAltered_IsRefused()
    {
        MakeLedger(3);
        Put("pages", StatePageId.Root.ToKey(), [1, 2, 3]);
        Assert.That(OpenRefused(StorageError.Damaged).Message, Does.Contain("pages"));
    }

    [Test]
    public void Open_NewestHeaderAltered_IsRefused()
    {
        MakeLedger(3);
        byte[] row = GetRaw("blocks", LedgerKey.Number(3));
        row[100] ^= 1;
        Put("blocks", LedgerKey.Number(3), row);
        OpenRefused(StorageError.Damaged);
    }

    [Test]
    public void GetEntry_LeafAltered_IsRefusedNamingThePosition()
    {
        MakeLedger(3);
        Put("entries", LedgerKey.Number(5), EnvelopeAt(6, 100));
        WithStore(store =>
        {
            StorageException refusal = Refused(StorageError.Damaged, () => store.Current.GetEntry(5));
            Assert.That(refusal.Message, Does.Contain("entries 5"));
            Refused(StorageError.Damaged, () => store.Current.GetBlock(2));
            Assert.That(store.Current.GetBlock(1).Leaves, Has.Count.EqualTo(3));
            Assert.That(LedgerIntegrity.Check(store.Current).Single().Where, Is.EqualTo("entries 5"));
        });
    }

    [Test]
    public void GetStateVerified_ValueAltered_IsRefused()
    {
        MakeLedger(3);
        Put("state", RecordAt(1).Span, [1]);
        WithStore(store =>
        {
            Refused(StorageError.Damaged, () => store.Current.GetStateVerified(RecordAt(1)));
            Assert.That(LedgerIntegrity.Check(store.Current).Single().Where, Does.Contain("parcel/r0"));
        });
    }

    [Test]
    public void Check_OnSeveralCores_FindsWhatOneCoreFinds([Values("state", "pages", "state of a page")] string what)
    {
        MakeLedger(5, 300);
        using (RocksDb raw = OpenRaw())
        {
            foreach (string family in what.Split(" of a ").Select(static f => f == "page" ? "pages" : f))
            {
                ColumnFamilyHandle handle = raw.GetColumnFamily(family);
                using Iterator rows = raw.NewIterator(handle);
                rows.SeekToFirst();
                for (int i = 0; rows.Valid(); i++, rows.Next())
                {
                    if (i % 3 == 2)
                        raw.Put(rows.Key(), (byte[])[.. rows.Value(), 1], handle);
                }
            }
        }
        WithStore(store =>
        {
            List<LedgerFinding> one = [.. LedgerIntegrity.Check(store.Current)];
            Assert.That(one, Has.Count.GreaterThan(1));
            Assert.That(LedgerIntegrity.Check(store.Current, cores: 2), Is.EqualTo(one));
            Assert.That(LedgerIntegrity.Check(store.Current, cores: 7), Is.EqualTo(one));
            Assert.That(LedgerIntegrity.Check(store.Current, cores: 2).First(), Is.EqualTo(one[0])); // and it may be left there
        });
    }

    [TestCase("blocks")]
    [TestCase("starts")]
    [TestCase("entries")]
    [TestCase("transactions")]
    [TestCase("tiles")]
    [TestCase("state")]
    [TestCase("pages")]
    [TestCase("history")]
    public void Check_ARowRemoved_IsFound(string family)
    {
        MakeLedger(5, 300);
        using (RocksDb raw = OpenRaw())
        {
            ColumnFamilyHandle handle = raw.GetColumnFamily(family);
            using Iterator rows = raw.NewIterator(handle);
            rows.SeekToFirst();
            rows.Next();
            raw.Remove(rows.Key(), handle);
        }
        WithStore(store => Assert.That(LedgerIntegrity.Check(store.Current), Is.Not.Empty));
    }

    /// <summary>
    /// The first, the middle or the last byte of any table or log flipped: refused at opening, found by
    /// the check, or without any effect.
    /// </summary>
    [Test]
    public void Check_OneByteFlippedInAnyTableOrLog_IsNeverServedAsData()
    {
        MakeLedger(6, 40);
        MakeLedger(8, 40);
        Copy(DirectoryPath, Old);
        int refused = 0, found = 0, harmless = 0;
        foreach (string file in Directory.GetFiles(Path.Combine(Old, "ledger"))
            .Where(f => f.EndsWith(".sst", StringComparison.Ordinal) || f.EndsWith(".log", StringComparison.Ordinal)))
        {
            long length = new FileInfo(file).Length;
            for (int i = 0; i < 3 && length > 0; i++)
            {
                Directory.Delete(DirectoryPath, recursive: true);
                Copy(Old, DirectoryPath);
                Flip(Path.Combine(LedgerPath, Path.GetFileName(file)), i * (length - 1) / 2);
                try
                {
                    WithStore(store =>
                    {
                        List<LedgerFinding> findings = [.. LedgerIntegrity.Check(store.Current)];
                        Assert.That(store.Current.TipHeight, Is.EqualTo(8));
                        _ = findings.Count == 0 ? harmless++ : found++;
                    });
                }
                catch (StorageException e)
                {
                    Assert.That(e.Error, Is.EqualTo(StorageError.Damaged), e.Message);
                    refused++;
                }
            }
        }
        TestContext.Out.WriteLine($"refused {refused}, found {found}, harmless {harmless}");
        Assert.That(refused, Is.Positive);
        Assert.That(found, Is.Positive);
    }

    private StorageException OpenRefused(StorageError error) => Refused(error, () => WithStore(_ => { }));

    private void Put(string family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        using RocksDb raw = OpenRaw();
        raw.Put(key, value, raw.GetColumnFamily(family));
    }

    private byte[] GetRaw(string family, byte[] key)
    {
        using RocksDb raw = OpenRaw();
        return raw.Get(key, raw.GetColumnFamily(family));
    }

    private RocksDb OpenRaw()
    {
        var families = new ColumnFamilies();
        foreach (string name in RocksDb.ListColumnFamilies(new DbOptions(), LedgerPath))
            families.Add(name, new ColumnFamilyOptions());
        return RocksDb.Open(new DbOptions(), LedgerPath, families);
    }

    /// <summary>Batches that span pages of the log: where one of these is bad, what is read on behind it makes no batch.</summary>
    [Test]
    public void Salvage_LogWithABadSpot_GivesTheBlocksBeforeIt()
    {
        MakeLedger(2);
        var headers = new List<BlockHeader>();
        WithStore(store =>
        {
            for (int i = 0; i < 6; i++)
                headers.Add(AppendNext(store, transactions: 20, bytes: 10_000).Header);
        });
        string log = Directory.EnumerateFiles(LedgerPath, "*.log").MaxBy(static f => new FileInfo(f).Length)!;
        byte[] content = File.ReadAllBytes(log);
        new Random(7).NextBytes(content.AsSpan(content.Length / 2, 64));
        File.WriteAllBytes(log, content);

        using LedgerSalvage? salvage = LedgerSalvage.TryOpen(LedgerPath, Chain);

        Assert.That(salvage, Is.Not.Null);
        Assert.That(salvage!.TipHeight, Is.InRange(3, 5));
        for (ulong height = 3; height <= salvage.TipHeight; height++)
            Assert.That(salvage.TryRead(height)?.Header, Is.EqualTo(headers[(int)height - 3]));
    }
}
