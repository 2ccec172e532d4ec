using System.Globalization;
using System.Text.Json;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Execution;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Four departments whose ledger began with protocol version 1 go on to 2 while records are submitted, and then to one that no release
/// executes, before which every node stops and starts no more. Real processes, real commands; what was acknowledged is there.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ProtocolVersionTest
{
    private const string Type = "licence";
    private const uint Beyond = ProtocolVersions.Newest + 1;

    // The commands of a decision take a process each; what decides is not how long, but that the moment is after the vote.
    private static readonly TimeSpan ToDecide = TimeSpan.FromSeconds(60);

    private TestNetwork _network = null!;
    private int _records;

    [TearDown]
    public async Task StopAsync() => await _network.DisposeAsync();

    [Test]
    [CancelAfter(600_000)]
    [Category(TestGroup.Joining)]
    public async Task Departments_GoOnToTheNextVersionUnderSubmissions_AndNoNodeGoesBeyondItsRelease(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation, BeginWithTheFirstVersion);
        await _network.DefineTypeAsync(0, Type, cancellation);
        Assert.That((await ProgramRun.OkAsync("node", "status", "--profile", _network.Administrator(3))).Output, Does.Contain("version 1; this release executes versions up to 2"));

        ProgramRun skipped = await ProgramRun.GovchainAsync(
            "proposal", "create", "schedule-version", $"{Beyond}", "--from", Moment(), "--profile", _network.Administrator(0), "--json");
        Assert.That((skipped.ExitCode, skipped.Reason), Is.EqualTo((ExitCode.Refused, "NOT_NEXT_VERSION")), skipped.Error);
        string next = await ProposeAsync(ProtocolVersions.Newest);
        await VoteAsync(next);
        List<string> acknowledged = await SubmitUntilAsync(static s => s is { ProtocolVersion: ProtocolVersions.Newest }, cancellation);
        acknowledged.AddRange(await SubmitAsync(4, cancellation));
        await _network.AuditAllAsync(cancellation);
        await AllAreThereAsync(acknowledged, cancellation);

        string beyond = await ProposeAsync(Beyond);
        ProgramRun careful = await ProgramRun.GovchainAsync("proposal", "vote", beyond, "for", "--profile", _network.Administrator(0));
        Assert.That(careful.ExitCode, Is.EqualTo(ExitCode.Refused), careful.Output + careful.Error);
        Assert.That(careful.Error, Does.Contain("--yes"));
        await VoteAsync(beyond, "--yes");
        await _network.UntilAsync(3, static s => s.Alarms.Any(static a => a.Code == "RELEASE_TOO_OLD"), cancellation);
        Task<int[]> stopped = Task.WhenAll(_network.Network.Processes.Select(static p => p.Exited));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<List<string>> last = SubmitUntilAsync(static _ => false, enough.Token);
        Assert.That(await stopped.WaitAsync(cancellation), Is.All.EqualTo(ExitCode.Configuration));
        await enough.CancelAsync();
        Assert.That(await last, Is.Not.Empty, "submissions went on to the last block of the version that is executed");
        for (int i = 0; i < _network.Count; i++)
        {
            ProgramRun start = await ProgramRun.GovchainAsync("node", "run", "--config", _network.FileOf(i, "node.json"));
            Assert.That(start.ExitCode, Is.EqualTo(ExitCode.Configuration), start.Output + start.Error);
            Assert.That(start.Error, Does.Contain("of protocol version 3, and this release executes versions up to 2"));
        }
    }

    /// <summary>The founders' genesis as an older release would have made it, signed anew by all of them.</summary>
    private static Task BeginWithTheFirstVersion(DevnetLayout layout)
    {
        GenesisBody body = GenesisCommand.Read(layout.GenesisFile).Genesis.Body.Clone();
        body.ProtocolVersion = ProtocolVersions.First;
        var file = new GenesisFile(GenesisCommand.Build(body), []);
        foreach (string department in body.Departments.Select(static d => d.Id))
        {
            using ISigner validator = KeyOptions.Open(layout.At(department, "validator.pem"), layout.At(department, "passphrase"));
            file = GenesisCommand.AddSignature(file, validator);
        }
        File.WriteAllBytes(layout.GenesisFile, file.ToBytes());
        return Task.CompletedTask;
    }

    private static string Moment() => (DateTime.UtcNow + ToDecide).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private async Task<string> ProposeAsync(uint version) =>
        (await ProgramRun.OkAsync("proposal", "create", "schedule-version", $"{version}", "--from", Moment(), "--profile", _network.Administrator(0), "--json"))
        .Json.GetProperty("transactionId").GetString()!;

    private async Task VoteAsync(string proposal, params string[] more)
    {
        foreach (int voter in new[] { 0, 1, 2 })
            await ProgramRun.OkAsync(["proposal", "vote", proposal, "for", "--profile", _network.Administrator(voter), .. more]);
    }

    /// <summary>One record after the other, until the first node says what is waited for; the ids of those that were acknowledged.</summary>
    private async Task<List<string>> SubmitUntilAsync(Func<GetStatusResponse, bool> isOver, CancellationToken cancellation)
    {
        var acknowledged = new List<string>();
        using LedgerClient client = _network.Network.ConnectClient(0);
        try
        {
            while (!isOver(await client.GetStatusAsync(cancellation)))
                acknowledged.AddRange(await SubmitAsync(1, cancellation));
        }
        catch (Exception e) when (e is OperationCanceledException or LedgerClientException { IsTransient: true })
        {
            // its node has stopped
        }
        return acknowledged;
    }

    private async Task<List<string>> SubmitAsync(int count, CancellationToken cancellation)
    {
        var acknowledged = new List<string>();
        using LedgerClient client = _network.Network.ConnectClient(0);
        for (int i = 0; i < count; i++)
        {
            string id = $"L-{++_records}";
            TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, _network.SignRegistration(0, Type, id, "{}"u8.ToArray()), cancellation);
            if (outcome.Status == TransactionStatus.CommittedDurably)
                acknowledged.Add(id);
        }
        return acknowledged;
    }

    private async Task AllAreThereAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        Assert.That(ids, Is.Not.Empty);
        for (int i = 0; i < _network.Count; i++)
        {
            using LedgerClient client = _network.Network.ConnectClient(i);
            foreach (string id in ids)
                Assert.That(await client.FindRecordAsync(Type, id, cancellation: cancellation), Is.Not.Null, $"{id} at {_network.Id(i)}");
        }
    }
}
