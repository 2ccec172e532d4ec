using System.Security.Cryptography;
using GovChain.Node.Backups;
using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: a backup that is not exactly what its manifest says is refused with one sentence, and no manifest leads out of the
/// backup. Method: a good one with one thing changed in turn.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BackupFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-backup-").FullName;

    public BackupFilesTests()
    {
        Directory.CreateDirectory(At("ledger"));
        File.WriteAllText(At("tip"), "tip");
        File.WriteAllText(At("ledger/000001.sst"), "rows");
        File.WriteAllBytes(At(BackupManifest.FileName), Good().ToBytes());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task Verify_Unchanged_Passes()
    {
        BackupManifest manifest = BackupManifest.Read(_directory);
        Assert.That(manifest.Bytes, Is.EqualTo(7));
        long read = 0;
        await BackupFiles.VerifyAsync(_directory, manifest, n => read = n, CancellationToken.None);
        Assert.That(read, Is.EqualTo(7));
    }

    [TestCase("changed")]
    [TestCase("longer")]
    [TestCase("missing")]
    [TestCase("more")]
    public async Task Verify_OneFileDiffers_IsRefusedByName(string how)
    {
        switch (how)
        {
            case "changed":
                File.WriteAllText(At("ledger/000001.sst"), "rowz");
                break;
            case "longer":
                File.AppendAllText(At("ledger/000001.sst"), "s");
                break;
            case "missing":
                File.Delete(At("ledger/000001.sst"));
                break;
            default:
                File.WriteAllText(At("ledger/000002.sst"), "rows");
                break;
        }
        CommandException e = (await Assert.ThrowsAsync<CommandException>(() =>
            BackupFiles.VerifyAsync(_directory, BackupManifest.Read(_directory), null, CancellationToken.None)))!;
        Assert.That(e.ExitCode, Is.EqualTo(ExitCode.VerificationFailed));
        Assert.That(e.Message, Does.Contain(how == "more" ? "ledger/000002.sst" : "ledger/000001.sst"));
    }

    [TestCase("../../etc/cron.d/x")]
    [TestCase("/etc/passwd")]
    [TestCase("ledger/../../votes")]
    [TestCase("ledger\\..\\votes")]
    [TestCase("ledger//x")]
    [TestCase("ledger/.")]
    [TestCase("")]
    public void Read_APathThatLeadsElsewhere_IsRefused(string path)
    {
        File.WriteAllBytes(At(BackupManifest.FileName), (Good() with { Files = [new BackupEntry(path, 1, "00")] }).ToBytes());
        Assert.That(Refused().ExitCode, Is.EqualTo(ExitCode.Storage));
    }

    [Test]
    public void Read_AnotherFormat_IsNamed()
    {
        File.WriteAllBytes(At(BackupManifest.FileName), (Good() with { Format = 2 }).ToBytes());
        Assert.That(Refused().Message, Does.Contain("format 2"));
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("{\"format\":1,\"files\":null}")]
    [TestCase("{\"format\":1,\"department\":\"a\",\"chainId\":\"\",\"height\":1,\"headerHash\":\"\",\"logSize\":1,\"logRoot\":\"\",\"stateRoot\":\"\",\"takenAt\":\"2026-01-01T00:00:00Z\",\"software\":\"\",\"files\":[null]}")]
    public void Read_NoManifest_IsOneSentence(string text)
    {
        File.WriteAllText(At(BackupManifest.FileName), text);
        Assert.That(Refused().Message, Does.Not.Contain("   at "));
        File.Delete(At(BackupManifest.FileName));
        Assert.That(Refused().ExitCode, Is.EqualTo(ExitCode.NotFound), "a directory without one is no backup");
    }

    [Test]
    public void RequireRoom_MoreThanTheDiskHas_IsRefused() => Assert.That(
        Assert.Throws<CommandException>(() => BackupFiles.RequireRoom(_directory, long.MaxValue))!.ExitCode, Is.EqualTo(ExitCode.Storage));

    private CommandException Refused() => Assert.Throws<CommandException>(() => BackupManifest.Read(_directory))!;

    private string At(string path) => Path.Combine(_directory, path);

    private BackupManifest Good() => new()
    {
        Format = BackupManifest.FormatVersion,
        Department = "land",
        ChainId = new string('a', 64),
        Height = 3,
        HeaderHash = new string('b', 64),
        LogSize = 9,
        LogRoot = new string('c', 64),
        StateRoot = new string('d', 64),
        TakenAt = DateTimeOffset.UnixEpoch,
        Software = "1",
        Files = [Entry("ledger/000001.sst"), Entry("tip")],
    };

    private BackupEntry Entry(string path)
    {
        byte[] content = File.ReadAllBytes(At(path));
        return new BackupEntry(path, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
    }
}
