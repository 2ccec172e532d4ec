using System.Text;
using GovChain.Client.Import;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Devnet;
using GovChain.Node.Membership;
using NUnit.Framework;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: every place that reads JSON from outside refuses what is no JSON in words, takes what is, and lets no name stand
/// twice. Method: all of JSONTestSuite, and files of our own with names twice, unknown or nested too deeply. The JSON
/// interface itself: <see cref="Rpc.RpcJsonTests"/>.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JsonDoorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-json-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Files_OfTheWholeSuite_AreRefusedInOneSentenceWhateverIsReadFromThem()
    {
        (string Door, Func<byte[], Exception?> Open, string SaysNoJson)[] doors =
        [
            ("import events", b => Caught<ImportFileException>(() => Import(b)), "no valid JSON"),
            ("import state", b => Caught<ImportFileException>(() => ImportState.Open(
                At("state", [.. b, (byte)'\n']), default, "t", default, Key).Dispose()), "damaged"),
            ("receipt", Receipt, "no valid JSON"),
            ("genesis", Genesis, "must have"),
            ("joining file", Joining, "must have"),
            ("profile", b => Caught<CommandException>(() => Profile.Read(At("profile.json", b))), "is no profile"),
            ("configuration", b => Caught<ConfigurationException>(() => ConfigurationReader.Read(At("node.json", b))), "valid"),
            ("devnet", b => Caught<CommandException>(() => new DevnetLayout(Folder("devnet.json", b)).Read()), "damaged"),
        ];
        foreach ((string name, byte[] bytes) in JsonSuite.Files())
        {
            foreach ((string door, Func<byte[], Exception?> open, string saysNoJson) in doors)
            {
                // A state without a whole line is one that never began; an import without a line has no events.
                if (name is "n_structure_no_data.json" or "n_single_space.json" && door is "import state" or "import events")
                    continue;
                if (door == "profile" && name == "y_object_empty.json")
                    continue; // every member may be missing
                Exception? refusal = open(bytes);
                Assert.That(refusal, Is.Not.Null, $"{door} takes {name}");
                Assert.That(refusal!.Message, Is.Not.Empty.And.Not.Contain("   at "), $"{door}, {name}");
                if (name[0] == 'n' && door is "import events" or "receipt" && !Encoding.Latin1.GetString(bytes).Contains('\n'))
                    Assert.That(refusal.Message, Does.Contain(saysNoJson).Or.Contain("UTF-8").Or.Contain("empty"), $"{door}, {name}");
            }
        }
    }

    [TestCase("")]
    [TestCase(" \n")]
    public void File_WithoutAnyJson_IsSaidToBeEmpty_AndWhatIsExpectedOfIt(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        using var verifier = new PlatformSignatureVerifier();
        MembershipFile.TryRead(bytes, verifier, out string? change);
        (string Door, string Message, string Expected)[] doors =
        [
            ("receipt", Receipt(bytes)!.Message, "format govchain-receipt"),
            ("profile", Caught<CommandException>(() => Profile.Read(At("profile.json", bytes)))!.Message, "passphraseFile"),
            ("configuration", Caught<ConfigurationException>(() => ConfigurationReader.Read(At("node.json", bytes)))!.Message, "one JSON object"),
            ("devnet", Caught<CommandException>(() => new DevnetLayout(Folder("devnet.json", bytes)).Read())!.Message, "another --dir"),
            ("change", change!, "member propose"),
            ("content", Caught<CommandException>(() => RecordCommand.CheckJson(bytes[..0], "application/json"))!.Message, "--media-type"),
            ("genesis", Genesis(bytes[..0])!.Message, "Ask for the file again"),
            ("joining file", Joining(bytes[..0])!.Message, "for the file again"),
        ];
        foreach ((string door, string message, string expected) in doors)
            Assert.That(message, Does.Contain("is empty").And.Contain(expected).And.Not.Contain("isFinalBlock"), door);
    }

    [Test]
    public void Record_OfTheWholeSuite_IsTakenAsItStandsOrRefusedWithItsLine()
    {
        int taken = 0;
        foreach ((string name, byte[] bytes) in JsonSuite.Files())
        {
            byte[] line = [.. """{"op":"REGISTER","key":"A","record":"""u8, .. bytes, .. "}"u8];
            bool twice = name.StartsWith("y_object_duplicated_key", StringComparison.Ordinal);
            bool lines = bytes.AsSpan().IndexOfAny((byte)'\n', (byte)'\r') >= 0;
            Exception? refusal = Caught<ImportFileException>(() =>
            {
                ImportFile file = Import(line);
                Assert.That(bytes, Does.Contain(file.Events[0].Payload.ToArray()[0]), name);
                Assert.That(Trimmed(bytes), Is.EqualTo(file.Events[0].Payload.ToArray()), name);
            });
            if (name[0] == 'n' || twice)
                Assert.That(refusal, Is.Not.Null, $"{name} is taken");
            else if (name[0] == 'y' && !lines)
                Assert.That(refusal, Is.Null, $"{name}: {refusal?.Message}");
            taken += refusal is null ? 1 : 0;
            Exception? content = Caught<CommandException>(() => RecordCommand.CheckJson(bytes, "application/json"));
            if (name[0] != 'i')
                Assert.That(content is null, Is.EqualTo(name[0] == 'y' && !twice), $"{name} as content of a command");
            Assert.That(RecordCommand.CheckJson(bytes, "text/plain"), Is.SameAs(bytes));
        }
        Assert.That(taken, Is.GreaterThan(80));
    }

    [Test]
    public void Payload_OfTheWholeSuite_CanBeShown()
    {
        foreach ((string name, byte[] bytes) in JsonSuite.Files())
        {
            foreach (string mediaType in new[] { "application/json", "text/plain", "application/pdf" })
            {
                Assert.That(Output.Payload(bytes, mediaType).ToJsonString(), Is.Not.Empty, name);
                Assert.That(Output.PayloadText(bytes, mediaType, "  "), Is.Not.Null, name);
            }
        }
    }

    [TestCase("""{"node":"https://a:1","node":"https://b:1"}""", "node")]
    [TestCase("""{"node":"https://a:1","n\u006fde":"https://b:1"}""", "node")]
    [TestCase("""{"nodes":"https://a:1"}""", "nodes")]
    [TestCase("""{"Node":"https://a:1"}""", "Node")]
    [TestCase("""{"node":7}""", "node")]
    [TestCase("""{"node":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}}""", "")]
    [TestCase("""{"key":"a\u0000b"}""", "path")]
    [TestCase("null", "null")]
    public void Profile_WithANameTwiceOrUnknown_IsRefusedNamingIt(string text, string named)
    {
        CommandException refusal = Assert.Throws<CommandException>(() => Profile.Read(At("profile.json", Encoding.UTF8.GetBytes(text))))!;
        Assert.That(refusal.ExitCode, Is.EqualTo(ExitCode.Configuration));
        Assert.That(refusal.Message, Does.Contain("profile.json is no profile").And.Contain(named).And.Contain("passphraseFile"));
    }

    [TestCase("""{"op":"REGISTER","key":"A","key":"B","record":1}""", "key")]
    [TestCase("""{"op":"REGISTER","key":"A","record":{"a":1,"a":2}}""", "a")]
    [TestCase("""{"op":"REGISTER","key":"A","record":{"a":1,"\u0061":2}}""", "a")]
    [TestCase("""{"op":"REGISTER","key":"A","Record":{},"record":{}}""", "Record")]
    [TestCase("""{"op":"REGISTER","key":"A","record":{},"Reason":"x"}""", "Reason")]
    [TestCase("""{"op":"CANCEL","key":"A","record":{}}""", "record")]
    [TestCase("""{"op":"REGISTER","key":"A","record":{"\ud800":1}}""", "surrogate")]
    [TestCase("""{"op":"REGISTER","key":"\ud800","record":{}}""", "surrogate")]
    [TestCase("""{"op":"REGISTER","key":"A"}""", "record")]
    [TestCase("""{"op":"register","key":"A","record":{}}""", "REGISTER")]
    [TestCase("""{"op":"REGISTER","key":"A","seq":1.5,"record":{}}""", "seq")]
    [TestCase("""{"op":"REGISTER","key":"A/B","record":{}}""", "A/B")]
    public void ImportLine_ThatTwoProgramsCouldReadDifferently_IsRefusedWithItsLine(string line, string named)
    {
        byte[] file = Encoding.UTF8.GetBytes("""{"op":"REGISTER","key":"ok","record":{}}""" + "\n" + line);
        ImportFileException refusal = Assert.Throws<ImportFileException>(() => Import(file))!;
        Assert.That(refusal.Line, Is.EqualTo(2));
        Assert.That(refusal.Message, Does.Contain(named));
    }

    [Test]
    public void Nesting_BeyondItsBound_IsRefusedEverywhere()
    {
        byte[] deep = Encoding.ASCII.GetBytes(new string('[', 100_000));
        byte[] record = Encoding.ASCII.GetBytes(
            $$"""{"op":"REGISTER","key":"A","record":{{new string('[', 40)}}{{new string(']', 40)}}}""");
        Assert.That(Caught<ImportFileException>(() => Import(record)), Is.Not.Null);
        Assert.That(Receipt(deep), Is.Not.Null);
        Assert.That(Caught<CommandException>(() => Profile.Read(At("p.json", deep))), Is.Not.Null);
        Assert.That(Caught<ConfigurationException>(() => ConfigurationReader.Read(At("c.json", deep))), Is.Not.Null);
        Assert.That(Caught<CommandException>(() => RecordCommand.CheckJson(deep, "application/json")), Is.Not.Null);
        Assert.That(Output.Payload(deep, "application/json").ToJsonString(), Does.StartWith("\"W1tb"));
    }

    private ImportFile Import(byte[] bytes) => ImportFileReader.Read(At("events.ndjson", bytes), ImportFormat.Ndjson);

    private static readonly PublicKey Key = new Execution.TestKey(7).Public;

    private static Exception? Receipt(byte[] bytes)
    {
        Assert.That(ReceiptCodec.TryRead(bytes, out ReceiptFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(ReceiptFailureKind.Malformed));
        return new InvalidDataException(failure.Message);
    }

    private static Exception? Genesis(byte[] bytes)
    {
        Assert.That(GenesisFile.TryRead(bytes, out GenesisFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(GenesisFailureKind.MalformedFile));
        return new InvalidDataException(failure.Message);
    }

    private static Exception? Joining(byte[] bytes)
    {
        Assert.That(JoiningFile.TryRead(bytes, out JoiningFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(JoiningFailureKind.MalformedFile));
        return new InvalidDataException(failure.Message);
    }

    /// <summary>The refusal, or null; any other exception fails the test.</summary>
    private static T? Caught<T>(Action action)
        where T : Exception
    {
        try
        {
            action();
            return null;
        }
        catch (T refusal)
        {
            return refusal;
        }
    }

    private static byte[] Trimmed(byte[] bytes)
    {
        ReadOnlySpan<byte> blanks = " \t\r\n"u8;
        return bytes.AsSpan().TrimStart(blanks).TrimEnd(blanks).ToArray();
    }

    private string At(string name, byte[] content)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Folder(string name, byte[] content)
    {
        At(name, content);
        return _directory;
    }
}
