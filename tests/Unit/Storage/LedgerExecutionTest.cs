using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>The executor on the stored ledger gives what it gives on the one in memory.</summary>
public sealed class LedgerExecutionTest : StorageFixture
{
    [Test]
    public void Append_ExecutedBlocks_StoredLedgerExecutesTheNextAlike()
    {
        TestLedger memory = TestLedger.Ready();
        memory.Commit(
            (TestLedger.AlphaClerk, Actions.Register("one")),
            (TestLedger.AlphaClerk, Actions.Register("two")));
        memory.Commit((TestLedger.AlphaClerk, Actions.Amend("one", 1)));
        Digest chain = memory.Genesis.ChainId;
        using (DataDirectory directory = DataDirectory.Open(DirectoryPath, chain))
        using (LedgerStore store = LedgerStore.Open(directory))
        {
            store.Append(memory.Genesis.Block, null);
            foreach (ExecutedBlock block in memory.Blocks)
                store.Append(block, Certify(block.Header));
        }
        using DataDirectory reopened = DataDirectory.Open(DirectoryPath, chain);
        using LedgerStore ledger = LedgerStore.Open(reopened);
        Assert.That(ledger.Current.Tip, Is.EqualTo(memory.State.Tip));
        Assert.That(ledger.Current.GetEntry(0).Span.SequenceEqual(memory.Genesis.Leaf.Span));
        Assert.That(LedgerIntegrity.Check(ledger.Current), Is.Empty);
        StateKey record = StateKey.Record(Actions.Type, "one");
        Assert.That(ledger.Current.GetHistory(record, 1, 10).Select(v => v.Version), Is.EqualTo([1ul, 2ul]));
        Assert.That(ledger.Current.GetStateVerified(record).Value!.Value.Span
            .SequenceEqual(memory.State.GetState(record)!.Value.Span));
        StoredBlock stored = ledger.Current.Read(2);
        Assert.That(stored.Leaves.Select(l => l.ToArray()),
            Is.EqualTo(memory.Blocks[1].Transactions.Select(t => t.Transaction.Envelope.ToArray())));

        ExecutedBlock next = memory.Build(memory.Make(TestLedger.AlphaClerk, Actions.Annul("two", 1))).Block!;
        ExecutedBlock? onDisk = BlockExecutor.Check(
            ledger.Current, memory.Genesis.Validators, next.Header, next.Transactions, out BlockFailure? failure);
        Assert.That(failure, Is.Null);
        ledger.Append(onDisk!, Certify(next.Header));
        Assert.That(LedgerIntegrity.Check(ledger.Current), Is.Empty);
    }

    private static Certificate Certify(BlockHeader header) =>
        new(VoteType.Commit, header.Epoch, header.Height, 0, header.Hash, []);
}
