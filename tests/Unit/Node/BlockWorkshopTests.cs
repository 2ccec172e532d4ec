using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Storage;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Storage;
using NUnit.Framework;
using ExecutionLedger = GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: what a hostile leader sends along with a right header is not taken for the block. Method: a ledger, its next block, and
/// leaf hashes that are not the header's; nothing may be fetched or executed for them, so there is nobody to ask.
/// </summary>
public sealed class BlockWorkshopTests : StorageFixture
{
    [TestCase("other order")]
    [TestCase("one less")]
    [TestCase("one more")]
    [TestCase("another")]
    public async Task Check_LeavesThatAreNotTheHeaders_AreCalledSo_BeforeAnythingIsDoneForThem(string how)
    {
        var ledger = new ExecutionLedger();
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(ledger.Genesis.Block, null);
        ExecutedBlock next = ledger.Build(
            ledger.Make(ExecutionLedger.AlphaAdmin, Actions.Define()),
            ledger.Make(ExecutionLedger.AlphaAdmin, Actions.Enrol("clerk", ExecutionLedger.AlphaClerk, OfficerRole.Clerk))).Block!;
        Digest[] leaves = [.. next.Transactions.Select(static t => t.Transaction.LeafHash)];
        Assert.That(new ProposedBlock(next.Header, leaves).HasItsLeaves(store.Current.Frontier));
        Digest[] others = how switch
        {
            "other order" => [leaves[1], leaves[0]],
            "one less" => leaves[..1],
            "one more" => [.. leaves, leaves[0]],
            _ => [leaves[0], Digest.Zero],
        };
        var workshop = new BlockWorkshop(
            null!, 0, new LedgerHead(store), null!, new BlockBodies(), null!, new BlockSizer(100, 5_000), TimeProvider.System, null!);

        BlockFault fault = await workshop.CheckAsync(new ProposedBlock(next.Header, others), hint: 1, CancellationToken.None);

        Assert.That(fault, Is.EqualTo(BlockFault.WrongLeaves));
    }
}
