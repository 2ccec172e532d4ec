using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using NUnit.Framework;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: a file that is none, whatever setting or option names it, is refused in words and with bounded memory. Method: the
/// device /dev/zero, which says that it has no bytes and never ends, and a folder, at each door that reads a file.
/// </summary>
[Platform(Exclude = "Win")]
public sealed class EndlessFileTests
{
    private const string Endless = "/dev/zero";

    private static readonly (string Door, Func<string, object> Open)[] Doors =
    [
        ("profile", Profile.Read),
        ("configuration", ConfigurationReader.Read),
        ("a command's file", path => Files.Read(path, 4_096)),
        ("authority", path => LedgerClient.Connect(new Uri("https://localhost:1"), path)),
        ("import", path => ImportFileReader.Read(path, ImportFormat.Ndjson)),
        ("content", path => RecordCommand.ReadContent(null, new FileInfo(path))),
    ];

    [Test]
    public void Device_ThatNeverEnds_IsRefusedAtEveryDoor()
    {
        foreach ((string door, Func<string, object> open) in Doors.Where(d => d.Door != "import")) // a GiB before it is too long
            Assert.That(Refusal(door, open, Endless), Does.Contain("at most"), door);
    }

    [Test]
    public void Folder_InPlaceOfAFile_IsRefusedAtEveryDoor()
    {
        foreach ((string door, Func<string, object> open) in Doors)
            Assert.That(Refusal(door, open, "/tmp"), Does.Contain("folder").Or.Contain("no such file"), door);
        KeyFileException key = Assert.Throws<KeyFileException>(() => KeyFile.Check("/tmp"))!;
        Assert.That((key.Error, key.Message), Is.EqualTo((KeyFileError.CannotAccess, "'/tmp' is a folder and no key file. Check the path.")));
    }

    private static string Refusal(string door, Func<string, object> open, string path)
    {
        try
        {
            object taken = open(path);
            throw new AssertionException($"{door} takes {path}: {taken}");
        }
        catch (Exception e) when (e is CommandException or ConfigurationException or LedgerClientException or ImportFileException)
        {
            return e.Message;
        }
    }
}
