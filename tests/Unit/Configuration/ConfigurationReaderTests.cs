using System.Text.Json.Nodes;
using GovChain.Node.Configuration;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Configuration;

/// <summary>
/// Goal: a wrong configuration is refused with the setting's path and its rule, all at once, and never with an
/// exception of another kind. Method: a right file with one setting spoilt in turn, then with all of them.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ConfigurationReaderTests : IDisposable
{
    private const string Digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-config-").FullName;

    public ConfigurationReaderTests()
    {
        foreach (string file in new[] { "genesis.json", "key.pem", "passphrase", "tls.pem", "tls.key" })
            File.WriteAllText(At(file), "");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Read_EverySetting_IsTaken()
    {
        NodeConfiguration c = ConfigurationReader.Read(Write(Full()));

        Assert.Multiple(() =>
        {
            Assert.That(c.Department, Is.EqualTo("land"));
            Assert.That(c.DataDirectory, Is.EqualTo(At("data")));
            Assert.That(c.GenesisFile, Is.EqualTo(At("genesis.json")));
            Assert.That(c.ExpectedGenesisDigest?.ToString(), Is.EqualTo(Digest));
            Assert.That(c.Key, Is.EqualTo(At("key.pem")));
            Assert.That(c.PassphraseFile, Is.EqualTo(At("passphrase")));
            Assert.That(c.LogLevel, Is.EqualTo(LogLevel.Debug));
            Assert.That(c.PeerListen.ToString(), Is.EqualTo("0.0.0.0:7000"));
            Assert.That(c.PeerEndpoints["tax"], Is.EqualTo("tax.example:7000"));
            Assert.That(c.ClientListen.ToString(), Is.EqualTo("[::1]:8443"));
            Assert.That(c.CertificateFile, Is.EqualTo(At("tls.pem")));
            Assert.That(c.CertificateKeyFile, Is.EqualTo(At("tls.key")));
            Assert.That(c.AuthorityDirectory, Is.Null);
            Assert.That(c.CertificateNames, Is.EqualTo(new[] { "node.land.example" }));
            Assert.That(c.AnonymousRequestsPerSecond, Is.EqualTo(50));
            Assert.That(c.AdministrationListen.ToString(), Is.EqualTo("127.0.0.1:9443"));
            Assert.That(c.PoolTransactionsMax, Is.EqualTo(1_000));
            Assert.That(c.PoolBytesMax, Is.EqualTo(2_000_000));
            Assert.That(c.Alarms.JournalSyncMax.TotalMilliseconds, Is.EqualTo(20));
            Assert.That((c.OtlpEndpoint?.Port, c.OtlpProtocol), Is.EqualTo((4317, OtlpProtocol.Grpc)));
        });
    }

    [Test]
    public void Read_OnlyWhatIsRequired_GivesTheDefaults()
    {
        JsonObject file = Full();
        foreach (string path in new[]
        {
            "expectedGenesisDigest", "passphraseFile", "logLevel", "peers.endpoints", "clients.certificateFile",
            "clients.certificateKeyFile", "clients.certificateNames", "clients.anonymousRequestsPerSecond", "pool",
        })
            Set(file, path, null);
        Set(file, "clients.authorityDirectory", "\"ca\"");

        NodeConfiguration c = ConfigurationReader.Read(Write(file));

        Assert.That(c.ExpectedGenesisDigest, Is.Null);
        Assert.That(c.PassphraseFile, Is.Null);
        Assert.That(c.AuthorityDirectory, Is.EqualTo(At("ca")), "relative to the file, not to the process");
        Assert.That((c.CertificateFile, c.CertificateKeyFile), Is.EqualTo(((string?)null, (string?)null)));
        Assert.That(c.PeerEndpoints, Is.Empty);
        Assert.That(c.CertificateNames, Is.Empty);
        Assert.That(
            (c.PoolTransactionsMax, c.PoolBytesMax, c.AnonymousRequestsPerSecond),
            Is.EqualTo((50_000, 64L * 1024 * 1024, 1_000)));
        Assert.That(c.LogLevel, Is.EqualTo(LogLevel.Information));
    }

    [Test]
    public void Read_CommentsAndTrailingCommas_AreTaken()
    {
        File.WriteAllText(At("node.json"), $"// a node\n{Full().ToJsonString()[..^1]}, /* the end */ }}");

        Assert.That(ConfigurationReader.Read(At("node.json")).Department, Is.EqualTo("land"));
    }

    [TestCaseSource(nameof(Spoilt))]
    public void Read_OneSettingWrong_NamesItAlone(string path, string value)
    {
        JsonObject file = Full();
        Set(file, path, value);

        string[] paths = [.. ProblemsOf(Write(file)).Select(p => p.Path)];

        Assert.That(paths, Is.EqualTo(new[] { path }));
    }

    [Test]
    public void Read_EverySettingWrong_NamesAllAtOnce()
    {
        JsonObject file = Full();
        // A list of endpoints that is none hides what would stand in it.
        (string Path, string Value)[] wrong = [.. Spoilt().Select(c => ((string)c[0], (string)c[1]))
            .Where(c => c.Item1 != "peers.endpoints").DistinctBy(c => c.Item1)];
        foreach ((string path, string value) in wrong)
            Set(file, path, value);

        IEnumerable<string> paths = ProblemsOf(Write(file)).Select(p => p.Path);

        Assert.That(paths, Is.EquivalentTo(wrong.Select(c => c.Path)));
    }

    [TestCase("department"), TestCase("dataDirectory"), TestCase("genesisFile"), TestCase("keyFile")]
    [TestCase("peers.listen"), TestCase("clients.listen"), TestCase("administration.listen")]
    public void Read_RequiredSettingMissing_NamesIt(string path)
    {
        JsonObject file = Full();
        Set(file, path, null);

        Assert.That(ProblemsOf(Write(file)).Select(p => p.Path), Is.EqualTo(new[] { path }));
    }

    [Test]
    public void Read_KeyInAToken_IsTakenInsteadOfAFile()
    {
        const string Uri = "pkcs11:token=land;object=validator?module-path=/usr/lib/hsm.so&pin-source=file:/etc/govchain/pin";
        JsonObject file = Full();
        Set(file, "keyFile", null);
        Set(file, "keyUri", $"\"{Uri}\"");
        Assert.That(ConfigurationReader.Read(Write(file)).Key, Is.EqualTo(Uri));

        Set(file, "keyFile", "\"key.pem\"");
        ConfigurationProblem both = ProblemsOf(Write(file)).Single();
        Assert.That((both.Path, both.Problem), Is.EqualTo(("keyFile", "give either keyFile, or keyUri for a key in a hardware security module.")));
    }

    [TestCase("pkcs11:token=land;object=validator?module-path=/usr/lib/hsm.so&pin-value=4711-secret")]
    [TestCase("4711-secret")]
    public void Read_KeyUriThatIsRefused_IsNotRepeated(string uri)
    {
        JsonObject file = Full();
        Set(file, "keyFile", null);
        Set(file, "keyUri", $"\"{uri}\"");
        ConfigurationException refused = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(Write(file)))!;
        Assert.That(refused.Problems.Single().Path, Is.EqualTo("keyUri"));
        Assert.That(refused.ToString(), Does.Not.Contain("4711-secret"));
    }

    [Test]
    public void Read_SectionsMissing_NamesWhatIsRequiredInThem()
    {
        JsonObject file = Full();
        Set(file, "peers", null);
        Set(file, "administration", null);

        Assert.That(
            ProblemsOf(Write(file)).Select(p => p.Path), Is.EqualTo(new[] { "peers.listen", "administration.listen" }));
    }

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("{")]
    [TestCase("{\"department\":\"a\",\"department\":\"b\"}")]
    [TestCase("{\"department\":\"\\ud800\"}")]
    [TestCase("{\"peers\":{\"endpoints\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{}}}}}}}}}")]
    public void Read_NoSuchJson_IsOneSentence(string text)
    {
        File.WriteAllText(At("node.json"), text);

        ConfigurationException e = Failure(At("node.json"));

        Assert.That(e.Problems, Is.Not.Empty);
        Assert.That(e.Message, Does.Not.Contain("   at "));
    }

    [Test]
    public void Read_NoFileOrADirectoryOrTooLargeAFile_IsOneSentence()
    {
        File.WriteAllText(At("large.json"), new string(' ', 1024 * 1024));

        Assert.That(ProblemsOf(At("missing.json")), Has.Count.EqualTo(1));
        Assert.That(ProblemsOf(_directory), Has.Count.EqualTo(1));
        Assert.That(ProblemsOf(At("large.json")).Single().Problem, Does.Contain("at most"));
    }

    [Test]
    public void Read_CertificateFileAndAuthority_AreNotGivenTogether()
    {
        JsonObject file = Full();
        Set(file, "clients.authorityDirectory", "\"ca\"");

        Assert.That(ProblemsOf(Write(file)).Single().Problem, Does.Contain("either"));
    }

    [TestCase("127.0.0.1:7001", "127.0.0.1:7001", "127.0.0.1:7002", "clients.listen")]
    [TestCase("*:7001", "127.0.0.1:7002", "127.0.0.1:7001", "administration.listen")]
    [TestCase("*:7001", "[::]:7001", "[::1]:7001", "clients.listen", "administration.listen")]
    [TestCase("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0")]
    [TestCase("127.0.0.2:7001", "127.0.0.3:7001", "127.0.0.1:7001")]
    public void Read_ListenersOfOnePort_AreNamed(string peers, string clients, string administration, params string[] named)
    {
        JsonObject file = Full();
        Set(file, "peers.listen", $"\"{peers}\"");
        Set(file, "clients.listen", $"\"{clients}\"");
        Set(file, "administration.listen", $"\"{administration}\"");

        if (named.Length == 0)
            Assert.That(() => ConfigurationReader.Read(Write(file)), Throws.Nothing);
        else
            Assert.That(ProblemsOf(Write(file)).Select(p => p.Path), Is.EquivalentTo(named));
    }

    [TestCase("certificateFile")]
    [TestCase("certificateKeyFile")]
    [TestCase("certificateFile", "certificateKeyFile")]
    [TestCase("certificateFile", "+authorityDirectory")]
    [TestCase("certificateKeyFile", "+authorityDirectory")]
    public void Read_NotExactlyOneChoiceOfCertificate_IsOneProblem(params string[] changes)
    {
        JsonObject file = Full();
        foreach (string change in changes)
            Set(file, $"clients.{change.TrimStart('+')}", change[0] == '+' ? "\"ca\"" : null);

        Assert.That(ProblemsOf(Write(file)).Select(p => p.Path), Is.EqualTo(new[] { "clients.certificateFile" }));
    }

    [TestCase("land", "peers.observers.land", "own department")]
    [TestCase("tax", "peers.observers.tax", "health has the same key")]
    public void Read_ObserverThatCannotBe_IsNamed(string department, string path, string problem)
    {
        JsonObject file = Full();
        const string Address = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5@host.example:7000";
        Set(file, "peers.observers", $"{{\"health\": \"{(department == "land" ? "03" : "02")}{Address[2..]}\", \"{department}\": \"{Address}\"}}");

        ConfigurationProblem found = ProblemsOf(Write(file)).Single();
        Assert.That(found.Path, Is.EqualTo(path));
        Assert.That(found.Problem, Does.Contain(problem));
    }

    /// <summary>Path and value, as JSON.</summary>
    private static IEnumerable<object[]> Spoilt() =>
    [
        ["department", "\"Land\""],
        ["department", "7"],
        ["department", "null"],
        ["dataDirectory", "\"\""],
        ["dataDirectory", "\"da\\u0000ta\""],
        ["genesisFile", "\"nowhere.json\""],
        ["genesisFile", "\"a\\u0000b\""],
        ["expectedGenesisDigest", "\"0011\""],
        ["keyFile", "\"nowhere.pem\""],
        ["keyFile", "[]"],
        ["passphraseFile", "\"nowhere\""],
        ["logLevel", "\"loud\""],
        ["logLevel", "\"3\""],
        ["logLevel", "\"-1\""],
        ["logLevel", "\"Debug,Error\""],
        ["peers.listen", "\"example.org:7000\""],
        ["peers.listen", "\"127.0.0.1\""],
        ["peers.listen", "\"127.0.0.1:70000\""],
        ["peers.listen", "\"::1\""],
        ["peers.listen", "\"::0\""],
        ["peers.endpoints", "[]"],
        ["peers.endpoints.tax", "\"tax.example\""],
        ["peers.endpoints.tax", "\"tax.example:0\""],
        ["peers.endpoints.tax", "\":7000\""],
        ["peers.endpoints.tax", "\"tax.example:+80\""],
        ["peers.endpoints.tax", "\"https://tax.example/x:7000\""],
        ["peers.endpoints.Tax", "\"tax.example:7000\""],
        ["peers.port", "7000"],
        ["clients.listen", "\"8443\""],
        ["clients.certificateFile", "\"nowhere.pem\""],
        ["clients.certificateKeyFile", "\"nowhere.pem\""],
        ["clients.certificateNames", "[7]"],
        ["clients.certificateNames", "[\"not a name\"]"],
        ["clients.anonymousRequestsPerSecond", "0"],
        ["clients.anonymousRequestsPerSecond", "1.5"],
        ["clients.anonymousRequestsPerSecond", "1e99"],
        ["administration.listen", "\"0.0.0.0:9443\""],
        ["administration.listen", "\"*:9443\""],
        ["administration.listen", "\"[::]:9443\""],
        ["pool.transactionsMax", "1"],
        ["pool.transactionsMax", "null"],
        ["pool.bytesMax", "\"64 MiB\""],
        ["pool.bytesMax", "4294967297"],
        ["stopTimeoutMs", "999"],
        ["logFormat", "\"xml\""],
        ["alarms.journalSyncMsMax", "0"],
        ["telemetry.otlpEndpoint", "\"127.0.0.1:4317\""],
        ["telemetry.otlpEndpoint", "\"http://\""],
        ["telemetry.traceSamplingRatio", "1.01"],
        ["telemetry.traceSamplingRatio", "\"all\""],
        ["unknown", "1"],
        ["pool.unknown", "1"],
    ];

    private JsonObject Full() => new()
    {
        ["department"] = "land",
        ["dataDirectory"] = "data",
        ["genesisFile"] = "genesis.json",
        ["expectedGenesisDigest"] = Digest,
        ["keyFile"] = "key.pem",
        ["passphraseFile"] = At("passphrase"),
        ["logLevel"] = "debug",
        ["peers"] = new JsonObject
        {
            ["listen"] = "*:7000",
            ["endpoints"] = new JsonObject { ["tax"] = "tax.example:7000" },
        },
        ["clients"] = new JsonObject
        {
            ["listen"] = "[::1]:8443",
            ["certificateFile"] = "tls.pem",
            ["certificateKeyFile"] = "tls.key",
            ["certificateNames"] = new JsonArray("node.land.example"),
            ["anonymousRequestsPerSecond"] = 50,
        },
        ["administration"] = new JsonObject { ["listen"] = "127.0.0.1:9443" },
        ["pool"] = new JsonObject { ["transactionsMax"] = 1_000, ["bytesMax"] = 2_000_000 },
        ["alarms"] = new JsonObject { ["journalSyncMsMax"] = 20 },
        ["telemetry"] = new JsonObject { ["otlpEndpoint"] = "https://collector.example:4317", ["otlpProtocol"] = "grpc" },
    };

    private static void Set(JsonObject file, string path, string? json)
    {
        string[] steps = path.Split('.');
        JsonObject target = file;
        foreach (string step in steps[..^1])
        {
            if (target[step] is not JsonObject nested)
                return;
            target = nested;
        }
        if (json is null)
            target.Remove(steps[^1]);
        else
            target[steps[^1]] = JsonNode.Parse(json);
    }

    private string At(string file) => Path.Combine(_directory, file);

    private string Write(JsonObject file)
    {
        File.WriteAllText(At("node.json"), file.ToJsonString());
        return At("node.json");
    }

    private static IReadOnlyList<ConfigurationProblem> ProblemsOf(string file) => Failure(file).Problems;

    private static ConfigurationException Failure(string file) =>
        Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(file))!;
}
