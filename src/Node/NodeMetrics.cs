using System.Diagnostics.Metrics;

namespace GovChain.Node;

/// <summary>What the node measures: meter "GovChain.Node".</summary>
internal sealed class NodeMetrics : IDisposable
{
    /// <summary>The meter's name, for exporters.</summary>
    public const string MeterName = "GovChain.Node";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _blocks;
    private readonly Counter<long> _transactions;
    private readonly Histogram<double> _execution;
    private readonly Histogram<double> _journalSync;
    private readonly Histogram<double> _append;

    public NodeMetrics()
    {
        _blocks = _meter.CreateCounter<long>("govchain.blocks", "{block}", "Blocks stored");
        _transactions = _meter.CreateCounter<long>("govchain.transactions", "{transaction}", "Transactions stored");
        _execution = _meter.CreateHistogram<double>(
            "govchain.block.execution", "ms", "Time to execute a block, built or checked");
        _journalSync = _meter.CreateHistogram<double>(
            "govchain.journal.sync", "ms", "Time to make journal records durable");
        _append = _meter.CreateHistogram<double>("govchain.ledger.append", "ms", "Time to make a block durable");
    }

    /// <summary>Shows values that are asked for when somebody looks.</summary>
    public void Observe(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    /// <summary>A block was built or checked.</summary>
    public void Executed(TimeSpan elapsed, string purpose) =>
        _execution.Record(elapsed.TotalMilliseconds, new KeyValuePair<string, object?>("purpose", purpose));

    /// <summary>Journal records became durable.</summary>
    public void JournalSynced(TimeSpan elapsed) => _journalSync.Record(elapsed.TotalMilliseconds);

    /// <summary>A block became durable.</summary>
    public void Stored(int transactions, TimeSpan elapsed)
    {
        _blocks.Add(1);
        _transactions.Add(transactions);
        _append.Record(elapsed.TotalMilliseconds);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
