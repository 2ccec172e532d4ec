using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace GovChain.Tests.Integration;

/// <summary>A span as a collector gets it; ids in hexadecimal, empty where there is no parent.</summary>
/// <param name="OverGrpc">It came over gRPC, otherwise over HTTP.</param>
internal sealed record ReceivedSpan(string TraceId, string SpanId, string ParentId, string Name, string Service, bool OverGrpc);

/// <summary>
/// An OpenTelemetry collector of the simplest kind: takes OTLP over HTTP and over gRPC, each at its address, and keeps the
/// spans. Reads the wire format by field numbers (opentelemetry/proto/trace/v1/trace.proto) and the frames of gRPC by hand,
/// so that nothing of the exporter checks itself.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const string GrpcMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private const int FramePrefix = 5;

    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly WebApplication _app;

    private OtlpReceiver()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        _app.MapPost("/v1/traces", TakeHttpAsync);
        _app.MapPost(GrpcMethod, TakeGrpcAsync);
    }

    /// <summary>What a configuration names, for OTLP over HTTP.</summary>
    public string HttpEndpoint { get; private set; } = "";

    /// <summary>The same for OTLP over gRPC.</summary>
    public string GrpcEndpoint { get; private set; } = "";

    /// <summary>All that came so far.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver._app.StartAsync();
        string[] bound = [.. receiver._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        (receiver.HttpEndpoint, receiver.GrpcEndpoint) = ($"{bound[0]}/v1/traces", bound[1]);
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeHttpAsync(HttpContext http)
    {
        Take(await BodyAsync(http), overGrpc: false);
        http.Response.ContentType = "application/x-protobuf";
    }

    /// <summary>One message in, one empty message and a status out.</summary>
    private async Task TakeGrpcAsync(HttpContext http)
    {
        byte[] framed = await BodyAsync(http);
        bool isWhole = framed.Length >= FramePrefix && framed[0] == 0
            && BinaryPrimitives.ReadInt32BigEndian(framed.AsSpan(1)) == framed.Length - FramePrefix;
        if (isWhole)
            Take(framed[FramePrefix..], overGrpc: true);
        http.Response.ContentType = "application/grpc";
        http.Response.DeclareTrailer("grpc-status");
        await http.Response.Body.WriteAsync(new byte[FramePrefix]);
        http.Response.AppendTrailer("grpc-status", isWhole ? "0" : "3");
    }

    private static async Task<byte[]> BodyAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private void Take(byte[] request, bool overGrpc)
    {
        foreach ((int field, byte[] resourceSpans) in Fields(request))
        {
            if (field == 1)
                Read(resourceSpans, overGrpc);
        }
    }

    private void Read(byte[] resourceSpans, bool overGrpc)
    {
        ILookup<int, byte[]> parts = Fields(resourceSpans).ToLookup(f => f.Field, f => f.Bytes);
        string service = "";
        foreach ((int field, byte[] attribute) in parts[1].SelectMany(Fields))
        {
            ILookup<int, byte[]> pair = Fields(attribute).ToLookup(f => f.Field, f => f.Bytes);
            if (field == 1 && Text(pair[1].First()) == "service.name")
                service = Text(Fields(pair[2].First()).First(f => f.Field == 1).Bytes);
        }
        foreach (byte[] scopeSpans in parts[2])
        {
            foreach ((int field, byte[] bytes) in Fields(scopeSpans))
            {
                if (field != 2)
                    continue;
                ILookup<int, byte[]> span = Fields(bytes).ToLookup(f => f.Field, f => f.Bytes);
                _spans.Enqueue(new ReceivedSpan(
                    Convert.ToHexStringLower(span[1].First()), Convert.ToHexStringLower(span[2].First()),
                    Convert.ToHexStringLower(span[4].FirstOrDefault() ?? []), Text(span[5].First()), service, overGrpc));
            }
        }
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    /// <summary>The fields with a length; others are passed over.</summary>
    private static List<(int Field, byte[] Bytes)> Fields(byte[] message)
    {
        var fields = new List<(int, byte[])>();
        using var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                fields.Add((WireFormat.GetTagFieldNumber(tag), input.ReadBytes().ToByteArray()));
            else
                input.SkipLastField();
        }
        return fields;
    }
}
