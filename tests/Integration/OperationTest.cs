using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GovChain.Client;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's operator at work while records come in: a backup of a running node, a node stopped in order, a disk that
/// is lost and restored, and what monitoring sees of it. One network for all of it.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OperationTest
{
    /// <summary>An import sends a key's next event when the one before has ended: few keys make it last.</summary>
    private const int Keys = 6, EventsOfAKey = 80, Events = Keys * EventsOfAKey;

    /// <summary>The department that sends its traces over gRPC.</summary>
    private const int OverGrpc = 2;

    private readonly string _files = Directory.CreateTempSubdirectory("govchain-test-").FullName;
    private OtlpReceiver _collector = null!;
    private TestNetwork? _network;

    private TestNetwork Network => _network!;

    [SetUp]
    public async Task StartAsync() => _collector = await OtlpReceiver.StartAsync();

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
        await _collector.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    [Test]
    [CancelAfter(240_000)]
    [Category(TestGroup.Operating)]
    public async Task Import_BackupStopAndRestoreWhileItRuns_NothingIsLostAndMonitoringSeesIt(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation, layout =>
        {
            Watched(layout);
            return Task.CompletedTask;
        });
        (DevnetImport first, Task importingFirst) = await StartImportAsync("business-licence", cancellation);
        (string backup, ulong logSize) = await BackUpAsync(1);
        await importingFirst;
        Assert.That(first.Committed.Select(c => c.Position >= logSize).Distinct().Count(), Is.EqualTo(2),
            "the backup holds the events before it, and the import went on meanwhile");

        // The node that an import goes through: what it had said stands, and the import goes on by itself.
        (DevnetImport second, Task importingSecond) = await StartImportAsync("tax-registration", cancellation);
        Assert.That(await TerminateAsync(0, cancellation), Is.Zero, "a stop in order ends with 0");
        Assert.That(importingSecond.IsCompleted, Is.False, "the import was running when its node stopped");
        AssertLogs(0);
        Network.Network.Launch(0);
        await Network.Network.WaitUntilReadyAsync(0, cancellation);
        await importingSecond;
        await AssertMetricsAsync(0, cancellation);

        await LoseAndRestoreAsync(1, backup, cancellation);
        await Network.AuditAllAsync(cancellation);
        foreach (DevnetImport import in new[] { first, second })
        {
            Assert.That(import.Summary!.Refused, Is.Empty);
            Assert.That(import.Summary.Committed, Is.EqualTo(Events));
            await ImportAssert.AcknowledgedStandEverywhereAsync(Network, import, cancellation);
        }
        AssertTraces(overGrpc: false);
        await Network.DefineTypeAsync(OverGrpc, "traced-over-grpc", cancellation);
        Assert.That(await TerminateAsync(OverGrpc, cancellation), Is.Zero);
        AssertTraces(overGrpc: true);
    }

    /// <summary>Starts an import through department 0 and waits until a tenth of it has ended.</summary>
    private async Task<(DevnetImport Import, Task Running)> StartImportAsync(string type, CancellationToken cancellation)
    {
        DevnetImport import = Network.Import(0, WriteEvents(type), type);
        var watch = new ImportWatch();
        Task running = Network.RunAsync(import, watch.Report, cancellation);
        await watch.UntilAsync(Events / 10, running, cancellation);
        return (import, running);
    }

    private string WriteEvents(string type)
    {
        string file = Path.Combine(_files, $"{type}.ndjson");
        File.WriteAllLines(file, Enumerable.Range(0, Events).Select(i =>
            $$"""{"op":"{{(i < Keys ? "REGISTER" : "AMEND")}}","key":"K-{{i % Keys}}","record":{"state":{{i}} } }"""));
        return file;
    }

    /// <summary>Department 0 logs everything as JSON, traces everything, and thinks its disk is small; department 2 traces
    /// everything over gRPC.</summary>
    private void Watched(DevnetLayout layout)
    {
        Change(layout, 0, node =>
        {
            node["logFormat"] = "Json";
            node["logLevel"] = "Trace";
            node["alarms"] = new JsonObject { ["diskFreeBytesMin"] = 64L << 40 };
            node["telemetry"] = new JsonObject { ["otlpEndpoint"] = _collector.HttpEndpoint, ["traceSamplingRatio"] = 1 };
        });
        Change(layout, OverGrpc, node => node["telemetry"] = new JsonObject
        {
            ["otlpEndpoint"] = _collector.GrpcEndpoint,
            ["otlpProtocol"] = "Grpc",
            ["traceSamplingRatio"] = 1,
        });
    }

    private static void Change(DevnetLayout layout, int department, Action<JsonObject> change)
    {
        string path = layout.At(layout.Read()![department].Id, "node.json");
        JsonObject node = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(node);
        File.WriteAllText(path, node.ToJsonString());
    }

    private string ConfigurationOf(int department) => Network.Layout.At(Network.Network.Departments[department].Id, "node.json");

    private async Task<(string Directory, ulong LogSize)> BackUpAsync(int department)
    {
        string backup = Path.Combine(_files, "backup");
        ProgramRun run = await ProgramRun.GovchainAsync(
            "node", "backup", "--config", ConfigurationOf(department), "-o", backup, "--verify", "--json");
        Assert.That(run.ExitCode, Is.Zero, run.Error + run.Output);
        Assert.That(run.Json.GetProperty("audit").GetProperty("ok").GetBoolean(), "the backup is whole, from genesis on");
        Assert.That(run.Json.GetProperty("height").GetUInt64(), Is.GreaterThan(0));
        Assert.That(Directory.EnumerateFileSystemEntries(backup).Select(Path.GetFileName), Does.Not.Contain("votes"));
        Assert.That(Directory.Exists(backup + ".partial"), Is.False);
        return (backup, run.Json.GetProperty("logSize").GetUInt64());
    }

    /// <summary>The whole data directory is gone. A damaged backup is refused; the good one brings the node back, and it
    /// follows without voting.</summary>
    private async Task LoseAndRestoreAsync(int department, string backup, CancellationToken cancellation)
    {
        string data = Network.Layout.At(Network.Network.Departments[department].Id, "data");
        ProgramRun running = await RestoreAsync(backup, department);
        Assert.That(running.ExitCode, Is.EqualTo(5), "a running node's directory is locked: " + running.Error);
        Assert.That(await TerminateAsync(department, cancellation), Is.Zero);
        Directory.Delete(data, recursive: true);

        string file = Directory.EnumerateFiles(Path.Combine(backup, "ledger"), "*.sst").First();
        byte[] good = File.ReadAllBytes(file);
        File.WriteAllBytes(file, [.. good[..^1], (byte)(good[^1] ^ 1)]);
        ProgramRun damaged = await RestoreAsync(backup, department);
        Assert.That(damaged.ExitCode, Is.EqualTo(8), damaged.Error);
        Assert.That(damaged.ErrorLines, Has.Length.EqualTo(1));
        File.WriteAllBytes(file, good);

        ProgramRun restored = await RestoreAsync(backup, department);
        Assert.That(restored.ExitCode, Is.Zero, restored.Error);
        Assert.That((await RestoreAsync(backup, department)).ExitCode, Is.EqualTo(2), "a ledger is not replaced unasked");
        Assert.That((await RestoreAsync(backup, department, "--replace")).ExitCode, Is.Zero);
        Assert.That(Directory.EnumerateDirectories(data, "ledger.replaced-*").Count(), Is.EqualTo(1), "it is kept aside");
        Network.Network.Launch(department);
        GetStatusResponse status = await Network.Network.WaitUntilReadyAsync(department, cancellation);
        Assert.That(status.Voting, Is.False, "it cannot know what it signed after the backup");
        Assert.That(status.AbstainingBecause, Does.Contain("restored"));
        using LedgerClient client = Network.Network.ConnectClient(department);
        while (!status.Alarms.Any(a => a.Code == "ABSTAINING"))
        {
            await Task.Delay(50, cancellation);
            status = await client.GetStatusAsync(cancellation);
        }
    }

    private Task<ProgramRun> RestoreAsync(string backup, int department, params string[] more) =>
        ProgramRun.GovchainAsync(["node", "restore", "--from", backup, "--config", ConfigurationOf(department), .. more]);

    private async Task<int> TerminateAsync(int department, CancellationToken cancellation)
    {
        NodeProcess process = Network.Network.Processes[department];
        await ProgramRun.RunAsync("kill", "-TERM", $"{process.Id}");
        return await process.Exited.WaitAsync(cancellation);
    }

    /// <summary>What the dashboard and the rules ask for is what a node exports, and the alarm that holds is among it.</summary>
    private async Task AssertMetricsAsync(int department, CancellationToken cancellation)
    {
        using var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        string address = $"https://localhost:{Network.Network.Departments[department].AdministrationPort}/metrics";
        string metrics = await http.GetStringAsync(address, cancellation);
        while (!Regex.IsMatch(metrics, @"govchain_alarms_active\{[^}]*code=""DISK_LOW""[^}]*\} 1$", RegexOptions.Multiline))
        {
            await Task.Delay(200, cancellation);
            metrics = await http.GetStringAsync(address, cancellation);
        }
        var exported = Regex.Matches(metrics, @"^# TYPE (\S+) (\S+)$", RegexOptions.Multiline)
            .SelectMany(m => m.Groups[2].Value == "histogram"
                ? new[] { "_bucket", "_sum", "_count" }.Select(s => m.Groups[1].Value + s) : [m.Groups[1].Value])
            .ToHashSet();
        Assert.That(metrics, Does.Match($@"target_info\{{[^}}]*service_name=""govchain""[^}}]*\}} 1"));
        foreach (string label in new[] { "govchain_chain_id", "govchain_department", "govchain_network", "service_version" })
            Assert.That(metrics, Does.Match($@"target_info\{{[^}}]*{label}=""[^""]+"""), label);

        string repository = RepositoryPath();
        string[] asked = [.. AskedFor(JsonNode.Parse(File.ReadAllText(Path.Combine(repository, "ops/grafana/govchain.json")))!)];
        Assert.That(asked, Has.Length.GreaterThan(30), "the dashboard asks for much");
        Assert.That(asked.Where(name => !exported.Contains(name)), Is.Empty, "what the dashboard asks for and no node exports");
        foreach (Match rule in Regex.Matches(File.ReadAllText(Path.Combine(repository, "ops/prometheus/alerts.yml")), @"govchain_alarms_active\{code=""(\w+)""\}"))
            Assert.That(metrics, Does.Match($@"govchain_alarms_active\{{[^}}]*code=""{rule.Groups[1].Value}"""), rule.Value);
    }

    private static IEnumerable<string> AskedFor(JsonNode dashboard) => dashboard["panels"]!.AsArray()
        .SelectMany(panel => panel!["targets"]?.AsArray() ?? [])
        .SelectMany(target => Regex.Matches(target!["expr"]!.GetValue<string>(), @"\b(govchain|dotnet|kestrel)_[a-z0-9_]+\b").Select(m => m.Value));

    private static string RepositoryPath()
    {
        DirectoryInfo directory = new(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "GovChain.sln")))
            directory = directory.Parent!;
        return directory.FullName;
    }

    /// <summary>One JSON object a line, with its event id; no secret, even at the most talkative level.</summary>
    private void AssertLogs(int department)
    {
        string home = Network.Layout.At(Network.Network.Departments[department].Id);
        string[] lines = File.ReadAllLines(Path.Combine(home, "node.log"));
        int[] events = [.. lines.Select(l => JsonNode.Parse(l)!["EventId"]!.GetValue<int>())];
        Assert.That(events, Does.Contain(5010).And.Contain(5014).And.Contain(5018).And.Contain(5030).And.Contain(5031));
        string log = string.Join('\n', lines);
        Assert.That(log, Does.Not.Contain(File.ReadAllText(Path.Combine(home, "passphrase")).Trim()));
        Assert.That(log, Does.Not.Contain("PRIVATE KEY"));
    }

    /// <summary>Of one submission every phase, all children of one span.</summary>
    private void AssertTraces(bool overGrpc)
    {
        ReceivedSpan[] spans = [.. _collector.Spans.Where(s => s.OverGrpc == overGrpc)];
        Assert.That(spans.Select(s => s.Service).Distinct(), Is.EqualTo(new[] { "govchain" }));
        string[] phases = ["govchain.admission", "govchain.pool", "govchain.consensus.prepare", "govchain.consensus.commit", "govchain.ledger.append", "govchain.receipt"];
        ReceivedSpan? whole = spans.Where(s => s.Name == "govchain.submit").FirstOrDefault(submit =>
        {
            string[] children = [.. spans.Where(s => s.TraceId == submit.TraceId && s.ParentId == submit.SpanId).Select(s => s.Name)];
            return phases.All(children.Contains) && (children.Contains("govchain.block.build") || children.Contains("govchain.block.check"));
        });
        Assert.That(whole, Is.Not.Null, $"a whole trace among {spans.Length} spans: {string.Join(", ", spans.Select(s => s.Name).Distinct())}");
    }
}
