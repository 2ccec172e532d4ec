using System.Net;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Integration;

/// <summary>A department's node that says it has everything, blocks and snapshots, and gives what proves nothing.</summary>
internal sealed class LiarPeer : IPeerHandler, IAsyncDisposable
{
    private const ulong Tip = 1_000_000_000;

    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly NodeIdentity _identity;
    private readonly PeerNetwork _network;
    private int _lies;

    public LiarPeer(ISigner signer, Digest chainId, string department, IEnumerable<PeerEndpoint> others)
    {
        _identity = NodeIdentity.Create(signer, chainId, department);
        _network = new PeerNetwork(_identity, others, _verifier, NullLoggerFactory.Instance);
    }

    /// <summary>How often it lied.</summary>
    public int Lies => Volatile.Read(ref _lies);

    /// <summary>How its connections stand.</summary>
    public string Describe() => string.Join("; ", _network.Connections);

    public Task StartAsync(int port) => _network.StartAsync(new IPEndPoint(IPAddress.Loopback, port), this);

    public void OnConsensus(string department, ReadOnlyMemory<byte> message)
    {
    }

    public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
    }

    public void OnConnected(string department)
    {
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) => [];

    public BlockRangeResponse ReadBlocks(ulong firstHeight, int count)
    {
        Interlocked.Increment(ref _lies);
        var answer = new BlockRangeResponse { FirstHeight = firstHeight, TipHeight = Tip };
        answer.Blocks.Add(new SyncedBlock { Header = ByteString.CopyFromUtf8("no header"), Certificate = ByteString.CopyFromUtf8("no certificate") });
        return answer;
    }

    public SnapshotResponse ReadSnapshot(SnapshotRequest request)
    {
        Interlocked.Increment(ref _lies);
        return request.PartCase == SnapshotRequest.PartOneofCase.None
            ? new SnapshotResponse { Held = SnapshotRules.WriteHeld([Tip - 1, Tip]) }
            : new SnapshotResponse { Head = new SnapshotHead { Header = ByteString.CopyFromUtf8("no header") } };
    }

    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        _identity.Dispose();
        _verifier.Dispose();
    }
}
