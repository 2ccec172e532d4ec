using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Verification;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Peers;
using NUnit.Framework;
using RocksDbSharp;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: a node never gives a peer a block, or a transaction of one, that its disk has spoilt. Method: a row altered under
/// right checksums, then the node's own handler asked over a real stream for ranges of blocks and for envelopes.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DamageTowardsPeersTests
{
    private const ulong Damaged = 3;

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-damage-peers-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private readonly List<StoredBlock> _blocks = [];
    private TestNode _node = null!;

    private string LedgerPath => Path.Combine(_root, "data", "ledger");

    [SetUp]
    public async Task MakeAsync()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
        await _node.FoundAsync();
        for (ulong version = 0; _node.Height < Damaged + 2; version++)
            await _node.CommitAsync(_ledger.Change("L-1", version));
        await _node.StopAsync();
        using DataDirectory directory = DataDirectory.OpenReadOnly(_node.Path);
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        for (ulong height = 0; height <= store.Current.TipHeight; height++)
            _blocks.Add(store.Current.GetBlock(height));
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [TestCase("entries", "altered")]
    [TestCase("entries", "removed")]
    [TestCase("blocks", "header altered")]
    [TestCase("blocks", "removed")]
    public async Task Ask_ForWhatIsDamaged_GivesWhatComesBeforeItAndNothingOfIt(string family, string damage)
    {
        ulong key = family == "blocks" ? Damaged : _blocks[(int)Damaged].Header.LogSizeBefore;
        Alter(family, key, damage);
        await _node.StartAsync();
        await using var bed = new PeerBed("a", "b");
        PeerNetwork served = await bed.StartAsync("b", _node.Runtime.PeerHandler);
        PeerNetwork asking = await bed.StartAsync("a");
        await PeerBed.ConnectedAsync(asking, "a", served, "b");

        BlockRangeResponse? range = await asking.RequestBlocksAsync("b", 1, 64, CancellationToken.None);
        Assert.That(range!.Blocks, Has.Count.EqualTo((int)Damaged - 1), "it ends before the damage");
        for (int i = 0; i < range.Blocks.Count; i++)
            AssertWhole(range.Blocks[i], _blocks[i + 1]);
        Assert.That((await asking.RequestBlocksAsync("b", Damaged, 64, CancellationToken.None))!.Blocks, Is.Empty);
        Assert.That((await asking.RequestBlocksAsync("b", Damaged + 1, 1, CancellationToken.None))!.Blocks, Has.Count.EqualTo(1),
            "what comes after it is sound");

        Assert.That(await EnvelopesAsync(asking, Damaged), Is.Empty);
        Assert.That(await EnvelopesAsync(asking, Damaged - 1), Is.EqualTo(_blocks[(int)Damaged - 1].Leaves.Select(l => l.ToArray())));
        Assert.That(_node.Gateway.GetStatus().Alarms.Select(a => a.Code), Does.Contain("LEDGER_DAMAGED"));
    }

    /// <summary>By their hashes, as a proposal names them; and by the hashes of what stands there now.</summary>
    private async Task<byte[][]> EnvelopesAsync(PeerNetwork asking, ulong height)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> leaves = _blocks[(int)height].Leaves;
        Digest[] hashes = [.. leaves.Select(l => LogHash.Leaf(l.Span)), .. leaves.Select(l => LogHash.Leaf(Altered(l.ToArray())))];
        byte[] names = [.. hashes.SelectMany(h => h.Span.ToArray())];
        IReadOnlyList<ReadOnlyMemory<byte>>? answer = await asking.RequestEnvelopesAsync("b", height, names, CancellationToken.None);
        return [.. answer!.Select(e => e.ToArray())];
    }

    private static void AssertWhole(SyncedBlock served, StoredBlock stored)
    {
        Assert.That(served.Header.ToByteArray(), Is.EqualTo(stored.Header.ToBytes()));
        Assert.That(served.Certificate.ToByteArray(), Is.EqualTo(stored.Certificate!.ToBytes()));
        Assert.That(served.Envelopes.Select(e => e.ToByteArray()), Is.EqualTo(stored.Leaves.Select(l => l.ToArray())));
    }

    private void Alter(string family, ulong key, string damage)
    {
        var families = new ColumnFamilies();
        foreach (string name in RocksDb.ListColumnFamilies(new DbOptions(), LedgerPath))
            families.Add(name, new ColumnFamilyOptions());
        using RocksDb raw = RocksDb.Open(new DbOptions(), LedgerPath, families);
        ColumnFamilyHandle handle = raw.GetColumnFamily(family);
        byte[] name8 = [0, 0, 0, 0, 0, 0, 0, (byte)key];
        if (damage == "removed")
            raw.Remove(name8, handle);
        else
            raw.Put(name8, Altered(raw.Get(name8, handle)), handle);
    }

    private static byte[] Altered(byte[] bytes)
    {
        bytes[bytes.Length / 3] ^= 1;
        return bytes;
    }
}
