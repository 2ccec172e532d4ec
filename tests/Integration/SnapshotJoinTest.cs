using System.Diagnostics;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Benching;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: a department that was admitted joins by snapshot, however often its process is killed on the way. Method: three
/// founders' processes hold a history of ten minutes under an expiry horizon of one, at whose beginning the fourth was
/// admitted; it starts empty, knowing the founders only, is killed with SIGKILL after a while, again and again, and in the end
/// votes, and its directory is audited from genesis.
/// </summary>
[TestFixture]
internal sealed class SnapshotJoinTest
{
    private const int Departments = 4, Founders = 3, Newcomer = Founders, Kills = 3;

    [Test]
    [Category(TestGroup.Joining)]
    public async Task Newcomer_KilledAgainAndAgain_IsLevelBySnapshotVotesAndIsWholeInTheEnd()
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
            }.Prepare(Departments, Founders);
            Genesis genesis = GenesisCommand.Read(layout.GenesisFile).Genesis;
            using var history = new CatchUpHistory(layout, departments)
            {
                Before = [validUntilMs => Admission(layout, departments, genesis.ChainId, validUntilMs)],
            };
            ulong tip = history.Make(records: 1_200, versions: 1, blockRecords: 4, static _ => { }, CancellationToken.None).Height;
            CatchUpBench.SetSnapshotLag(layout, departments[Newcomer], 100);
            await using DevnetNetwork network =
                await DevnetNetwork.StartAsync(layout, departments, CancellationToken.None, first: Newcomer);
            for (int kill = 0; kill < Kills; kill++)
            {
                network.Launch(Newcomer);
                await Task.Delay(random.Next(500, 2_500));
                if (!network.Processes[Newcomer].HasExited)
                    await network.Processes[Newcomer].KillAsync();
            }
            network.Launch(Newcomer);
            GetStatusResponse status = await UntilAsync(network, s => s.Height >= tip && s.WholeFromHeight == 0 && s is { Voting: true, Epoch: 1, Departments: Departments });
            Assert.That(status.LastError, Is.Empty);
            string log = await File.ReadAllTextAsync(layout.At(departments[Newcomer].Id, "node.log"));
            Assert.That(log, Does.Contain("was fetched and checked"), "it came by snapshot");
            await network.Processes[Newcomer].StopAsync(TimeSpan.FromSeconds(20));
            AuditReport audit = await DirectoryAudit.RunAsync(
                layout.At(departments[Newcomer].Id, "data"), null, genesis, null, CancellationToken.None);
            Assert.That(audit.Ok, $"{audit.FirstProblem}");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static SignedEnvelope Admission(
        DevnetLayout layout, IReadOnlyList<DevnetDepartment> departments, Digest chainId, ulong validUntilMs)
    {
        ISigner Open(int department, string key) =>
            KeyOptions.Open(layout.At(departments[department].Id, $"{key}.pem"), layout.At(departments[department].Id, "passphrase"));
        using ISigner key = Open(Newcomer, "validator"), administrator = Open(Newcomer, DevnetBuilder.Administrator),
            first = Open(0, DevnetBuilder.Administrator), second = Open(1, DevnetBuilder.Administrator);
        var change = new MembershipChange
        {
            Kind = (uint)MembershipKind.Admit,
            ExpiresAtMs = validUntilMs,
            Department = departments[Newcomer].Id,
            ValidatorKey = ByteString.CopyFrom(key.PublicKey.Span),
            Names = { new LocalizedText { Language = "en", Text = "Newcomer" } },
            Endpoint = $"127.0.0.1:{departments[Newcomer].PeerPort}",
            Administrators =
            {
                new FirstAdministrator { OfficerId = "admin", PublicKey = ByteString.CopyFrom(administrator.PublicKey.Span) },
            },
        };
        var file = new MembershipFile(chainId, new ChangeMembership { Change = change });
        foreach (ISigner signer in new[] { first, second, key })
            file = file.With(signer.PublicKey, signer.Sign(file.SigningDigest));
        return new TransactionFactory(chainId, first).Create(body => body.ChangeMembership = file.Action, validUntilMs);
    }

    private static async Task<GetStatusResponse> UntilAsync(DevnetNetwork network, Func<GetStatusResponse, bool> holds)
    {
        using LedgerClient client = network.ConnectClient(Newcomer);
        var since = Stopwatch.StartNew();
        GetStatusResponse? last = null;
        while (since.Elapsed < TimeSpan.FromMinutes(2))
        {
            Assert.That(network.Processes[Newcomer].HasExited, Is.False, () => network.Processes[Newcomer].LastLines);
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
