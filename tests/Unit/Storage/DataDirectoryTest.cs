using System.Diagnostics;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>Whose directory it is and who may write to it: architecture.md section 9.</summary>
public sealed class DataDirectoryTest : StorageFixture
{
    [Test]
    public void Open_MissingDirectory_IsMadeAndOpensAgain()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        using DataDirectory again = DataDirectory.Open(DirectoryPath, Chain);
        Assert.That(again.ChainId, Is.EqualTo(Chain));
        Assert.That(File.ReadAllText(Path.Combine(DirectoryPath, "VERSION")), Is.EqualTo("3\n"));
    }

    [Test]
    public void Open_ASecondTimeAtOnce_IsRefusedNamingTheDirectory()
    {
        using DataDirectory first = DataDirectory.Open(DirectoryPath, Chain);
        StorageException refusal = Refused(StorageError.Locked, () => DataDirectory.Open(DirectoryPath, Chain));
        Assert.That(refusal.Message, Does.Contain(DirectoryPath).And.Contain("Stop the other node"));
    }

    [Test]
    public void Open_LockHeldByAnotherProcess_IsRefusedUntilItEnds()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/flock"))
            Assert.Ignore("Needs the flock tool.");
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        using Process other = Process.Start(new ProcessStartInfo("/usr/bin/flock",
            [Path.Combine(DirectoryPath, "lock"), "sh", "-c", "echo held; read line"])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.That(other.StandardOutput.ReadLine(), Is.EqualTo("held"));
        Refused(StorageError.Locked, () => DataDirectory.Open(DirectoryPath, Chain));
        other.StandardInput.Close();
        other.WaitForExit();
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
    }

    /// <summary>A name that leads to itself is what any file system can be made to answer with an error of its own.</summary>
    [Test]
    public void Open_LockThatTheSystemCannotOpen_SaysWhatHappened_AndNotThatAnotherHoldsIt()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Needs symbolic links that anybody may make.");
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        string file = Path.Combine(DirectoryPath, "lock");
        File.Delete(file);
        File.CreateSymbolicLink(file, file);
        foreach (Action open in new Action[]
        {
            () => DataDirectory.Open(DirectoryPath, Chain).Dispose(), () => DirectoryRepair.Hold(DirectoryPath, Chain).Dispose(),
            () => DirectoryRepair.IsInUse(DirectoryPath),
        })
        {
            StorageException refusal = Refused(StorageError.Damaged, open);
            Assert.That(refusal.Message, Does.Contain(file).And.Contain("link that leads nowhere").And.Contain("remove it").And.Not.Contain("using this directory"));
        }
    }

    [Test]
    public void IsInUse_IsTrueWhileAnotherHoldsTheLock_AndOnlyThen()
    {
        Assert.That(DirectoryRepair.IsInUse(DirectoryPath), Is.False, "no directory");
        using (DataDirectory.Open(DirectoryPath, Chain))
            Assert.That(DirectoryRepair.IsInUse(DirectoryPath), Is.True);
        Assert.That(DirectoryRepair.IsInUse(DirectoryPath), Is.False);
    }

    [Test]
    public void OpenReadOnly_BesideTheWriter_Works()
    {
        using DataDirectory writer = DataDirectory.Open(DirectoryPath, Chain);
        using DataDirectory reader = DataDirectory.OpenReadOnly(DirectoryPath);
        Assert.That(reader.ChainId, Is.EqualTo(Chain));
        Assert.That(reader.IsReadOnly);
    }

    [Test]
    public void OpenReadOnly_SomeOtherDirectory_IsNotFound() =>
        Refused(StorageError.NotFound, () => DataDirectory.OpenReadOnly(Root));

    [Test]
    public void Open_NewerFormat_IsRefusedNamingBothVersions()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        File.WriteAllText(Path.Combine(DirectoryPath, "VERSION"), "7\n");
        StorageException refusal = Refused(StorageError.NewerFormat, () => DataDirectory.Open(DirectoryPath, Chain));
        Assert.That(refusal.Message, Does.Contain("format 7").And.Contain("up to 3"));
    }

    [Test]
    public void Open_OlderFormat_IsRefusedNamingBothVersions()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        File.WriteAllText(Path.Combine(DirectoryPath, "VERSION"), "2\n");
        StorageException refusal = Refused(StorageError.OlderFormat, () => DataDirectory.Open(DirectoryPath, Chain));
        Assert.That(refusal.Message, Does.Contain("format 2,").And.Contain("format 3"));
        Refused(StorageError.OlderFormat, () => DataDirectory.OpenReadOnly(DirectoryPath));
    }

    [Test]
    public void Open_ForeignChain_IsRefusedNamingBothLedgers()
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        StorageException refusal =
            Refused(StorageError.ForeignChain, () => DataDirectory.Open(DirectoryPath, OtherChain));
        Assert.That(refusal.Message, Does.Contain(Chain.ToString()).And.Contain(OtherChain.ToString()));
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
    }

    [TestCase("VERSION", "one")]
    [TestCase("VERSION", "")]
    [TestCase("chain-id", "12")]
    public void Open_UnreadableFile_IsDamaged(string file, string content)
    {
        DataDirectory.Open(DirectoryPath, Chain).Dispose();
        File.WriteAllText(Path.Combine(DirectoryPath, file), content);
        Refused(StorageError.Damaged, () => DataDirectory.Open(DirectoryPath, Chain));
    }

    [Test]
    public void Open_DirectoryOfSomethingElse_IsRefused()
    {
        Directory.CreateDirectory(DirectoryPath);
        File.WriteAllText(Path.Combine(DirectoryPath, "letter.txt"), "Dear colleague");
        Refused(StorageError.Damaged, () => DataDirectory.Open(DirectoryPath, Chain));
    }

    [Test]
    public void Open_CrashBeforeTheVersionFile_StartsAgain()
    {
        DataDirectory.Open(DirectoryPath, OtherChain).Dispose();
        File.Delete(Path.Combine(DirectoryPath, "VERSION"));
        using DataDirectory directory = DataDirectory.Open(DirectoryPath, Chain);
        Assert.That(directory.ChainId, Is.EqualTo(Chain));
    }
}
