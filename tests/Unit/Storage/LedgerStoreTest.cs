using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>What was appended is there after reopening, whole, and a snapshot does not move.</summary>
public sealed class LedgerStoreTest : LedgerFixture
{
    [Test]
    public void Open_NewDirectory_IsEmptyAndStaysSo()
    {
        WithStore(store => Assert.That(store.IsEmpty));
        WithStore(store => Assert.Throws<InvalidOperationException>(() => store.OpenSnapshot()));
    }

    [TestCase(1, 1)]
    [TestCase(5, 3)]
    [TestCase(3, 300)]
    public void Append_Blocks_EverythingIsReadAfterReopening(int height, int transactions)
    {
        MakeLedger(height, transactions);
        WithStore(store =>
        {
            using LedgerSnapshot ledger = store.OpenSnapshot();
            Assert.That(ledger.TipHeight, Is.EqualTo((ulong)height));
            Assert.That(ledger.Frontier.Root, Is.EqualTo(ledger.Tip.LogRoot));
            Assert.That(ledger.TipCertificate!.BlockHash, Is.EqualTo(ledger.Tip.Hash));
            BlockHeader? parent = null;
            for (ulong h = 0; h <= ledger.TipHeight; h++)
            {
                StoredBlock block = ledger.GetBlock(h);
                Assert.That(block.Header.ParentHash, Is.EqualTo(parent?.Hash ?? Digest.Zero));
                Assert.That(block.Certificate, Is.EqualTo(ledger.GetCertificate(h)));
                Assert.That(block.Leaves, Has.Count.EqualTo(h == 0 ? 1 : transactions));
                parent = block.Header;
                for (ulong p = block.Header.LogSizeBefore; p < block.Header.LogSizeAfter; p++)
                {
                    Assert.That(ledger.HeightOfPosition(p), Is.EqualTo(h));
                    byte[] expected = h == 0 ? [.. DomainTag.GenesisLeaf, .. Chain.Span] : EnvelopeAt(p, 100);
                    Assert.That(ledger.GetEntry(p).Span.SequenceEqual(expected), $"position {p}");
                    if (h > 0)
                    {
                        Assert.That(ledger.FindTransaction(Sha256.Hash(expected)),
                            Is.EqualTo(new TransactionLocation(h, p)));
                    }
                }
            }
            Assert.That(LedgerIntegrity.Check(ledger), Is.Empty);
        });
    }

    [Test]
    public void Append_LongEnvelopes_GoToBlobFilesAndComeBack()
    {
        WithStore(store =>
        {
            AppendNext(store);
            AppendNext(store, transactions: 5, bytes: Limits.EnvelopeBytesMax);
        });
        WithStore(store =>
        {
            for (ulong p = 1; p <= 5; p++)
                Assert.That(store.Current.GetEntry(p).Span.SequenceEqual(EnvelopeAt(p, Limits.EnvelopeBytesMax)));
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
        });
    }

    [Test]
    public void Append_NotTheNextBlock_IsRefusedNamingWhatIsWrong()
    {
        MakeLedger(2);
        WithStore(store =>
        {
            ExecutedBlock next = NextBlock(store.Current, 2);
            Certificate certificate = CertificateOf(next)!;
            store.Append(next, certificate);
            Refuse(next, certificate, "block 3 is not the next, 4");
            Refuse(GenesisBlock(), null, "block 0 is not the next, 4");
            ExecutedBlock later = NextBlock(store.Current, 2);
            Refuse(later, null, "certificate");
            Refuse(later, certificate, "certificate");
            Refuse(later, CertificateOf(later)! with { Type = VoteType.Prepare }, "certificate");
            Refuse(later with { Transactions = [later.Transactions[0]] }, CertificateOf(later), "leaves lead from");
            Refuse(later with { State = next.State }, CertificateOf(later), "state tree");
            Refuse(later with { Log = next.Log }, CertificateOf(later), "log does not end");
            store.Append(later, CertificateOf(later));

            void Refuse(ExecutedBlock block, Certificate? with, string why) =>
                Assert.That(Assert.Throws<ArgumentException>(() => store.Append(block, with))!.Message,
                    Does.Contain(why));
        });
    }

