using System.Diagnostics.Metrics;
using System.Net;
using Google.Protobuf;
using Google.Rpc;
using GovChain.Protos.V1;
using GovChain.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>Who may ask what, by which listener, and how much of it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class RpcDoorTests
{
    private const NodeListeners Administration = NodeListeners.Administration;

    private RpcHost? _host;

    [TearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    private async Task<RpcHost> StartAsync(RpcOptions? options = null) => _host = await RpcHost.StartAsync(options);

    [TestCase("/v1/blocks/1")]
    [TestCase("/v1/subscribe")]
    public async Task AdministrationMethods_OnTheClientsListener_AreDeniedWithTheListenerToUse(string path)
    {
        RpcHost host = await StartAsync();
        using HttpResponseMessage denied = await host.Http().GetAsync(path);
        Assert.That(denied.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await denied.Content.ReadAsStringAsync(), Does.Contain("administration listener"));
    }

    [Test]
    public async Task AdministrationMethods_OverGrpc_AreDeniedThereAndAnsweredHere()
    {
        RpcHost host = await StartAsync();
        RpcException denied = await Calls.FailAsync(
            async () => await host.Grpc().UnaryAsync<GetBlockRequest, GetBlockResponse>("GetBlock", new()));
        Assert.That(denied.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(denied.GetRpcStatus()?.GetDetail<ErrorInfo>().Metadata["listener"], Is.EqualTo("administration"));
        await host.Grpc(Administration).UnaryAsync<GetBlockRequest, GetBlockResponse>("GetBlock", new());
        using HttpResponseMessage json = await host.Http(Administration).GetAsync("/v1/blocks/1");
        Assert.That(json.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Backup_OnTheClientsListener_IsDeniedAndAnsweredHere()
    {
        RpcHost host = await StartAsync();
        RpcException denied = await Calls.FailAsync(() => FirstOf(host.Grpc()));
        Assert.That(denied.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That((await FirstOf(host.Grpc(Administration))).Start.Height, Is.EqualTo(9));

        static async Task<BackupChunk> FirstOf(CallInvoker invoker)
        {
            using AsyncServerStreamingCall<BackupChunk> call = invoker.AsyncServerStreamingCall(
                Calls.Method<BackupRequest, BackupChunk>(MethodType.ServerStreaming, "Backup"), null, Calls.Soon, new BackupRequest());
            await call.ResponseStream.MoveNext();
            return call.ResponseStream.Current;
        }
    }

    [Test]
    public async Task AdministrationListener_AskedByANameThatIsNotLoopback_Denies()
    {
        RpcHost host = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/status");
        request.Headers.Host = "evil.example";
        using HttpResponseMessage response = await host.Http(Administration).SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [TestCase("/v1/records/closed-type")]
    [TestCase("/v1/records/closed-type/x")]
    [TestCase("/v1/records/closed-type/x/history")]
    [TestCase("/v1/submissions/closed-type")]
    [TestCase("/v1/proofs/state/6?id=Y2xvc2VkLXR5cGUAeA%3D%3D")]
    [TestCase("/v1/proofs/state/9?id=Y2xvc2VkLXR5cGUAeA%3D%3D")]
    public async Task Records_OfATypeThatIsNotPublic_AreReadByTheAdministrationAloneWithoutAToken(string path)
    {
        RpcHost host = await StartAsync();
        using HttpResponseMessage denied = await host.Http().GetAsync(path);
        Assert.That(denied.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(denied.Headers.WwwAuthenticate.Single().Scheme, Is.EqualTo("Bearer"));
        using HttpResponseMessage allowed = await host.Http(Administration).GetAsync(path);
        Assert.That(allowed.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using HttpResponseMessage open = await host.Http().GetAsync(
            path.Replace("closed", "open").Replace("Y2xvc2VkLXR5cGUAeA%3D%3D", "b3Blbi10eXBlAHg%3D"));
        Assert.That(open.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Records_OfAnUnknownType_AreNotFound()
    {
        RpcHost host = await StartAsync();
        using HttpResponseMessage response = await host.Http().GetAsync("/v1/records/no-such-type/x");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task ListRecords_WithoutAPageSize_AsksForAHundred()
    {
        RpcHost host = await StartAsync();
        await host.Http().GetStringAsync("/v1/records/open-type");
        Assert.That(host.Gateway.LastList?.PageSize, Is.EqualTo(100));
    }

    [Test]
    public async Task Reads_BeyondTheBurst_AreAnswered429WithAHintAndTheAdministrationIsNot()
    {
        RpcHost host = await StartAsync(new RpcOptions { ReadsPerSecond = 1, ReadBurst = 3 });
        HttpClient client = host.Http();
        for (int i = 0; i < 3; i++)
            Assert.That((await client.GetAsync("/v1/status")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using HttpResponseMessage limited = await client.GetAsync("/v1/status");
        Assert.That(limited.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That(limited.Headers.RetryAfter, Is.Not.Null);
        Assert.That((await RpcErrorTests.ReasonAsync(limited)).Reason, Is.EqualTo("RESOURCE_EXHAUSTED"));

        RpcException grpc = await Calls.FailAsync(
            async () => await host.Grpc().UnaryAsync<GetStatusRequest, GetStatusResponse>("GetStatus", new()));
        Assert.That(grpc.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(grpc.GetRpcStatus()?.GetDetail<RetryInfo>(), Is.Not.Null);

        for (int i = 0; i < 10; i++)
            Assert.That((await host.Http(Administration).GetAsync("/v1/status")).IsSuccessStatusCode, Is.True);
        Assert.That((await client.GetAsync("/health/live")).IsSuccessStatusCode, Is.True, "health is never limited");
    }

    [Test]
    public async Task GrpcMessage_AboveTheLimit_IsResourceExhausted()
    {
        RpcHost host = await StartAsync();
        RpcException e = await Calls.FailAsync(
            async () => await host.Grpc().UnaryAsync<SubmitRequest, TransactionOutcome>(
                "Submit", new SubmitRequest { Envelope = ByteString.CopyFrom(new byte[256 * 1024]) }));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task Health_FollowsTheNodesReadiness_ForHttpAndGrpc()
    {
        RpcHost host = await StartAsync();
        Assert.That((await host.Http().GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await CheckAsync(), Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));

        host.Gateway.Readiness = NodeReadiness.NotReady("Catching up.");
        using HttpResponseMessage ready = await host.Http().GetAsync("/health/ready");
        Assert.That(ready.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await ready.Content.ReadAsStringAsync(), Does.Contain("Catching up."));
        Assert.That((await host.Http().GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await CheckAsync(), Is.EqualTo(HealthCheckResponse.Types.ServingStatus.NotServing));

        async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync() =>
            (await host.Grpc().UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
                "Check", new HealthCheckRequest(), "grpc.health.v1.Health")).Status;
    }

    [Test]
    public async Task Meter_CountsRequestsByMethodAndCodeAndRefusalsByReason()
    {
        RpcHost host = await StartAsync();
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == RpcHosting.MeterName)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Add(
            $"{instrument.Name} {string.Join(' ', tags.ToArray().Select(t => t.Value))}"));
        listener.Start();
        await host.Http().GetAsync("/v1/records/closed-type/x");
        await host.Http().GetAsync("/v1/blocks/1");
        Assert.That(seen, Has.Member("govchain.rpc.requests /govchain.v1.Ledger/GetRecord Unauthenticated"));
        Assert.That(seen, Has.Member("govchain.rpc.refused WRONG_LISTENER"));
    }

    [Test]
    public void Options_ThatBreakRules_AreRefusedAllAtOnce()
    {
        var options = new RpcOptions { MessageBytesMax = 1, ReadBurst = 0, StreamsPerAddress = 0 };
        Assert.That(options.Problems(), Has.Count.EqualTo(3));
        Assert.That(new RpcOptions().Problems(), Is.Empty);
    }
}
