using System.Text;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: what a command writes stands under its name whole or not at all, and takes the place of nothing unasked. Method: real
/// files; many writers at once, names that are taken, and readers that hold the old file.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OutputFileTests : IDisposable
{
    private const int Writers = 4;

    private readonly TempDirectory _directory = new();

    private string FilePath => _directory["receipt.json"];

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task Write_OfManyAtOnce_OneHasTheName_AndItsContentWhole()
    {
        using var start = new Barrier(Writers);
        bool[] done = await Task.WhenAll(Enumerable.Range(0, Writers).Select(n => Task.Run(async () =>
        {
            await using OutputFile file = OutputFile.Create(FilePath, overwrite: false);
            await file.Stream.WriteAsync(Content(n));
            start.SignalAndWait();
            try
            {
                await file.CompleteAsync();
                return true;
            }
            catch (CommandException e) when (e.Output == OutputError.AlreadyExists)
            {
                return false;
            }
        })));

        Assert.That(done.Count(static d => d), Is.EqualTo(1));
        Assert.That(await File.ReadAllBytesAsync(FilePath), Is.EqualTo(Content(Array.IndexOf(done, true))));
        Assert.That(Directory.GetFiles(_directory["."]), Has.Length.EqualTo(1), "nothing unfinished is left");
    }

    [Test]
    public async Task Write_WhereAFileStands_IsRefusedUnlessAsked_AndThenKeepsItsMode()
    {
        await File.WriteAllTextAsync(FilePath, "mine");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        CommandException refused = (await Assert.ThrowsAsync<CommandException>(() => WriteAsync(overwrite: false)))!;
        CommandRunner.Problem problem = CommandRunner.Explain(refused);
        Assert.That((problem.ExitCode, problem.Reason), Is.EqualTo((ExitCode.Usage, "ALREADY_EXISTS")));
        Assert.That(problem.Message, Does.Contain(FilePath).And.Contain("--overwrite"));
        Assert.That(await File.ReadAllTextAsync(FilePath), Is.EqualTo("mine"));

        using var reader = new StreamReader(FilePath);
        await WriteAsync(overwrite: true);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("mine"), "who reads the old file reads it to its end");
        Assert.That(await File.ReadAllBytesAsync(FilePath), Is.EqualTo(Content(0)));
        if (!OperatingSystem.IsWindows())
            Assert.That((int)File.GetUnixFileMode(FilePath), Is.EqualTo(0b110_100_000));
    }

    [Test]
    public async Task Write_WhereAPrivateKeyStands_IsRefusedEvenWhenAsked()
    {
        using PlatformSigner signer = PlatformSigner.Create();
        using var passphrase = new Passphrase("correct horse");
        KeyFile.Create(FilePath, signer, passphrase, 10);
        byte[] key = await File.ReadAllBytesAsync(FilePath);

        foreach (bool overwrite in new[] { true, false })
        {
            KeyFileException refused = (await Assert.ThrowsAsync<KeyFileException>(() => WriteAsync(overwrite)))!;
            Assert.That(refused.Error, Is.EqualTo(KeyFileError.AlreadyExists));
        }
        Assert.That(await File.ReadAllBytesAsync(FilePath), Is.EqualTo(key));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task Write_ThroughALink_ReplacesWhatItLeadsTo_AndWhatIsNoFileIsNamed()
    {
        await File.WriteAllTextAsync(FilePath, "mine");
        File.CreateSymbolicLink(_directory["link"], FilePath);
        await Files.WriteAsync(_directory["link"], Content(1), overwrite: true, CancellationToken.None);
        Assert.That(await File.ReadAllBytesAsync(FilePath), Is.EqualTo(Content(1)));
        Assert.That(new FileInfo(_directory["link"]).LinkTarget, Is.EqualTo(FilePath));

        foreach ((string path, string kind) in new[] { ("/dev/null", "a device"), (_directory["."], "a folder") })
        {
            CommandException refused = Assert.Throws<CommandException>(() => OutputFile.RequireFree(path, overwrite: true))!;
            Assert.That(refused.Message, Does.Contain($"is {kind} and no file"));
        }
    }

    [Test]
    public void Refusal_OfTheDisk_HasTheKindOfABackups()
    {
        CommandRunner.Problem problem = CommandRunner.Explain(OutputFile.Unwritable(FilePath, new IOException("No space left on device")));
        Assert.That((problem.ExitCode, problem.Reason), Is.EqualTo((ExitCode.Storage, "CANNOT_WRITE")));
    }

    [Test]
    public async Task Update_WhileAnotherIsUnderWay_WaitsForIt_AndSaysSoWhereItDoesNotEnd()
    {
        await File.WriteAllTextAsync(FilePath, "one");
        using (FileUpdate first = await BeginAsync())
        {
            CommandException busy = (await Assert.ThrowsAsync<CommandException>(() => BeginAsync(TimeSpan.Zero)))!;
            CommandRunner.Problem problem = CommandRunner.Explain(busy);
            Assert.That((problem.ExitCode, problem.Reason), Is.EqualTo((ExitCode.Unavailable, "IN_USE")));
            Assert.That(problem.Message, Does.Contain("Run this again"));
            await first.ReplaceAsync("two"u8.ToArray(), CancellationToken.None);
        }
        using FileUpdate second = await BeginAsync();
        Assert.That(Encoding.ASCII.GetString(second.Bytes), Is.EqualTo("two"));
    }

    [Test]
    public async Task Update_OfAFileThatAnotherProgramChangedMeanwhile_LeavesItAsThatDid()
    {
        await File.WriteAllTextAsync(FilePath, "one");
        using FileUpdate update = await BeginAsync();
        await File.WriteAllTextAsync(FilePath, "two");

        CommandException refused =
            (await Assert.ThrowsAsync<CommandException>(() => update.ReplaceAsync("three"u8.ToArray(), CancellationToken.None)))!;

        Assert.That(refused.Output, Is.EqualTo(OutputError.InUse));
        Assert.That(await File.ReadAllTextAsync(FilePath), Is.EqualTo("two"));
    }

    private Task<FileUpdate> BeginAsync(TimeSpan? patience = null) => FileUpdate.BeginAsync(FilePath, 1_024, CancellationToken.None, patience);

    private Task WriteAsync(bool overwrite) => Files.WriteAsync(FilePath, Content(0), overwrite, CancellationToken.None);

    private static byte[] Content(int writer) => [.. Enumerable.Repeat((byte)('a' + writer), 100_000)];
}
