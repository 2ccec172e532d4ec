using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using GovChain.Node.Hosting;
using GovChain.Node.Tls;
using GovChain.Rpc;
using GovChain.Rpc.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Peers;

/// <summary>The listener for other nodes: a web server of its own, so that nothing meant for clients answers here.
/// </summary>
internal sealed class PeerListener(
    PeerNetwork network, NodeIdentity identity, PeerAuthenticator authenticator, PeerRefusalLog refusals,
    ILoggerFactory logging) : IAsyncDisposable
{
    private WebApplication? _app;

    /// <summary>Where it is bound.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <exception cref="IOException">The address is in use, or not of this machine.</exception>
    public async Task StartAsync(IPEndPoint listen)
    {
        PeerNetworkOptions options = network.Options;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logging);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddSingleton(network);
        builder.Services.AddRoutingCore();
        builder.Services.AddDoor(options.BufferBytes);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.FrameBytesMax;
            grpc.MaxSendMessageSize = options.FrameBytesMax;
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 32;
            kestrel.Limits.RequestHeadersTimeout = options.HandshakeTimeout;
            // A connection without a stream: whoever is through TLS opens one at once.
            kestrel.Limits.KeepAliveTimeout = options.HandshakeTimeout;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = options.StreamsPerDepartment;
            kestrel.Limits.Http2.KeepAlivePingDelay = options.KeepAlive;
            kestrel.Limits.Http2.KeepAlivePingTimeout = options.KeepAlive;
            kestrel.Listen(listen, Configure);
        });
        _app = builder.Build();
        _app.MapGrpcService<PeerService>();
        await _app.StartAsync();
        string bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Address = new IPEndPoint(listen.Address, new Uri(bound).Port);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
    }

    private void Configure(ListenOptions listen)
    {
        PeerNetworkOptions options = network.Options;
        listen.Protocols = HttpProtocols.Http2;
        listen.UseDoor(new ConnectionLimits
        {
            Listener = NodeListeners.Peers,
            Total = options.ConnectionsMax,
            PerAddress = Math.Min(options.ConnectionsPerAddress, options.ConnectionsMax),
            HandshakesAtOnce = Math.Min(options.HandshakesAtOnce, options.ConnectionsMax),
            HandshakeTimeout = options.HandshakeTimeout,
        }, UseTls);
    }

    private void UseTls(ListenOptions listen) =>
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = network.Options.HandshakeTimeout,
            OnConnection = tls => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificate = identity.Certificate,
                ClientCertificateRequired = true,
                CertificateChainPolicy = PeerAuthenticator.ChainPolicy(),
                RemoteCertificateValidationCallback = (_, certificate, _, _) => Judge(tls.Connection, certificate),
            }),
        });

    private bool Judge(ConnectionContext connection, X509Certificate? certificate)
    {
        PeerVerdict verdict = authenticator.Judge(certificate);
        if (verdict.Refusal is not null)
            refusals.Refused(verdict, (connection.RemoteEndPoint as IPEndPoint)?.Address);
        return verdict.Refusal is null;
    }
}
