using System.Net.Security;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Rpc.Connections;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Goal: whoever fills the peers' door, strangers or a hostile department, keeps no other department out.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class PeerDoorTests
{
    private const string Stranger = "127.0.0.2";

    private readonly MeterProbe _meters = new(DoorHosting.MeterName, PeerMetrics.MeterName);
    private readonly List<IDisposable> _open = [];

    [TearDown]
    public void Close()
    {
        _open.ForEach(c => c.Dispose());
        _meters.Dispose();
    }

    [Test]
    public async Task HalfOpenConnections_MoreThanTheListenerHolds_DoNotKeepADepartmentOut()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync("b", options: new PeerNetworkOptions
        {
            ConnectionsMax = 32,
            ConnectionsPerAddress = 32,
            HandshakesAtOnce = 16,
        });
        for (int i = 0; i < 200; i++)
            await OpenAsync(b);
        PeerNetwork a = await bed.StartAsync("a");

        await PeerBed.ConnectedAsync(a, "a", b, "b");
        Assert.That(_meters["govchain.door.handshakes.failed", "peers", "DISPLACED"], Is.GreaterThanOrEqualTo(180));
    }

    [Test]
    public async Task Tls_ThatStrangersBeginAndDoNotFinish_IsTimedOutAndCounted()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync(
            "b", options: new PeerNetworkOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(500) });
        for (int i = 0; i < 10; i++)
            await (await OpenAsync(b)).SendAsync("\u0016\u0003\u0001");
        await _meters.UntilAsync(10, "govchain.door.handshakes.failed", "peers", "TIMEOUT");

        RawConnection known = await OpenAsync(b);
        try
        {
            // TLS 1.3 refuses a missing certificate after the client believes to be through.
            await known.UseTlsAsync(SslApplicationProtocol.Http2);
            await known.ReadToEndAsync();
        }
        catch (IOException)
        {
            // TLS 1.2 refuses it before.
        }
        await _meters.UntilAsync(1, "govchain.door.handshakes.failed", "peers", "FAILED");
    }

    [Test]
    public async Task Streams_OfOneDepartmentBeyondItsNumber_AreRefusedAndAnotherDepartmentConnects()
    {
        await using var bed = new PeerBed("a", "b", "c");
        PeerNetwork c = await bed.StartAsync("c", options: new PeerNetworkOptions
        {
            StreamsPerDepartment = 2,
            HandshakeTimeout = TimeSpan.FromSeconds(20),
        });
        using NodeIdentity hostile = bed.Identity("a");
        var calls = new List<Task<RpcException?>>();
        for (int i = 0; i < 8; i++)
            calls.Add(OpenStreamAsync(c, hostile));
        await _meters.UntilAsync(6, "govchain.peers.refused", nameof(PeerRefusal.TooManyStreams));
        await PeerBed.UntilAsync(() => calls.Count(call => call.IsCompleted) == 6, "six are told so, two stay");

        PeerNetwork b = await bed.StartAsync("b");
        await PeerBed.ConnectedAsync(b, "b", c, "c");
    }

    private async Task<RawConnection> OpenAsync(PeerNetwork network)
    {
        RawConnection connection = await RawConnection.OpenAsync(network.ListenAddress.Port, Stranger);
        _open.Add(connection);
        return connection;
    }

    /// <summary>A stream on a connection of its own that says nothing; ends with what the listener says.</summary>
    private async Task<RpcException?> OpenStreamAsync(PeerNetwork listener, NodeIdentity identity)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = [identity.Certificate];
        GrpcChannel channel = GrpcChannel.ForAddress(
            $"https://{listener.ListenAddress}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        _open.Add(channel);
        AsyncDuplexStreamingCall<PeerFrame, PeerFrame> call = new Peer.PeerClient(channel).Connect();
        _open.Insert(0, call);
        try
        {
            await call.ResponseStream.MoveNext(CancellationToken.None);
            return null;
        }
        catch (RpcException e)
        {
            return e;
        }
    }
}
