using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client;
using GovChain.Node.Commands;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Import;

/// <summary>Goal: a node that dies at any moment of a connection's beginning may be asked again. Method: a listener that does so.</summary>
public sealed class LostConnectionTests
{
    /// <summary>When the connection ends.</summary>
    public enum End
    {
        /// <summary>Before TLS.</summary>
        Accepted,

        /// <summary>After TLS, before a byte of HTTP/2.</summary>
        Secured,

        /// <summary>After the server's SETTINGS, with GOAWAY (RFC 9113, sections 6.5 and 6.8).</summary>
        Greeted,

        /// <summary>After SETTINGS that allow no stream (section 6.5.2).</summary>
        AllowedNothing,
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Call_ConnectionEndsBeforeHttp2HasBegun_MayBeTriedAgain([Values] End end, CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = Certify(key);
        string file = Path.GetTempFileName();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task dying = DieAsync(listener, made, end, cancellation);
        try
        {
            await File.WriteAllTextAsync(file, made.ExportCertificatePem(), cancellation);
            using var client = LedgerClient.ConnectPinned(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}"), file);
            LedgerClientException failure = (await Assert.ThrowsAsync<LedgerClientException>(() => client.GetGenesisAsync(cancellation)))!;
            Assert.That(failure.IsTransient, Is.True, failure.ToString());
            Assert.That(failure.Message, Does.Contain("cannot be reached"));
        }
        finally
        {
            listener.Stop();
            await dying;
            File.Delete(file);
        }
    }

    /// <summary>So does a stopped process: the system accepts for it.</summary>
    [Test]
    [CancelAfter(60_000)]
    public async Task Call_ConnectionIsAcceptedAndTlsNeverEnds_MayBeTriedAgain_AndIsNotTakenForCancelledHere(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using LedgerClient client = Connect(listener, static handler => handler.ConnectTimeout = TimeSpan.FromMilliseconds(300));
        Func<Task>[] calls =
        [
            () => client.GetGenesisAsync(cancellation),
            async () => await client.BackupAsync(cancellation).GetAsyncEnumerator(cancellation).MoveNextAsync(),
        ];
        foreach (Func<Task> call in calls)
        {
            LedgerClientException failure = (await Assert.ThrowsAsync<LedgerClientException>(() => call()))!;
            Assert.That((failure.Status, failure.Reason), Is.EqualTo((StatusCode.Unavailable, "UNAVAILABLE")), failure.ToString());
            Assert.That(failure.Message, Does.Contain($"{client.Node} cannot be reached: ").And.EndWith("is this its client address?"));
            Assert.That(CommandRunner.Explain(failure).ExitCode, Is.EqualTo(ExitCode.Unavailable));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Call_CancelledHereWhileTheNodeIsSilent_IsCancelled(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using LedgerClient client = Connect(listener, static _ => { });
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task call = client.GetGenesisAsync(cancel.Token);
        using TcpClient accepted = await listener.AcceptTcpClientAsync(cancellation);
        await cancel.CancelAsync();
        await Assert.CatchAsync<OperationCanceledException>(() => call);
    }

    /// <summary>A node that is stopped while calls are under way answers no ping (RFC 9113, section 6.7); one that breaks the protocol
    /// breaks it the next time.</summary>
    [Test]
    [CancelAfter(60_000)]
    public async Task Call_NodeFallsSilentUnderWay_MayBeTriedAgain_AndOneThatBreaksTheProtocolMayNot(
        [Values] bool silent, CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using LedgerClient client = Connect(listener, static handler =>
            handler.KeepAlivePingDelay = handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(1));
        Task call = client.GetGenesisAsync(cancellation);
        using TcpClient accepted = await listener.AcceptTcpClientAsync(cancellation);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = Certify(key);
        using var tls = new SslStream(accepted.GetStream());
        await tls.AuthenticateAsServerAsync(Http2With(made), cancellation);
        // SETTINGS; and, of whoever breaks the protocol, DATA on stream 0 (section 6.1).
        byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0], data = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        await tls.WriteAsync(settings, cancellation);
        await ReadToHeadersAsync(tls, cancellation);
        if (!silent)
            await tls.WriteAsync(data, cancellation);

        LedgerClientException failure = (await Assert.ThrowsAsync<LedgerClientException>(() => call))!;
        Assert.That(failure.IsTransient, Is.EqualTo(silent), failure.ToString());
        Assert.That(CommandRunner.Explain(failure).ExitCode, Is.EqualTo(silent ? ExitCode.Unavailable : ExitCode.Refused));
        Assert.That(failure.Message, Does.Contain(client.Node.ToString()).And.Contain(silent ? "cannot be reached" : "client address?"));
    }

    /// <summary>Until the call has its stream.</summary>
    private static async Task ReadToHeadersAsync(Stream connection, CancellationToken cancellation)
    {
        await connection.ReadExactlyAsync(new byte["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length], cancellation);
        byte[] header = new byte[9];
        do
        {
            await connection.ReadExactlyAsync(header, cancellation);
            await connection.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(header) >>> 8], cancellation);
        }
        while (header[3] != 1);
    }

    /// <summary>As <see cref="LedgerClient.Connect(Uri, string)"/> does, with shorter times and any certificate.</summary>
    private static LedgerClient Connect(TcpListener listener, Action<SocketsHttpHandler> change)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        change(handler);
        var node = new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}");
        return new LedgerClient(node, GrpcChannel.ForAddress(node, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true }));
    }

    private static X509Certificate2 Certify(ECDsa key) => new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
        .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

    private static SslServerAuthenticationOptions Http2With(X509Certificate2 certificate) =>
        new() { ServerCertificate = certificate, ApplicationProtocols = [SslApplicationProtocol.Http2] };

    private static async Task DieAsync(TcpListener listener, X509Certificate2 certificate, End end, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                using TcpClient accepted = await listener.AcceptTcpClientAsync(cancellation);
                if (end == End.Accepted)
                    continue;
                using var tls = new SslStream(accepted.GetStream());
                await tls.AuthenticateAsServerAsync(Http2With(certificate), cancellation);
                if (end == End.Secured)
                    continue;
                byte[] allowed = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0], any = [0, 0, 0, 4, 0, 0, 0, 0, 0];
                byte[] goAway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                await tls.WriteAsync((byte[])[.. end == End.Greeted ? any : allowed, .. goAway], cancellation);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
        {
        }
    }
}
