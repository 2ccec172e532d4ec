using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>Sums what the process measures from now on: counters by their values, histograms by how often.</summary>
internal sealed class MeterProbe : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = new();

    public MeterProbe(params string[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Add(i, value, tags));
        _listener.SetMeasurementEventCallback<double>((i, _, tags, _) => Add(i, 1, tags));
        _listener.Start();
    }

    /// <summary>The sum over all measurements of an instrument that carry these values of labels.</summary>
    public long this[string instrument, params string[] values] => _sums
        .Where(s => s.Key.Split(' ') is var key && key[0] == instrument && values.All(v => key.Contains(v)))
        .Sum(s => s.Value);

    /// <summary>Waits for a sum, at most 20 seconds.</summary>
    public Task UntilAsync(long least, string instrument, params string[] values) => UntilAsync(least, [instrument, .. values]);

    /// <summary>Waits for a sum over several, each an instrument and its values of labels, at most 20 seconds.</summary>
    public async Task UntilAsync(long least, params string[][] any)
    {
        long until = Environment.TickCount64 + 20_000;
        while (any.Sum(i => this[i[0], i[1..]]) is var sum && sum < least)
        {
            if (Environment.TickCount64 > until)
                Assert.Fail($"{string.Join(" or ", any.Select(i => string.Join(' ', i)))} is {sum}, not {least}; all: {this}");
            await Task.Delay(10);
        }
    }

    public override string ToString() => string.Join("; ", _sums.Select(s => $"{s.Key}={s.Value}"));

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string key = instrument.Name;
        foreach (KeyValuePair<string, object?> tag in tags)
            key += $" {tag.Value}";
        _sums.AddOrUpdate(key, value, (_, sum) => sum + value);
    }
}
