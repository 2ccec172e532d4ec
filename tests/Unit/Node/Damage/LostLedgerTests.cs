using GovChain.Node.Auditing;
using GovChain.Node.Repair;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: a directory that has lost its ledger is not taken for one that has none yet. Method: a real directory without ledger and tip.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class LostLedgerTests
{
    private DamageBed _bed = null!;

    [OneTimeSetUp]
    public async Task Make() => _bed = await DamageBed.MakeAsync();

    [OneTimeTearDown]
    public async Task Remove() => await _bed.DisposeAsync();

    [Test]
    public async Task Audit_NeitherLedgerNorTip_IsDamage_WhereAVoteOrAMarkSaysThatThereWasOne([Values] bool votes, [Values] bool mark)
    {
        string copy = _bed.CopyOut();
        Directory.Delete(Path.Combine(copy, "ledger"), recursive: true);
        File.Delete(Path.Combine(copy, "tip"));
        if (!votes)
            File.Delete(Path.Combine(copy, "votes"));
        if (mark)
            await File.WriteAllTextAsync(Path.Combine(copy, "restored"), "This ledger is a copy.\n");

        AuditReport report = await _bed.AuditAsync(copy);

        if (!votes && !mark)
        {
            Assert.That(report.FirstProblem, Is.Null, "a node that has not begun has no ledger");
            return;
        }
        DirectoryFinding finding = report.Findings.Single(static f => f.IsDamage);
        Assert.That((finding.File, finding.Found), Is.EqualTo(("ledger/", "no folder")));
        Assert.That(report.FirstProblem?.Where, Does.StartWith("ledger/"));
        RepairPlan plan = RepairPlan.Of(report, ledger: false, journal: false);
        Assert.That((plan.RebuildsLedger, plan.ForgetsVotes), Is.EqualTo((true, true)));
    }
}
