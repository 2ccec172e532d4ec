using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Storage;
using GovChain.Storage.Reads;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: a clerk of another department reads what is not public with the right and not without, at the node that the token is for, and the
/// node's log shows who was read to and who was refused. By the program, at a running network.
/// </summary>
[TestFixture]
internal sealed class ReadingTest
{
    private const string Type = "case-file", Record = "CASE-1";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private TestNetwork _network = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        _network = await TestNetwork.StartAsync(late.Token);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task ClerkOfAnotherDepartment_ReadsWithTheRightAlone_AndTheLogSaysSo(CancellationToken cancellation)
    {
        string owner = _network.Network.Departments[0].Id, other = _network.Network.Departments[1].Id;
        string administrator = Profile(owner, DevnetBuilder.Administrator), clerk = Profile(owner, DevnetBuilder.Clerk);
        string[] get = ["record", "get", Type, Record];
        string[] define = ["type", "define", Type, "--title", "en=Case", "--profile", administrator];
        await ProgramRun.OkAsync(define);
        await ProgramRun.OkAsync("record", "register", Type, Record, "--content", """{"secret":"yes"}""", "--profile", clerk);
        await ProgramRun.OkAsync("record", "amend", Type, Record, "--content", """{"secret":"still"}""", "--reason", "r", "--profile", clerk);
        Assert.That((await ProgramRun.OkAsync([.. get, "--profile", clerk])).Output, Does.Contain("still"));
        Assert.That((await ProgramRun.OkAsync("record", "history", Type, Record, "--profile", clerk)).Output, Does.Contain("yes"));
        Assert.That((await ProgramRun.OkAsync("record", "list", Type, "--profile", clerk)).Output, Does.Contain(Record));
        Assert.That((await ProgramRun.OkAsync("approval", "list", Type, "--profile", clerk)).Output, Does.Contain("nothing waits"));
        Refused(await ProgramRun.GovchainAsync([.. get, "--profile", administrator]), "PERMISSION_DENIED"); // that role alone reads nothing

        string stranger = Profile(other, DevnetBuilder.Clerk);
        await HasTypeAsync(1, 1, cancellation);
        Refused(await ProgramRun.GovchainAsync([.. get, "--profile", stranger]), "PERMISSION_DENIED");
        Refused(await ProgramRun.GovchainAsync([.. get, "--node", Node(1), "--ca", _network.Layout.AuthorityCertificate]), "TOKEN_REQUIRED");
        Refused(await ProgramRun.GovchainAsync([.. get, "--node-of", owner, "--profile", stranger]), "TOKEN_WRONG_NODE");

        await ProgramRun.OkAsync([.. define, "--reader", other]);
        await HasTypeAsync(1, 2, cancellation);
        Assert.That((await ProgramRun.OkAsync([.. get, "--profile", stranger])).Output, Does.Contain("still"));
        Refused(await ProgramRun.GovchainAsync([.. get, "--node", Node(0), "--profile", stranger]), "TOKEN_REQUIRED"); // and has none of the profile's node
        Assert.That((await ProgramRun.OkAsync([.. get, "--node", Node(0), "--node-of", owner, "--profile", stranger])).Output, Does.Contain("still"));
        await ReadByTheLibraryAsync(other, cancellation);

        await ReadByASystemAsync(other, stranger, get, cancellation);

        string data = _network.Layout.At(other, "data");
        JsonElement[] entries = await ReadsAsync(data, "--record", $"{Type}/{Record}");
        Assert.That(entries.Select(static e => (Text(e, "department"), Text(e, "officer"), Text(e, "method"), Text(e, "answer"))), Is.EqualTo(new[]
        {
            (other, DevnetBuilder.Clerk, "GetRecord", "PERMISSION_DENIED"), ("", "", "GetRecord", "TOKEN_REQUIRED"),
            (other, DevnetBuilder.Clerk, "GetRecord", "TOKEN_WRONG_NODE"), (other, DevnetBuilder.Clerk, "GetRecord", "GIVEN"),
            (other, DevnetBuilder.Clerk, "GetRecord", "GIVEN"), (other, DevnetBuilder.Clerk, "GetRecord", "GIVEN"), (other, DevnetBuilder.Clerk, "GetRecord", "GIVEN"),
            ("", "", "GetRecord", "TOKEN_REQUIRED"),
        }));
        Assert.That(entries.Select(static e => Text(e, "certificate").Length), Is.EqualTo(new[] { 0, 0, 0, 0, 0, 64, 64, 0 }));
        JsonElement[] ofOwner = await ReadsAsync(_network.Layout.At(owner, "data"), "--officer", $"{other}/{DevnetBuilder.Clerk}");
        Assert.That(ofOwner.Select(static e => Text(e, "answer")), Is.EqualTo(new[] { "GIVEN" }));

        await VerifiesUntilItIsAlteredAsync(data);
        await WhatItsOwnNodeWroteAnewIsFoundOutAsync(owner, cancellation);
    }

