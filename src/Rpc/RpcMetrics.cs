using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace GovChain.Rpc;

/// <summary>The instruments of meter "GovChain.Rpc". Labels have few values: methods, codes, reasons of the door.
/// </summary>
internal sealed class RpcMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "GovChain.Rpc";

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120],
    };

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _streamed;
    private readonly Counter<long> _cut;

    public RpcMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "govchain.rpc.requests", "{request}", "Requests that reached a service and ended, by method and code.");
        _duration = meter.CreateHistogram<double>(
            "govchain.rpc.duration", "s", "How long unary requests took, by method and code.", advice: Seconds);
        _streams = meter.CreateUpDownCounter<long>(
            "govchain.rpc.streams", "{stream}", "Open streams, by method.");
        _refused = meter.CreateCounter<long>(
            "govchain.rpc.refused", "{request}",
            "Requests refused before a service saw them, and envelopes that came too fast or found no room, by reason.");
        _streamed = meter.CreateCounter<long>(
            "govchain.rpc.streamed", "{message}", "Messages answered or delivered on streams, by method.");
        _cut = meter.CreateCounter<long>("govchain.rpc.cut", "{request}",
            "Requests and streams that ended before their time, by reason: too slow, idle, not read, gave way, client gone.");
    }

    public void Ended(string method, StatusCode code, long startedAt)
    {
        var tags = new TagList { { "method", method }, { "code", code.ToString() } };
        _requests.Add(1, tags);
        _duration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, tags);
    }

    public void StreamOpened(string method) => _streams.Add(1, new KeyValuePair<string, object?>("method", method));

    public void StreamClosed(string method, StatusCode code)
    {
        _streams.Add(-1, new KeyValuePair<string, object?>("method", method));
        _requests.Add(1, new TagList { { "method", method }, { "code", code.ToString() } });
    }

    public void Streamed(string method) => _streamed.Add(1, new KeyValuePair<string, object?>("method", method));

    public void EndedEarly(string reason) => _cut.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
