using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Grpc.Core;
using Grpc.Net.Client;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Goal: only the department itself gets a stream, and both operators can read why another does not.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerRefusalTests
{
    [Test]
    public async Task WrongKey_OfTheDialler_IsRefusedAndNamedInStatus()
    {
        await using var bed = new PeerBed("a", "b");
        using PlatformSigner thief = PlatformSigner.Create();
        PeerNetwork b = await bed.StartAsync("b");
        PeerNetwork a = await bed.StartAsync("a", identity: NodeIdentity.Create(thief, PeerBed.Chain, "a"));

        await PeerBed.UntilAsync(() => PeerBed.State(b, "a").LastError.Contains("shows the key"), "b says why");
        Assert.That(PeerBed.State(b, "a").IsConnected, Is.False);
        Assert.That(PeerBed.State(a, "b").IsConnected, Is.False);
    }

    [Test]
    public async Task WrongKey_OfTheListener_IsRefusedAndNamedInStatus()
    {
        await using var bed = new PeerBed("a", "b");
        using PlatformSigner thief = PlatformSigner.Create();
        PeerNetwork b = await bed.StartAsync("b", identity: NodeIdentity.Create(thief, PeerBed.Chain, "b"));
        PeerNetwork a = await bed.StartAsync("a");

        await PeerBed.UntilAsync(() => PeerBed.State(a, "b").LastError.Contains("shows the key"), "a says why");
        Assert.That(PeerBed.State(b, "a").IsConnected, Is.False);
    }

    [Test]
    public async Task OtherLedger_IsRefusedAndNamedInStatus()
    {
        await using var bed = new PeerBed("a", "b");
        NodeIdentity foreign = NodeIdentity.Create(bed.Signer("b"), Sha256.Hash("other"u8), "b");
        await bed.StartAsync("b", identity: foreign);
        PeerNetwork a = await bed.StartAsync("a");

        await PeerBed.UntilAsync(() => PeerBed.State(a, "b").LastError.Contains("of the ledger"), "a says why");
    }

    [Test]
    public async Task AnotherDepartmentAtTheEndpoint_IsRefusedAndNamedInStatus()
    {
        await using var bed = new PeerBed("a", "b", "c");
        PeerNetwork c = await bed.StartAsync("c");
        using NodeIdentity identity = bed.Identity("a");
        var wrong = bed.PeersOf("a").Select(p => p with { Endpoint = $"127.0.0.1:{c.ListenAddress.Port}" });
        await using var a = new PeerNetwork(
            identity, wrong, bed.Verifier, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await a.StartAsync(new(System.Net.IPAddress.Loopback, 0), new Recorder());

        await PeerBed.UntilAsync(
            () => PeerBed.State(a, "b").LastError.StartsWith("c answers where b", StringComparison.Ordinal), "a says why");
    }

    [Test]
    public async Task Stranger_WithoutLedgerKeyOrWithoutCertificate_NeverReachesTheService()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync("b");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 ordinary = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        foreach (X509Certificate2? certificate in new[] { ordinary, null })
        {
            Exception? refused = await Assert.CatchAsync(() => DialAsync(b, certificate, Hello("a")));
            Assert.That(refused, Is.Not.Null, "TLS must not let it through");
            Assert.That((refused as RpcException)?.StatusCode,
                Is.AnyOf(null, StatusCode.Unavailable, StatusCode.Internal), "no answer of the service itself");
        }
    }

    [Test]
    public async Task Department_ThatMustNotDial_IsToldSo()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork a = await bed.StartAsync("a");
        using NodeIdentity b = bed.Identity("b");

        RpcException? refused = await Assert.ThrowsAsync<RpcException>(() => DialAsync(a, b.Certificate, Hello("b")));

        Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(refused.Status.Detail, Does.Contain("a is the one that dials"));
    }

    [TestCase("version", "version 2 of the node protocol")]
    [TestCase("chain", "another ledger")]
    [TestCase("department", "another department")]
    [TestCase("vote", "did not introduce itself")]
    public async Task FirstFrame_Wrong_IsToldSoAndGetsNoStream(string fault, string reason)
    {
        await using var bed = new PeerBed("a", "b", "c");
        var handler = new Recorder();
        PeerNetwork b = await bed.StartAsync("b", handler);
        using NodeIdentity a = bed.Identity("a");
        PeerFrame first = Hello("a");
        switch (fault)
        {
            case "version": first.Hello.ProtocolVersion = 2; break;
            case "chain": first.Hello.ChainId = ByteString.CopyFrom(new byte[32]); break;
            case "department": first.Hello.Department = "c"; break;
            default: first = new PeerFrame { Consensus = ByteString.CopyFromUtf8("vote") }; break;
        }

        RpcException? refused = await Assert.ThrowsAsync<RpcException>(() => DialAsync(b, a.Certificate, first));

        Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(refused.Status.Detail, Does.Contain(reason));
        Assert.That(PeerBed.State(b, "a").LastError, Does.Contain(reason));
        Assert.That(handler.Connected, Is.Empty);
        Assert.That(handler.Consensus, Is.Empty);
    }

    [Test]
    public async Task FirstFrame_Missing_EndsAfterTheHandshakeTime()
    {
        await using var bed = new PeerBed("a", "b");
        PeerNetwork b = await bed.StartAsync(
            "b", options: new PeerNetworkOptions { HandshakeTimeout = TimeSpan.FromSeconds(1) });
        using NodeIdentity a = bed.Identity("a");

        RpcException? refused = await Assert.ThrowsAsync<RpcException>(() => DialAsync(b, a.Certificate, null));

        Assert.That(refused!.Status.Detail, Does.Contain("did not introduce itself"));
    }

    private static PeerFrame Hello(string department) => new()
    {
        Hello = new PeerHello
        {
            ProtocolVersion = 1,
            ChainId = ByteString.CopyFrom(PeerBed.Chain.Span),
            Department = department,
        },
    };

    /// <summary>Opens a stream by hand, sends one frame, and waits for what comes.</summary>
    private static async Task DialAsync(PeerNetwork listener, X509Certificate2? certificate, PeerFrame? first)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        if (certificate is not null)
            handler.SslOptions.ClientCertificates = [certificate];
        using GrpcChannel channel = GrpcChannel.ForAddress(
            $"https://{listener.ListenAddress}", new GrpcChannelOptions { HttpHandler = handler });
        using AsyncDuplexStreamingCall<PeerFrame, PeerFrame> call =
            new Peer.PeerClient(channel).Connect(deadline: DateTime.UtcNow.AddSeconds(20));
        if (first is not null)
            await call.RequestStream.WriteAsync(first);
        await call.ResponseStream.MoveNext(CancellationToken.None);
    }
}