    [Test]
    public void Append_RivalOfTheNextBlock_IsRefused()
    {
        WithStore(store =>
        {
            AppendNext(store);
            ExecutedBlock one = NextBlock(store.Current, 1);
            ExecutedBlock rival = NextBlock(store.Current, 2);
            store.Append(rival, CertificateOf(rival));
            ExecutedBlock afterOne = NextBlock(new ViewAfter(store.Current, one.Header), 1);
            ArgumentException refusal =
                Assert.Throws<ArgumentException>(() => store.Append(afterOne, CertificateOf(afterOne)))!;
            Assert.That(refusal.Message, Does.Contain("the parent is"));
        });
    }

    [Test]
    public void OpenSnapshot_WhileBlocksAreAppended_DoesNotMove()
    {
        MakeLedger(3);
        WithStore(store =>
        {
            using LedgerSnapshot before = store.OpenSnapshot();
            ulong size = before.Tip.LogSizeAfter;
            ReadOnlyMemory<byte> record = before.GetState(RecordAt(1))!.Value;
            for (int i = 0; i < 100; i++)
                AppendNext(store, 5);
            Assert.That(before.TipHeight, Is.EqualTo(3));
            Assert.That(before.GetEntries(0, 1000), Has.Count.EqualTo((int)size));
            Assert.That(before.GetState(RecordAt(1))!.Value.Span.SequenceEqual(record.Span));
            Assert.That(store.Current.GetState(RecordAt(1))!.Value.Span.SequenceEqual(record.Span), Is.False);
            Assert.That(before.GetHistory(RecordAt(1), 1, 10), Has.Count.EqualTo(1));
            Assert.That(store.Current.GetHistory(RecordAt(1), 1, 10), Has.Count.EqualTo(6));
            Assert.That(LedgerIntegrity.Check(before), Is.Empty);
            Assert.That(LedgerIntegrity.Check(store.Current), Is.Empty);
        });
    }

