using GovChain.Node.Hosting;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Hosting;

/// <summary>
/// Goal: a data directory or an authority's that cannot be is refused by the setting, in words, before anything is opened or made.
/// Method: what can stand under the name or above it, on real files.
/// </summary>
[Platform("Linux")]
public sealed class FolderCheckTests
{
    [Test]
    public void Obstacle_IsNamed_WithWhereItStands()
    {
        using var directory = new TempDirectory();
        string file = directory["file"], nowhere = directory["nowhere"];
        File.WriteAllText(file, "mine");
        File.CreateSymbolicLink(nowhere, directory["gone"]);
        string deep = Path.Combine("/tmp", string.Join('/', Enumerable.Repeat(new string('d', 200), 25)));
        foreach ((string path, string said) in new[]
        {
            (file, $"{file} is a file, where a folder is expected"),
            (Path.Combine(file, "data", "more"), $"{file} is a file and no folder"),
            ("/dev/null", "/dev/null is a device, where a folder is expected"),
            ("/dev/null/data", "/dev/null is a device and no folder"),
            (nowhere, "is a link that leads nowhere"),
            ("/proc/data", "the kernel's own file system proc"),
            ("/proc/self/data", "the kernel's own file system proc"),
            ("/tmp/" + new string('d', 5_000), "the path is too long: 5005 bytes"),
            ("/tmp/" + new string('d', 256), "the longest name in it 256"),
            (deep, "the path is too long"),
        })
            Assert.That(FolderCheck.Obstacle(path) ?? "nothing", Does.Contain(said), path);
        Assert.That(Directory.GetFileSystemEntries(directory["."]), Has.Length.EqualTo(2), "nothing was made");
    }

    [Test]
    public void Folder_ThatIsThereOrCanBeMade_HasNoObstacle()
    {
        using var directory = new TempDirectory();
        foreach (string path in new[] { directory["."], directory["data"], directory["a/b/c"], "/tmp/" + new string('d', 255) })
            Assert.That((FolderCheck.Obstacle(path), FolderCheck.Refusal(path)), Is.EqualTo(((string?)null, (string?)null)), path);
    }

    [Test]
    public void Folder_ThatMayNotBeWritten_IsNamed_AndWhoAsked()
    {
        if (Environment.UserName == "root")
            Assert.Ignore("The system refuses root nothing.");
        Assert.That(FolderCheck.Refusal("/etc/govchain-data/data"),
            Does.Contain("cannot be made in /etc").And.Contain(Environment.UserName));
    }
}
