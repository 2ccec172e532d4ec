using Google.Rpc;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;
using Status = Google.Rpc.Status;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: bytes that two parsers could read differently end at every door with the rule, the field and the byte that broke
/// it. Method: every flaw at every field of every action, signed as it is, so that nothing else stands in the way; through
/// gRPC, a submit stream and JSON, into a whole node. docs/SPEC.md, "Wire profile".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WireDoorTests
{
    private LiveNode _node = null!;

    [SetUp]
    public async Task StartAsync() => _node = await LiveNode.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _node.DisposeAsync();

    [Test]
    public async Task Submit_EachFlawAtEachField_IsRefusedAtEveryDoorWithItsRuleAndPlace()
    {
        IReadOnlyList<WireFlaw> flaws = FlawedEnvelopes.Of(_node.Ledger.Genesis.ChainId, _node.Ledger.Clerk, _node.Ledger.Administrator);
        Rejection[] expected = [.. flaws.Select(f => FlawedEnvelopes.ExpectedFor(f, _node.Ledger.Genesis.ChainId))];

        IReadOnlyList<TransactionOutcome> streamed = await _node.StreamAsync([.. flaws.Select(f => f.Bytes)]);
        await Parallel.ForAsync(0, flaws.Count, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            Status grpc = await _node.RefusedByGrpcAsync(flaws[i].Bytes);
            (Status json, System.Net.HttpStatusCode http) = await _node.RefusedByJsonAsync(flaws[i].Bytes);
            AssertSame(flaws[i], expected[i], grpc);
            Assert.That(json, Is.EqualTo(grpc), flaws[i].What);
            Assert.That((int)http, Is.EqualTo(400), flaws[i].What);
            Assert.That(streamed[i].Status, Is.EqualTo(TransactionStatus.Rejected), flaws[i].What);
            Assert.That(streamed[i].Rejection.Code, Is.EqualTo(expected[i].CodeName), flaws[i].What);
            Assert.That(streamed[i].Rejection.Message, Is.EqualTo(expected[i].Message), flaws[i].What);
        });

        await _node.AssertAliveAsync(transactions: 2);
    }

    [Test]
    public async Task Submit_EnvelopeCutAnywhere_IsRefusedAndTheNodeLives()
    {
        byte[] whole = _node.Ledger.Change("cut", 0);
        IReadOnlyList<TransactionOutcome> outcomes =
            await _node.StreamAsync([.. Enumerable.Range(0, whole.Length).Select(n => whole[..n])]);
        Assert.That(outcomes.Select(o => o.Status), Is.All.EqualTo(TransactionStatus.Rejected));
        Assert.That(outcomes.Select(o => o.Rejection.Code), Is.All.EqualTo("MALFORMED_ENVELOPE").Or.EqualTo("INVALID_FIELD"));
        await _node.AssertAliveAsync(transactions: 2);
    }

    [Test]
    public async Task GrpcRequest_ThatIsNoMessage_IsInvalidArgumentWithDetails()
    {
        // The framework refuses these before a service sees them.
        (byte[] Bytes, StatusCode Code, string Reason)[] bad =
        [
            ([0x0a, 0xff], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            ([0x0b], StatusCode.InvalidArgument, "MALFORMED_MESSAGE"),
            (new byte[300_000], StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE"),
        ];
        foreach ((byte[] bytes, StatusCode code, string reason) in bad)
        {
            foreach (MethodType type in new[] { MethodType.Unary, MethodType.DuplexStreaming })
            {
                Status status = await SendRawAsync(type, bytes);
                Assert.That((StatusCode)status.Code, Is.EqualTo(code), $"{reason} {type}");
                Assert.That(status.GetDetail<ErrorInfo>().Reason, Is.EqualTo(reason), $"{type}");
            }
        }
        RpcException unknown = await Calls.FailAsync(async () =>
            await Calls.UnaryAsync<GetStatusRequest, GetStatusResponse>(_node.Grpc, "NoSuchMethod", new()));
        Assert.That(unknown.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(unknown.GetRpcStatus()?.GetDetail<ErrorInfo>().Reason, Is.EqualTo("UNIMPLEMENTED"));
        await _node.AssertAliveAsync(transactions: 2);
    }

    private static void AssertSame(WireFlaw flaw, Rejection expected, Status status)
    {
        ErrorInfo info = status.GetDetail<ErrorInfo>();
        Assert.That((StatusCode)status.Code, Is.EqualTo(GovChain.Rpc.ErrorStatus.StatusOf(expected.Code)), flaw.What);
        Assert.That(info.Reason, Is.EqualTo(expected.CodeName), flaw.What);
        Assert.That(status.Message, Is.EqualTo(expected.Message), flaw.What);
        foreach ((string name, string value) in expected.Facts)
            Assert.That(info.Metadata[name], Is.EqualTo(value), $"{flaw.What}: {name}");
        if (expected.Code == RejectionCode.MalformedEnvelope)
        {
            Assert.That(status.Message, Does.Contain("see the wire profile in the specification"), flaw.What);
            Assert.That(info.Metadata.Keys, Is.SupersetOf(new[] { "rule", "field", "offset", "permanent" }), flaw.What);
        }
        Assert.That(status.GetDetail<BadRequest>().FieldViolations[0].Field, Is.EqualTo("envelope"), flaw.What);
    }

    /// <summary>Sends bytes in the place of a message.</summary>
    private async Task<Status> SendRawAsync(MethodType type, byte[] bytes)
    {
        var request = Marshallers.Create<byte[]>(b => b, b => b);
        var response = Marshallers.Create<byte[]>(b => b, b => b);
        RpcException e = await Calls.FailAsync(async () =>
        {
            if (type == MethodType.Unary)
            {
                await _node.Grpc.AsyncUnaryCall(
                    new Method<byte[], byte[]>(type, "govchain.v1.Ledger", "Submit", request, response), null, Calls.Soon, bytes);
                return;
            }
            using AsyncDuplexStreamingCall<byte[], byte[]> call = _node.Grpc.AsyncDuplexStreamingCall(
                new Method<byte[], byte[]>(type, "govchain.v1.Ledger", "SubmitStream", request, response), null, Calls.Soon);
            try
            {
                await call.RequestStream.WriteAsync(bytes);
            }
            catch (RpcException)
            {
                // Answered before all was sent: the answer is on the other side.
            }
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });
        return e.GetRpcStatus() ?? throw new AssertionException($"No details: {e.Status}");
    }
}
