using Google.Protobuf;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// docs/PROTOCOL.md, "Fair shares": one department's clients, or strangers, hold all the places of submissions and streams that they can;
/// the clerk of another is answered. Method: connections from many addresses; the first byte of an envelope says whose it is found to be.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class DepartmentPlacesTests
{
    private const byte Land = 1, Tax = 2, Forged = 3;
    private const string NeededByOthers = "Others needed the place";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly MeterProbe _meters = new(RpcHosting.MeterName);
    private readonly List<RawConnection> _connections = [];
    private readonly SemaphoreSlim _brought = new(0);
    private readonly TaskCompletionSource _landIsRecorded = new();
    private RpcHost _host = null!;

    /// <summary>What is Tax's is recorded at once, and nothing else before the test says so.</summary>
    [SetUp]
    public async Task StartAsync()
    {
        _host = await RpcHost.StartAsync(new RpcOptions
        {
            SubmitsWaiting = 8,
            SubmitsWaitingPerAddress = 5,
            StreamsTotal = 8,
            StreamsPerAddress = 4,
        });
        _host.Gateway.DepartmentOf = static envelope => envelope.Span[0] switch
        {
            Land => "land",
            Tax => "tax",
            _ => null,
        };
        _host.Gateway.OnSubmit = async (envelope, _, _, cancellation) =>
        {
            if (envelope.Span[0] != Tax)
            {
                _brought.Release();
                await _landIsRecorded.Task.WaitAsync(cancellation);
            }
            return Outcomes.Committed(FakeGateway.Id, 7, 42);
        };
    }

    [TearDown]
    public async Task StopAsync()
    {
        _connections.ForEach(static c => c.Dispose());
        await _host.DisposeAsync();
        _meters.Dispose();
        _brought.Dispose();
    }

    [Test]
    public async Task Streams_AllHeldByOneDepartment_TheClerkOfAnotherHasOneAndKeepsIt()
    {
        await BringAsync("SubmitStream", Land, from: 2, addresses: 2);
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> clerk = _host.Grpc().AsyncDuplexStreamingCall(
            Calls.Method<SubmitStreamRequest, SubmitStreamResponse>(MethodType.DuplexStreaming, "SubmitStream"), null, Calls.Soon);
        await AnsweredAsync(clerk);
        Assert.That(_meters["govchain.rpc.cut", "GAVE_WAY"], Is.EqualTo(1), "land's own oldest beyond its part");

        for (int address = 4; address < 8; address++)
            await BringAsync("SubmitStream", Land, from: address, addresses: 1);
        await AnsweredAsync(clerk);
        await AnsweredAsync(clerk);
    }

    [Test]
    public async Task Submissions_AllHeldByOneDepartment_TheClerkOfAnotherIsAnswered_AndWhoGaveWayIsToldWhen()
    {
        await BringAsync("Submit", Land, from: 2, addresses: 2);
        Task<string> told = HeadersOfAsync(_connections[1], 1); // the fifth that came, the first that found no room among the departments'
        TransactionOutcome outcome = await SubmitAsync(Tax);
        Assert.That(outcome.Position, Is.EqualTo(42));
        Assert.That(await told, Does.Contain(Uri.EscapeDataString(NeededByOthers)).And.Contain("grpc-status-details-bin"));
        Assert.That(_meters["govchain.rpc.refused"], Is.Zero);
    }

    [Test]
    public async Task WhatIsNotFoundToBeADepartments_TakesNoneOfItsPlaces_HoweverMuchComes()
    {
        Task<TransactionOutcome>[] clerks = [.. Enumerable.Range(0, 4).Select(_ => SubmitAsync(Land))];
        for (int i = 0; i < clerks.Length; i++)
            Assert.That(await _brought.WaitAsync(Bound));
        await BringAsync("Submit", Forged, from: 2, addresses: 10);
        Assert.That((await SubmitAsync(Tax)).Position, Is.EqualTo(42));
        Assert.That(_meters["govchain.rpc.cut", "GAVE_WAY"], Is.EqualTo(40 + 1 - 4));

        _landIsRecorded.SetResult();
        foreach (Task<TransactionOutcome> clerk in clerks)
            Assert.That((await clerk.WaitAsync(Bound)).Position, Is.EqualTo(42), "still waiting after all that");
    }

    [Test]
    public async Task BodiesThatDoNotCome_OnEachDoor_GiveWayWithTheSameMessage()
    {
        RawConnection grpc = await OpenAsync(RawConnection.OpenHttp2Async(_host.Port(HttpProtocols.Http2), "127.0.0.2"));
        await grpc.SendGrpcAsync(1, "Submit");
        Task<string> gaveWay = HeadersOfAsync(grpc, 1);
        RawConnection json = await OpenAsync(RawConnection.OpenAsync(_host.Port(HttpProtocols.Http1), "127.0.0.3"));
        await json.SendAsync("POST /v1/transactions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        Task<string> answer = json.ReadToEndAsync();
        // Until both have: which of them came first, the client does not know.
        for (int address = 4; !gaveWay.IsCompleted || !answer.IsCompleted; address++)
        {
            Assert.That(address, Is.LessThan(200), "they stay");
            await BringAsync("Submit", Forged, from: address, addresses: 1);
        }
        Assert.That(await gaveWay, Does.Contain(Uri.EscapeDataString(NeededByOthers)));
        Assert.That(await answer, Does.StartWith("HTTP/1.1 429").And.Contain(NeededByOthers).And.Contain("Retry-After: 1"));
    }

    /// <summary>Four requests of each address, each with an envelope, which the node has when this returns.</summary>
    private async Task BringAsync(string method, byte whose, int from, int addresses)
    {
        IMessage message = method == "Submit"
            ? new SubmitRequest { Envelope = ByteString.CopyFrom(whose) }
            : new SubmitStreamRequest { Envelope = ByteString.CopyFrom(whose) };
        for (int address = from; address < from + addresses; address++)
        {
            RawConnection connection =
                await OpenAsync(RawConnection.OpenHttp2Async(_host.Port(HttpProtocols.Http2), $"127.0.0.{address}"));
            for (int i = 0; i < 4; i++)
            {
                await connection.SendGrpcAsync(2 * i + 1, method);
                await connection.SendMessageAsync(2 * i + 1, message);
                Assert.That(await _brought.WaitAsync(Bound), $"request {i} of 127.0.0.{address} has no place");
            }
        }
    }

    private async Task<RawConnection> OpenAsync(Task<RawConnection> opening)
    {
        RawConnection connection = await opening;
        _connections.Add(connection);
        return connection;
    }

    private Task<TransactionOutcome> SubmitAsync(byte whose) => _host.Grpc().UnaryAsync<SubmitRequest, TransactionOutcome>(
        "Submit", new SubmitRequest { Envelope = ByteString.CopyFrom(whose) });

    private static async Task AnsweredAsync(AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> clerk)
    {
        await clerk.RequestStream.WriteAsync(new SubmitStreamRequest { Envelope = ByteString.CopyFrom(Tax) });
        Assert.That(await clerk.ResponseStream.MoveNext(CancellationToken.None), Is.True);
        Assert.That(clerk.ResponseStream.Current.Outcome.Position, Is.EqualTo(42));
    }

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
