using System.Net.Sockets;
using System.Security.Authentication;
using GovChain.Node.Peers;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>Why a stream is not up is a sentence of ours in status and log, never the platform's own text.</summary>
internal sealed class PeerErrorsTests
{
    private const string Raw = "The remote certificate was rejected by the provided RemoteCertificateValidationCallback.";

    private static IEnumerable<TestCaseData> Failures() =>
    [
        new TestCaseData(new AuthenticationException(Raw), "TLS failed"),
        new TestCaseData(new SocketException((int)SocketError.ConnectionRefused), "Nothing listens there."),
        new TestCaseData(new SocketException((int)SocketError.HostNotFound), "cannot be resolved"),
        new TestCaseData(new SocketException((int)SocketError.NetworkUnreachable), "No way leads"),
        new TestCaseData(new SocketException((int)SocketError.ConnectionReset), "closed the connection"),
        new TestCaseData(new SocketException((int)SocketError.NoBufferSpaceAvailable), "NoBufferSpaceAvailable"),
        new TestCaseData(new HttpIOException(HttpRequestError.HttpProtocolError, Raw), "HttpProtocolError"),
        new TestCaseData(new IOException(Raw), "IOException"),
        new TestCaseData(new OperationCanceledException(Raw), "was closed"),
        new TestCaseData(new ObjectDisposedException(Raw), "was closed"),
        new TestCaseData(new TimeoutException(Raw), "in time"),
        new TestCaseData(new PeerStalledException(TimeSpan.FromSeconds(30)), "no bytes for 30 seconds"),
        new TestCaseData(new InvalidDataException("The other side sent a frame that has no place here."), "has no place here"),
    ];

    [Test]
    public void Describe_AStatusWithoutAWord_IsASentence()
    {
        foreach (StatusCode status in Enum.GetValues<StatusCode>().Where(static s => s != StatusCode.OK))
            Assert.That(PeerErrors.Describe(new RpcException(new Status(status, " "))), Has.Length.GreaterThan(20).And.EndWith("."), $"{status}");
    }

    [TestCaseSource(nameof(Failures))]
    public void Describe_AnyFailure_IsASentenceOfOurs_AlsoInsideACall(Exception failure, string told)
    {
        var wrapped = new RpcException(new Status(StatusCode.Unavailable, Raw, new HttpRequestException(Raw, failure)));
        foreach (Exception e in new[] { failure, wrapped })
        {
            string text = PeerErrors.Describe(e);
            Assert.That(text, Does.Contain(told).And.EndWith("."));
            Assert.That(text, Does.Not.Contain("RemoteCertificateValidationCallback"));
        }
    }
}
