using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Integration;

/// <summary>What a hostile department sends.</summary>
internal enum Flood
{
    Garbage,
    HugeViews,
    FarHeights,
    FalseDecisions,
    Questions,
    Gossip,
    BlockRequests,
    Oversize,
}

/// <summary>
/// A department's validator key in the hands of somebody who means harm: through the product's own peer streams it sends whatever it
/// likes as fast as they take it, and reads what it is sent slowly.
/// </summary>
internal sealed class HostilePeer : IPeerHandler, IAsyncDisposable
{
    private const int Prepared = 64;
    private const int Each = 32;
    private const int GossipBytes = 60_000;
    private const int RequestsAtOnce = 4;

    // 160 messages every 20 ms to each: four times what a node reads of one department.
    private const int PauseMs = 20;

    private readonly ISigner _signer;
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly NodeIdentity _identity;
    private readonly PeerNetwork _network;
    private readonly ushort _index;
    private readonly Digest _chainId;
    private readonly string[] _targets;
    private readonly Dictionary<Flood, byte[][]> _messages = [];
    private readonly long[] _sent = new long[Enum.GetValues<Flood>().Length];
    private readonly ConcurrentDictionary<string, int> _connected = new();
    private readonly ManualResetEventSlim _over = new();

    /// <param name="layout">The network's files.</param>
    /// <param name="departments">All departments; the one whose key it is dials all others.</param>
    /// <param name="self">The index of the one whose key it is; its node does not run.</param>
    /// <param name="height">The height that the others are at, more or less.</param>
    public HostilePeer(DevnetLayout layout, IReadOnlyList<DevnetDepartment> departments, int self, ulong height)
    {
        string id = departments[self].Id;
        Genesis genesis = GenesisCommand.Read(layout.GenesisFile).Genesis;
        _chainId = genesis.ChainId;
        _signer = KeyOptions.Open(layout.At(id, "validator.pem"), layout.At(id, "passphrase"));
        _identity = NodeIdentity.Create(_signer, genesis.ChainId, id);
        _index = (ushort)genesis.Validators.IndexOf(id);
        _targets = [.. departments.Where(d => d.Id != id).Select(d => d.Id)];
        _network = new PeerNetwork(
            _identity,
            departments.Where(d => d.Id != id).Select(d => new PeerEndpoint(
                d.Id, genesis.Validators[genesis.Validators.IndexOf(d.Id)].Key, $"127.0.0.1:{d.PeerPort}")),
            _verifier,
            NullLoggerFactory.Instance,
            new PeerNetworkOptions { FrameBytesMax = 2 * OversizeBytes, ConsensusLane = new LaneBounds(4_096, 2 * OversizeBytes) });
        Prepare(height);
    }

    /// <summary>A frame that no honest node sends.</summary>
    private static int OversizeBytes { get; } = new PeerNetworkOptions().FrameBytesMax + 1;

    /// <summary>How much was handed to the streams, by kind.</summary>
    public IReadOnlyDictionary<Flood, long> Sent => Enum.GetValues<Flood>().ToDictionary(f => f, f => Volatile.Read(ref _sent[(int)f]));

    /// <summary>How often the least of the targets was connected to: more than once, where a stream was ended.</summary>
    public int Connections => _targets.Min(t => _connected.GetValueOrDefault(t));

