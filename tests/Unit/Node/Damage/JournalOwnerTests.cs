using GovChain.Core.Execution;
using GovChain.Node.Auditing;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>
/// Goal: an audit says whose vote journal lies in a directory, and where that cannot be one department's, or is not the one's
/// whose directory it is. Method: the journals of four nodes that have voted together, exchanged and mixed.
/// docs/SPEC.md, "Damage".
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class JournalOwnerTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-journals-").FullName;
    private readonly TestLedger _ledger = new(4);

    [OneTimeSetUp]
    public async Task Vote()
    {
        var network = new LoopbackNetwork();
        TestNode[] nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_ledger, i, PathOf(i), network))];
        foreach (TestNode node in nodes.Reverse())
            await node.StartAsync();
        foreach (TestNode node in nodes)
            await node.UntilAsync(static s => s.Peers.All(static p => p.Connected), "all are connected");
        await nodes[0].FoundAsync();
        await nodes[0].CommitAsync(_ledger.Change("L-1", 0));
        ulong height = nodes[0].Height;
        foreach (TestNode node in nodes)
            await node.UntilAsync(s => s.Height >= height, $"block {height}");
        foreach (TestNode node in nodes)
            await node.DisposeAsync();
    }

    [OneTimeTearDown]
    public void Remove()
    {
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Audit_SaysWhoseVotesTheJournalHolds()
    {
        for (int i = 0; i < 4; i++)
        {
            string owner = TestLedger.DepartmentId(i);
            foreach (string? department in new[] { null, owner })
            {
                AuditReport report = await AuditAsync(PathOf(i), department);
                Assert.That((report.Ok, report.Findings), Is.EqualTo((true, Array.Empty<DirectoryFinding>())));
                Assert.That(report.VotesOf, Is.EqualTo(new[] { owner }));
                Assert.That((string?)report.ToJson()["votesOf"]![0], Is.EqualTo(owner));
            }
        }
    }

    [Test]
    public async Task JournalOfAnotherDepartment_IsNamed_WhereTheAuditKnowsWhoseDirectoryItIs()
    {
        string copy = CopyOf(0);
        File.Copy(Path.Combine(PathOf(2), "votes"), Path.Combine(copy, "votes"), overwrite: true);
        AuditReport unasked = await AuditAsync(copy, null);
        Assert.That((unasked.Findings.Count, unasked.VotesOf.Single()), Is.EqualTo((0, "dept-2")), "whose directory it is stands nowhere in it");
        AuditReport report = await AuditAsync(copy, "dept-0");
        DirectoryFinding finding = report.Findings.Single();
        Assert.That((finding.File, finding.Expected, finding.Found, finding.IsDamage), Is.EqualTo(("votes", "votes of dept-0", "votes of dept-2", false)));
        Assert.That(report.Ok, "the ledger is whole all the same");
        await using var node = new TestNode(_ledger, 0, copy, new LoopbackNetwork());
        await node.StartAsync();
        GetStatusResponse status = node.Gateway.GetStatus();
        Assert.That(status.Voting, Is.False, "and the node does as the audit says");
        Assert.That(status.AbstainingBecause, Does.Contain("votes of another department").And.Not.Contain("damaged"));
        string alarm = "";
        await node.UntilAsync(s => (alarm = s.Alarms.SingleOrDefault(static a => a.Code == "ABSTAINING")?.Text ?? "").Length > 0, "the alarm");
        foreach (int department in new[] { 0, 2 })
            Assert.That(alarm, Does.Contain($"dept-{department} (key {_ledger.ValidatorOf(department).PublicKey})"));
        Assert.That(alarm, Does.Contain(copy).And.Contain("dataDirectory"));
    }

    [Test]
    public async Task JournalWithVotesOfTwoDepartments_IsNamed()
    {
        string copy = CopyOf(0);
        Rewrite(copy, RecordsOf(0).Concat(RecordsOf(3)));
        AuditReport report = await AuditAsync(copy, null);
        Assert.That(report.VotesOf, Is.EqualTo(new[] { "dept-0", "dept-3" }));
        Assert.That((report.Findings.Single().File, report.Findings.Single().Found), Is.EqualTo(("votes", "votes of dept-0 and dept-3")));
    }

    private Task<AuditReport> AuditAsync(string path, string? department) => DirectoryAudit.RunAsync(
        path, null, new GenesisFile(_ledger.Genesis, []), export: null, progress: null, CancellationToken.None, department: department);

    private string PathOf(int department) => Path.Combine(_root, $"n{department}");

    private string CopyOf(int department)
    {
        string copy = Path.Combine(_root, Guid.NewGuid().ToString("N"));
        DamageBed.Copy(PathOf(department), copy);
        return copy;
    }

    private List<byte[]> RecordsOf(int department)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(PathOf(department));
        return [.. VoteJournal.Read(directory).Records.Select(static r => r.Payload.ToArray())];
    }

    private void Rewrite(string path, IEnumerable<byte[]> records)
    {
        File.Delete(Path.Combine(path, "votes"));
        using DataDirectory directory = DataDirectory.Open(path, _ledger.Genesis.ChainId);
        using VoteJournal journal = VoteJournal.Create(directory);
        foreach (byte[] record in records)
            journal.Append(record);
        journal.Sync();
    }
}
