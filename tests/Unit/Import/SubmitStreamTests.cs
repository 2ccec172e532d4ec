using System.Security.Authentication;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Import;

/// <summary>How a stream of envelopes ends on a client that is still sending.</summary>
public sealed class SubmitStreamTests
{
    private static readonly Uri NodeAddress = new("http://127.0.0.1:1");

    [Test]
    [CancelAfter(60_000)]
    public async Task Send_NodeEndsTheStreamInsteadOfReadingOn_Ends(CancellationToken cancellation)
    {
        var end = new TaskCompletionSource<bool>();
        using SubmitStream stream = Open(new Writer(new TaskCompletionSource().Task), new Reader(end.Task));
        Task reading = stream.ReadAsync(cancellation);
        Task sending = stream.SendAsync(1, new byte[1], cancellation);
        Assert.That(sending.IsCompleted, Is.False, "it waits for room at the node");

        end.SetException(new RpcException(new Status(StatusCode.Unavailable, "The node is going.")));

        LedgerClientException read = (await Try(reading))!;
        Assert.That((read.IsTransient, read.Reason), Is.EqualTo((true, "UNAVAILABLE")));
        LedgerClientException sent = (await Try(sending.WaitAsync(cancellation)))!;
        Assert.That((sent.IsTransient, sent.Reason), Is.EqualTo((true, "STREAM_ENDED")));
    }

    [Test]
    public async Task Send_ConnectionIsClosedWhileWriting_SaysThatTheStreamHasEnded([Values] bool wrapped)
    {
        var closed = new HttpProtocolException(0x5, "The HTTP/2 server closed the connection.", null);
        using SubmitStream stream = Open(
            new Writer(Task.FromException(wrapped ? new HttpRequestException("", closed) : closed)),
            new Reader(new TaskCompletionSource<bool>().Task));
        LedgerClientException sent = (await Try(stream.SendAsync(1, new byte[1])))!;
        Assert.That((sent.IsTransient, sent.Reason), Is.EqualTo((true, "STREAM_ENDED")));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Complete_OnACallThatIsOver_SaysThatTheStreamHasEnded(CancellationToken cancellation)
    {
        using SubmitStream stream = Open(new Writer(throws: new ObjectDisposedException("call")), new Reader(Task.FromResult(false)));
        LedgerClientException completed = (await Try(stream.CompleteAsync().WaitAsync(cancellation)))!;
        LedgerClientException sent = (await Try(stream.SendAsync(1, new byte[1], cancellation).WaitAsync(cancellation)))!;
        Assert.That((completed.Reason, sent.Reason), Is.EqualTo(("STREAM_ENDED", "STREAM_ENDED")));
    }

    [TestCase(0x0, true)]
    [TestCase(0x2, true)] // a proxy, when its node goes away
    [TestCase(0x4, true)]
    [TestCase(0x5, true)]
    [TestCase(0x7, true)]
    [TestCase(0x8, true)]
    [TestCase(0xa, true)]
    [TestCase(0xb, true)]
    [TestCase(0x1, false)] // a server that speaks another protocol will go on speaking it
    [TestCase(0x3, false)]
    [TestCase(0x6, false)]
    [TestCase(0x9, false)]
    [TestCase(0xc, false)]
    [TestCase(0xd, false)]
    public async Task Read_ConnectionIsClosedWithAnHttp2Error_MayBeTriedAgain(long code, bool transient)
    {
        var closed = new HttpRequestException("", new HttpProtocolException(code, "The HTTP/2 server closed the connection.", null));
        var status = new Status(StatusCode.Internal, "Error reading.", closed);
        using SubmitStream stream = Open(
            new Writer(Task.CompletedTask), new Reader(Task.FromException<bool>(new RpcException(status))));
        LedgerClientException read = (await Try(stream.ReadAsync()))!;
        Assert.That(read.IsTransient, Is.EqualTo(transient));
    }

    [TestCase(HttpRequestError.Unknown, true)] // as .NET 10 says it where a node dies between TLS and a call's first stream
    [TestCase(HttpRequestError.VersionNegotiationError, false)]
    [TestCase(HttpRequestError.HttpProtocolError, false)]
    public async Task Read_ConnectionIsLostAsItComesAbout_MayBeTriedAgain(HttpRequestError error, bool transient)
    {
        var lost = new HttpRequestException(error, "An HTTP/2 connection could not be established because the server did not complete the HTTP/2 handshake.");
        using SubmitStream stream = Open(new Writer(Task.CompletedTask),
            new Reader(Task.FromException<bool>(new RpcException(new Status(StatusCode.Internal, "Error starting gRPC call.", lost)))));
        LedgerClientException read = (await Try(stream.ReadAsync()))!;
        Assert.That(read.IsTransient, Is.EqualTo(transient));
    }

    [Test]
    public async Task Read_CertificateOfAnotherAuthority_SaysSoAndIsNotTriedAgain()
    {
        var cause = new HttpRequestException("The SSL connection could not be established, see inner exception.",
            new AuthenticationException("The remote certificate is invalid because of errors in the certificate chain: PartialChain"));
        using SubmitStream stream = Open(new Writer(Task.CompletedTask),
            new Reader(Task.FromException<bool>(new RpcException(new Status(StatusCode.Internal, "Error starting gRPC call.", cause)))));
        LedgerClientException read = (await Try(stream.ReadAsync()))!;
        Assert.That((read.IsTransient, read.Reason), Is.EqualTo((false, "UNTRUSTED_CERTIFICATE")));
        Assert.That(read.Message, Does.Contain("PartialChain").And.Contain("--ca").And.Not.Contain("inner exception"));
        Assert.That(CommandRunner.Explain(read).ExitCode, Is.EqualTo(ExitCode.Usage));
    }

    private static async Task<LedgerClientException?> Try(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (LedgerClientException e)
        {
            return e;
        }
    }

    private static SubmitStream Open(Writer writer, Reader reader) => new(
        new AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse>(
            writer, reader, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { }),
        NodeAddress);

    private sealed class Writer(Task? write = null, Exception? throws = null) : IClientStreamWriter<SubmitStreamRequest>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(SubmitStreamRequest message) => write ?? throw throws!;

        public Task WriteAsync(SubmitStreamRequest message, CancellationToken cancellationToken) => write ?? throw throws!;

        public Task CompleteAsync() => write ?? throw throws!;
    }

    private sealed class Reader(Task<bool> next) : IAsyncStreamReader<SubmitStreamResponse>
    {
        public SubmitStreamResponse Current => new();

        public Task<bool> MoveNext(CancellationToken cancellationToken) => next;
    }
}
