using System.IO.Pipes;
using System.Net.Sockets;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: a file that is none, whatever setting or option names it, is refused in words before it is opened. Method: the
/// device /dev/zero, which says that it has no bytes and never ends, a pipe that nobody writes to, a socket and a folder, at each
/// door that reads a file.
/// </summary>
[Platform(Exclude = "Win")]
public sealed class EndlessFileTests
{
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
    public void WhatIsNoFile_IsRefusedAtEveryDoor_BeforeItIsOpened()
    {
        using var directory = new TempDirectory();
        string pipe = directory["pipe"], socket = directory["socket"], nowhere = directory["nowhere"];
        System.Diagnostics.Process.Start("mkfifo", pipe).WaitForExit();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socket));
        File.CreateSymbolicLink(nowhere, directory["gone"]);
        foreach ((string path, string kind) in new[] { ("/dev/zero", "a device"), (pipe, "a pipe"), (socket, "a socket"), (nowhere, "a link that leads nowhere") })
        {
            foreach ((string door, Func<string, object> open) in Doors)
                Assert.That(Refusal(door, open, path), Does.Contain(kind).Or.Contain("no file").Or.Contain("no such file"), door);
            Assert.That(Refusal("key", p => KeyFile.Open(p, new Passphrase("a passphrase")), path), Does.Contain($"is {kind} and no key file"));
            Assert.That(Refusal("passphrase", p => Passphrase.Resolve(p, creating: false), path), Does.Contain($"is {kind} and no passphrase file"));
        }
    }

    /// <summary>What a shell puts for <c>&lt;(command)</c>, and /dev/stdin: a pipe with a writer, which ends with it.</summary>
    [Test]
    [Platform("Linux")]
    public void Pipe_ThatTheProcessWasHanded_IsRead()
    {
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using (var writer = new AnonymousPipeClientStream(PipeDirection.Out, reader.ClientSafePipeHandle))
            writer.Write("a passphrase of several words\n"u8);
        using Passphrase passphrase = Passphrase.Resolve($"/dev/fd/{reader.SafePipeHandle.DangerousGetHandle()}", creating: false);
        Assert.That(passphrase.Span.ToString(), Is.EqualTo("a passphrase of several words"));
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
        catch (Exception e) when (e is CommandException or ConfigurationException or LedgerClientException or ImportFileException or KeyFileException)
        {
            return e.Message;
        }
    }
}
