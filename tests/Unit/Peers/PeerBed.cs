using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>
/// Departments of one ledger with real networks on loopback. They are started from the greatest id down, so that every
/// one that is dialled has its port before the dialler is made.
/// </summary>
internal sealed class PeerBed : IAsyncDisposable
{
    private readonly Dictionary<string, PlatformSigner> _signers = [];
    private readonly Dictionary<string, int> _ports = [];
    private readonly List<PeerNetwork> _networks = [];
    private readonly List<NodeIdentity> _identities = [];

    public PeerBed(params string[] departments)
    {
        foreach (string department in departments)
            _signers.Add(department, PlatformSigner.Create());
    }

    public static Digest Chain { get; } = Sha256.Hash("peer tests"u8);

    public PlatformSignatureVerifier Verifier { get; } = new();

    public IReadOnlyCollection<string> Departments => _signers.Keys;

    public PlatformSigner Signer(string department) => _signers[department];

    public int Port(string department) => _ports[department];

    /// <summary>What an honest node of the department shows.</summary>
    public NodeIdentity Identity(string department) => NodeIdentity.Create(_signers[department], Chain, department);

    /// <summary>All other departments as the ledger has them.</summary>
    public IEnumerable<PeerEndpoint> PeersOf(string department) => _signers.Where(s => s.Key != department)
        .Select(s => new PeerEndpoint(s.Key, s.Value.PublicKey, $"127.0.0.1:{_ports.GetValueOrDefault(s.Key, 1)}"));

    /// <summary>Starts a department's network, at its earlier port if it had one.</summary>
    public async Task<PeerNetwork> StartAsync(
        string department, IPeerHandler? handler = null, PeerNetworkOptions? options = null, NodeIdentity? identity = null,
        Func<PeerEndpoint, PeerEndpoint>? adjust = null)
    {
        identity ??= Identity(department);
        _identities.Add(identity);
        var network = new PeerNetwork(identity, PeersOf(department).Select(adjust ?? (static p => p)), Verifier, NullLoggerFactory.Instance, options);
        _networks.Add(network);
        var listen = new IPEndPoint(IPAddress.Loopback, _ports.GetValueOrDefault(department));
        await network.StartAsync(listen, handler ?? new Recorder());
        _ports[department] = network.ListenAddress.Port;
        return network;
    }

    /// <summary>Stops a network before the end.</summary>
    public async Task StopAsync(PeerNetwork network)
    {
        _networks.Remove(network);
        await network.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PeerNetwork network in _networks)
            await network.DisposeAsync();
        foreach (NodeIdentity identity in _identities)
            identity.Dispose();
        foreach (PlatformSigner signer in _signers.Values)
            signer.Dispose();
        Verifier.Dispose();
    }

    /// <summary>The state that a network shows of a department.</summary>
    public static PeerConnection State(PeerNetwork network, string department) =>
        network.Connections.Single(c => c.Department == department);

    /// <summary>Waits until both show the other as connected.</summary>
    public static Task ConnectedAsync(PeerNetwork one, string oneId, PeerNetwork other, string otherId) => UntilAsync(
        () => State(one, otherId).IsConnected && State(other, oneId).IsConnected, $"{oneId} and {otherId} connected",
        one, other);

    /// <summary>Waits for a condition, at most 20 seconds.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, params PeerNetwork[] shown)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(20))
                Assert.Fail($"Not within 20 s: {what}. {string.Join("; ", shown.SelectMany(n => n.Connections))}");
            await Task.Delay(10);
        }
    }
}

/// <summary>Keeps what comes from peers, and serves what it is told to.</summary>
internal sealed class Recorder : IPeerHandler
{
    public ConcurrentQueue<(string Department, byte[] Message)> Consensus { get; } = new();

    public ConcurrentQueue<(string Department, byte[] Envelope)> Gossip { get; } = new();

    public ConcurrentQueue<string> Connected { get; } = new();

    /// <summary>Called before a consensus message is kept; may block.</summary>
    public Action<string>? BeforeConsensus { get; init; }

    /// <summary>Called before gossip is kept; may block.</summary>
    public Action<string>? BeforeGossip { get; init; }

    /// <summary>Answers requests for envelopes.</summary>
    public Func<ulong, ReadOnlyMemory<byte>, IReadOnlyList<ReadOnlyMemory<byte>>> Envelopes { get; init; } = (_, _) => [];

    /// <summary>Answers requests for blocks.</summary>
    public Func<ulong, int, BlockRangeResponse> Blocks { get; init; } = (first, _) => new() { FirstHeight = first };

    /// <summary>Answers requests for parts of snapshots.</summary>
    public Func<SnapshotRequest, SnapshotResponse> Snapshots { get; init; } = static _ => new SnapshotResponse();

    public SnapshotResponse ReadSnapshot(SnapshotRequest request) => Snapshots(request);

    public void OnConsensus(string department, ReadOnlyMemory<byte> message)
    {
        BeforeConsensus?.Invoke(department);
        Consensus.Enqueue((department, message.ToArray()));
    }

    public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        BeforeGossip?.Invoke(department);
        foreach (ReadOnlyMemory<byte> envelope in envelopes)
            Gossip.Enqueue((department, envelope.ToArray()));
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) =>
        Envelopes(height, leafHashes);

    public BlockRangeResponse ReadBlocks(ulong firstHeight, int count) => Blocks(firstHeight, count);

    public void OnConnected(string department) => Connected.Enqueue(department);
}
