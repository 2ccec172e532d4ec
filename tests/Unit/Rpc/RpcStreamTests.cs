using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>Streams: bounded, in step with the slower side, and ended with a reason.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RpcStreamTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private RpcHost _host = null!;

    [SetUp]
    public async Task StartAsync() => _host = await RpcHost.StartAsync(new RpcOptions
    {
        RetryAfter = TimeSpan.FromMilliseconds(10),
        StreamWindowEnvelopes = 8,
        StreamWindowBytes = 100_000,
        StreamsPerAddress = 2,
    });

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task SubmitStream_NothingAnswered_ReadsTheWindowAndNoFurtherThenAll()
    {
        int entered = 0;
        var windowFull = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _host.Gateway.OnSubmit = async (envelope, _, _, _) =>
        {
            if (Interlocked.Increment(ref entered) == 8)
                windowFull.SetResult();
            await answer.Task;
            return Outcomes.Committed(FakeGateway.Id, 1, envelope.Span[0]);
        };
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        Task writing = WriteAsync(call, 100, 1);
        await windowFull.Task.WaitAsync(Bound);
        // The ninth could only have entered by now if the window let it: a later message was answered in full.
        await _host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new());
        Assert.That(Volatile.Read(ref entered), Is.EqualTo(8));

        answer.SetResult();
        Dictionary<ulong, TransactionOutcome> outcomes = await ReadAllAsync(call);
        await writing;
        Assert.That(outcomes, Has.Count.EqualTo(100));
        Assert.That(outcomes.All(o => o.Value.Position == o.Key), Is.True, "each tag has its own outcome");
    }

    [Test]
    public async Task SubmitStream_NodeBeginsToStop_AnswersWhatItTookAndThenIsUnavailable()
    {
        var taken = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _host.Gateway.OnSubmit = async (_, _, _, _) =>
        {
            taken.TrySetResult();
            await answer.Task;
            return Outcomes.Committed(FakeGateway.Id, 1, 5);
        };
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        await call.RequestStream.WriteAsync(new SubmitStreamRequest { Tag = 3, Envelope = ByteString.CopyFrom([1]) });
        await taken.Task.WaitAsync(Bound);

        _host.Gateway.Readiness = NodeReadiness.NotReady("This node is stopping.");
        await _host.Gateway.Stop.CancelAsync();
        answer.SetResult();

        Assert.That(await call.ResponseStream.MoveNext().WaitAsync(Bound), Is.True, "what was taken is answered");
        Assert.That(call.ResponseStream.Current.Outcome.Position, Is.EqualTo(5));
        RpcException end = (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(Bound)))!;
        Assert.That(end.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(end.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>(), Is.Not.Null, "with a hint when to come back");
    }

    [Test]
    public async Task SubmitStream_LargeEnvelopes_AreBoundedByBytes()
    {
        int inside = 0, most = 0;
        _host.Gateway.OnSubmit = async (_, _, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            return Outcomes.Committed(FakeGateway.Id, 1, 1);
        };
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        Task writing = WriteAsync(call, 20, 60_000);
        Assert.That(await ReadAllAsync(call), Has.Count.EqualTo(20));
        await writing;
        Assert.That(most, Is.EqualTo(1), "two of 60,000 bytes are more than 100,000");
    }

    [Test]
    public async Task SubmitStream_PoolFull_WaitsForRoomInsteadOfRefusing()
    {
        int tries = 0;
        _host.Gateway.OnSubmit = (_, _, _, _) => Task.FromResult(Interlocked.Increment(ref tries) <= 3
            ? Refusal(RejectionCode.PoolFull)
            : Outcomes.Committed(FakeGateway.Id, 1, 1));
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        await WriteAsync(call, 1, 1);
        Dictionary<ulong, TransactionOutcome> outcomes = await ReadAllAsync(call);
        Assert.That((outcomes[0].Status, tries), Is.EqualTo((TransactionStatus.CommittedDurably, 4)));
    }

    [Test]
    public async Task SubmitStream_Refusals_AreOutcomesAndTheStreamGoesOn()
    {
        _host.Gateway.OnSubmit = (envelope, _, _, _) => Task.FromResult(envelope.Span[0] % 2 == 0
            ? Refusal(RejectionCode.VersionConflict)
            : Outcomes.Committed(FakeGateway.Id, 1, 1));
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        Task writing = WriteAsync(call, 10, 1);
        Dictionary<ulong, TransactionOutcome> outcomes = await ReadAllAsync(call);
        await writing;
        Assert.That(outcomes.Count(o => o.Value.Rejection?.Code == "VERSION_CONFLICT"), Is.EqualTo(5));
        Assert.That(outcomes.Count(o => o.Value.Status == TransactionStatus.CommittedDurably), Is.EqualTo(5));
    }

    [Test]
    public async Task SubmitStream_NodeNoLongerReady_EndsUnavailable()
    {
        _host.Gateway.OnSubmit = (_, _, _, _) => Task.FromResult(Refusal(RejectionCode.NodeNotReady));
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
        await call.RequestStream.WriteAsync(Request(0, 1));
        RpcException e = await Calls.FailAsync(
            async () => await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task SubmitStream_NodeNoLongerReadyWhileAnswersAreWritten_EndsUnavailableEveryTime()
    {
        // The failure falls into a write under way: a write that is cancelled would reset the stream.
        _host.Gateway.OnSubmit = async (envelope, _, _, _) =>
        {
            await Task.Yield();
            return envelope.Span[0] == 7 ? Refusal(RejectionCode.NodeNotReady) : Outcomes.Committed(FakeGateway.Id, 1, 1);
        };
        for (int round = 0; round < 200; round++)
        {
            using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open();
            try
            {
                await WriteAsync(call, 8, 1);
            }
            catch (RpcException)
            {
                // answered before all was sent: the reason is on the other side
            }
            RpcException e = await Calls.FailAsync(async () =>
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                }
            });
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable), $"round {round}: {e.Status}");
            Assert.That(e.GetRpcStatus()?.GetDetail<Google.Rpc.ErrorInfo>().Reason, Is.EqualTo("NODE_NOT_READY"));
        }
    }

    [Test]
    public async Task SubmitStream_ClientGoesAway_EndsTheWaiting()
    {
        var waiting = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        _host.Gateway.OnSubmit = async (_, _, _, cancellation) =>
        {
            waiting.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                ended.SetResult();
            }
            throw new InvalidOperationException("unreachable");
        };
        using (AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Open())
        {
            await call.RequestStream.WriteAsync(Request(0, 1));
            await waiting.Task.WaitAsync(Bound);
        }
        await ended.Task.WaitAsync(Bound);
    }

    [Test]
    public async Task Streams_MoreThanAnAddressMayOpen_AreResourceExhausted()
    {
        int entered = 0;
        var two = new TaskCompletionSource();
        _host.Gateway.OnSubmit = async (_, _, _, cancellation) =>
        {
            if (Interlocked.Increment(ref entered) == 2)
                two.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("unreachable");
        };
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> first = Open();
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> second = Open();
        await first.RequestStream.WriteAsync(Request(0, 1));
        await second.RequestStream.WriteAsync(Request(0, 1));
        await two.Task.WaitAsync(Bound);
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> third = Open();
        RpcException e = await Calls.FailAsync(
            async () => await third.ResponseStream.MoveNext(CancellationToken.None));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task Subscribe_Cancelled_EndsTheGatewaysEnumeration()
    {
        using (AsyncServerStreamingCall<CommittedTransaction> call = _host.Grpc(NodeListeners.Administration)
            .AsyncServerStreamingCall(
                Calls.Method<SubscribeRequest, CommittedTransaction>(MethodType.ServerStreaming, "Subscribe"),
                null, Calls.Soon, new SubscribeRequest { FromPosition = 5 }))
        {
            for (ulong i = 5; i < 8; i++)
            {
                Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);
                Assert.That(call.ResponseStream.Current.Position, Is.EqualTo(i));
            }
        }
        await _host.Gateway.SubscriptionDone.Task.WaitAsync(Bound);
    }

    [Test]
    public async Task Subscribe_NodeStops_EndsUnavailable()
    {
        using AsyncServerStreamingCall<CommittedTransaction> call = _host.Grpc(NodeListeners.Administration)
            .AsyncServerStreamingCall(
                Calls.Method<SubscribeRequest, CommittedTransaction>(MethodType.ServerStreaming, "Subscribe"),
                null, Calls.Soon, new SubscribeRequest());
        await call.ResponseStream.MoveNext(CancellationToken.None);
        Task stopping = _host.StopAsync();
        RpcException e = await Calls.FailAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
        await stopping;
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    private AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> Open() =>
        _host.Grpc().AsyncDuplexStreamingCall(
            Calls.Method<SubmitStreamRequest, SubmitStreamResponse>(MethodType.DuplexStreaming, "SubmitStream"),
            null, Calls.Soon);

    private static SubmitStreamRequest Request(int tag, int bytes)
    {
        byte[] envelope = new byte[bytes];
        envelope[0] = (byte)tag;
        return new SubmitStreamRequest { Tag = (ulong)tag, Envelope = ByteString.CopyFrom(envelope) };
    }

    private static async Task WriteAsync(
        AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call, int count, int bytes)
    {
        for (int i = 0; i < count; i++)
            await call.RequestStream.WriteAsync(Request(i, bytes));
        await call.RequestStream.CompleteAsync();
    }

    private static async Task<Dictionary<ulong, TransactionOutcome>> ReadAllAsync(
        AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call)
    {
        var outcomes = new Dictionary<ulong, TransactionOutcome>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            outcomes.Add(call.ResponseStream.Current.Tag, call.ResponseStream.Current.Outcome);
        return outcomes;
    }

    private static TransactionOutcome Refusal(RejectionCode code) =>
        Outcomes.Rejected(FakeGateway.Id, Outcomes.ToMessage(new Rejection(code, "A sentence.")));
}