    /// <summary>The node puts the root onto the ledger by itself, once, also where it is killed; then the log is written anew, with hashes that
    /// fit, and removed.</summary>
    private async Task WhatItsOwnNodeWroteAnewIsFoundOutAsync(string owner, CancellationToken cancellation)
    {
        string data = _network.Layout.At(owner, "data");
        string[] verify = ["reads", "--data", data, "--verify", "--department", owner];
        string[] byAnother = [.. verify, "--node", Node(1), "--ca", _network.Layout.AuthorityCertificate];
        string[] roots = ["reads", "roots", "--node", Node(1), "--ca", _network.Layout.AuthorityCertificate, "--department", owner, "--json"];
        while ((await ProgramRun.OkAsync(roots)).Output.Length == 0)
            await Task.Delay(20, cancellation);
        var killer = new NodeKiller(_network);
        await killer.KillAsync([0], TimeSpan.Zero, cancellation);
        await killer.WhenReadyAsync(0);
        JsonElement root = (await ProgramRun.OkAsync(roots)).Json; // one line: one root
        Assert.That((root.GetProperty("number").GetInt32(), root.GetProperty("firstEntry").GetInt32(), root.GetProperty("log").GetInt32()), Is.EqualTo((1, 1, 1)));
        foreach (string[] command in new[] { verify, byAnother })
            Assert.That((await ProgramRun.OkAsync(command)).Output, Does.StartWith("VALID: ").And.Contain("the ledger has 1 root"));
        Assert.That((await ProgramRun.OkAsync("reads", "roots", "--data", data)).Output, Does.Contain($"{owner}\troot 1\t").And.Contain("\tno root"));
        Assert.That((await ProgramRun.GovchainAsync([.. verify[..^1], "nobody"])).ExitCode, Is.EqualTo(2), "no such department");

        await killer.KillAsync([0], TimeSpan.Zero, cancellation, () => WriteAnewAsync(data));
        await killer.WhenReadyAsync(0);
        foreach (string[] command in new[] { verify, byAnother })
        {
            ProgramRun found = await ProgramRun.GovchainAsync(command);
            Assert.That((found.ExitCode, found.Output), Is.EqualTo((8, found.Output)));
            Assert.That(found.Output, Does.StartWith("NOT THE LEDGER'S: entry ").And.Contain("one of entries 1 to "));
        }
        using LedgerClient node = _network.Network.ConnectClient(0);
        while ((await node.GetStatusAsync(cancellation)).Alarms.All(static a => a.Code != "READ_LOG_REPLACED"))
            await Task.Delay(20, cancellation);

        await killer.KillAsync([0], TimeSpan.Zero, cancellation, () =>
        {
            Directory.Delete(Path.Combine(data, "reads"), recursive: true);
            return Task.CompletedTask;
        });
        await killer.WhenReadyAsync(0);
        ProgramRun removed = await ProgramRun.GovchainAsync(byAnother);
        Assert.That(removed.ExitCode, Is.EqualTo(8));
        Assert.That(removed.Output, Does.Contain("reads/ was removed"));
    }

    /// <summary>Without the name in the first entry, and every hash made to fit.</summary>
    private Task WriteAnewAsync(string data)
    {
        using DataDirectory directory = DataDirectory.Open(data, _network.ChainId);
        var entries = new List<ReadEntry>();
        ReadLogFiles.Read(directory, (entry, _) => entries.Add(entry));
        entries[0] = entries[0] with { OfficerId = "nobody" };
        Directory.Delete(Path.Combine(data, "reads"), recursive: true);
        using var log = ReadLog.Open(directory);
        entries.ForEach(log.Append);
        return Task.CompletedTask;
    }

