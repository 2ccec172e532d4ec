using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Node.Auditing;
using GovChain.Node.Backups;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.BadInput;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: a ledger is not taken apart for a backup that cannot take its place. Method: a whole node's backup whose manifest is
/// rightly written, of something that no node can go on with, or of another end than it says.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class UnfitBackupTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-backup-").FullName;
    private LiveNode _node = null!;

    private string Backup => Path.Combine(_directory, "backup");

    private string Data => Path.Combine(_directory, "data");

    private string Manifest => Path.Combine(Backup, BackupManifest.FileName);

    [SetUp]
    public async Task BackUpAndRestoreAsync()
    {
        _node = await LiveNode.StartAsync();
        using LedgerClient client = _node.ConnectAdministration();
        await new BackupWriter(client, Backup).RunAsync(null, audit: false, null, CancellationToken.None);
        await RestoreAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _node.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [TestCase("no tip")]
    [TestCase("no ledger")]
    [TestCase("no CURRENT")]
    [TestCase("height")]
    [TestCase("stateRoot")]
    public async Task Restore_OfABackupThatIsNoLedger_OrEndsElsewhere_IsRefused_AndTheLedgerStaysInItsPlace(string flaw)
    {
        string[] before = [.. Directory.EnumerateFileSystemEntries(Data).Order(StringComparer.Ordinal)];
        JsonObject manifest = JsonNode.Parse(await File.ReadAllTextAsync(Manifest))!.AsObject();
        JsonArray files = manifest["files"]!.AsArray();
        Func<string, bool>? left = flaw switch
        {
            "no tip" => static f => f == "tip",
            "no ledger" => static f => f.StartsWith("ledger/", StringComparison.Ordinal),
            "no CURRENT" => static f => f == "ledger/CURRENT",
            _ => null,
        };
        foreach (string path in files.Select(static f => (string)f!["path"]!).Where(left ?? (static _ => false)))
            File.Delete(Path.Combine(Backup, path));
        if (left is not null)
            manifest["files"] = new JsonArray([.. files.Where(f => !left((string)f!["path"]!)).Select(static f => f!.DeepClone())]);
        else if (flaw == "height")
            manifest["height"] = 999_999;
        else
            manifest["stateRoot"] = "not a root";
        await File.WriteAllTextAsync(Manifest, manifest.ToJsonString());

        CommandException refused = (await Assert.ThrowsAsync<CommandException>(() => RestoreAsync()))!;

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.VerificationFailed));
        Assert.That(refused.Message, Does.Contain(Backup).And.Contain("The directory is as before"));
        Assert.That(Directory.EnumerateFileSystemEntries(Data).Order(StringComparer.Ordinal), Is.EqualTo(before), "nothing was moved, nothing is left");
        AuditReport audit = await DirectoryAudit.RunAsync(Data, null, _node.Ledger.Genesis, null, CancellationToken.None);
        Assert.That(audit.FirstProblem, Is.Null);
    }

    private Task<(BackupManifest Manifest, string? Aside)> RestoreAsync() => BackupRestore.RunAsync(
        Backup, Data, _node.Ledger.Genesis, replace: true, audit: false, null, CancellationToken.None);
}
