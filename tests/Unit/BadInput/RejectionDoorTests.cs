using System.Net;
using Google.Protobuf;
using Google.Rpc;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Status = Google.Rpc.Status;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Goal: what a clerk's program can do wrong is refused by a whole node, over gRPC, JSON and a submit stream, with the same
/// reason, facts and instruction, and nothing of it reaches the ledger. docs/ERRORS.md.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RejectionDoorTests
{
    private LiveNode _node = null!;

    private TestLedger Ledger => _node.Ledger;

    [SetUp]
    public async Task StartAsync() => _node = await LiveNode.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _node.DisposeAsync();

    [Test]
    public async Task Oversize_IsTooLargeWithBothSizes()
    {
        byte[] envelope = Ledger.Change("big", 0, $"\"{new string('x', Limits.EnvelopeBytesMax)}\"");
        await RefuseAsync(envelope, "TOO_LARGE", StatusCode.InvalidArgument, 400, "Keep large documents outside",
            ("bytes", $"{envelope.Length}"), ("bytesMax", "65535"));
    }

    [Test]
    public async Task OtherChain_IsWrongChainWithBothIds()
    {
        using var other = new TestLedger(departments: 1);
        await RefuseAsync(other.Change("x", 0), "WRONG_CHAIN", StatusCode.InvalidArgument, 400, "Check which genesis file",
            ("chainId", $"{Ledger.Genesis.ChainId}"), ("signedFor", $"{other.Genesis.ChainId}"));
    }

    [Test]
    public async Task Expired_NamesTheTimes()
    {
        byte[] expired = Ledger.Change("x", 0, validMs: 0);
        await _node.AssertAliveAsync(_node.Gateway.GetStatus().LogSize - 1); // a header passes it
        await RefuseAsync(expired, "EXPIRED", StatusCode.FailedPrecondition, 400, "Sign it again");
    }

    [Test]
    public async Task ExpiredByTheClockAlone_IsPendingAlthoughThisNodeHasNotSeenIt_UntilAHeaderPassesIt()
    {
        byte[] expired = Ledger.Change("x", 0, validMs: 0);
        TransactionOutcome first = await SubmitAsync();
        Assert.That((first.Status, first.Rejection.Code), Is.EqualTo((TransactionStatus.Pending, "EXPIRED")));
        await _node.AssertAliveAsync(_node.Gateway.GetStatus().LogSize - 1);
        Assert.That((await SubmitAsync()).Status, Is.EqualTo(TransactionStatus.Expired));

        Task<TransactionOutcome> SubmitAsync() =>
            _node.Gateway.SubmitAsync(expired, new Submitter("client"), WaitFor.Committed, TimeSpan.FromMinutes(1), default).WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task ExpiredInThePoolByTheClockAlone_IsAnsweredAsPendingAtOnce()
    {
        await _node.DisposeAsync();
        _node = await LiveNode.StartAsync(new NodeRuntimeOptions { Pool = new PoolOptions { ExpiryGraceMs = 0 } });
        byte[] ahead = Ledger.Change("x", 5, validMs: 2_000);
        string id = TestLedger.IdOf(ahead).ToString();
        await _node.Gateway.SubmitAsync(ahead, new Submitter("client"), WaitFor.Accepted, TimeSpan.FromSeconds(30), default);
        Assert.That(() => _node.Gateway.GetTransaction(id).Outcome.Rejection?.Code,
            Is.EqualTo("EXPIRED").After(60_000, 20), "the sweep takes it out");

        // No header has passed its expiry, so a block that was prepared in time could still bring it; and nobody hears of it again.
        TransactionOutcome again = await _node.Gateway.SubmitAsync(ahead, new Submitter("client"), WaitFor.Committed, TimeSpan.FromMinutes(5), default)
            .WaitAsync(TimeSpan.FromMinutes(1));
        Assert.That((again.Status, again.Rejection.Code), Is.EqualTo((TransactionStatus.Pending, "EXPIRED")));
    }

    [Test]
    public async Task ExpiryTooFarAhead_MayBeAcceptedLater()
    {
        await RefuseAsync(Ledger.Change("x", 0, validMs: 30UL * 24 * 3_600_000), "EXPIRY_TOO_FAR",
            StatusCode.FailedPrecondition, 400, "earlier", ("permanent", "false"));
    }

    [Test]
    public async Task OfficerNotYetValid_IsRefusedUntilThen()
    {
        using PlatformSigner early = PlatformSigner.Create();
        ulong from = (ulong)DateTimeOffset.UtcNow.AddMinutes(30).ToUnixTimeMilliseconds();
        await _node.CommitAsync(Enrol("early", early, from));
        await RefuseAsync(Register(early, "x"), "SIGNER_NOT_YET_VALID", StatusCode.PermissionDenied, 403, "", ("permanent", "false"));
    }

    [Test]
    public async Task RevokedOfficer_IsRefusedForEver()
    {
        await _node.CommitAsync(Ledger.Sign(Ledger.Administrator,
            b => b.RevokeOfficer = new RevokeOfficer { OfficerId = "clerk-1", Reason = "left" }));
        await RefuseAsync(Ledger.Change("x", 0), "SIGNER_REVOKED", StatusCode.PermissionDenied, 403, "", ("permanent", "true"));
    }

    [Test]
    public async Task HighS_SaysHowToMendTheSignature()
    {
        SignedTransaction signed = SignedTransaction.Parser.ParseFrom(Ledger.Change("x", 0));
        signed.Signature = ByteString.CopyFrom(OtherS(signed.Signature.Span));
        await RefuseAsync(signed.ToByteArray(), "HIGH_S", StatusCode.InvalidArgument, 400, "order minus s");
    }

    [Test]
    public async Task WrongSigner_IsAnInvalidSignature()
    {
        SignedTransaction signed = SignedTransaction.Parser.ParseFrom(Ledger.Change("x", 0));
        using PlatformSigner other = PlatformSigner.Create();
        signed.Signature = ByteString.CopyFrom(other.Sign(DomainTag.Hash(DomainTag.Transaction, signed.Body.Span)).Span);
        await RefuseAsync(signed.ToByteArray(), "INVALID_SIGNATURE", StatusCode.InvalidArgument, 400, "sign again");
    }

    [Test]
    public async Task UnknownSigner_IsNoOfficer()
    {
        using PlatformSigner stranger = PlatformSigner.Create();
        await RefuseAsync(Register(stranger, "x"), "UNKNOWN_SIGNER", StatusCode.PermissionDenied, 403, "");
    }

    [Test]
    public async Task UnknownType_NamesIt() => await RefuseAsync(
        Ledger.Sign(Ledger.Clerk, b => b.Register = Change("x", type: "no-such-type")),
        "UNKNOWN_TYPE", StatusCode.FailedPrecondition, 400, "no-such-type", ("permanent", "false"));

    [Test]
    public async Task VersionConflict_NamesBothVersions()
    {
        await _node.CommitAsync(Ledger.Change("x", 0));
        await _node.CommitAsync(Ledger.Change("x", 1));
        await RefuseAsync(Ledger.Change("x", 1), "VERSION_CONFLICT", StatusCode.Aborted, 409, "",
            ("expectedVersion", "1"), ("currentVersion", "2"), ("permanent", "true"));
    }

    [Test]
    public async Task Duplicate_IsAnsweredWithTheSamePositionAndTheSameReceiptAtEveryDoor()
    {
        byte[] envelope = Ledger.Change("x", 0);
        TransactionOutcome first = await _node.CommitAsync(envelope);
        ulong size = _node.Gateway.GetStatus().LogSize;
        byte[] receipt = await _node.Http.GetByteArrayAsync($"/v1/transactions/{first.TransactionId}/receipt");

        TransactionOutcome grpc = await _node.Grpc.UnaryAsync<SubmitRequest, TransactionOutcome>(
            "Submit", new SubmitRequest { Envelope = ByteString.CopyFrom(envelope) });
        using HttpResponseMessage json = await _node.Http.PostAsync(
            "/v1/transactions", Calls.Json($$"""{"envelope":"{{Convert.ToBase64String(envelope)}}"}"""));

        Assert.That(grpc, Is.EqualTo(first));
        Assert.That(JsonParser.Default.Parse<TransactionOutcome>(await json.Content.ReadAsStringAsync()), Is.EqualTo(first));
        Assert.That(await _node.StreamAsync([envelope, envelope]), Is.All.EqualTo(first));
        Assert.That(await _node.Http.GetByteArrayAsync($"/v1/transactions/{first.TransactionId}/receipt"), Is.EqualTo(receipt));
        Assert.That(_node.Gateway.GetStatus().LogSize, Is.EqualTo(size));
    }

    [Test]
    public async Task UnknownIds_AreNotFoundAtBothDoorsWithWhatWasAskedFor()
    {
        string id = new('0', 64);
        CallInvoker grpc = _node.Grpc;
        (string Path, Func<Task> Call)[] questions =
        [
            ($"/v1/transactions/{id}", () => grpc.UnaryAsync<GetTransactionRequest, GetTransactionResponse>("GetTransaction", new() { TransactionId = id })),
            ($"/v1/transactions/{id}/receipt", () => grpc.UnaryAsync<GetReceiptRequest, Google.Api.HttpBody>("GetReceipt", new() { TransactionId = id })),
            ($"/v1/records/{TestLedger.Type}/nobody", () => grpc.UnaryAsync<GetRecordRequest, GetRecordResponse>("GetRecord", new() { Type = TestLedger.Type, Id = "nobody" })),
            ($"/v1/records/no-such-type/x", () => grpc.UnaryAsync<GetRecordRequest, GetRecordResponse>("GetRecord", new() { Type = "no-such-type", Id = "x" })),
            ($"/v1/records/{TestLedger.Type}/nobody/history", () => grpc.UnaryAsync<GetRecordHistoryRequest, GetRecordHistoryResponse>("GetRecordHistory", new() { Type = TestLedger.Type, Id = "nobody" })),
        ];
        foreach ((string path, Func<Task> call) in questions)
        {
            Status overGrpc = (await Calls.FailAsync(call)).GetRpcStatus() ?? throw new AssertionException(path);
            using HttpResponseMessage json = await _node.Http.GetAsync(path);
            Assert.That(await LiveNode.StatusOfAsync(json), Is.EqualTo(overGrpc), path);
            Assert.That(json.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), path);
            Assert.That(overGrpc.GetDetail<ErrorInfo>().Reason, Is.EqualTo("NOT_FOUND"), path);
            Assert.That(overGrpc.GetDetail<ErrorInfo>().Metadata, Is.Not.Empty, path);
        }
    }

    [Test]
    public async Task PoolFull_SaysWhenToComeBack_AndAStreamWaitsInstead()
    {
        await _node.DisposeAsync();
        // Room for one that cannot commit yet, and it is taken.
        _node = await LiveNode.StartAsync(new NodeRuntimeOptions { Pool = new PoolOptions { CountMax = 8, HeldMax = 1 } });
        await _node.CommitAsync(Ledger.Change("x", 0));
        Assert.That(
            (await _node.Gateway.SubmitAsync(Ledger.Change("x", 7), new Submitter("client"), WaitFor.Accepted, TimeSpan.FromSeconds(30), default)).Status,
            Is.EqualTo(TransactionStatus.Pending));

        await RefuseAsync(Ledger.Change("x", 9), "POOL_FULL", StatusCode.ResourceExhausted, 429, "Try again",
            stream: false, facts: [("permanent", "false")]);
    }

    [Test]
    public async Task MoreInAStrangersNameThanTheNodeTakes_IsToldWhenToComeBack()
    {
        await _node.DisposeAsync();
        _node = await LiveNode.StartAsync(new NodeRuntimeOptions { Admission = new AdmissionOptions { PlacesPerSecond = 2 } });
        using PlatformSigner stranger = PlatformSigner.Create();
        RecordChange large = Change("x"); // thirty places, where four may come at once: fifteen seconds' worth
        large.Payload.Inline.Content = ByteString.CopyFrom(new byte[60_000]);
        TransactionOutcome first = await _node.Gateway.SubmitAsync(
            Ledger.Sign(stranger, b => b.Register = large), new Submitter("127.0.0.1"), WaitFor.Accepted, TimeSpan.FromSeconds(30), default);
        Assert.That(first.Rejection?.Code, Is.EqualTo("UNKNOWN_SIGNER"));

        await RefuseAsync(Register(stranger, "y"), "RATE_EXCEEDED", StatusCode.ResourceExhausted, 429, "use a submit stream",
            stream: false, facts: [("permanent", "false"), ("department", "")]);
    }

    [Test]
    public async Task NodeNotReady_IsUnavailableAtEveryDoor_AlsoInTheMiddleOfAStream()
    {
        byte[] envelope = Ledger.Change("x", 0);
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = _node.Grpc.AsyncDuplexStreamingCall(
            Calls.Method<SubmitStreamRequest, SubmitStreamResponse>(MethodType.DuplexStreaming, "SubmitStream"), null, Calls.Soon);
        await call.RequestStream.WriteAsync(new SubmitStreamRequest { Envelope = ByteString.CopyFrom(envelope) });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);

        await _node.PauseAsync();
        Status stopped = await _node.RefusedByGrpcAsync(Ledger.Change("y", 0));
        (Status json, HttpStatusCode http) = await _node.RefusedByJsonAsync(Ledger.Change("y", 0));
        await call.RequestStream.WriteAsync(new SubmitStreamRequest { Envelope = ByteString.CopyFrom(Ledger.Change("y", 0)) });
        RpcException streamed = await Calls.FailAsync(async () => await call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.That((json, http), Is.EqualTo((stopped, HttpStatusCode.ServiceUnavailable)));
        Assert.That(streamed.StatusCode, Is.EqualTo(StatusCode.Unavailable), streamed.Status.ToString());
        foreach (Status status in new[] { stopped, streamed.GetRpcStatus()! })
        {
            Assert.That((StatusCode)status.Code, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(status.GetDetail<ErrorInfo>().Reason, Is.EqualTo("NODE_NOT_READY"));
            Assert.That(status.GetDetail<RetryInfo>().RetryDelay.ToTimeSpan(), Is.GreaterThan(TimeSpan.Zero));
        }

        await _node.ResumeAsync();
        Assert.That((await _node.CommitAsync(envelope)).Position, Is.EqualTo(3), "what was acknowledged is there");
    }

    /// <summary>Refused at every door with the same reason, facts and words; the ledger stays as it was.</summary>
    private async Task RefuseAsync(
        byte[] envelope, string reason, StatusCode code, int http, string instruction, params (string Name, string Value)[] facts) =>
        await RefuseAsync(envelope, reason, code, http, instruction, stream: true, facts);

    private async Task RefuseAsync(
        byte[] envelope, string reason, StatusCode code, int http, string instruction, bool stream, (string Name, string Value)[] facts)
    {
        ulong size = _node.Gateway.GetStatus().LogSize;
        Status grpc = await _node.RefusedByGrpcAsync(envelope);
        (Status json, HttpStatusCode status) = await _node.RefusedByJsonAsync(envelope);
        ErrorInfo info = grpc.GetDetail<ErrorInfo>();
        TestContext.Out.WriteLine($"{reason}: {grpc.Message}\n  {info.Metadata}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(WithoutTime(json), Is.EqualTo(WithoutTime(grpc)));
            Assert.That((int)status, Is.EqualTo(http));
            Assert.That((StatusCode)grpc.Code, Is.EqualTo(code));
            Assert.That((info.Reason, info.Domain), Is.EqualTo((reason, "govchain")));
            Assert.That(grpc.Message, Does.Contain(instruction));
            Assert.That(info.Metadata, Does.ContainKey("permanent"));
            foreach ((string name, string value) in facts)
                Assert.That(info.Metadata.GetValueOrDefault(name), Is.EqualTo(value), name);
            Assert.That(grpc.GetDetail<RetryInfo>() is not null, Is.EqualTo(code is StatusCode.ResourceExhausted or StatusCode.Unavailable));
        }
        if (stream)
        {
            TransactionOutcome streamed = (await _node.StreamAsync([envelope])).Single();
            Assert.That(streamed.Rejection?.Code, Is.EqualTo(reason));
            Assert.That(streamed.Status, Is.EqualTo(reason == "EXPIRED" ? TransactionStatus.Expired : TransactionStatus.Rejected));
        }
        await _node.AssertAliveAsync(size - 1);
    }

    /// <summary>The clock goes on between two answers.</summary>
    private static string WithoutTime(Status status) =>
        System.Text.RegularExpressions.Regex.Replace(
            $"{status.Code} {status.Message} {status.GetDetail<ErrorInfo>().Reason}", "[0-9TZ:.-]{20,}|[0-9]{10,}", "(time)");

    private byte[] Enrol(string id, PlatformSigner signer, ulong validFromMs) => Ledger.Sign(Ledger.Administrator, b =>
    {
        b.EnrolOfficer = new EnrolOfficer
        {
            OfficerId = id,
            PublicKey = ByteString.CopyFrom(signer.PublicKey.Span),
            ValidFromMs = validFromMs,
        };
        b.EnrolOfficer.Roles.Add((uint)OfficerRole.Clerk);
    });

    private byte[] Register(PlatformSigner signer, string id) => Ledger.Sign(signer, b => b.Register = Change(id));

    private static RecordChange Change(string id, string type = TestLedger.Type) => new()
    {
        Record = new RecordName { Type = type, Id = id },
        Payload = new Payload
        {
            Inline = new InlinePayload { MediaType = "application/json", Content = ByteString.CopyFromUtf8("{}") },
        },
    };

    /// <summary>The same signature with the group's order minus s.</summary>
    private static byte[] OtherS(ReadOnlySpan<byte> signature)
    {
        var order = System.Numerics.BigInteger.Parse(
            "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber);
        var s = new System.Numerics.BigInteger(signature[32..], isUnsigned: true, isBigEndian: true);
        byte[] other = (order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. signature[..32], .. new byte[32 - other.Length], .. other];
    }
}
