using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Auditing;
using GovChain.Node.Benching;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: a wiped department's process comes back by snapshot, however often it is killed on the way. Method: three processes
/// hold a history of ten minutes under an expiry horizon of one; the fourth starts empty, is killed with SIGKILL after a
/// while, again and again, and in the end its directory is audited from genesis.
/// </summary>
[TestFixture]
internal sealed class SnapshotJoinTest
{
    private const int Departments = 4, Wiped = Departments - 1, Kills = 3;

    [Test]
    public async Task WipedNode_KilledAgainAndAgain_IsLevelBySnapshotAndWholeInTheEnd()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string root = Directory.CreateTempSubdirectory("govchain-join-").FullName;
        try
        {
            var layout = new DevnetLayout(root);
            IReadOnlyList<DevnetDepartment> departments = new DevnetBuilder(layout)
            {
                CreatedAt = DateTimeOffset.UtcNow - CatchUpHistory.BlockSpacing * 310,
                Adjust = static p => p.ExpiryHorizonMs = 60_000,
            }.Prepare(Departments);
            using var history = new CatchUpHistory(layout, departments);
            ulong tip = history.Make(records: 1_200, versions: 1, blockRecords: 4, static _ => { }, CancellationToken.None).Height;
            CatchUpBench.SetSnapshotLag(layout, departments[Wiped], 100);
            await using DevnetNetwork network =
                await DevnetNetwork.StartAsync(layout, departments, CancellationToken.None, first: Wiped);
            for (int kill = 0; kill < Kills; kill++)
            {
                network.Launch(Wiped);
                await Task.Delay(random.Next(500, 2_500));
                if (!network.Processes[Wiped].HasExited)
                    await network.Processes[Wiped].KillAsync();
            }
            network.Launch(Wiped);
            GetStatusResponse status = await UntilAsync(network, s => s.Height >= tip && s.WholeFromHeight == 0);
            Assert.That(status.LastError, Is.Empty);
            string log = await File.ReadAllTextAsync(layout.At(departments[Wiped].Id, "node.log"));
            Assert.That(log, Does.Contain("was fetched and checked"), "it came by snapshot");
            await network.Processes[Wiped].StopAsync(TimeSpan.FromSeconds(20));
            AuditReport audit = await DirectoryAudit.RunAsync(
                layout.At(departments[Wiped].Id, "data"), null, GenesisCommand.Read(layout.GenesisFile).Genesis, null, CancellationToken.None);
            Assert.That(audit.Ok, $"{audit.FirstProblem}");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task<GetStatusResponse> UntilAsync(DevnetNetwork network, Func<GetStatusResponse, bool> holds)
    {
        using LedgerClient client = network.ConnectClient(Wiped);
        var since = Stopwatch.StartNew();
        GetStatusResponse? last = null;
        while (since.Elapsed < TimeSpan.FromMinutes(2))
        {
            Assert.That(network.Processes[Wiped].HasExited, Is.False, () => network.Processes[Wiped].LastLines);
            try
            {
                if (holds(last = await client.GetStatusAsync(CancellationToken.None)))
                    return last;
            }
            catch (LedgerClientException)
            {
                // It is starting, or starts again.
            }
            await Task.Delay(50);
        }
        throw new AssertionException($"It never got there: {last}");
    }
}
