using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Rpc;
using GovChain.Rpc.Connections;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>The services in a real Kestrel on ports of the system's choice, with a gateway of the test's.</summary>
internal sealed class RpcHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<IDisposable> _clients = [];
    private readonly string[] _addresses;

    private RpcHost(WebApplication app, FakeGateway gateway)
    {
        _app = app;
        Gateway = gateway;
        _addresses = [.. app.Urls];
    }

    public FakeGateway Gateway { get; }

    /// <summary>The clients' listener, for gRPC.</summary>
    public Uri GrpcAddress => new(_addresses[1]);

    /// <summary>The clients' listener with TLS, where there is one.</summary>
    public Uri TlsAddress => new(_addresses[4]);

    /// <summary>The port of a listener that speaks one protocol without TLS, or, of the clients', with TLS.</summary>
    public int Port(HttpProtocols protocol, NodeListeners listener = NodeListeners.Clients) => new Uri(_addresses[protocol switch
    {
        HttpProtocols.Http1 => 0,
        HttpProtocols.Http2 => 1,
        _ => 4,
    } + (listener == NodeListeners.Administration ? 2 : 0)]).Port;

    /// <summary>Starts it.</summary>
    /// <param name="options">The bounds; the defaults, with a short pause before trying again, if null.</param>
    /// <param name="node">What answers; null: a gateway of the test's, <see cref="Gateway"/>.</param>
    /// <param name="certificate">Adds a clients' listener with TLS, as a node's are.</param>
    /// <param name="logs">Takes what is logged; null: nobody does.</param>
    /// <param name="fake">A gateway of the test's to use; null: a new one.</param>
    /// <param name="readersTime">The clock by which tokens are judged; null: the system's.</param>
    public static async Task<RpcHost> StartAsync(
        RpcOptions? options = null, ILedgerGateway? node = null, X509Certificate2? certificate = null,
        ILoggerProvider? logs = null, FakeGateway? fake = null, TimeProvider? readersTime = null)
    {
        options ??= new RpcOptions { RetryAfter = TimeSpan.FromMilliseconds(20) };
        FakeGateway gateway = fake ?? new FakeGateway();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (logs is not null)
            builder.Logging.AddProvider(logs);
        builder.Services.AddSingleton(node ?? gateway);
        if (readersTime is not null)
            builder.Services.AddSingleton(s => new ReaderDoor(s.GetRequiredService<ILedgerGateway>(), options, readersTime));
        builder.Services.AddGovChainRpc(options);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.LimitKestrel(options);
            foreach (NodeListeners listener in (NodeListeners[])[NodeListeners.Clients, NodeListeners.Administration])
            {
                foreach (HttpProtocols protocol in (HttpProtocols[])[HttpProtocols.Http1, HttpProtocols.Http2])
                {
                    kestrel.Listen(IPAddress.Loopback, 0, listen =>
                    {
                        listen.Protocols = protocol;
                        listen.UseDoor(listener == NodeListeners.Clients
                            ? options.ClientConnections : options.AdministrationListenerConnections);
                    });
                }
            }
        });
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
                IPAddress.Loopback, 0, listen => listen.UseDoor(options.ClientConnections, tls => tls.UseHttps(
                    new TlsHandshakeCallbackOptions
                    {
                        HandshakeTimeout = options.HandshakeTimeout,
                        OnConnection = _ => ValueTask.FromResult(
                            new SslServerAuthenticationOptions { ServerCertificate = certificate }.AskForCertificate()),
                    }))));
        }
        WebApplication app = builder.Build();
        app.MapGovChainRpc();
        await app.StartAsync();
        return new RpcHost(app, gateway);
    }

    /// <summary>An HTTP/1.1 client of a listener.</summary>
    public HttpClient Http(NodeListeners listener = NodeListeners.Clients)
    {
        var client = new HttpClient
        {
            BaseAddress = new Uri(_addresses[listener == NodeListeners.Clients ? 0 : 2]),
            Timeout = TimeSpan.FromSeconds(20),
        };
        _clients.Add(client);
        return client;
    }

    /// <summary>The SDK's client of the administration listener; whoever asks disposes it.</summary>
    public LedgerClient ConnectAdministration() => new(new Uri(_addresses[3]), GrpcChannel.ForAddress(_addresses[3]));

    /// <summary>A gRPC client of a listener.</summary>
    public CallInvoker Grpc(NodeListeners listener = NodeListeners.Clients)
    {
        GrpcChannel channel = GrpcChannel.ForAddress(_addresses[listener == NodeListeners.Clients ? 1 : 3]);
        _clients.Add(channel);
        return channel.CreateCallInvoker();
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>Calls by method name: the generated client stubs belong to the SDK.</summary>
internal static class Calls
{
    public static CallOptions Soon => new(deadline: DateTime.UtcNow.AddSeconds(20));

    public static Method<TRequest, TResponse> Method<TRequest, TResponse>(
        MethodType type, string name, string service = "govchain.v1.Ledger")
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        new(type, service, name, Marshaller<TRequest>(), Marshaller<TResponse>());

    public static async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        this CallInvoker invoker, string name, TRequest request, string service = "govchain.v1.Ledger")
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        await invoker.AsyncUnaryCall(
            Method<TRequest, TResponse>(MethodType.Unary, name, service), null, Soon, request);

    /// <summary>The failure that a call must end with.</summary>
    public static async Task<RpcException> FailAsync(Func<Task> call) =>
        await Assert.ThrowsAsync<RpcException>(() => call()) ?? throw new AssertionException("The call did not fail.");

    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static Marshaller<T> Marshaller<T>()
        where T : class, IMessage<T>, new() =>
        Marshallers.Create(m => m.ToByteArray(), b => new MessageParser<T>(() => new T()).ParseFrom(b));
}
