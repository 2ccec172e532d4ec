using GovChain.Node.Auditing;
using GovChain.Node.Repair;
using GovChain.Storage;
using NUnit.Framework;
using RocksDbSharp;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: a tip's file that is damaged alone costs no ledger, is never written above what certificates prove, and makes no node
/// vote that may have forgotten a vote. Method: damage beside the tip, one thing at a time; the plan that follows from the
/// audit, carried out. docs/SPEC.md, "Damage".
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class TipRepairTests
{
    private DamageBed _bed = null!;

    private string Tip => Path.Combine(_bed.Sound, "tip");

    [OneTimeSetUp]
    public async Task Make() => _bed = await DamageBed.MakeAsync();

    [OneTimeTearDown]
    public async Task Remove() => await _bed.DisposeAsync();

    [TestCase("deleted")]
    [TestCase("both slots flipped")]
    [TestCase("cut to nothing")]
    [TestCase("older copy")]
    public async Task Repair_TipDamagedAlone_KeepsTheLedger_AndTheNodeVotes(string damage)
    {
        string copy = _bed.CopyOut();
        Damage(copy, damage);
        Assert.Throws<StorageException>(() => OpenStore(copy), "the node does not start");

        (RepairPlan plan, AuditReport audit) = await PlanAsync(copy);
        Assert.That(audit.Findings.Where(f => f.IsDamage).Select(f => f.File).Distinct(), Is.EqualTo(new[] { "tip" }));
        Assert.That((audit.Height, audit.LogRoot, audit.StateRoot),
            Is.EqualTo((_bed.SoundReport.Height, _bed.SoundReport.LogRoot, _bed.SoundReport.StateRoot)), "the ledger is read all the same");
        Assert.That((plan.RebuildsLedger, plan.ForgetsVotes, plan.Tip?.Height), Is.EqualTo((false, false, (ulong?)_bed.SoundReport.Height)));
        Assert.That(plan.Aside, Is.EqualTo(new[] { "tip" }));

        string? folder = CarryOut(copy, plan);
        if (damage != "deleted")
            Assert.That(File.Exists(Path.Combine(folder!, "tip")), "what was damaged is kept");
        Assert.That((await _bed.AuditAsync(copy)).FirstProblem, Is.Null);
        await using var node = new TestNode(_bed.Ledger, 0, copy, new LoopbackNetwork());
        await node.StartAsync();
        Assert.That(node.Gateway.GetStatus().Voting, Is.True);
        await node.CommitAsync(_bed.Ledger.Change($"after-{damage.Replace(' ', '-')}", 0));
    }

    /// <summary>The ledger ends where everything fits together and is signed; only the votes know that it went further.</summary>
    [Test]
    public async Task Repair_LedgerLostItsNewestBlocksToo_WritesNoHigherTipThanIsProven_AndTheNodeDoesNotVote()
    {
        string copy = _bed.CopyOut();
        Directory.Delete(Path.Combine(copy, "ledger"), recursive: true);
        foreach (string file in Directory.GetFiles(Path.Combine(_bed.Older, "ledger")))
        {
            Directory.CreateDirectory(Path.Combine(copy, "ledger"));
            File.Copy(file, Path.Combine(copy, "ledger", Path.GetFileName(file)));
        }
        File.Delete(Path.Combine(copy, "tip"));

        (RepairPlan plan, AuditReport audit) = await PlanAsync(copy);
        Assert.That(plan.Tip?.Height, Is.EqualTo(audit.Height).And.LessThan(_bed.SoundReport.Height));
        Assert.That(plan.ForgetsVotes, Is.True);

        CarryOut(copy, plan);
        await using var node = new TestNode(_bed.Ledger, 0, copy, new LoopbackNetwork());
        await node.StartAsync();
        Assert.That(node.Gateway.GetStatus().Voting, Is.False);
    }

    [Test]
    public async Task Repair_JournalWithATornEndOrNone_MakesANodeThatDoesNotVote([Values] bool isThere)
    {
        string copy = _bed.CopyOut();
        File.Delete(Path.Combine(copy, "tip"));
        string votes = Path.Combine(copy, "votes");
        if (isThere)
            File.WriteAllBytes(votes, File.ReadAllBytes(votes)[..^1]);
        else
            File.Delete(votes);

        (RepairPlan plan, _) = await PlanAsync(copy);

        Assert.That((plan.RebuildsLedger, plan.ForgetsVotes), Is.EqualTo((false, true)));
        CarryOut(copy, plan);
        Assert.That(File.Exists(Path.Combine(copy, "restored")), "the node is told");
    }

    /// <summary>Without a tip nobody can say what stood behind a bad record, or in a lost row.</summary>
    [TestCase("*.log")]
    [TestCase("*.sst")]
    public async Task Repair_ByteOfTheLedgerFlippedToo_RebuildsIt(string pattern)
    {
        string copy = _bed.CopyOut();
        File.Delete(Path.Combine(copy, "tip"));
        string file = Directory.GetFiles(Path.Combine(copy, "ledger"), pattern).First(f => new FileInfo(f).Length > 0);
        byte[] content = File.ReadAllBytes(file);
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(file, content);

        (RepairPlan plan, _) = await PlanAsync(copy);

        Assert.That((plan.RebuildsLedger, plan.ForgetsVotes, plan.Tip), Is.EqualTo((true, true, (DurableTip?)null)));
    }

    [Test]
    public async Task Repair_NewestCertificateProvesNothing_RebuildsTheLedger()
    {
        string copy = _bed.CopyOut();
        File.Delete(Path.Combine(copy, "tip"));
        string ledger = Path.Combine(copy, "ledger");
        var families = new ColumnFamilies();
        foreach (string name in RocksDb.ListColumnFamilies(new DbOptions(), ledger))
            families.Add(name, new ColumnFamilyOptions());
        using (RocksDb raw = RocksDb.Open(new DbOptions(), ledger, families))
        {
            byte[] key = [0, 0, 0, 0, 0, 0, 0, (byte)_bed.SoundReport.Height];
            byte[] row = raw.Get(key, raw.GetColumnFamily("blocks"));
            row[^1] ^= 1; // within the last signature
            raw.Put(key, row, raw.GetColumnFamily("blocks"));
        }

        (RepairPlan plan, AuditReport audit) = await PlanAsync(copy);

        Assert.That(audit.Proven, Is.Null);
        Assert.That((plan.RebuildsLedger, plan.Tip), Is.EqualTo((true, (DurableTip?)null)));
    }

    [Test]
    public void RestoreTip_AnotherEndThanWasProven_IsRefusedAndWritesNothing()
    {
        string copy = _bed.CopyOut();
        File.Delete(Path.Combine(copy, "tip"));
        using DirectoryRepair directory = DirectoryRepair.Hold(copy, _bed.Ledger.Genesis.ChainId);

        StorageException refusal = Assert.Throws<StorageException>(
            () => directory.RestoreTip(new DurableTip(_bed.SoundReport.Height + 1, default)))!;

        Assert.That(refusal.Message, Does.Contain($"block {_bed.SoundReport.Height}").And.Contain($"block {_bed.SoundReport.Height + 1}"));
        Assert.That(File.Exists(Path.Combine(copy, "tip")), Is.False);
    }

    private void Damage(string copy, string damage)
    {
        string tip = Path.Combine(copy, "tip");
        byte[] content = File.ReadAllBytes(Tip);
        switch (damage)
        {
            case "deleted":
                File.Delete(tip);
                break;
            case "older copy":
                File.Copy(Path.Combine(_bed.Older, "tip"), tip, overwrite: true);
                break;
            case "cut to nothing":
                File.WriteAllBytes(tip, []);
                break;
            default:
                content[50] ^= 1;
                content[4096 + 50] ^= 1;
                File.WriteAllBytes(tip, content);
                break;
        }
    }

    private async Task<(RepairPlan Plan, AuditReport Audit)> PlanAsync(string directory)
    {
        AuditReport audit = await _bed.AuditAsync(directory);
        return (RepairPlan.Of(audit, ledger: false, journal: false), audit);
    }

    private string? CarryOut(string path, RepairPlan plan)
    {
        using DirectoryRepair directory = DirectoryRepair.Hold(path, _bed.Ledger.Genesis.ChainId);
        string? folder = directory.MoveAside(plan.Aside, plan.ForgetsVotes);
        directory.RestoreTip(plan.Tip!.Value);
        return folder;
    }

    private void OpenStore(string path)
    {
        using DataDirectory directory = DataDirectory.Open(path, _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
    }
}
