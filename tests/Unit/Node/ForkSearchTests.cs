using GovChain.Core.Model;
using GovChain.Node.Accusations;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Damage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Two directories of one ledger, compared: one ahead of the other, one that went its own way, others.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ForkSearchTests
{
    [Test]
    public async Task Run_LedgerAheadForkedForeignOrNone_IsToldApart()
    {
        await using DamageBed bed = await DamageBed.MakeAsync();
        ulong older = HeightOf(bed.Older);
        ForkReport ahead = ForkSearch.Run(bed.Sound, bed.Older, bed.Ledger.Genesis);
        Assert.That((ahead.Common, ahead.Height, ahead.Guilty.Count), Is.EqualTo((older, (ulong?)null, 0)));

        // The same validator key goes on from the older copy, and so signs twice what it has signed already.
        await using (var node = new TestNode(bed.Ledger, 0, bed.Older, new LoopbackNetwork()))
        {
            await node.StartAsync();
            await node.CommitAsync(bed.Ledger.Change("L-9", 0));
        }
        ForkReport fork = ForkSearch.Run(bed.Sound, bed.Older, bed.Ledger.Genesis);
        Assert.That(fork.Height, Is.EqualTo(older + 1));
        Assert.That(fork.First, Is.Not.EqualTo(fork.Second));
        Evidence evidence = fork.Guilty.First();
        Assert.That((evidence.Signer, evidence.Height), Is.EqualTo((bed.Ledger.Genesis.Validators[0].Key, older + 1)));

        using var other = new TestLedger(departments: 1);
        Assert.That(() => ForkSearch.Run(bed.Sound, bed.Older, other.Genesis),
            Throws.InstanceOf<StorageException>().With.Property(nameof(StorageException.Error)).EqualTo(StorageError.ForeignChain));
        Assert.That(() => ForkSearch.Run(bed.Sound, Path.GetDirectoryName(bed.Sound)!, bed.Ledger.Genesis),
            Throws.InstanceOf<StorageException>().With.Message.Contain("not a node's data directory"));
    }

    private static ulong HeightOf(string path)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(path);
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        return store.Current.TipHeight;
    }
}
