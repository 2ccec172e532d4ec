using System.Diagnostics;
using System.Globalization;
using GovChain.Client;
using GovChain.Node.Consensus;
using GovChain.Node.Devnet;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: docs/THREAT_MODEL.md, "Peers' door: a hostile department": three real processes keep deciding, and their memory stays within
/// the bound of docs/OPERATIONS.md, while the fourth department's key floods all of them at once over TLS with garbage, huge views, far
/// heights, decisions that are none, questions, gossip and oversize frames, asks for every block again and again, and reads slowly.
/// All three are needed for a quorum. With FULL=1 in the environment longer, and all four are audited at the end.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HostilePeerTest
{
    private const long MiB = 1024 * 1024;
    private const string Type = "licence";
    private const int Hostile = 0;
    private const int Honest = 1;
    private static readonly bool Full = Environment.GetEnvironmentVariable("FULL") is not null;
    private static readonly int RecordsMin = Full ? 100 : 5;
    private static readonly int OversizeMin = Full ? 60 : 3;

    [Test]
    [CancelAfter(420_000)]
    [Category(TestGroup.Load)]
    public async Task Flood_OfOneDepartment_TheOthersKeepDeciding_AndTheirMemoryIsBounded(CancellationToken cancellation)
    {
        await using TestNetwork network = await TestNetwork.StartAsync(cancellation);
        await network.DefineTypeAsync(Honest, Type, cancellation);
        await network.Network.Processes[Hostile].StopAsync(TimeSpan.FromSeconds(30));
        using LedgerClient client = network.Network.ConnectClient(Honest);
        var latencies = new List<double>();
        var quiet = new List<double>();
        for (int i = 0; i < 10; i++)
            quiet.Add(await RegisterAsync(network, client, $"before-{i}", cancellation));
        NodeProcess[] nodes = [.. network.Network.Processes.Where((_, i) => i != Hostile)];
        long[] before = [.. nodes.Select(n => n.WorkingSetBytes)];
        long[] peak = [.. before];
        ulong height = (await client.GetStatusAsync(cancellation)).Height;

        var flooding = Stopwatch.StartNew();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var hostile = new HostilePeer(network.Layout, network.Network.Departments, Hostile, height);
        await hostile.StartAsync();
        Task flood = hostile.FloodAsync(over.Token);
        Task watch = WatchAsync(nodes, peak, over.Token);
        for (int i = 0; i < RecordsMin || hostile.Sent[Flood.Oversize] < OversizeMin || hostile.Connections < 2; i++)
            latencies.Add(await RegisterAsync(network, client, $"during-{i}", cancellation));
        await UntilItsOperatorKnowsAsync(client, network.Network.Departments[Hostile].Id, cancellation);
        await over.CancelAsync();
        await Task.WhenAll(flood, watch);
        double seconds = flooding.Elapsed.TotalSeconds;

        long bound = BoundOf(new PeerNetworkOptions());
        long[] growth = [.. peak.Zip(before, static (p, b) => p - b)];
        latencies.Sort();
        quiet.Sort();
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{seconds:0} s; {string.Join(", ", hostile.Sent.Select(s => $"{s.Value} {s.Key}"))}; "
            + $"{hostile.Connections} connections and more to each; {latencies.Count} records committed, median {latencies[latencies.Count / 2]:0} ms, "
            + $"longest {latencies[^1]:0} ms, before {quiet[quiet.Count / 2]:0} ms; memory {string.Join(", ", before.Select(b => b / MiB))} MiB before, "
            + $"{string.Join(", ", growth.Select(g => g / MiB))} MiB more at its peak, bound {bound / MiB} MiB"));
        Assert.That(hostile.Sent.Values, Has.All.Positive);
        Assert.That(nodes.Select(n => n.HasExited), Has.All.False);
        Assert.That(growth, Has.All.LessThan(bound));
        await UntilLevelAsync(network, cancellation);
        if (!Full)
            return;
        await hostile.DisposeAsync();
        network.Network.Launch(Hostile);
        await network.Network.WaitUntilReadyAsync(Hostile, cancellation);
        await network.AuditAllAsync(cancellation);
    }

    /// <summary>docs/OPERATIONS.md, "Memory": what one hostile department can make a node hold.</summary>
    private static long BoundOf(PeerNetworkOptions o) =>
        2L * o.StreamsPerDepartment * o.FrameBytesMax
        + o.ConsensusLane.Bytes + o.ReplyLane.Bytes + o.GossipLane.Bytes
        + MessageIntake.QueuedBytesMax + o.FrameBytesMax
        + 128 * MiB;

    /// <returns>How long it took, milliseconds.</returns>
    private static async Task<double> RegisterAsync(TestNetwork network, LedgerClient client, string id, CancellationToken cancellation)
    {
        SignedEnvelope envelope = network.SignRegistration(Honest, Type, id, "{}"u8.ToArray());
        var clock = Stopwatch.StartNew();
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        return clock.Elapsed.TotalMilliseconds;
    }

    private static async Task UntilLevelAsync(TestNetwork network, CancellationToken cancellation)
    {
        var hashes = new HashSet<string>();
        do
        {
            hashes.Clear();
            for (int i = Honest; i < network.Count; i++)
            {
                using LedgerClient client = network.Network.ConnectClient(i);
                hashes.Add((await client.GetStatusAsync(cancellation)).HeaderHash);
            }
        }
        while (hashes.Count > 1);
    }

    private static async Task UntilItsOperatorKnowsAsync(LedgerClient client, string hostile, CancellationToken cancellation)
    {
        while (!(await client.GetStatusAsync(cancellation)).Alarms.Any(
            a => a.Code == "PEER_MISBEHAVED" && a.Subject == hostile))
            await Task.Delay(100, cancellation);
    }

    private static async Task WatchAsync(NodeProcess[] nodes, long[] peak, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            for (int i = 0; i < nodes.Length; i++)
                peak[i] = Math.Max(peak[i], nodes[i].WorkingSetBytes);
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
