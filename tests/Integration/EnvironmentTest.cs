using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's node in surroundings that are not as they should be. It says in one line what is wrong, where, and what to
/// do, with the documented exit code; and once the cause is mended it goes on with every record it had.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class EnvironmentTest
{
    private const string Type = "licence";
    private readonly DevnetLayout _layout = new(Directory.CreateTempSubdirectory("govchain-test-").FullName);
    private readonly List<string> _mounts = [];
    private DevnetDepartment _self = null!;

    private string Home => _layout.At(_self.Id);

    private string Data => _layout.At(_self.Id, "data");

    private string Config => _layout.At(_self.Id, "node.json");

    [SetUp]
    public void Prepare() => _self = new DevnetBuilder(_layout).Prepare(1)[0];

    [TearDown]
    public async Task CleanAsync()
    {
        foreach (string mount in _mounts)
            await ProgramRun.RunAsync("umount", "-l", mount);
        Directory.Delete(_layout.Directory, recursive: true);
    }

    [Test]
    [CancelAfter(300_000)]
    [Category(TestGroup.Operating)]
    public async Task Start_WithTheWrongKeyPortOrLimit_IsOneLineEach_AndTheLedgerIsWholeAfterwards(CancellationToken cancellation)
    {
        await RunAsync(client => RegisterAsync(client, 0, 3, cancellation), cancellation);

        string otherCurve = _layout.At(_self.Id, "p256.pem");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            WritePrivate(otherCurve, key.ExportEncryptedPkcs8PrivateKeyPem(
                File.ReadAllText(_layout.At(_self.Id, "passphrase")).Trim(),
                new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1_000)));
        }
        AssertRefused(await RunNodeAsync(With("p256.json", c => c["keyFile"] = "p256.pem")), 4, "WRONG_CURVE", otherCurve, "govchain key new");
        AssertRefused(await RunNodeAsync(With("officer.json", c => c["keyFile"] = $"{DevnetBuilder.Clerk}.pem")), 4, "KEY_OF_ANOTHER",
            $"{DevnetBuilder.Clerk}.pem", "keyFile");
        AssertRefused(await RunNodeAsync(With("department.json", c => c["department"] = "nobody")), 3, "DEPARTMENT_NOT_IN_GENESIS", "nobody", _self.Id);
        AssertRefused(
            await RunNodeAsync(With("ledger.json", c => c["expectedGenesisDigest"] = new string('0', 64))), 3, "GENESIS_OF_ANOTHER_LEDGER",
            _layout.GenesisFile, "expectedGenesisDigest");
        foreach ((int port, string setting) in new[]
        {
            (_self.PeerPort, "peers.listen"), (_self.ClientPort, "clients.listen"), (_self.AdministrationPort, "administration.listen"),
        })
        {
            using var held = new TcpListener(IPAddress.Loopback, port);
            held.Start();
            AssertRefused(await RunNodeAsync(Config), 6, "PORT_IN_USE", setting, $"127.0.0.1:{port}");
        }
        if (!OperatingSystem.IsWindows())
        {
            AssertRefused(await RunInShellAsync("ulimit -n 200"), 5, "FILE_HANDLES_TOO_FEW", "200 files", "ulimit -n");
            ProgramRun text = await RunInShellAsync("ulimit -n 200", json: false);
            Assert.That(text.ErrorLines, Has.Length.EqualTo(1), text.Error);
        }

        await RunAsync(client => HoldsAsync(client, 3, cancellation), cancellation);
    }

    [Test]
    [CancelAfter(300_000)]
    [Category(TestGroup.Operating)]
    public async Task Start_OnAReadOnlyDirectory_IsOneLine_AndTheLedgerIsWholeAfterwards(CancellationToken cancellation)
    {
        await RunAsync(client => RegisterAsync(client, 0, 3, cancellation), cancellation);

        await MountAsync("--bind", Data, Data);
        await MountAsync("-o", "remount,ro,bind", Data);
        AssertRefused(await RunNodeAsync(Config), 5, "IO", Data, "rights");
        await UnmountAsync(Data);

        await RunAsync(client => HoldsAsync(client, 3, cancellation), cancellation);
    }

    [Test]
    [CancelAfter(420_000)]
    [Category(TestGroup.Operating)]
    public async Task Run_UntilTheDiskIsFull_StopsWithOneLine_AndGoesOnWhenThereIsRoom(CancellationToken cancellation)
    {
        (SmallDisk? mounted, string? missing) = await SmallDisk.TryMountAsync(Data, 160);
        if (mounted is null)
            Assert.Ignore($"This test cannot be run here: {missing}.");
        await using SmallDisk disk = mounted!;
        int acknowledged = 3;
        using (NodeProcess node = NodeProcess.Start(Config, _layout.At(_self.Id, "node.log")))
        {
            using LedgerClient client = Connect();
            await node.WaitUntilReadyAsync(client, TimeSpan.FromMinutes(2), cancellation);
            await RegisterAsync(client, 0, acknowledged, cancellation);
            disk.Fill();
            try
            {
                while (true)
                {
                    await RegisterAsync(client, acknowledged, 1, cancellation, content: new string('x', 40_000));
                    acknowledged++;
                }
            }
            catch (LedgerClientException e)
            {
                Assert.That(e.IsTransient, Is.True, $"whoever waits is told to come back: {e.Reason} {e.Message}");
            }
            await UntilAsync(() => node.HasExited, "the node stops", cancellation);
        }
        string[] log = File.ReadAllLines(_layout.At(_self.Id, "node.log"));
        Assert.That(log[^1], Does.StartWith("The node had to stop:").And.Contain(Data).And.Contain("Free space"));
        Assert.That(log, Has.None.StartsWith("   at "), "no stack trace");

        AssertRefused(await RunNodeAsync(Config), 5, "DISK_FULL", Data, "Make room");
        disk.MakeRoom();
        await RunAsync(async again =>
        {
            await HoldsAsync(again, acknowledged, cancellation);
            await RegisterAsync(again, acknowledged + 1, 1, cancellation);
        }, cancellation);
        ProgramRun audit = await ProgramRun.GovchainAsync("audit", "--data", Data, "--genesis", _layout.GenesisFile, "--json");
        Assert.That(audit.ExitCode, Is.Zero, audit.Output + audit.Error);
    }

    /// <summary>Runs the node while something is done with it, and stops it in order.</summary>
    private async Task RunAsync(Func<LedgerClient, Task> work, CancellationToken cancellation)
    {
        using NodeProcess node = NodeProcess.Start(Config, _layout.At(_self.Id, "node.log"));
        using LedgerClient client = Connect();
        await node.WaitUntilReadyAsync(client, TimeSpan.FromMinutes(2), cancellation);
        await work(client);
        await node.StopAsync(TimeSpan.FromSeconds(30));
    }

    private LedgerClient Connect() =>
        LedgerClient.Connect(new Uri($"https://localhost:{_self.ClientPort}"), _layout.AuthorityCertificate);

    /// <summary>Registers records from a number on; each is durable when this returns.</summary>
    private async Task RegisterAsync(
        LedgerClient client, int first, int count, CancellationToken cancellation, string content = "")
    {
        if (first == 0)
        {
            await DevnetImport.DefineTypeAsync(_layout, _self, client, Type, Type, "", cancellation);
            await DevnetImport.EnrolClerkAsync(_layout, _self, client, cancellation);
        }
        using ISigner clerk = KeyOptions.Open(_layout.At(_self.Id, $"{DevnetBuilder.Clerk}.pem"), _layout.At(_self.Id, "passphrase"));
        Core.Cryptography.Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Core.Cryptography.Digest chain);
        var factory = new TransactionFactory(chain, clerk);
        for (int i = first; i < first + count; i++)
        {
            var change = new RecordChange
            {
                Record = new RecordName { Type = Type, Id = $"L-{i}" },
                Payload = new Payload
                {
                    Inline = new InlinePayload
                    {
                        MediaType = "application/json",
                        Content = Google.Protobuf.ByteString.CopyFromUtf8(JsonSerializer.Serialize(new { n = i, content })),
                    },
                },
            };
            TransactionOutcome outcome = await client.SubmitAsync(
                factory.Create(b => b.Register = change, (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds()),
                timeout: TimeSpan.FromSeconds(20), cancellation: cancellation);
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), outcome.ToString());
        }
    }

    /// <summary>Every record below a number is there.</summary>
    private static async Task HoldsAsync(LedgerClient client, int count, CancellationToken cancellation)
    {
        for (int i = 0; i < count; i++)
            Assert.That(await client.FindRecordAsync(Type, $"L-{i}", cancellation: cancellation), Is.Not.Null, $"L-{i} of {count} is lost");
    }

    private string With(string name, Action<JsonObject> change)
    {
        JsonObject configuration = JsonNode.Parse(File.ReadAllText(Config))!.AsObject();
        change(configuration);
        File.WriteAllText(Path.Combine(Home, name), configuration.ToJsonString());
        return Path.Combine(Home, name);
    }

    private static Task<ProgramRun> RunNodeAsync(string configuration) =>
        ProgramRun.GovchainAsync("node", "run", "--config", configuration, "--stop-with-stdin", "--json");

    private Task<ProgramRun> RunInShellAsync(string before, bool json = true) => ProgramRun.RunAsync("sh", "-c",
        $"{before}; exec dotnet '{Path.Combine(AppContext.BaseDirectory, "govchain.dll")}' node run --config '{Config}' --stop-with-stdin"
        + (json ? " --json" : ""));

    /// <summary>One line of JSON with reason, exit code, and a sentence with place and remedy.</summary>
    private static void AssertRefused(ProgramRun run, int code, string reason, params string[] said)
    {
        Assert.That(run.ExitCode, Is.EqualTo(code), run.Error + run.Output);
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
        JsonElement error = JsonSerializer.Deserialize<JsonElement>(run.Error).GetProperty("error");
        Assert.That(error.GetProperty("reason").GetString(), Is.EqualTo(reason), run.Error);
        Assert.That(error.GetProperty("exitCode").GetInt32(), Is.EqualTo(code));
        foreach (string part in said)
            Assert.That(error.GetProperty("message").GetString(), Does.Contain(part));
        Assert.That(run.Output + run.Error, Does.Not.Contain("   at "), "no stack trace");
    }

    /// <summary>Mounts, which needs root on Linux; elsewhere the test says so and ends.</summary>
    private async Task MountAsync(params string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            Assert.Ignore("This test mounts file systems: run it as root on Linux.");
        ProgramRun mount = await ProgramRun.RunAsync("mount", arguments);
        if (mount.ExitCode != 0)
            Assert.Ignore($"This machine does not let root mount, so this test cannot be run here: {mount.Error}");
        if (!_mounts.Contains(arguments[^1]))
            _mounts.Add(arguments[^1]);
    }

    private async Task UnmountAsync(string path)
    {
        ProgramRun run = await ProgramRun.RunAsync("umount", path);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        _mounts.Remove(path);
    }

    private static async Task UntilAsync(Func<bool> condition, string what, CancellationToken cancellation)
    {
        try
        {
            while (!condition())
                await Task.Delay(50, cancellation);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"It never came that {what}.");
        }
    }

    private static void WritePrivate(string path, string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
