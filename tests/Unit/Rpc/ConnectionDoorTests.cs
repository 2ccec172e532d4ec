using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Rpc.Connections;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Connections that never become requests, and floods below them. Each is ended by the node and counted, while a client
/// at another address, or one that was there before, is answered.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class ConnectionDoorTests
{
    private const string Stranger = "127.0.0.2";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private readonly MeterProbe _meters = new(DoorHosting.MeterName, "Microsoft.AspNetCore.Server.Kestrel");
    private readonly List<IDisposable> _open = [];
    private RpcHost? _host;

    [TearDown]
    public async Task StopAsync()
    {
        _open.ForEach(c => c.Dispose());
        if (_host is not null)
            await _host.DisposeAsync();
        _meters.Dispose();
    }

    [Test]
    public async Task ThreeThousandConnections_AgainstABoundOf32AnAddress_AreRefusedAtOnceAndHarmNobody()
    {
        RpcHost host = await StartAsync(new RpcOptions { ConnectionsTotal = 64, ConnectionsPerAddress = 32 });
        CallInvoker before = host.Grpc();
        await before.UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());

        var refused = new List<Task>();
        for (int i = 0; i < 3_000; i++)
        {
            try
            {
                RawConnection connection = Keep(await RawConnection.OpenAsync(host.Port(HttpProtocols.Http2), Stranger));
                // The first 32 stay and are not waited for.
                if (i >= 32)
                    refused.Add(connection.ReadToEndAsync());
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Refused so quickly that connecting saw it.
            }
        }
        await before.UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
        await Task.WhenAll(refused);
        await host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());

        await _meters.UntilAsync(3_000 - 32, "govchain.door.refused", "clients", "ADDRESS");
        Assert.That(_meters["govchain.door.connections", "clients"], Is.InRange(34, 36));
    }

    [Test]
    public async Task Connections_OfManyAddressesBeyondTheTotal_AreRefusedAndTheAdministrationIsNotTouched()
    {
        RpcHost host = await StartAsync(new RpcOptions { ConnectionsTotal = 8, ConnectionsPerAddress = 4 });
        for (int i = 0; i < 12; i++)
        {
            try
            {
                Keep(await RawConnection.OpenAsync(host.Port(HttpProtocols.Http2), $"127.0.0.{i / 4 + 2}"));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset && i >= 8)
            {
                // Refused so quickly that connecting saw it.
            }
        }
        await _meters.UntilAsync(4, "govchain.door.refused", "clients", "TOTAL");
        await host.Grpc(NodeListeners.Administration).UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
    }

    [TestCase(0, TestName = "Tls_WithoutAByte_IsTimedOut")]
    [TestCase(3, TestName = "Tls_BegunAndStopped_IsTimedOut")]
    public async Task Tls_ThatIsNotFinished_IsTimedOutAndCounted(int bytes)
    {
        RpcHost host = await StartAsync(new RpcOptions { HandshakeTimeout = Short }, Certificate());
        for (int i = 0; i < 20; i++)
        {
            RawConnection connection = Keep(await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1AndHttp2), Stranger));
            await connection.SendAsync("\u0016\u0003\u0001"[..bytes]);
        }
        await AssertAnsweredOverTlsAsync(host);
        await _meters.UntilAsync(20, "govchain.door.handshakes.failed", "clients", "TIMEOUT");
    }

    [Test]
    public async Task Tls_ThatIsNoTls_FailsAndIsCounted()
    {
        RpcHost host = await StartAsync(new RpcOptions(), Certificate());
        RawConnection connection = Keep(await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1AndHttp2)));
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await connection.ReadToEndAsync();
        await _meters.UntilAsync(1, "govchain.door.handshakes.failed", "clients", "FAILED");
    }

    [Test]
    public async Task HalfOpenConnections_InAnyNumber_GiveWayToOneThatFinishesTls()
    {
        var options = new RpcOptions { ConnectionsTotal = 64, ConnectionsPerAddress = 64, HandshakesAtOnce = 8 };
        RpcHost host = await StartAsync(options, Certificate());
        for (int i = 0; i < 500; i++)
            Keep(await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1AndHttp2), Stranger));
        await AssertAnsweredOverTlsAsync(host);
        Assert.That(_meters["govchain.door.handshakes.failed", "clients", "DISPLACED"], Is.GreaterThanOrEqualTo(490));
        Assert.That(_meters["govchain.door.refused"], Is.Zero);
    }

    [Test]
    public async Task Connections_WithoutARequestOrWithHalfOfItsHeaders_AreClosedInTime()
    {
        RpcHost host = await StartAsync(new RpcOptions { IdleConnectionMax = Short, HeadersTimeout = Short });
        int http1 = host.Port(HttpProtocols.Http1), http2 = host.Port(HttpProtocols.Http2);
        RawConnection half1 = Keep(await RawConnection.OpenAsync(http1, Stranger));
        await half1.SendAsync("GET / HTTP/1.1\r\nHost: local");
        RawConnection half2 = Keep(await RawConnection.OpenHttp2Async(http2, Stranger));
        await half2.SendGrpcAsync(1, "GetStatus", flags: 0);
        await Task.WhenAll(
            half1.ReadToEndAsync(),
            half2.ReadToEndAsync(),
            Keep(await RawConnection.OpenAsync(http1, Stranger)).ReadToEndAsync(),
            Keep(await RawConnection.OpenHttp2Async(http2, Stranger)).ReadToEndAsync());
        await _meters.UntilAsync(2, "kestrel.connection.duration", "keep_alive_timeout");
        await _meters.UntilAsync(2, "kestrel.connection.duration", "request_headers_timeout");
    }

    [TestCase("GET / HTTP/1.1\r\nHost: localhost\r\n", "X-{0}: 1\r\n", TestName = "Headers_TooMany_Are431")]
    [TestCase("GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "{0}xxxxxxxxxxxxxxxxxxx", TestName = "Header_TooLong_Is431")]
    public async Task Headers_BeyondTheBounds_Are431(string start, string more)
    {
        RpcHost host = await StartAsync(new RpcOptions());
        using RawConnection flood = await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1), Stranger);
        await flood.SendAsync(start + string.Concat(Enumerable.Range(0, 1_000).Select(i => string.Format(more, i))));
        Assert.That(await flood.ReadToEndAsync(), Does.StartWith("HTTP/1.1 431"));
    }

    [Test]
    public async Task Headers_InEndlessContinuations_EndTheConnection()
    {
        RpcHost host = await StartAsync(new RpcOptions());
        using RawConnection flood = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await flood.SendGrpcAsync(1, "GetStatus", flags: 0);
        byte[] more = RawConnection.Block(("x-more", new string('x', 1_000)));
        await FloodAsync(flood, () => flood.SendFrameAsync(RawConnection.Continuation, 0, 1, more));
        await _meters.UntilAsync(1, "kestrel.connection.duration", "max_request_headers_total_size_exceeded");
    }

    [TestCase(RawConnection.Ping, 8, "PING_FLOOD", TestName = "Pings_WithoutEnd_EndTheConnection")]
    [TestCase(RawConnection.Settings, 0, "SETTINGS_FLOOD", TestName = "Settings_WithoutEnd_EndTheConnection")]
    [TestCase(RawConnection.WindowUpdate, 4, "WINDOW_FLOOD", TestName = "WindowUpdates_WithoutEnd_EndTheConnection")]
    [TestCase((byte)2, 5, "OTHER_FLOOD", TestName = "Priorities_WithoutEnd_EndTheConnection")]
    public async Task Frames_ThatCarryNoRequest_EndTheConnectionWhenTheyFlood(byte type, int bytes, string reason)
    {
        RpcHost host = await StartAsync(new RpcOptions { ControlFramesPerSecond = 100 });
        CallInvoker good = host.Grpc();
        using RawConnection flood = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        byte[] payload = new byte[bytes];
        if (bytes > 0)
            payload[^1] = 1;
        await FloodAsync(flood, () => flood.SendFrameAsync(type, 0, type == 2 ? 1 : 0, payload));
        await _meters.UntilAsync(1, "govchain.door.closed", "clients", reason);
        await good.UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
    }

    [Test]
    public async Task Requests_ResetAsSoonAsTheyAreMade_EndTheConnection()
    {
        RpcHost host = await StartAsync(new RpcOptions { ControlFramesPerSecond = 100 });
        using RawConnection flood = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        int stream = 1;
        await FloodAsync(flood, async () =>
        {
            await flood.SendGrpcAsync(stream, "GetStatus");
            await flood.SendFrameAsync(RawConnection.Reset, 0, stream, 0, 0, 0, 8);
            stream += 2;
        });
        Assert.That(_meters["govchain.door.resets", "clients"], Is.GreaterThan(50));
        // On a busy machine Kestrel is first: more than a hundred requests wait for their end to be written.
        await _meters.UntilAsync(1, ["govchain.door.closed", "clients", "RESET_FLOOD"],
            ["kestrel.connection.duration", "output_queue_size_exceeded"]);
        await host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
    }

    /// <summary>The frame guard alone: Kestrel ignores resets of a stream that has ended.</summary>
    [Test]
    public async Task Resets_OfOneRequestWithoutEnd_EndTheConnection()
    {
        RpcHost host = await StartAsync(new RpcOptions { ControlFramesPerSecond = 100 });
        using RawConnection flood = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await flood.SendGrpcAsync(1, "GetStatus");
        await FloodAsync(flood, () => flood.SendFrameAsync(RawConnection.Reset, 0, 1, 0, 0, 0, 8));
        await _meters.UntilAsync(1, "govchain.door.closed", "clients", "RESET_FLOOD");
    }

    [Test]
    public async Task EmptyData_WithoutEnd_EndsTheConnection()
    {
        RpcHost host = await StartAsync(new RpcOptions { ControlFramesPerSecond = 100 });
        using RawConnection flood = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await flood.SendGrpcAsync(1, "SubmitStream");
        await FloodAsync(flood, () => flood.SendFrameAsync(RawConnection.Data, 0, 1));
        await _meters.UntilAsync(1, "govchain.door.closed", "clients", "EMPTY_FLOOD");
    }

    private async Task<RpcHost> StartAsync(RpcOptions options, X509Certificate2? certificate = null) =>
        _host = await RpcHost.StartAsync(options, certificate: certificate);

    private RawConnection Keep(RawConnection connection)
    {
        _open.Add(connection);
        return connection;
    }

    private X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _open.Add(certificate);
        return certificate;
    }

    private static async Task AssertAnsweredOverTlsAsync(RpcHost host)
    {
        using RawConnection good = await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1AndHttp2));
        await good.UseTlsAsync(SslApplicationProtocol.Http11);
        await good.SendAsync("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.That(await good.ReadToEndAsync(), Does.StartWith("HTTP/1.1 200"));
    }

    /// <summary>Sends until the other side closes; fails where it does not within 20 seconds.</summary>
    private static async Task FloodAsync(RawConnection connection, Func<Task> send)
    {
        Task<string> closed = connection.ReadToEndAsync();
        try
        {
            while (!closed.IsCompleted)
                await send();
        }
        catch (IOException e) when (e.InnerException is SocketException)
        {
            // Closed.
        }
        await closed;
    }
}
