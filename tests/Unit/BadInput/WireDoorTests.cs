using Google.Protobuf;
using Google.Rpc;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node;
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
        List<WireFlaw> flaws = [.. Envelopes()];
        Assert.That(flaws, Has.Count.GreaterThan(1_000));
        Assert.That(flaws.Select(f => f.Kind).Distinct().Count(), Is.EqualTo(13), "all rules but two, and lies");
        Rejection[] expected = [.. flaws.Select(Decode)];

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

    /// <summary>What the decoder says, which must be the rule that the flaw breaks.</summary>
    private Rejection Decode(WireFlaw flaw)
    {
        Transaction? transaction = TransactionDecoder.TryDecode(flaw.Bytes, _node.Ledger.Genesis.ChainId, out Rejection? rejection);
        Assert.That(transaction, Is.Null, flaw.What);
        // Another version may have other rules, so its number is looked at before they are applied.
        if (rejection!.Code == RejectionCode.UnsupportedVersion && flaw.What.Contains(".format_version:"))
            return rejection;
        Assert.That(rejection.Code, Is.EqualTo(RejectionCode.MalformedEnvelope), $"{flaw.What}: {rejection.Message}");
        if (flaw.Kind is { } kind)
            Assert.That(rejection.Facts, Does.Contain(("rule", kind.ToString())), $"{flaw.What}: {rejection.Message}");
        return rejection;
    }

    /// <summary>Flawed envelopes, and good ones around flawed bodies, each rightly signed.</summary>
    private IEnumerable<WireFlaw> Envelopes()
    {
        foreach (WireFlaw flaw in WireFlaws.Of(SignedTransaction.Parser.ParseFrom(_node.Ledger.Change("x", 0))))
            yield return flaw;
        foreach (byte[] envelope in Actions())
        {
            TransactionBody body = TransactionBody.Parser.ParseFrom(SignedTransaction.Parser.ParseFrom(envelope).Body);
            foreach (WireFlaw flaw in WireFlaws.Of(body))
                yield return flaw with { Bytes = Seal(flaw.Bytes) };
        }
    }

    private IEnumerable<byte[]> Actions()
    {
        TestLedger ledger = _node.Ledger;
        yield return ledger.Sign(ledger.Clerk, b =>
        {
            b.Register = TransactionBody.Parser.ParseFrom(SignedTransaction.Parser.ParseFrom(ledger.Change("x", 0)).Body).Register;
            (b.Register.Reason, b.Register.LegalBasis, b.Register.EffectiveDate) = ("new", "Act 7", "2026-01-01");
        });
        yield return ledger.Change("x", 1);
        yield return ledger.Sign(ledger.Clerk, b => b.Annul = new RecordChange
        {
            Record = new RecordName { Type = TestLedger.Type, Id = "x" },
            ExpectedVersion = 1,
            Reason = "closed",
        });
        yield return ledger.Sign(ledger.Administrator, b =>
        {
            b.DefineType = new DefineType { Type = "t", ExpectedVersion = 1, Description = "d", PublicRead = true };
            b.DefineType.Titles.Add(new LocalizedText { Language = "en", Text = "T" });
            b.DefineType.Titles.Add(new LocalizedText { Language = "fr", Text = "T" });
        });
        yield return ledger.Sign(ledger.Administrator, b =>
        {
            b.EnrolOfficer = new EnrolOfficer
            {
                OfficerId = "c-2",
                PublicKey = ByteString.CopyFrom(ledger.Clerk.PublicKey.Span),
                ValidFromMs = 1,
                ValidUntilMs = 2,
            };
            b.EnrolOfficer.Roles.Add([1u, 2u]);
        });
        yield return ledger.Sign(ledger.Administrator, b => b.RevokeOfficer = new RevokeOfficer { OfficerId = "c-2", Reason = "left" });
    }

    private byte[] Seal(byte[] body) => new SignedTransaction
    {
        Body = ByteString.CopyFrom(body),
        Signature = ByteString.CopyFrom(_node.Ledger.Clerk.Sign(DomainTag.Hash(DomainTag.Transaction, body)).Span),
    }.ToByteArray();

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
