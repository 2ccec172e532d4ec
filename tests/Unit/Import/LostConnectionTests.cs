using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GovChain.Client;
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
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
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
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = certificate, ApplicationProtocols = [SslApplicationProtocol.Http2] },
                    cancellation);
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
