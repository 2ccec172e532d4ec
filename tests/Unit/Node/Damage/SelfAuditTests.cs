using GovChain.Node;
using GovChain.Protos.V1;
using NUnit.Framework;
using RocksDbSharp;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>A running node finds what its disk spoils, says so, and does not serve it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SelfAuditTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-selfaudit-").FullName;
    private readonly TestLedger _ledger = new(departments: 1);
    private TestNode _node = null!;

    private string LedgerPath => Path.Combine(_root, "data", "ledger");

    [SetUp]
    public async Task Start()
    {
        _node = new TestNode(_ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
        await _node.StartAsync();
        await _node.FoundAsync();
        await _node.StopAsync();
        // What was in the log goes to tables.
        await _node.StartAsync();
        await _node.CommitAsync(_ledger.Change("L-1", 0));
        await _node.StopAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Run_SoundLedgerBeingWrittenTo_RaisesNothing()
    {
        await StartAuditingAsync();
        for (int i = 1; i < 6; i++)
            await _node.CommitAsync(_ledger.Change("L-1", (ulong)i));
        long rounds = _node.Runtime.SelfAudits;
        await _node.UntilAsync(_ => _node.Runtime.SelfAudits >= rounds + 3, "three rounds more");
        Assert.That(_node.Gateway.GetStatus().Alarms.Where(a => a.Code == "LEDGER_DAMAGED"), Is.Empty);
    }

    [Test]
    public async Task Run_ByteOfATableFlippedUnderTheNode_IsNamedInTheStatus()
    {
        await StartAuditingAsync();
        string table = Directory.GetFiles(LedgerPath, "*.sst").Order().First();
        using (FileStream file = new(table, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = 20;
            int value = file.ReadByte();
            file.Position = 20;
            file.WriteByte((byte)(value ^ 1));
        }
        await _node.UntilAsync(s => Names(s, Path.GetFileName(table)), "the table is named");
    }

    [Test]
    public async Task Run_RowAlteredWithRightChecksums_IsNamedByItsKey()
    {
        var families = new ColumnFamilies();
        foreach (string name in RocksDb.ListColumnFamilies(new DbOptions(), LedgerPath))
            families.Add(name, new ColumnFamilyOptions());
        using (RocksDb raw = RocksDb.Open(new DbOptions(), LedgerPath, families))
            raw.Put(new byte[] { 0, 0, 0, 0, 0, 0, 0, 1 }, new byte[] { 1, 2, 3 }, raw.GetColumnFamily("entries"));
        await StartAuditingAsync();
        await _node.UntilAsync(s => Names(s, "entries 1"), "the row is named");
        Assert.That(() => _node.Gateway.GetBlock(1), Throws.TypeOf<GovChain.Rpc.LedgerRequestException>());
    }

    private static bool Names(GetStatusResponse status, string place) =>
        status.Alarms.Any(a => a.Code == "LEDGER_DAMAGED" && a.Subject == "self-audit" && a.Text.Contains(place, StringComparison.Ordinal));

    private Task StartAuditingAsync() => _node.StartAsync(new NodeRuntimeOptions
    {
        SelfAuditBytesPerSecond = 100_000_000,
        SelfAuditPause = TimeSpan.FromMilliseconds(50),
    });
}
