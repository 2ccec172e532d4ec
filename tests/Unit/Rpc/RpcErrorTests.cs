using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;
using Status = Google.Rpc.Status;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// What clients are told. Every expectation is checked for gRPC and for JSON, which must say the same: docs/API.md,
/// "Errors".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RpcErrorTests
{
    private RpcHost _host = null!;

    [SetUp]
    public async Task StartAsync() => _host = await RpcHost.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    private static IEnumerable<TestCaseData> Exceptions()
    {
        static TestCaseData Case(LedgerRequestException e, StatusCode code, int http, string reason, bool retry) =>
            new TestCaseData(e, code, http, reason, retry).SetArgDisplayNames(reason);
        yield return Case(LedgerRequestException.InvalidArgument("page_token", "is not ours."),
            StatusCode.InvalidArgument, 400, "INVALID_ARGUMENT", false);
        yield return Case(LedgerRequestException.NotFound("No.", ("id", "x")),
            StatusCode.NotFound, 404, "NOT_FOUND", false);
        yield return Case(LedgerRequestException.NotYetAvailable("Wait."),
            StatusCode.OutOfRange, 400, "NOT_YET_AVAILABLE", true);
        yield return Case(LedgerRequestException.PermissionDenied("No."),
            StatusCode.PermissionDenied, 403, "PERMISSION_DENIED", false);
        yield return Case(LedgerRequestException.NotReady("Catching up.", TimeSpan.FromSeconds(3)),
            StatusCode.Unavailable, 503, "NODE_NOT_READY", true);
        yield return Case(LedgerRequestException.ResourceExhausted("Full."),
            StatusCode.ResourceExhausted, 429, "RESOURCE_EXHAUSTED", true);
        yield return Case(LedgerRequestException.DataDamaged("Block 3 does not verify."),
            StatusCode.DataLoss, 500, "DATA_DAMAGED", false);
    }

    [TestCaseSource(nameof(Exceptions))]
    public async Task Error_OfTheGateway_IsTheSameForGrpcAndJson(
        LedgerRequestException error, StatusCode code, int http, string reason, bool retry)
    {
        _host.Gateway.OnTransaction = _ => throw error;
        Status grpc = await FailAsync<GetTransactionRequest, GetTransactionResponse>(
            "GetTransaction", new GetTransactionRequest { TransactionId = FakeGateway.Id });
        ErrorInfo info = grpc.GetDetail<ErrorInfo>();
        Assert.Multiple(() =>
        {
            Assert.That((StatusCode)grpc.Code, Is.EqualTo(code));
            Assert.That(grpc.Message, Is.EqualTo(error.Message));
            Assert.That((info.Reason, info.Domain), Is.EqualTo((reason, "govchain")));
            Assert.That(info.Metadata, Has.Count.EqualTo(error.Facts.Count));
            Assert.That(grpc.GetDetail<RetryInfo>() is not null, Is.EqualTo(retry));
            Assert.That(grpc.GetDetail<BadRequest>()?.FieldViolations[0].Field, Is.EqualTo(error.Field));
        });

        using HttpResponseMessage response = await _host.Http().GetAsync($"/v1/transactions/{FakeGateway.Id}");
        Assert.Multiple(() =>
        {
            Assert.That((int)response.StatusCode, Is.EqualTo(http));
            Assert.That(response.Headers.RetryAfter is not null, Is.EqualTo(retry));
        });
        Assert.That(await ReasonAsync(response), Is.EqualTo((reason, grpc.Code)));
    }

    [Test]
    public async Task Error_NotForeseen_TellsTheClientAReferenceAndNoText()
    {
        _host.Gateway.OnTransaction = _ => throw new InvalidDataException("secret path /etc/keys");
        Status status = await FailAsync<GetTransactionRequest, GetTransactionResponse>(
            "GetTransaction", new GetTransactionRequest { TransactionId = FakeGateway.Id });
        Assert.Multiple(() =>
        {
            Assert.That((StatusCode)status.Code, Is.EqualTo(StatusCode.Internal));
            Assert.That(status.ToString(), Does.Not.Contain("secret"));
            Assert.That(status.GetDetail<ErrorInfo>().Metadata["reference"], Has.Length.EqualTo(12));
        });
        using HttpResponseMessage response = await _host.Http().GetAsync($"/v1/transactions/{FakeGateway.Id}");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("secret").And.Contain("reference"));
    }

    [Test]
    public async Task Submit_Rejected_IsAnErrorWithTheRejectionsCode([Values] RejectionCode code)
    {
        var rejection = new Rejection(code, "A sentence.", ("currentVersion", "3"));
        _host.Gateway.OnSubmit = (_, _, _, _) =>
            Task.FromResult(Outcomes.Rejected(FakeGateway.Id, Outcomes.ToMessage(rejection)));
        Status status = await FailAsync<SubmitRequest, TransactionOutcome>("Submit", Envelope());
        ErrorInfo info = status.GetDetail<ErrorInfo>();
        int http = (StatusCode)status.Code switch
        {
            StatusCode.InvalidArgument or StatusCode.FailedPrecondition => 400,
            StatusCode.PermissionDenied => 403,
            StatusCode.Aborted or StatusCode.AlreadyExists => 409,
            StatusCode.ResourceExhausted => 429,
            StatusCode.Unavailable => 503,
            _ => 0,
        };
        Assert.Multiple(() =>
        {
            Assert.That(info.Reason, Is.EqualTo(rejection.CodeName));
            Assert.That(info.Metadata["currentVersion"], Is.EqualTo("3"));
            Assert.That(info.Metadata["permanent"], Is.EqualTo(rejection.IsPermanent ? "true" : "false"));
            Assert.That(info.Metadata["transactionId"], Is.EqualTo(FakeGateway.Id));
        });
        using HttpResponseMessage response =
            await _host.Http().PostAsync("/v1/transactions", Calls.Json("""{"envelope":"AQID"}"""));
        Assert.That((int)response.StatusCode, Is.EqualTo(http));
        Assert.That(await ReasonAsync(response), Is.EqualTo((rejection.CodeName, status.Code)));
    }

    [TestCase(RejectionCode.VersionConflict, StatusCode.Aborted)]
    [TestCase(RejectionCode.InvalidSignature, StatusCode.InvalidArgument)]
    [TestCase(RejectionCode.SignerRevoked, StatusCode.PermissionDenied)]
    [TestCase(RejectionCode.UnknownType, StatusCode.FailedPrecondition)]
    [TestCase(RejectionCode.KeyInUse, StatusCode.AlreadyExists)]
    [TestCase(RejectionCode.PoolFull, StatusCode.ResourceExhausted)]
    [TestCase(RejectionCode.RateExceeded, StatusCode.ResourceExhausted)]
    [TestCase(RejectionCode.NodeNotReady, StatusCode.Unavailable)]
    public void Rejection_ByCode_HasTheStatusOfTheTable(RejectionCode code, StatusCode expected)
    {
        Status status = ErrorStatus.OfRefusal(
            Outcomes.Rejected("", Outcomes.ToMessage(new Rejection(code, "x"))), TimeSpan.FromSeconds(1));
        Assert.That((StatusCode)status.Code, Is.EqualTo(expected));
        bool retry = expected is StatusCode.ResourceExhausted or StatusCode.Unavailable;
        Assert.That(status.GetDetail<RetryInfo>() is not null, Is.EqualTo(retry));
    }

    [Test]
    public async Task Submit_StillPendingAfterTheTimeout_IsDeadlineExceededWithTheId()
    {
        TimeSpan asked = default;
        _host.Gateway.OnSubmit = (_, _, timeout, _) =>
        {
            asked = timeout;
            return Task.FromResult(Outcomes.Pending(FakeGateway.Id));
        };
        SubmitRequest request = Envelope();
        request.TimeoutMs = 1_500;
        Status status = await FailAsync<SubmitRequest, TransactionOutcome>("Submit", request);
        Assert.Multiple(() =>
        {
            Assert.That(asked, Is.EqualTo(TimeSpan.FromMilliseconds(1_500)));
            Assert.That((StatusCode)status.Code, Is.EqualTo(StatusCode.DeadlineExceeded));
            Assert.That(status.Message, Does.Contain(FakeGateway.Id).And.Contain("may still commit"));
            Assert.That(status.Message, Does.Contain("safe"));
            Assert.That(status.GetDetail<ErrorInfo>().Reason, Is.EqualTo("TRANSACTION_PENDING"));
        });
        using HttpResponseMessage response =
            await _host.Http().PostAsync("/v1/transactions", Calls.Json("""{"envelope":"AQID"}"""));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.GatewayTimeout));
    }

    [Test]
    public async Task Submit_StillPendingBehindAVersion_NamesTheObstacleWithItsFacts()
    {
        var ahead = new Protos.V1.Rejection { Code = "VERSION_AHEAD", Message = "The change follows version 9." };
        ahead.Facts.Add("expectedVersion", "9");
        _host.Gateway.OnSubmit = (_, _, _, _) => Task.FromResult(Outcomes.Pending(FakeGateway.Id, ahead));
        Status status = await FailAsync<SubmitRequest, TransactionOutcome>("Submit", Envelope());
        Assert.That(status.Message, Does.Contain("It waits: The change follows version 9. Submitting"));
        Google.Protobuf.Collections.MapField<string, string> facts = status.GetDetail<ErrorInfo>().Metadata;
        Assert.That((facts["obstacle"], facts["expectedVersion"]), Is.EqualTo(("VERSION_AHEAD", "9")));
    }

    [Test]
    public async Task Submit_PendingWhenOnlyAcceptanceWasAskedFor_IsAnOutcome()
    {
        _host.Gateway.OnSubmit = (_, waitFor, _, _) => Task.FromResult(
            waitFor == WaitFor.Accepted ? Outcomes.Pending(FakeGateway.Id) : Outcomes.Committed(FakeGateway.Id, 1, 1));
        SubmitRequest request = Envelope();
        request.WaitFor = WaitFor.Accepted;
        TransactionOutcome outcome =
            await _host.Grpc().UnaryAsync<SubmitRequest, TransactionOutcome>("Submit", request);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.Pending));
    }

    [Test]
    public async Task Submit_NodeNotReady_IsUnavailableAndNeverReachesTheGateway()
    {
        _host.Gateway.Readiness = NodeReadiness.NotReady("Catching up: block 5 of 900.");
        _host.Gateway.OnSubmit = (_, _, _, _) => throw new InvalidOperationException("reached");
        Status status = await FailAsync<SubmitRequest, TransactionOutcome>("Submit", Envelope());
        Assert.That(((StatusCode)status.Code, status.Message),
            Is.EqualTo((StatusCode.Unavailable, "Catching up: block 5 of 900.")));
    }

    [Test]
    public async Task Submit_NodeStopsWhileWaiting_IsUnavailable()
    {
        var waiting = new TaskCompletionSource();
        _host.Gateway.OnSubmit = async (_, _, _, cancellation) =>
        {
            waiting.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("unreachable");
        };
        Task<Status> failing = FailAsync<SubmitRequest, TransactionOutcome>("Submit", Envelope());
        await waiting.Task;
        Task stopping = _host.StopAsync();
        Status status = await failing;
        await stopping;
        Assert.That(((StatusCode)status.Code, status.Message.Contains("stopping")),
            Is.EqualTo((StatusCode.Unavailable, true)));
    }

    [TestCase(0, "MALFORMED_ENVELOPE")]
    [TestCase(65_536, "TOO_LARGE")]
    public async Task Submit_EnvelopeOfImpossibleSize_IsRefusedAtTheDoor(int bytes, string reason)
    {
        Status status = await FailAsync<SubmitRequest, TransactionOutcome>(
            "Submit", new SubmitRequest { Envelope = ByteString.CopyFrom(new byte[bytes]) });
        Assert.That(status.GetDetail<ErrorInfo>().Reason, Is.EqualTo(reason));
    }

    [Test]
    public async Task Fields_OutOfShape_AreNamedWithTheirRule()
    {
        (string Path, string Field)[] bad =
        [
            ("/v1/transactions/AAAA", "transaction_id"),
            ("/v1/records/Open/x", "type"),
            ("/v1/records/open-type/a%2Fb", "id"),
            ("/v1/records/open-type?pageSize=1001", "page_size"),
            ("/v1/records/open-type/x?proof=true&version=2", "proof"),
            ("/v1/officers/Health", "department"),
            ("/v1/officers/health?pageSize=1001", "page_size"),
            ("/v1/proofs/state/6?id=AAAA", "id"),
            ("/v1/proofs/state/6", "id"),
        ];
        foreach ((string path, string field) in bad)
        {
            using HttpResponseMessage response = await _host.Http().GetAsync(path);
            string body = await response.Content.ReadAsStringAsync();
            Assert.That((int)response.StatusCode, Is.EqualTo(400), path);
            Assert.That(body, Does.Contain($"\"field\":\"{field}\"").Or.Contain($"\"field\": \"{field}\""), path);
        }
    }

    private static SubmitRequest Envelope() => new() { Envelope = ByteString.CopyFrom(1, 2, 3) };

    private async Task<Status> FailAsync<TRequest, TResponse>(string method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        RpcException e = await Calls.FailAsync(
            async () => await _host.Grpc().UnaryAsync<TRequest, TResponse>(method, request));
        return e.GetRpcStatus() ?? throw new AssertionException($"no rich status: {e.Status}");
    }

    internal static async Task<(string Reason, int Code)> ReasonAsync(HttpResponseMessage response)
    {
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        foreach (JsonElement detail in body.RootElement.GetProperty("details").EnumerateArray())
        {
            if (detail.GetProperty("@type").GetString() == "type.googleapis.com/google.rpc.ErrorInfo")
                return (detail.GetProperty("reason").GetString()!, body.RootElement.GetProperty("code").GetInt32());
        }
        throw new AssertionException("no ErrorInfo");
    }
}
