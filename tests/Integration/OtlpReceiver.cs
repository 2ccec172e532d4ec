using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace GovChain.Tests.Integration;

/// <summary>A span as a collector gets it; ids in hexadecimal, empty where there is no parent.</summary>
internal sealed record ReceivedSpan(string TraceId, string SpanId, string ParentId, string Name, string Service);

/// <summary>
/// An OpenTelemetry collector of the simplest kind: takes OTLP over HTTP and keeps the spans. Reads the wire format by field
/// numbers (opentelemetry/proto/trace/v1/trace.proto), so that nothing of the exporter checks itself.
/// </summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly Task _serving;

    public OtlpReceiver()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Endpoint = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/v1/traces";
        }
        _listener.Prefixes.Add(Endpoint + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>What a configuration names.</summary>
    public string Endpoint { get; }

    /// <summary>All that came so far.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];

    public void Dispose()
    {
        _listener.Close();
        _serving.GetAwaiter().GetResult();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            foreach ((int field, byte[] resourceSpans) in Fields(body.ToArray()))
            {
                if (field == 1)
                    Read(resourceSpans);
            }
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    private void Read(byte[] resourceSpans)
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
                    Convert.ToHexStringLower(span[4].FirstOrDefault() ?? []), Text(span[5].First()), service));
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