    [Test]
    public void OpenSnapshot_ByFourThreadsDuringAppends_EachSeesOneConsistentLedger()
    {
        MakeLedger(1);
        WithStore(store =>
        {
            using var stop = new CancellationTokenSource();
            Task[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                int seen = 0;
                while (!stop.IsCancellationRequested || seen == 0)
                {
                    using LedgerSnapshot ledger = store.OpenSnapshot();
                    BlockHeader tip = ledger.Tip;
                    var nodes = new TileLogNodeSource(ledger, tip.LogSizeAfter);
                    Assert.That(LogFrontier.Read(nodes, tip.LogSizeAfter).Root, Is.EqualTo(tip.LogRoot));
                    Assert.That(ledger.GetStateVerified(StateKey.Parameters).Value, Is.Not.Null);
                    Assert.That(ledger.GetBlock(tip.Height).Header, Is.EqualTo(tip));
                    seen++;
                }
            }))];
            for (int i = 0; i < 200; i++)
                AppendNext(store, 7);
            stop.Cancel();
            Task.WaitAll(readers);
        });
    }

    [Test]
    public void Dispose_StoreBeforeSnapshot_SnapshotStillReads()
    {
        MakeLedger(2);
        LedgerSnapshot? kept = null;
        WithStore(store => kept = store.OpenSnapshot());
        Assert.That(kept!.GetBlock(2).Leaves, Has.Count.EqualTo(3));
        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kept.GetBlock(2));
        WithStore(store => Assert.That(store.Current.TipHeight, Is.EqualTo(2)));
    }

    [Test]
    public void GetHistory_Pages_AreContiguousAndOfOneRecordOnly()
    {
        MakeLedger(10, 111); // records r0, r1 ... r99: r1 is a prefix of r10 to r19
        WithStore(store =>
        {
            StateKey record = StateKey.Record("parcel", "r1");
            var all = new List<RecordVersionEntry>();
            for (ulong from = 1; ; from = all[^1].Version + 1)
            {
                IReadOnlyList<RecordVersionEntry> page = store.Current.GetHistory(record, from, 4);
                all.AddRange(page);
                if (page.Count < 4)
                    break;
            }
            Assert.That(all.Select(v => v.Version), Is.EqualTo(Enumerable.Range(1, all.Count).Select(v => (ulong)v)));
            Assert.That(all.Select(v => v.Position), Is.EqualTo(
                Enumerable.Range(0, 12).Select(v => 2ul + (ulong)v * 100).TakeWhile(p => p <= 1110)));
            Assert.That(all, Has.All.Matches<RecordVersionEntry>(v => v.Record.Equals(record)));
            Assert.That(store.Current.GetHistory(StateKey.Record("parcel", "none"), 1, 4), Is.Empty);
        });
    }

    [Test]
    public void EnumerateStates_Pages_GiveEveryRecordOnceInOrder()
    {
        MakeLedger(1, 100);
        WithStore(store =>
        {
            var ids = new List<string>();
            byte[] after = [];
            for (; ; )
            {
                IReadOnlyList<StateChange> page =
                    store.Current.EnumerateStates(StateKind.Record, "parcel\0"u8, after, 7);
                ids.AddRange(page.Select(s => s.Key.ToString()));
                if (page.Count < 7)
                    break;
                after = page[^1].Key.Id.ToArray();
            }
            Assert.That(ids, Is.Ordered.Using((IComparer<string>)StringComparer.Ordinal).And.Unique);
            Assert.That(ids, Has.Count.EqualTo(100));
            Assert.That(store.Current.EnumerateStates(StateKind.Record, "pa\0"u8, default, 7), Is.Empty);
            Assert.That(store.Current.EnumerateStates(StateKind.Department, default, default, 7), Has.Count.EqualTo(1));
        });
    }

    [Test]
    public void GetStateVerified_PresentAndAbsent_CarryPathsThatProveIt()
    {
        MakeLedger(2);
        WithStore(store =>
        {
            LedgerSnapshot ledger = store.Current;
            VerifiedState present = ledger.GetStateVerified(RecordAt(1));
            Assert.That(StateVerifier.VerifyPresence(ledger.Tip.StateRoot, RecordAt(1).TreeKey,
                Sha256.Hash(present.Value!.Value.Span), present.Path), Is.EqualTo(StateProofFailure.None));
            StateKey none = StateKey.Record("parcel", "none");
            VerifiedState absent = ledger.GetStateVerified(none);
            Assert.That(absent.Value, Is.Null);
            Assert.That(ledger.GetState(none), Is.Null);
            Assert.That(ledger.TryGetPage(new StatePageId(248, default)), Is.Null);
            Assert.That(StateVerifier.VerifyAbsence(ledger.Tip.StateRoot, none.TreeKey, absent.Path),
                Is.EqualTo(StateProofFailure.None));
        });
    }

    [Test]
    public void OpenReadOnly_BesideTheWriter_SeesTheDurableLedgerAndCannotAppend()
    {
        MakeLedger(4);
        WithStore(writer =>
        {
            AppendNext(writer);
            using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
            using LedgerStore reader = LedgerStore.OpenReadOnly(directory);
            Assert.That(reader.Current.TipHeight, Is.EqualTo(5));
            for (int i = 0; i < 50; i++)
                AppendNext(writer, 50);
            Assert.That(LedgerIntegrity.Check(reader.Current), Is.Empty);
            ExecutedBlock block = NextBlock(reader.Current, 1);
            Refused(StorageError.NotWritable, () => reader.Append(block, CertificateOf(block)));
        });
    }

    [Test]
    public void OpenReadOnly_BeforeGenesis_IsNotFound()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        using DataDirectory directory = DataDirectory.OpenReadOnly(DirectoryPath);
        Refused(StorageError.NotFound, () => LedgerStore.OpenReadOnly(directory));
    }

    /// <summary>A view with another tip, to build a block on a fork.</summary>
    private sealed class ViewAfter(ILedgerView below, BlockHeader tip) : ILedgerView
    {
        private readonly BlockHeader _tip = new()
        {
            ChainId = tip.ChainId,
            Height = below.Tip.Height,
            ParentHash = tip.ParentHash,
            Epoch = 0,
            ValidatorSetHash = Digest.Zero,
            NextValidatorSetHash = Digest.Zero,
            TimestampMs = tip.TimestampMs,
            Proposer = 0,
            LogSizeBefore = below.Tip.LogSizeBefore,
            LogSizeAfter = below.Tip.LogSizeAfter,
            LogRoot = tip.LogRoot,
            StateRoot = below.Tip.StateRoot,
            ParametersHash = Digest.Zero,
        };

        public BlockHeader Tip => _tip;

        public LogFrontier Frontier => below.Frontier;

        public ReadOnlyMemory<byte>? GetState(StateKey key) => below.GetState(key);

        public TransactionLocation? FindTransaction(Digest transactionId) => below.FindTransaction(transactionId);

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => below.TryGetPage(id);

        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => below.GetTile(level, index);
    }
}
