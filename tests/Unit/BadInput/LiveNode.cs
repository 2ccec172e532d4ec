using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using GovChain.Client;
using GovChain.Node;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Status = Google.Rpc.Status;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>A whole node, disk and votes included, behind the services in a real Kestrel.</summary>
internal sealed class LiveNode : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-bad-input-").FullName;
    private readonly TestNode _node;
    private RpcHost? _host;
    private HttpClient? _http;
    private CallInvoker? _grpc;

    private LiveNode(TestLedger ledger)
    {
        Ledger = ledger;
        _node = new TestNode(ledger, 0, Path.Combine(_root, "data"), new LoopbackNetwork());
    }

    public TestLedger Ledger { get; }

    /// <summary>One client of the JSON interface for all requests.</summary>
    public HttpClient Http => _http ??= _host!.Http();

    /// <summary>One gRPC client for all calls.</summary>
    public CallInvoker Grpc => _grpc ??= _host!.Grpc();

    public ILedgerGateway Gateway => _node.Gateway;

    /// <summary>The SDK's client of the administration listener; whoever asks disposes it.</summary>
    public LedgerClient ConnectAdministration() => _host!.ConnectAdministration();

    /// <summary>The node stops taking part; the services go on and ask it.</summary>
    public Task PauseAsync() => _node.Runtime.StopAsync();

    /// <summary>The node starts anew on its data, without services.</summary>
    public async Task ResumeAsync()
    {
        await _host!.DisposeAsync();
        (_host, _http, _grpc) = (null, null, null);
        await _node.StopAsync();
        await _node.StartAsync();
    }

    /// <summary>One department's ledger with a public type and a clerk.</summary>
    public static async Task<LiveNode> StartAsync(NodeRuntimeOptions? options = null)
    {
        var live = new LiveNode(new TestLedger(departments: 1));
        await live._node.StartAsync(options);
        await live._node.FoundAsync();
        live._host = await RpcHost.StartAsync(
            new RpcOptions { SubmitsPerSecond = 100_000, SubmitBurst = 200_000, ReadsPerSecond = 100_000, ReadBurst = 200_000 },
            live.Gateway);
        return live;
    }

    /// <summary>Commits what must commit.</summary>
    public Task<TransactionOutcome> CommitAsync(byte[] envelope) => _node.CommitAsync(envelope);

    /// <summary>The refusal over gRPC.</summary>
    public async Task<Status> RefusedByGrpcAsync(byte[] envelope)
    {
        RpcException e = await Calls.FailAsync(async () => await Grpc.UnaryAsync<SubmitRequest, TransactionOutcome>(
            "Submit", new SubmitRequest { Envelope = UnsafeByteOperations.UnsafeWrap(envelope) }));
        return e.GetRpcStatus() ?? throw new AssertionException($"No details: {e.Status}");
    }

    /// <summary>The refusal over JSON, with the HTTP status.</summary>
    public async Task<(Status Status, HttpStatusCode Http)> RefusedByJsonAsync(byte[] envelope)
    {
        using StringContent body = Calls.Json($$"""{"envelope":"{{Convert.ToBase64String(envelope)}}"}""");
        using HttpResponseMessage response = await Http.PostAsync("/v1/transactions", body);
        return (await StatusOfAsync(response), response.StatusCode);
    }

    /// <summary>The outcomes of one submit stream, in the order of the envelopes.</summary>
    public async Task<IReadOnlyList<TransactionOutcome>> StreamAsync(IReadOnlyList<byte[]> envelopes)
    {
        using AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call = Grpc.AsyncDuplexStreamingCall(
            Calls.Method<SubmitStreamRequest, SubmitStreamResponse>(MethodType.DuplexStreaming, "SubmitStream"),
            null, new CallOptions(deadline: DateTime.UtcNow.AddMinutes(2)));
        Task writing = WriteAsync();
        var outcomes = new TransactionOutcome[envelopes.Count];
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            outcomes[call.ResponseStream.Current.Tag] = call.ResponseStream.Current.Outcome;
        await writing;
        return outcomes;

        async Task WriteAsync()
        {
            for (int i = 0; i < envelopes.Count; i++)
            {
                await call.RequestStream.WriteAsync(new SubmitStreamRequest
                {
                    Tag = (ulong)i,
                    Envelope = UnsafeByteOperations.UnsafeWrap(envelopes[i]),
                });
            }
            await call.RequestStream.CompleteAsync();
        }
    }

    /// <summary>The node answers, commits, and holds exactly so many transactions.</summary>
    public async Task AssertAliveAsync(ulong transactions)
    {
        Assert.That(Gateway.GetStatus().LogSize, Is.EqualTo(1 + transactions), "nothing that was refused is on the ledger");
        var define = new DefineType { Type = $"alive-{transactions}", PublicRead = true };
        define.Titles.Add(new LocalizedText { Language = "en", Text = "Alive" });
        TransactionOutcome outcome = await Grpc.UnaryAsync<SubmitRequest, TransactionOutcome>("Submit", new SubmitRequest
        {
            Envelope = ByteString.CopyFrom(Ledger.Sign(Ledger.Administrator, b => b.DefineType = define)),
        });
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        Assert.That(await Http.GetStringAsync("/v1/types"), Does.Contain(define.Type));
    }

    /// <summary>The error in a JSON answer.</summary>
    public static async Task<Status> StatusOfAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        try
        {
            var parser = new JsonParser(JsonParser.Settings.Default.WithTypeRegistry(
                Google.Protobuf.Reflection.TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));
            return parser.Parse<Status>(text);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or JsonException)
        {
            throw new AssertionException($"HTTP {(int)response.StatusCode} without a status: {text}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        await _node.DisposeAsync();
        Ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
