using Google.Protobuf;
using Google.Rpc;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// Requests and streams that never end by themselves: bodies that trickle, answers nobody reads, subscriptions that
/// stand still. Each is ended by the node with a reason, counted, and gives its place back; a client at another address
/// is answered all the while.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class MisbehavingClientTests
{
    private const string Stranger = "127.0.0.2";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly MeterProbe _meters = new(RpcHosting.MeterName, "Microsoft.AspNetCore.Server.Kestrel");
    private RpcHost? _host;

    [TearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        _meters.Dispose();
    }

    private async Task<RpcHost> StartAsync(RpcOptions options) => _host = await RpcHost.StartAsync(options);

    [Test]
    public async Task GrpcBody_OneByteAtATime_IsEndedWithItsReasonAndOthersAreAnswered()
    {
        RpcHost host = await StartAsync(new RpcOptions { BodyTimeMax = Short });
        using RawConnection slow = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await slow.SendGrpcAsync(1, "Submit");
        await slow.SendFrameAsync(RawConnection.Data, 0, 1, 0, 0, 0, 1, 0);
        Task<string> answer = HeadersOfAsync(slow, 1);
        Task trickling = TrickleAsync(() => slow.SendFrameAsync(RawConnection.Data, 0, 1, 0), answer);

        await AssertAnsweredAsync(host);
        string headers = await answer;
        await trickling;

        Assert.That(headers, Does.Contain("grpc-status").And.Contain("arrive%20in%20the%20time"));
        Assert.That(_meters["govchain.rpc.cut", "BODY_TOO_SLOW"], Is.EqualTo(1));
        Assert.That(_meters["govchain.rpc.refused"], Is.Zero, "it is counted once");
    }

    [Test]
    public async Task JsonBody_OneByteAtATime_Is408WithItsReason()
    {
        RpcHost host = await StartAsync(new RpcOptions { BodyTimeMax = Short });
        using RawConnection slow = await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1), Stranger);
        await slow.SendAsync("POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
        Task<string> answer = slow.ReadToEndAsync();
        Task trickling = TrickleAsync(() => slow.SendAsync(" "), answer);

        await AssertAnsweredAsync(host);
        await trickling;

        Assert.That(await answer, Does.StartWith("HTTP/1.1 408").And.Contain("BODY_TOO_SLOW"));
        Assert.That(_meters["govchain.rpc.cut", "BODY_TOO_SLOW"], Is.EqualTo(1));
    }

    [Test]
    public async Task Get_WhoseBodyNeverComes_Is408()
    {
        RpcHost host = await StartAsync(new RpcOptions { BodyTimeMax = Short });
        using RawConnection slow = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await slow.SendFrameAsync(RawConnection.Headers, RawConnection.EndHeaders, 1, RawConnection.Block(
            (":method", "GET"), (":scheme", "http"), (":path", "/v1/status"), (":authority", "localhost")));
        Assert.That(await HeadersOfAsync(slow, 1), Does.Contain("408"));
    }

    [Test]
    public async Task Body_AbortedHalfWay_GivesItsPlaceBackAndIsCounted()
    {
        RpcHost host = await StartAsync(new RpcOptions { SubmitsWaitingPerAddress = 1 });
        using (RawConnection half = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2)))
        {
            await half.SendGrpcAsync(1, "Submit");
            await half.SendFrameAsync(RawConnection.Data, 0, 1, 0, 0, 0);
            CallInvoker client = host.Grpc(); // one connection, however often it takes
            RpcException full = await Calls.FailAsync(async () =>
            {
                while (true)
                    await SubmitAsync(client);
            });
            Assert.That(full.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted), "it has the only place");
        }
        await _meters.UntilAsync(1, "govchain.rpc.cut", "CLIENT_GONE");
        await SubmitAsync(host);
    }

    [Test]
    public async Task Submissions_WaitingFromOneAddress_LeaveRoomForAnother()
    {
        RpcHost host = await StartAsync(new RpcOptions { SubmitsWaiting = 8, SubmitsWaitingPerAddress = 4 });
        using RawConnection many = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        for (int i = 0; i < 20; i++)
            await many.SendGrpcAsync(2 * i + 1, "Submit");
        await _meters.UntilAsync(16, "govchain.rpc.refused", "TOO_MANY_AT_ONCE");
        await SubmitAsync(host);
    }

    [Test]
    public async Task Handler_ThatDoesNotEnd_IsEndedByTheServersOwnDeadline()
    {
        RpcHost host = await StartAsync(new RpcOptions { HandlingTimeMax = Short, CommitWaitMax = Short, CommitWaitDefault = Short });
        host.Gateway.OnSubmit = async (_, _, _, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("unreachable");
        };
        RpcException e = await Calls.FailAsync(() => SubmitAsync(host));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(e.GetRpcStatus()?.GetDetail<ErrorInfo>().Reason, Is.EqualTo("REQUEST_TIMEOUT"));
        Assert.That(_meters["govchain.rpc.cut", "REQUEST_TIMEOUT"], Is.EqualTo(1));
    }

    [Test]
    public async Task LargeAnswers_ThatNobodyReads_HoldTheirOwnPlacesOnlyAndAreBrokenOff()
    {
        RpcHost host = await StartAsync(new RpcOptions
        {
            ReadsAtOnce = 4,
            ReadsAtOncePerAddress = 2,
            ReadsWaiting = 40,
            ReadsWaitingPerAddress = 40,
            ResponseTimeMax = Short,
        });
        host.Gateway.Records = LargePage();
        using RawConnection deaf = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        for (int i = 0; i < 12; i++)
        {
            await deaf.SendGrpcAsync(2 * i + 1, "ListRecords");
            await deaf.SendMessageAsync(2 * i + 1, new ListRecordsRequest { Type = "open-type" });
        }
        await _meters.UntilAsync(2, "govchain.rpc.cut", "RESPONSE_TOO_SLOW");
        await AssertAnsweredAsync(host);
        // Two at a time: all twelve are done with only if each gave its place back.
        await _meters.UntilAsync(12, "govchain.rpc.cut", "RESPONSE_TOO_SLOW");
    }

    [Test]
    public async Task SmallAnswers_ThatFindNoWindow_AreBoundedByTheConnection()
    {
        RpcHost host = await StartAsync(new RpcOptions { RequestsPerConnection = 8 });
        using RawConnection deaf = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        // SETTINGS_INITIAL_WINDOW_SIZE = 0.
        await deaf.SendFrameAsync(RawConnection.Settings, 0, 0, 0, 4, 0, 0, 0, 0);
        for (int i = 0; i < 20; i++)
        {
            await deaf.SendGrpcAsync(2 * i + 1, "GetGenesis");
            await deaf.SendMessageAsync(2 * i + 1, new GetGenesisRequest());
        }
        using var late = new CancellationTokenSource(Bound);
        int refused = 0;
        while (refused < 12 && await deaf.ReadFrameAsync(late.Token) is { } frame)
            refused += frame.Type == RawConnection.Reset ? 1 : 0;
        Assert.That(refused, Is.EqualTo(12));
        await _meters.UntilAsync(8, "govchain.rpc.requests", "/govchain.v1.Ledger/GetGenesis");
        await AssertAnsweredAsync(host);
    }

    [Test]
    public async Task LargeAnswer_OfAClientThatStopsReadingOverHttp1_IsBrokenOff()
    {
        RpcHost host = await StartAsync(new RpcOptions { ResponseTimeMax = Short });
        host.Gateway.Records = LargePage(8);
        using RawConnection deaf = await RawConnection.OpenAsync(host.Port(HttpProtocols.Http1), Stranger);
        await deaf.SendAsync("GET /v1/records/open-type HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await _meters.UntilAsync(1, "govchain.rpc.cut", "RESPONSE_TOO_SLOW");
        await AssertAnsweredAsync(host);
    }

    [Test]
    public async Task Reads_BeyondThoseAtOnce_WaitForTheirTurnAndNoLonger()
    {
        RpcHost host = await StartAsync(new RpcOptions
        {
            ReadsAtOnce = 1,
            ReadsAtOncePerAddress = 1,
            ReadsWaiting = 2,
            ReadsWaitingPerAddress = 2,
            BodyTimeMax = TimeSpan.FromSeconds(1),
        });
        using RawConnection holder = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        host.Gateway.Records = LargePage();
        await holder.SendGrpcAsync(1, "ListRecords");
        await holder.SendMessageAsync(1, new ListRecordsRequest { Type = "open-type" });
        await _meters.UntilAsync(1, "govchain.rpc.requests", "/govchain.v1.Ledger/ListRecords");

        RpcException late = await Calls.FailAsync(
            async () => await host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new()));
        Assert.That(late.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(_meters["govchain.rpc.cut", "WAITED_TOO_LONG"], Is.EqualTo(1));
        using HttpResponseMessage health = await host.Http().GetAsync("/health/live");
        Assert.That(health.IsSuccessStatusCode, Is.True, "health has its own places");
        await host.Grpc(NodeListeners.Administration).UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
    }

    [TestCase(false, TestName = "SubmitStream_WithoutAnEnvelope_IsEndedAsIdle")]
    [TestCase(true, TestName = "SubmitStream_WhoseEnvelopeTrickles_IsEndedAsIdle")]
    public async Task SubmitStream_ThatBringsNothing_IsEndedAsIdle(bool trickles)
    {
        RpcHost host = await StartAsync(new RpcOptions { StreamIdleMax = Short });
        using RawConnection idle = await RawConnection.OpenHttp2Async(host.Port(HttpProtocols.Http2), Stranger);
        await idle.SendGrpcAsync(1, "SubmitStream");
        if (trickles)
            await idle.SendFrameAsync(RawConnection.Data, 0, 1, 0, 0, 0, 1, 0);
        Task<string> answer = HeadersOfAsync(idle, 1);
        if (trickles)
            await TrickleAsync(() => idle.SendFrameAsync(RawConnection.Data, 0, 1, 0), answer);
        string headers = await answer;
        Assert.That(headers, Does.Contain("No%20envelope%20came").Or.Contain("No envelope came"));
        Assert.That(_meters["govchain.rpc.cut", "STREAM_IDLE"], Is.EqualTo(1));
        Assert.That(_meters["govchain.rpc.streams"], Is.Zero, "the place is free");
    }

    [Test]
    public async Task SubmitStream_WithAnEnvelopeUnderWay_IsNotIdle()
    {
        RpcHost host = await StartAsync(new RpcOptions { StreamIdleMax = TimeSpan.FromMilliseconds(50) });
        host.Gateway.OnSubmit = async (_, _, _, cancellation) =>
        {
            await Task.Delay(10 * 50, cancellation);
            return Outcomes.Committed(FakeGateway.Id, 7, 42);
        };
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = OpenSubmitStream(host);
        await call.RequestStream.WriteAsync(new SubmitStreamRequest { Tag = 5, Envelope = ByteString.CopyFrom(1) });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(call.ResponseStream.Current.Tag, Is.EqualTo(5));
    }

    [Test]
    public async Task SubmitStream_WhoseAnswersNobodyTakes_IsEnded()
    {
        RpcHost host = await StartAsync(new RpcOptions { StreamWriteMax = Short, StreamWindowEnvelopes = 64 });
        string longText = new('x', 60_000);
        host.Gateway.OnSubmit = (_, _, _, _) => Task.FromResult(Outcomes.Committed(longText, 7, 42));
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = OpenSubmitStream(host);
        Task writing = WriteAsync();
        await _meters.UntilAsync(1, "govchain.rpc.cut", "SLOW_READER");
        RpcException e = await Calls.FailAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
        await writing;
        Assert.That(e.GetRpcStatus()?.GetDetail<ErrorInfo>().Reason, Is.EqualTo("SLOW_READER"));

        async Task WriteAsync()
        {
            try
            {
                for (ulong i = 0; i < 10_000; i++)
                    await call.RequestStream.WriteAsync(new SubmitStreamRequest { Tag = i, Envelope = ByteString.CopyFrom(1) });
            }
            catch (Exception ended) when (ended is RpcException or InvalidOperationException)
            {
                // The stream is over.
            }
        }
    }

    [Test]
    public async Task Subscription_ThatStopsReading_IsEndedWithThePositionToGoOnFromAndBuffersLittle()
    {
        const int Bytes = 10_000;
        RpcHost host = await StartAsync(new RpcOptions { StreamWriteMax = Short });
        host.Gateway.EndlessBytes = Bytes;
        using AsyncServerStreamingCall<CommittedTransaction> call = host.Grpc(NodeListeners.Administration)
            .AsyncServerStreamingCall(
                Calls.Method<SubscribeRequest, CommittedTransaction>(MethodType.ServerStreaming, "Subscribe"),
                null, Calls.Soon, new SubscribeRequest { FromPosition = 1 });
        await call.ResponseStream.MoveNext(CancellationToken.None);
        await _meters.UntilAsync(1, "govchain.rpc.cut", "SLOW_READER");

        // Both sides' sockets, the client's window and the node's buffer: a few MiB, and then nothing more is read.
        Assert.That(host.Gateway.Taken * Bytes, Is.LessThan(16 * 1024 * 1024));
        await AssertAnsweredAsync(host);

        ulong last = 1;
        RpcException e = await Calls.FailAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                last = call.ResponseStream.Current.Position;
        });
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        ErrorInfo? info = e.GetRpcStatus()?.GetDetail<ErrorInfo>();
        Assert.That(info?.Reason, Is.EqualTo("SLOW_READER"));
        Assert.That(info?.Metadata["nextPosition"], Is.EqualTo($"{last + 1}"));
    }

    [Test]
    public async Task Subscription_OverRawHttp2ThatNeverOpensItsWindow_IsBrokenOffAndGivesItsPlaceBack()
    {
        RpcHost host = await StartAsync(new RpcOptions { StreamWriteMax = Short, ResponseTimeMax = Short, StreamsPerAddress = 1 });
        host.Gateway.EndlessBytes = 10_000;
        for (int i = 0; i < 3; i++)
        {
            using RawConnection deaf = await RawConnection.OpenHttp2Async(
                host.Port(HttpProtocols.Http2, NodeListeners.Administration));
            await deaf.SendGrpcAsync(1, "Subscribe");
            await deaf.SendMessageAsync(1, new SubscribeRequest());
            await _meters.UntilAsync(i + 1, "govchain.rpc.cut", "SLOW_READER");
            await _meters.UntilAsync(i + 1, "govchain.rpc.cut", "RESPONSE_TOO_SLOW");
        }
        Assert.That(_meters["govchain.rpc.refused"], Is.Zero);
    }

    private static ListRecordsResponse LargePage(int mebibytes = 1)
    {
        var page = new ListRecordsResponse();
        for (int i = 0; i < mebibytes * 16; i++)
        {
            page.Records.Add(new RecordVersion
            {
                Action = "register",
                Payload = ByteString.CopyFrom(new byte[64 * 1024]),
            });
        }
        return page;
    }

    private static AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> OpenSubmitStream(RpcHost host) =>
        host.Grpc().AsyncDuplexStreamingCall(
            Calls.Method<SubmitStreamRequest, SubmitStreamResponse>(MethodType.DuplexStreaming, "SubmitStream"),
            null, Calls.Soon);

    private static Task<TransactionOutcome> SubmitAsync(RpcHost host) => SubmitAsync(host.Grpc());

    private static Task<TransactionOutcome> SubmitAsync(CallInvoker client) =>
        client.UnaryAsync<SubmitRequest, TransactionOutcome>(
            "Submit", new SubmitRequest { Envelope = ByteString.CopyFrom(1, 2, 3) });

    /// <summary>A client that behaves gets its answers.</summary>
    private static async Task AssertAnsweredAsync(RpcHost host)
    {
        for (int i = 0; i < 5; i++)
        {
            await host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
            await SubmitAsync(host);
        }
    }

    /// <summary>Sends again and again, until something has happened or nobody listens any more.</summary>
    private static async Task TrickleAsync(Func<Task> send, Task until)
    {
        try
        {
            while (await Task.WhenAny(until, Task.Delay(20)) != until)
                await send();
        }
        catch (IOException)
        {
            // Closed.
        }
    }

    /// <summary>The headers with which a stream is answered or ended: literals, which is how this server sends them.
    /// </summary>
    private static async Task<string> HeadersOfAsync(RawConnection connection, int stream)
    {
        using var late = new CancellationTokenSource(Bound);
        while (await connection.ReadFrameAsync(late.Token) is { } frame)
        {
            if (frame.Type == RawConnection.Headers && frame.Stream == stream)
                return System.Text.Encoding.Latin1.GetString(frame.Payload);
        }
        throw new AssertionException("The connection ended without an answer.");
    }
}
