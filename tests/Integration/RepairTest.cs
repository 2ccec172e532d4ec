using System.Text.Json;
using GovChain.Client;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's disk spoils its directory. The audit names the file, the node refuses it, the repair keeps what is sound
/// and fetches the rest, and the node follows with the others' roots and does not vote.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RepairTest
{
    private const int Spoilt = 3;

    private TestNetwork? _network;

    private TestNetwork Network => _network!;

    private string Configuration => Network.Layout.At(Network.Network.Departments[Spoilt].Id, "node.json");

    private string Data => Network.Layout.At(Network.Network.Departments[Spoilt].Id, "data");

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
    }

    [Test]
    [CancelAfter(420_000)]
    [Category(TestGroup.Operating)]
    public async Task Repair_TableCutOff_NamedRefusedRepaired_ThenTheWholeDirectoryLost(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation);
        await Network.DefineTypeAsync(0, "licence", cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);
        await Network.KillAndRestartAsync(Spoilt, cancellation); // what was in its log goes to tables
        await RegisterAsync(1, cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);
        await Network.Network.Processes[Spoilt].StopAsync(TimeSpan.FromSeconds(30));
        await RepairTheTipAsync(cancellation);
        await RegisterAsync(2, cancellation);

        string table = Directory.EnumerateFiles(Path.Combine(Data, "ledger"), "*.sst").Order().First();
        using (FileStream file = new(table, FileMode.Open, FileAccess.Write))
            file.SetLength(file.Length - 1);
        ProgramRun audit = await ProgramRun.GovchainAsync("audit", "--data", Data, "--json");
        Assert.That(audit.ExitCode, Is.EqualTo(1), audit.Error);
        Assert.That(audit.Json.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("file").GetString()),
            Does.Contain($"ledger/{Path.GetFileName(table)}"));

        ProgramRun refused = await ProgramRun.GovchainAsync("node", "run", "--config", Configuration);
        Assert.That(refused.ExitCode, Is.EqualTo(5), refused.Output);
        Assert.That(refused.Error, Does.Contain(Path.GetFileName(table)).And.Contain("govchain node repair"));

        ProgramRun dry = await ProgramRun.GovchainAsync("node", "repair", "--config", Configuration);
        Assert.That(dry.ExitCode, Is.EqualTo(1), dry.Error);
        Assert.That(dry.Output, Does.Contain("Nothing was changed"));
        Assert.That(Directory.EnumerateDirectories(Data, "damaged-*").Count(), Is.EqualTo(1), "the tip's only");

        JsonElement repaired = await RepairAsync();
        Assert.That(File.Exists(Path.Combine(repaired.GetProperty("folder").GetString()!, "ledger", Path.GetFileName(table))),
            "what was damaged is kept");
        await AssertFollowsAsync(cancellation);

        await Network.Network.Processes[Spoilt].StopAsync(TimeSpan.FromSeconds(30));
        Directory.Delete(Data, recursive: true);
        Assert.That((await RepairAsync()).GetProperty("salvagedBlocks").GetInt32(), Is.Zero);
        await AssertFollowsAsync(cancellation);
    }

    /// <summary>Only the tip's file is spoilt: the ledger stays where it is, and the node votes as before.</summary>
    private async Task RepairTheTipAsync(CancellationToken cancellation)
    {
        string tip = Path.Combine(Data, "tip");
        await File.WriteAllBytesAsync(tip, new byte[new FileInfo(tip).Length], cancellation);
        ProgramRun refused = await ProgramRun.GovchainAsync("node", "run", "--config", Configuration);
        Assert.That(refused.ExitCode, Is.EqualTo(5), refused.Output);
        Assert.That(refused.Error, Does.Contain(tip).And.Contain("govchain node repair"));

        ProgramRun run = await ProgramRun.GovchainAsync("node", "repair", "--config", Configuration, "--yes", "--json");
        Assert.That(run.ExitCode, Is.Zero, run.Error + run.Output);
        Assert.That((run.Json.GetProperty("rebuildsLedger").GetBoolean(), run.Json.GetProperty("votesAfterwards").GetBoolean(),
            run.Json.GetProperty("complete").GetBoolean()), Is.EqualTo((false, true, true)));
        Assert.That(run.Json.GetProperty("writesTip").GetUInt64(), Is.GreaterThan(0));
        Network.Network.Launch(Spoilt);
        await Network.Network.WaitUntilReadyAsync(Spoilt, cancellation);
        using (LedgerClient client = Network.Network.ConnectClient(Spoilt))
        {
            GetStatusResponse status = await client.GetStatusAsync(cancellation);
            while (!status.Voting) // once the others have said that it forgot nothing
            {
                await Task.Delay(50, cancellation);
                status = await client.GetStatusAsync(cancellation);
            }
        }
        await Network.Network.Processes[Spoilt].StopAsync(TimeSpan.FromSeconds(30));
    }

    private async Task<JsonElement> RepairAsync()
    {
        ProgramRun run = await ProgramRun.GovchainAsync("node", "repair", "--config", Configuration, "--yes", "--json");
        Assert.That(run.ExitCode, Is.Zero, run.Error + run.Output);
        TestContext.Out.WriteLine(run.Output[..Math.Min(600, run.Output.Length)]);
        Assert.That(run.Json.GetProperty("complete").GetBoolean());
        Assert.That(run.Json.GetProperty("votesAfterwards").GetBoolean(), Is.False);
        return run.Json;
    }

    private async Task AssertFollowsAsync(CancellationToken cancellation)
    {
        for (int start = 0; start < 2; start++)
        {
            Network.Network.Launch(Spoilt);
            await Network.Network.WaitUntilReadyAsync(Spoilt, cancellation);
            using LedgerClient client = Network.Network.ConnectClient(Spoilt);
            GetStatusResponse status;
            int blocks = 0;
            do
            {
                await RegisterAsync(10 + start + (int)(DateTime.UtcNow.Ticks % 1_000_000), cancellation);
                await Network.Network.WaitUntilLevelAsync(cancellation);
                status = await client.GetStatusAsync(cancellation);
                Assert.That(status.Voting || status.AbstainingBecause.Contains("restored or repaired", StringComparison.Ordinal),
                    status.AbstainingBecause);
                Assert.That(status.Voting && blocks == 0 && start == 0, Is.False, "it does not vote at once");
            }
            while (start == 1 && !status.Voting && ++blocks < 10);
            Assert.That(status.Voting, Is.EqualTo(start == 1), "it votes again some blocks later, restarted or not");
            if (start == 0)
            {
                await Network.AuditAllAsync(cancellation);
                await Network.Network.Processes[Spoilt].StopAsync(TimeSpan.FromSeconds(30));
            }
        }
        ProgramRun whole = await ProgramRun.GovchainAsync("audit", "--data", Data);
        Assert.That(whole.ExitCode, Is.Zero, whole.Output + whole.Error);
        Assert.That(whole.Output, Does.Contain("WHOLE"));
    }

    private async Task RegisterAsync(int number, CancellationToken cancellation)
    {
        using LedgerClient client = Network.Network.ConnectClient(0);
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(
            client, Network.SignRegistration(0, "licence", $"L-{number}", "{}"u8.ToArray()), cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), outcome.ToString());
    }
}