    private async Task ReadByTheLibraryAsync(string department, CancellationToken cancellation)
    {
        using ISigner signer = KeyOptions.Open(
            _network.Layout.At(department, $"{DevnetBuilder.Clerk}.pem"), _network.Layout.At(department, "passphrase"));
        var options = new RecordLedgerOptions
        {
            Nodes = [new Uri(Node(1))],
            NodeDepartments = [department],
            ChainId = _network.ChainId.ToString(),
            AuthorityFile = _network.Layout.AuthorityCertificate,
            Signer = signer,
        };
        using var ledger = new RecordLedger(options);
        ProvenRecord? record = await ledger.FindAsync(new RecordKey(Type, Record), cancellation);
        Assert.That(record?.Version, Is.EqualTo(2));
        using var anonymous = new RecordLedger(options with { NodeDepartments = null });
        LedgerClientException? refused = await Assert.ThrowsAsync<LedgerClientException>(() => anonymous.FindAsync(new RecordKey(Type, "OTHER"), cancellation));
        Assert.That(refused!.Reason, Is.EqualTo("TOKEN_REQUIRED"));
    }

    /// <summary>A system that has a certificate and no officer's key, by the program and by the library.</summary>
    private async Task ReadByASystemAsync(string department, string profile, string[] get, CancellationToken cancellation)
    {
        string file = _network.Layout.At(department, "system.pem");
        await ProgramRun.OkAsync("key", "certificate", file, "--days", "1", "--profile", profile);
        Assert.That((await ProgramRun.GovchainAsync("key", "certificate", file, "--profile", profile)).ExitCode, Is.EqualTo(ExitCode.Keys), "no private key is overwritten");
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        string[] node = ["--node", Node(1), "--ca", _network.Layout.AuthorityCertificate];
        Assert.That((await ProgramRun.OkAsync([.. get, .. node, "--certificate", file])).Output, Does.Contain("still"));
        using X509Certificate2 certificate = ReaderCertificate.Load(file);
        using var ledger = new RecordLedger(new RecordLedgerOptions
        {
            Nodes = [new Uri(Node(1))],
            ChainId = _network.ChainId.ToString(),
            AuthorityFile = _network.Layout.AuthorityCertificate,
            Certificate = certificate,
        });
        Assert.That((await ledger.FindAsync(new RecordKey(Type, Record), cancellation))?.Version, Is.EqualTo(2));
        Refused(await ProgramRun.GovchainAsync([.. get, .. node]), "TOKEN_REQUIRED");
    }

    private static async Task VerifiesUntilItIsAlteredAsync(string data)
    {
        JsonElement whole = (await ProgramRun.OkAsync("reads", "--data", data, "--verify", "--json")).Json;
        Assert.That(whole.GetProperty("ok").GetBoolean(), Is.True);
        string head = Text(whole, "head");
        await ProgramRun.OkAsync("reads", "--data", data, "--verify", "--extends", head);
        Assert.That((await ProgramRun.GovchainAsync("reads", "--data", data, "--verify", "--extends", new string('0', 64))).ExitCode, Is.EqualTo(8));
        Assert.That((await ProgramRun.GovchainAsync("reads", "--data", data, "--verify", "--record", "land/L-1")).ExitCode, Is.EqualTo(2), "it lists nothing");

        string file = Directory.EnumerateFiles(Path.Combine(data, "reads"), "0*").Single();
        string[] lines = await File.ReadAllLinesAsync(file);
        await File.WriteAllTextAsync(file, string.Concat(lines.Where((_, i) => i != 1).Select(static l => l + "\n")));
        ProgramRun removed = await ProgramRun.GovchainAsync("reads", "--data", data, "--verify");
        Assert.That((removed.ExitCode, removed.Output), Is.EqualTo((8, removed.Output)));
        Assert.That(removed.Output, Does.StartWith("DAMAGED after entry 1: reads/00000000000000000001, byte "));
    }

    /// <summary>Waits until a node has a version of the type: it was defined at another one.</summary>
    private async Task HasTypeAsync(int department, ulong version, CancellationToken cancellation)
    {
        using LedgerClient client = _network.Network.ConnectClient(department);
        while (((await client.FindTypeAsync(Type, cancellation))?.Version ?? 0) < version)
            await Task.Delay(20, cancellation);
    }

    private static async Task<JsonElement[]> ReadsAsync(string data, params string[] filter) =>
    [
        .. (await ProgramRun.OkAsync(["reads", "--data", data, "--json", .. filter])).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonSerializer.Deserialize<JsonElement>(l)),
    ];

    private static void Refused(ProgramRun run, string reason)
    {
        Assert.That(run.ExitCode, Is.EqualTo(7), run.Output + run.Error);
        Assert.That(run.Error, Does.Contain(reason));
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private string Node(int department) => $"https://localhost:{_network.Network.Departments[department].ClientPort}";

    private string Profile(string department, string officer) => _network.Layout.At(department, $"{officer}.json");
}
