using System.Diagnostics;
using System.Text.Json.Nodes;
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
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: where every founder has another key than the genesis names, an empty node still comes to the newest block, by blocks
/// (<c>node repair</c>) and by snapshot (<c>node run</c>), and votes. Method: the processes of two founders hold a history at whose beginning all
/// four keys were replaced; the third gives lies about everything; the fourth starts empty, and has the others' keys from its
/// configuration alone (docs/OPERATIONS.md, "An empty directory in a later epoch"). Its vote is needed in the end.
/// </summary>
[TestFixture]
[Category(TestGroup.Joining)]
internal sealed class LaterEpochJoinTest
{
    private const int Departments = 4, Liar = 0, Joiner = 3;
    private const string LaterKey = "validator-2";

    private readonly DevnetLayout _layout = new(Directory.CreateTempSubdirectory("govchain-later-").FullName);
    private IReadOnlyList<DevnetDepartment> _departments = [];
    private ISigner[] _keys = [], _administrators = [];
    private Genesis _genesis = null!;

    [TearDown]
    public void Remove()
    {
        Array.ForEach([.. _keys, .. _administrators], static k => k.Dispose());
        Directory.Delete(_layout.Directory, recursive: true);
    }

    [Test]
    public async Task EmptyNode_WhereNoFounderHasItsFirstKey_IsRepairedByBlocksAndJoinsBySnapshot_DespiteALiar()
    {
        _departments = new DevnetBuilder(_layout)
        {
            CreatedAt = DateTimeOffset.UtcNow - CatchUpHistory.BlockSpacing * 80,
            Adjust = static p => p.ExpiryHorizonMs = 60_000,
        }.Prepare(Departments);
        _genesis = GenesisCommand.Read(_layout.GenesisFile).Genesis;
        _keys = [.. _departments.Select(d => KeyOptions.Create(_layout.At(d.Id, $"{LaterKey}.pem"), _layout.At(d.Id, "passphrase")))];
        _administrators = [.. _departments.Take(3).Select(
            d => KeyOptions.Open(_layout.At(d.Id, $"{DevnetBuilder.Administrator}.pem"), _layout.At(d.Id, "passphrase")))];
        using var history = new CatchUpHistory(_layout, _departments)
        {
            Before = [.. Enumerable.Range(0, Departments).Select<int, Func<ulong, SignedEnvelope>>(i => ms => Replacement(i, ms))],
            LaterKeys = _keys,
        };
        ulong tip = history.Make(records: 240, versions: 1, blockRecords: 4, static _ => { }, CancellationToken.None).Height;
        foreach (DevnetDepartment department in _departments)
            Configure(department, static node => node["keyFile"] = $"{LaterKey}.pem");
        await using DevnetNetwork network =
            await DevnetNetwork.StartAsync(_layout, [_departments[1], _departments[2], _departments[Joiner]], CancellationToken.None, first: 0);
        await using var liar = new LiarPeer(_keys[Liar], _genesis.ChainId, _departments[Liar].Id, Enumerable.Range(1, 3).Select(
            i => new PeerEndpoint(_departments[i].Id, _keys[i].PublicKey, $"127.0.0.1:{_departments[i].PeerPort}")));
        await liar.StartAsync(_departments[Liar].PeerPort);

        string[] repair = ["node", "repair", "--config", FileOf(Joiner), "--yes", "--json", "--wait", "240"];
        Configure(_departments[Joiner], node =>
        {
            node["role"] = "Observer";
            node["peers"]!["observers"] = new JsonObject(Enumerable.Range(0, Joiner).Select(i => KeyValuePair.Create<string, JsonNode?>(
                _departments[i].Id, $"{_keys[i].PublicKey}@127.0.0.1:{_departments[i].PeerPort}")));
        });

        // At first the liar is the only one there is to ask.
        Task<ProgramRun> repairing = ProgramRun.GovchainAsync(repair);
        var since = Stopwatch.StartNew();
        while (liar.Lies == 0)
        {
            Assert.That(repairing.IsCompleted, Is.False, () => $"it ended: {repairing.Result.Output} {repairing.Result.Error}");
            Assert.That(since.Elapsed, Is.LessThan(TimeSpan.FromMinutes(4)), () => $"the liar was never asked for blocks: {liar.Describe()}");
            await Task.Delay(50);
        }
        network.Launch(0);
        network.Launch(1);
        ProgramRun repaired = await repairing;
        Assert.That(repaired.ExitCode, Is.Zero, $"{repaired.Output} {repaired.Error}");
        Assert.That(repaired.Json.GetProperty("height").GetUInt64(), Is.EqualTo(tip));

        Empty();
        SetLag(40);
        string log = await JoinAsync(network, tip);
        Assert.That(log, Does.Contain("under a key that the ledger here does not name yet").And.Contain("was fetched and checked"));
        using (LedgerClient client = network.ConnectClient(0))
        {
            SignedEnvelope record = history.Sign(
                new TransactionFactory(_genesis.ChainId, history.Clerk), "after", 0, (ulong)DateTimeOffset.UtcNow.AddSeconds(50).ToUnixTimeMilliseconds());
            TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, record, CancellationToken.None);
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), "the joiner's vote made the quorum");
        }
        await network.Processes[2].StopAsync(TimeSpan.FromSeconds(20));
        AuditReport audit = await DirectoryAudit.RunAsync(DataOfJoiner, null, _genesis, null, CancellationToken.None);
        Assert.That(audit.Ok, $"{audit.FirstProblem}");
    }

    private string DataOfJoiner => _layout.At(_departments[Joiner].Id, "data");

    private string FileOf(int department) => _layout.At(_departments[department].Id, "node.json");

    private void Empty() => Directory.Delete(DataOfJoiner, recursive: true);

    private void SetLag(long blocks) => CatchUpBench.SetSnapshotLag(_layout, _departments[Joiner], blocks);

    private void Configure(DevnetDepartment department, Action<JsonNode> change)
    {
        string file = _layout.At(department.Id, "node.json");
        JsonNode node = JsonNode.Parse(File.ReadAllText(file))!;
        change(node);
        File.WriteAllText(file, node.ToJsonString());
    }

    /// <summary>Starts the empty node, waits until it is level, whole and votes, and gives its log.</summary>
    private async Task<string> JoinAsync(DevnetNetwork network, ulong tip)
    {
        network.Launch(2);
        using LedgerClient client = network.ConnectClient(2);
        var since = Stopwatch.StartNew();
        GetStatusResponse? status = null;
        while (status is not { WholeFromHeight: 0, Voting: true, Epoch: Departments } || status.Height < tip)
        {
            Assert.That(since.Elapsed, Is.LessThan(TimeSpan.FromMinutes(4)), $"{status}");
            Assert.That(network.Processes[2].HasExited, Is.False, () => network.Processes[2].LastLines);
            try
            {
                status = await client.GetStatusAsync(CancellationToken.None);
            }
            catch (LedgerClientException)
            {
                // It is starting, or starts again.
            }
            await Task.Delay(50);
        }
        return await File.ReadAllTextAsync(_layout.At(_departments[Joiner].Id, "node.log"));
    }

    private SignedEnvelope Replacement(int department, ulong validUntilMs)
    {
        var change = new MembershipChange
        {
            Kind = (uint)MembershipKind.ReplaceKey,
            Epoch = (ulong)department,
            ExpiresAtMs = validUntilMs,
            Department = _departments[department].Id,
            ValidatorKey = ByteString.CopyFrom(_keys[department].PublicKey.Span),
        };
        var file = new MembershipFile(_genesis.ChainId, new ChangeMembership { Change = change });
        file = file.With(_keys[department].PublicKey, _keys[department].Sign(file.SigningDigest));
        foreach (ISigner signer in _administrators)
            file = file.With(signer.PublicKey, signer.Sign(file.SigningDigest));
        return new TransactionFactory(_genesis.ChainId, _administrators[0]).Create(body => body.ChangeMembership = file.Action, validUntilMs);
    }
}