    public Task StartAsync() => _network.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), this);

    /// <summary>Sends to all targets at once until told to stop.</summary>
    public Task FloodAsync(CancellationToken over) =>
        Task.WhenAll(_targets.SelectMany(t => new[] { FloodAsync(t, over), AskAsync(t, over), SendOversizeAsync(t, over) }));

    /// <summary>It reads slowly.</summary>
    public void OnConsensus(string department, ReadOnlyMemory<byte> message) => _over.Wait(20);

    public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) => _over.Wait(20);

    public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) => [];

    public BlockRangeResponse ReadBlocks(ulong firstHeight, int count) => new() { FirstHeight = firstHeight };

    public SnapshotResponse ReadSnapshot(SnapshotRequest request) => new();

    public void OnConnected(string department) => _connected.AddOrUpdate(department, 1, static (_, n) => n + 1);

    public async ValueTask DisposeAsync()
    {
        _over.Set();
        await _network.DisposeAsync();
        _identity.Dispose();
        _signer.Dispose();
        _verifier.Dispose();
        _over.Dispose();
    }

    private async Task FloodAsync(string target, CancellationToken over)
    {
        ReadOnlyMemory<byte>[] gossip = [.. Enumerable.Range(0, 8).Select(_ => (ReadOnlyMemory<byte>)RandomNumberGenerator.GetBytes(GossipBytes))];
        for (int at = 0; !over.IsCancellationRequested; at += Each)
        {
            foreach ((Flood kind, byte[][] messages) in _messages)
            {
                for (int i = 0; i < Each; i++)
                    _network.SendConsensus(target, messages[(at + i) % messages.Length]);
                Count(kind, Each);
            }
            _network.SendGossip(target, gossip);
            Count(Flood.Gossip, gossip.Length);
            await Task.Delay(PauseMs, CancellationToken.None);
        }
    }

    private async Task AskAsync(string target, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await Task.WhenAll(Enumerable.Range(0, RequestsAtOnce).Select(
                _ => _network.RequestBlocksAsync(target, 1, 1_024, CancellationToken.None)));
            Count(Flood.BlockRequests, RequestsAtOnce);
            await Task.Delay(PauseMs, CancellationToken.None);
        }
    }

    private async Task SendOversizeAsync(string target, CancellationToken over)
    {
        byte[] frame = new byte[OversizeBytes];
        while (!over.IsCancellationRequested)
        {
            if (_network.Connections.Any(c => c.Department == target && c.IsConnected))
            {
                _network.SendConsensus(target, frame);
                Count(Flood.Oversize, 1);
            }
            await Task.Delay(400, CancellationToken.None);
        }
    }

    private void Count(Flood kind, int more) => Interlocked.Add(ref _sent[(int)kind], more);

    private void Prepare(ulong height)
    {
        _messages[Flood.Garbage] = Make(i => RandomNumberGenerator.GetBytes(1 + 4 * i * i));
        _messages[Flood.HugeViews] = Make(i => Encode(i % 2 == 0
            ? ViewChange(height + (ulong)(i % 8), uint.MaxValue - (uint)i)
            : VoteFor(i % 4 == 1 ? VoteType.Prepare : VoteType.Commit, height + (ulong)(i % 8), uint.MaxValue - (uint)i)));
        _messages[Flood.FarHeights] = Make(i => Encode(i % 2 == 0
            ? ViewChange(height + 1_000_000 + (ulong)i, 1)
            : VoteFor(VoteType.Commit, ulong.MaxValue - (ulong)i, 0)));
        _messages[Flood.FalseDecisions] = Make(i => Encode(FalseDecision(height + (ulong)i)));
        _messages[Flood.Questions] = Make(i => Encode(i % 2 == 0
            ? new RecallRequest((ulong)i, 0)
            : new ProposalRequest(height, Hash(i))));
    }

    private static byte[][] Make(Func<int, byte[]> one) => [.. Enumerable.Range(0, Prepared).Select(one)];

    private static byte[] Encode(ConsensusMessage message) => ConsensusMessageCodec.Encode(message);

    private static Digest Hash(int i) => Sha256.Hash(BitConverter.GetBytes(i));

    private VoteMessage VoteFor(VoteType type, ulong height, uint view)
    {
        var vote = new Vote(type, _chainId, 0, height, view, Hash((int)view));
        return new VoteMessage(type, 0, height, view, vote.BlockHash, _index, _signer.Sign(vote.SigningDigest()));
    }

    private ViewChangeMessage ViewChange(ulong height, uint view)
    {
        var vote = new Vote(VoteType.ViewChange, _chainId, 0, height, view, Digest.Zero);
        return new ViewChangeMessage(
            0, height, view, new ViewChangePayload(_index, -1, Digest.Zero, _signer.Sign(vote.SigningDigest())), null);
    }

    /// <summary>A header of this chain with a certificate in which one signature stands for a quorum's.</summary>
    private StatusMessage FalseDecision(ulong height)
    {
        var header = new BlockHeader
        {
            ChainId = _chainId,
            Height = height,
            ParentHash = Hash(1),
            Epoch = 0,
            ValidatorSetHash = Hash(2),
            NextValidatorSetHash = Hash(2),
            TimestampMs = ulong.MaxValue,
            Proposer = _index,
            LogSizeBefore = height,
            LogSizeAfter = ulong.MaxValue,
            LogRoot = Hash(3),
            StateRoot = Hash(4),
            ParametersHash = Hash(5),
        };
        Signature signature = _signer.Sign(new Vote(VoteType.Commit, _chainId, 0, height, 0, header.Hash).SigningDigest());
        var certificate = new Certificate(VoteType.Commit, 0, height, 0, header.Hash,
            [.. Enumerable.Range(0, 3).Select(i => new ValidatorSignature((ushort)i, signature))]);
        return new StatusMessage(0, new DecidedMessage(header, certificate));
    }
}
