using System.Text;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.Specification;
using GovChain.Tests.Unit.Verification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: an exported ledger has the format of docs/SPEC.md, and a file has its name only if everything in it was proven.
/// Method: the export of a small ledger with fixed bytes is a vector; then exports that end early in each way.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LedgerExportTests
{
    private static readonly EvidenceLedger Ledger = EvidenceLedger.Shared;

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;

    private string FilePath => Path.Combine(_directory, "ledger.ndjson");

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task Export_OfAWholeLedger_IsTheVector()
    {
        await ExportAsync(Ledger.RawBlocks(), overwrite: false);

        Repository.Hold("docs/vectors/ledger.ndjson", Encoding.ASCII.GetString(await File.ReadAllBytesAsync(FilePath)));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { FilePath }));
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(FilePath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public async Task Export_OfADamagedLedger_LeavesNoFile()
    {
        List<RawBlock> blocks = Ledger.RawBlocks();
        byte[] header = blocks[3].Header.ToArray();
        header[^1] ^= 1;
        blocks[3] = blocks[3] with { Header = header };

        AuditReport report = await ExportAsync(blocks, overwrite: false);

        Assert.That(report.FirstProblem!.Height, Is.EqualTo(3));
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task Export_OverAnExistingFile_IsRefusedUnlessToldTo_AndReplacesItOnlyWhenWhole()
    {
        await File.WriteAllTextAsync(FilePath, "mine");

        CommandException refused = Assert.Throws<CommandException>(() => LedgerExport.Create(FilePath, overwrite: false))!;
        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(refused.Message, Does.Contain("--overwrite"));
        await using (LedgerExport early = LedgerExport.Create(FilePath, overwrite: true))
            await early.BeginAsync(Founded(), CancellationToken.None);
        Assert.That(await File.ReadAllTextAsync(FilePath), Is.EqualTo("mine"));

        await ExportAsync(Ledger.RawBlocks(), overwrite: true);
        Assert.That(await File.ReadAllTextAsync(FilePath), Does.StartWith($$"""{"format":"{{LedgerExportWriter.Format}}","""));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { FilePath }));
    }

    [Test]
    public async Task Export_WhereAFileAppearsMeanwhile_KeepsThatFile()
    {
        await using LedgerExport export = LedgerExport.Create(FilePath, overwrite: false);
        await export.BeginAsync(Founded(), CancellationToken.None);
        await export.AddAsync(Ledger.RawBlocks()[0], CancellationToken.None);
        await File.WriteAllTextAsync(FilePath, "mine");

        CommandException refused = (await Assert.ThrowsAsync<CommandException>(() => export.CompleteAsync(CancellationToken.None)))!;

        Assert.That(refused.Message, Does.Contain(FilePath));
        Assert.That(await File.ReadAllTextAsync(FilePath), Is.EqualTo("mine"));
    }

    [Test]
    public async Task Export_TwoAtOnce_OneHasTheNameWhole_AndTheOtherIsToldSo()
    {
        await using LedgerExport one = LedgerExport.Create(FilePath, overwrite: false);
        await using LedgerExport other = LedgerExport.Create(FilePath, overwrite: false);
        Assert.That(Directory.GetFiles(_directory), Has.Length.EqualTo(2), "each has a file of its own");
        List<RawBlock> blocks = Ledger.RawBlocks();
        foreach (LedgerExport export in new[] { one, other })
            await export.BeginAsync(Founded(), CancellationToken.None);
        await LedgerExport.Create(FilePath, overwrite: false).DisposeAsync(); // a third that is ended early takes nothing with it
        foreach (RawBlock block in blocks)
        {
            await one.AddAsync(block, CancellationToken.None);
            await other.AddAsync(block, CancellationToken.None);
        }
        await one.CompleteAsync(CancellationToken.None);
        CommandException late = (await Assert.ThrowsAsync<CommandException>(() => other.CompleteAsync(CancellationToken.None)))!;
        await other.DisposeAsync();

        Assert.That(late.Output, Is.EqualTo(OutputError.AlreadyExists));
        Repository.Hold("docs/vectors/ledger.ndjson", Encoding.ASCII.GetString(await File.ReadAllBytesAsync(FilePath)));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { FilePath }));
    }

    [Test]
    public async Task Export_WhereAKilledRunAndAnOpenFileStandInItsWay_IsItsOwnersAlone()
    {
        const UnixFileMode Open = (UnixFileMode)0b110_110_110;
        string leftover = FilePath + ".partial";
        foreach (string file in new[] { leftover, FilePath })
        {
            await File.WriteAllTextAsync(file, "of an earlier run");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, Open);
        }
        await ExportAsync(Ledger.RawBlocks(), overwrite: true);

        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(FilePath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(await File.ReadAllTextAsync(leftover), Is.EqualTo("of an earlier run"));
    }

    [Test]
    public async Task Export_OfAGenesisThatLacksASignature_IsRefused()
    {
        await using LedgerExport export = LedgerExport.Create(FilePath, overwrite: false);
        GenesisFile all = Founded();
        var partly = new GenesisFile(all.Genesis, all.Signatures.Skip(1));

        CommandException refused =
            (await Assert.ThrowsAsync<CommandException>(() => export.BeginAsync(partly, CancellationToken.None)))!;

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.VerificationFailed));
    }

    [Test]
    public void Create_InAFolderThatIsNotThere_SaysSo()
    {
        string path = Path.Combine(_directory, "missing", "ledger.ndjson");

        CommandException refused = Assert.Throws<CommandException>(() => LedgerExport.Create(path, overwrite: false))!;

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(refused.Message, Does.StartWith($"{path} cannot be written: "));
    }

    private async Task<AuditReport> ExportAsync(List<RawBlock> blocks, bool overwrite)
    {
        await using LedgerExport export = LedgerExport.Create(FilePath, overwrite);
        await export.BeginAsync(Founded(), CancellationToken.None);
        AuditReport report = await ChainAudit.RunAsync(
            "test", Ledger.Genesis, (ulong)blocks.Count - 1, (height, _) => Task.FromResult(blocks[(int)height]),
            export.AddAsync, progress: null, CancellationToken.None);
        if (report.Ok)
            await export.CompleteAsync(CancellationToken.None);
        return report;
    }

    private static GenesisFile Founded() => new(
        Ledger.Genesis,
        Ledger.Genesis.Validators.Members.Select((validator, i) =>
            new FoundingSignature(validator.Department, EvidenceLedger.Validators[i].Sign(Ledger.Genesis.SigningDigest))));
}
