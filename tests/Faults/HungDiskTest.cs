using System.Diagnostics;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// Goal: a stop ends within <c>stopTimeoutMs</c> even where the disk answers no more, and nothing acknowledged is lost. Method:
/// a real process whose sync of a file never returns (faultfs.c), a client that holds on to its submission, SIGTERM.
/// </summary>
[TestFixture]
[Category(TestGroup.StorageFaults)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HungDiskTest
{
    private const string Type = "licence";
    private const int StopTimeoutMs = 1_500;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-faults-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_directory, recursive: true);

    /// <param name="end">The end of the hanging file's name: the vote journal, or the ledger's write-ahead log.</param>
    [TestCase("/votes")]
    [TestCase(".log")]
    [CancelAfter(240_000)]
    public async Task Stop_SyncThatNeverReturns_AndAClientThatHoldsOn_EndsByForce_AndNothingAcknowledgedIsLost(
        string end, CancellationToken cancellation)
    {
        var layer = new FaultLayer(_directory);
        layer.Build();
        var layout = new DevnetLayout(Path.Combine(_directory, "network"));
        DevnetDepartment self = new DevnetBuilder(layout).Prepare(1)[0];
        string configuration = layout.At(self.Id, "node.json");
        JsonObject settings = JsonNode.Parse(await File.ReadAllTextAsync(configuration, cancellation))!.AsObject();
        settings["stopTimeoutMs"] = StopTimeoutMs;
        await File.WriteAllTextAsync(configuration, settings.ToJsonString(), cancellation);
        int acknowledged;
        using (Process process = Start(layer, layout.At(self.Id), configuration, $"sync@{end}:12:hang"))
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
            using LedgerClient client = Connect(layout, self);
            await ReadyAsync(client, process, cancellation);
            await DevnetImport.DefineTypeAsync(layout, self, client, Type, Type, "", cancellation);
            await DevnetImport.EnrolClerkAsync(layout, self, client, cancellation);
            (acknowledged, Task<TransactionOutcome> holding) = await RegisterUntilItHangsAsync(layout, self, client, process, cancellation);
            using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await kill.WaitForExitAsync(cancellation);
            await process.WaitForExitAsync(cancellation).WaitAsync(Patience, cancellation);

            string log = await output + await error;
            Assert.That(process.ExitCode, Is.EqualTo(ExitCode.Internal), log);
            Assert.That(log, Does.Contain($"The stop took longer than {StopTimeoutMs} ms (stopTimeoutMs)"));
            LedgerClientException told = (await Assert.ThrowsAsync<LedgerClientException>(() => holding))!;
            Assert.That(told.IsTransient, $"who held on is told to come back: {told.Reason} {told.Message}");
        }
        using NodeProcess again = NodeProcess.Start(configuration, layout.At(self.Id, "node.log"));
        using (LedgerClient client = Connect(layout, self))
        {
            await again.WaitUntilReadyAsync(client, Patience, cancellation);
            for (int i = 0; i < acknowledged; i++)
                Assert.That(await client.FindRecordAsync(Type, $"L-{i}", cancellation: cancellation), Is.Not.Null, $"L-{i} of {acknowledged} is lost");
        }
        await again.StopAsync(TimeSpan.FromSeconds(30));
    }

    private Process Start(FaultLayer layer, string root, string configuration, string fault)
    {
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "govchain.dll"), "node", "run", "--config", configuration])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LD_PRELOAD"] = layer.Library;
        start.Environment["GOVCHAIN_FAULT_ROOT"] = root;
        start.Environment["GOVCHAIN_FAULT"] = fault;
        start.Environment["GOVCHAIN_FAULT_HUNG"] = Hung;
        return Process.Start(start)!;
    }

    private static LedgerClient Connect(DevnetLayout layout, DevnetDepartment self) =>
        LedgerClient.Connect(new Uri($"https://localhost:{self.ClientPort}"), layout.AuthorityCertificate);

    private static async Task ReadyAsync(LedgerClient client, Process process, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await client.GetStatusAsync(cancellation);
                return;
            }
            catch (LedgerClientException e) when (e.IsTransient && !process.HasExited)
            {
                await Task.Delay(100, cancellation);
            }
        }
    }

    private string Hung => Path.Combine(_directory, "hung");

    /// <summary>
    /// Registers records one by one until the disk hangs, and then another, which finds no answer and goes on waiting.
    /// </summary>
    private async Task<(int Acknowledged, Task<TransactionOutcome> Holding)> RegisterUntilItHangsAsync(
        DevnetLayout layout, DevnetDepartment self, LedgerClient client, Process process, CancellationToken cancellation)
    {
        using ISigner clerk = KeyOptions.Open(layout.At(self.Id, $"{DevnetBuilder.Clerk}.pem"), layout.At(self.Id, "passphrase"));
        Assert.That(Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Digest chain));
        var factory = new TransactionFactory(chain, clerk);
        Task hung = UntilHungAsync(process, cancellation);
        for (int i = 0; ; i++)
        {
            Task<TransactionOutcome> submitted = SubmitAsync(i);
            if (await Task.WhenAny(submitted, hung) == hung)
            {
                await hung;
                return (i, SubmitAsync(i + 1));
            }
            Assert.That((await submitted).Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        }

        Task<TransactionOutcome> SubmitAsync(int i)
        {
            var change = new RecordChange
            {
                Record = new RecordName { Type = Type, Id = $"L-{i}" },
                Payload = new Payload
                {
                    Inline = new InlinePayload { MediaType = "application/json", Content = Google.Protobuf.ByteString.CopyFromUtf8("{}") },
                },
            };
            return client.SubmitAsync(
                factory.Create(b => b.Register = change, (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds()),
                timeout: TimeSpan.FromMinutes(1), cancellation: cancellation);
        }
    }

    private async Task UntilHungAsync(Process process, CancellationToken cancellation)
    {
        while (!File.Exists(Hung))
        {
            Assert.That(process.HasExited, Is.False, "the node ended before its disk hung");
            await Task.Delay(20, cancellation);
        }
    }
}
