using System.Net;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// The peer network of the last founding department, who dials nobody; the others are played by the test. From the frame's bytes on
/// everything is what a node has.
/// </summary>
internal sealed class FrameBed : ITestWires, IPlug
{
    public const int Self = 3;

    private readonly TestLedger _ledger;
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly NodeIdentity[] _identities;
    private readonly List<FramePeer> _peers = [];
    private readonly PeerNetwork _network;
    private bool _disposed;

    public FrameBed(TestLedger ledger)
    {
        _ledger = ledger;
        _identities = [.. Enumerable.Range(0, Self + 1).Select(
            d => NodeIdentity.Create(ledger.ValidatorOf(d), ledger.Genesis.ChainId, TestLedger.DepartmentId(d)))];
        _network = new PeerNetwork(
            _identities[Self],
            Enumerable.Range(0, Self).Select(d => new PeerEndpoint(TestLedger.DepartmentId(d), ledger.ValidatorOf(d).PublicKey, "127.0.0.1:1")),
            // No answer is waited for so long: what is wrong is said, or another answer comes.
            _verifier, NullLoggerFactory.Instance, new PeerNetworkOptions
            {
                BlocksTimeout = TimeSpan.FromMinutes(5),
                EnvelopesTimeout = TimeSpan.FromMinutes(5),
                SnapshotPartsPerSecond = 100_000,
            });
    }

    public IPeerNetwork Network => _network;

    /// <summary>The first frame of a department.</summary>
    public PeerFrame Hello(int department) => new()
    {
        Hello = new PeerHello
        {
            ProtocolVersion = PeerNetworkOptions.ProtocolVersion,
            ChainId = ByteString.CopyFrom(_ledger.Genesis.ChainId.Span),
            Department = TestLedger.DepartmentId(department),
            SoftwareVersion = "test",
        },
    };

    /// <summary>How the stream with a department stands.</summary>
    public PeerConnection StateOf(int department) => PeerBed.State(_network, TestLedger.DepartmentId(department));

    public Task UpAsync(IPeerHandler handler) => _network.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), handler);

    public IPlug Plug(int department, LedgerStore? store = null) => this;

    /// <summary>Opens a stream as a department, which TLS has authenticated; nothing is sent yet.</summary>
    public FramePeer Open(int department)
    {
        var wire = new FrameWire();
        var http = new DefaultHttpContext();
        http.Connection.ClientCertificate = _identities[department].Certificate;
        var peer = new FramePeer(wire, ServeAsync(wire, http));
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Opens a stream as a department and introduces it.</summary>
    public async Task<FramePeer> ConnectAsync(int department)
    {
        FramePeer peer = Open(department);
        peer.Send(Hello(department));
        if (await peer.ReadAsync(static f => f.KindCase == PeerFrame.KindOneofCase.Hello) is null)
            throw new InvalidOperationException($"{TestLedger.DepartmentId(department)} is refused: {await peer.Ended}");
        await PeerBed.UntilAsync(() => StateOf(department).IsConnected, "connected", _network);
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (FramePeer peer in _peers)
            peer.End();
        foreach (FramePeer peer in _peers)
            await peer.Ended;
        await _network.DisposeAsync();
        foreach (NodeIdentity identity in _identities)
            identity.Dispose();
        _verifier.Dispose();
    }

    /// <summary>The node's side, until the stream ends; what the other side is told then, null for nothing.</summary>
    private async Task<RpcException?> ServeAsync(FrameWire wire, HttpContext http)
    {
        try
        {
            await Task.Yield();
            await _network.AcceptAsync(wire, wire, http);
            return null;
        }
        catch (RpcException e)
        {
            return e;
        }
        finally
        {
            wire.NodeEnded();
        }
    }
}

/// <summary>A department's side of a stream.</summary>
internal sealed class FramePeer(FrameWire wire, Task<RpcException?> ended)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Completes when the stream is over, with what the node says of it; null where it says nothing.</summary>
    public Task<RpcException?> Ended => ended;

    public void Send(PeerFrame frame) => wire.Send(frame.ToByteArray());

    public void Send(byte[] frame) => wire.Send(frame);

    public void End() => wire.End();

    /// <summary>Frames of the node up to the first that is looked for; null when the stream ended before.</summary>
    /// <param name="wanted">What is looked for.</param>
    /// <param name="passed">Told of the others.</param>
    public async Task<PeerFrame?> ReadAsync(Func<PeerFrame, bool> wanted, Action<PeerFrame>? passed = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await wire.FromNode.WaitToReadAsync(patience.Token))
        {
            while (wire.FromNode.TryRead(out PeerFrame? frame))
            {
                if (wanted(frame))
                    return frame;
                passed?.Invoke(frame);
            }
        }
        return null;
    }

    /// <summary>Answers every frame of the node until the stream ends.</summary>
    public async Task AnswerAsync(Func<PeerFrame, IEnumerable<byte[]>> answer)
    {
        await foreach (PeerFrame frame in wire.FromNode.ReadAllAsync())
        {
            foreach (byte[] bytes in answer(frame))
                wire.Send(bytes);
        }
    }
}
