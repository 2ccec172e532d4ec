using System.Diagnostics.Metrics;
using System.Text.Json;
using GovChain.Consensus;

namespace GovChain.Node;

/// <summary>How fast votes became durable of late.</summary>
/// <param name="Mean">Of the last 32 times; zero before there were as many.</param>
/// <param name="Slowest">Of those of the last <see cref="NodeMetrics.SyncsMatterFor"/>; zero where there were none.</param>
internal readonly record struct JournalPace(TimeSpan Mean, TimeSpan Slowest);

/// <summary>What the node measures: meter "GovChain.Node". docs/OBSERVABILITY.md lists every instrument.</summary>
internal sealed class NodeMetrics : IDisposable
{
    /// <summary>The meter's name, for exporters.</summary>
    public const string MeterName = "GovChain.Node";

    /// <summary>How long a slow disk is held against a node that has nothing to vote on.</summary>
    public static readonly TimeSpan SyncsMatterFor = TimeSpan.FromMinutes(5);

    private const int SyncsRemembered = 32;

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<long> Counts = new()
    {
        HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
    };

    private static readonly InstrumentAdvice<long> Sizes = new()
    {
        HistogramBucketBoundaries = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 21, 1 << 22, 1 << 23, 1 << 24],
    };

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _blocks;
    private readonly Counter<long> _transactions;
    private readonly Histogram<long> _blockTransactions;
    private readonly Histogram<long> _blockBytes;
    private readonly Histogram<double> _execution;
    private readonly Histogram<double> _journalSync;
    private readonly Histogram<double> _append;
    private readonly Histogram<double> _commit;
    private readonly Counter<long> _signatures;
    private readonly Counter<long> _viewChanges;
    private readonly Counter<long> _backups;
    private readonly TimeProvider _time;
    private readonly double[] _syncs = new double[SyncsRemembered];
    private readonly long[] _syncedAt = new long[SyncsRemembered];
    private int _syncCount;

    /// <param name="time">Tells how long ago something was; the system's if null.</param>
    public NodeMetrics(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _blocks = _meter.CreateCounter<long>("govchain.blocks", "{block}", "Blocks stored.");
        _transactions = _meter.CreateCounter<long>("govchain.transactions", "{transaction}", "Transactions stored.");
        _blockTransactions = _meter.CreateHistogram(
            "govchain.block.transactions", "{transaction}", "Transactions of a stored block.", advice: Counts);
        _blockBytes = _meter.CreateHistogram("govchain.block.size", "By", "Bytes of a stored block's envelopes.", advice: Sizes);
        _execution = _meter.CreateHistogram(
            "govchain.block.execution", "s", "Time to execute a block, by purpose: build or check.", advice: Seconds);
        _journalSync = _meter.CreateHistogram("govchain.journal.sync", "s", "Time to make votes durable.", advice: Seconds);
        _append = _meter.CreateHistogram("govchain.ledger.append", "s", "Time to make a block durable.", advice: Seconds);
        _commit = _meter.CreateHistogram("govchain.commit.latency", "s",
            "Time from a submission at this node until its transaction is durable in a certified block.", advice: Seconds);
        _signatures = _meter.CreateCounter<long>(
            "govchain.signatures.verified", "{signature}", "Signatures of transactions that were verified, by result: valid or invalid.");
        _viewChanges = _meter.CreateCounter<long>("govchain.view.changes", "{change}",
            "Views left, by cause: timeout, complaint (a transaction was passed over), equivocation, invalid_proposal or joined (f + 1 others left it).");
        _backups = _meter.CreateCounter<long>("govchain.backups", "{backup}", "Backups that were read to their end.");
    }

    /// <summary>Shows series at zero, so that their first event is seen as a change. Once exporters listen.</summary>
    public void Begin()
    {
        Verified(0, 0);
        foreach (ViewCause cause in Enum.GetValues<ViewCause>())
            _viewChanges.Add(0, new KeyValuePair<string, object?>("cause", NameOf(cause)));
        _backups.Add(0);
    }

    /// <summary>How fast votes became durable of late. For any thread.</summary>
    public JournalPace JournalPace
    {
        get
        {
            int count = Volatile.Read(ref _syncCount);
            if (count < SyncsRemembered)
                return default;
            double slowest = 0;
            for (int i = 0; i < SyncsRemembered; i++)
            {
                if (_time.GetElapsedTime(Volatile.Read(ref _syncedAt[i])) < SyncsMatterFor)
                    slowest = Math.Max(slowest, _syncs[i]);
            }
            return new JournalPace(TimeSpan.FromMilliseconds(_syncs.Average()), TimeSpan.FromMilliseconds(slowest));
        }
    }

    /// <summary>Shows a value that is asked for when somebody looks.</summary>
    public void Observe(string name, string unit, string description, Func<double> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    /// <summary>Shows values of several things, each under its label.</summary>
    public void Observe(string name, string unit, string description, string label, Func<IEnumerable<(string Label, double Value)>> values) =>
        _meter.CreateObservableGauge(
            name, () => values().Select(v => new Measurement<double>(v.Value, new KeyValuePair<string, object?>(label, v.Label))), unit, description);

    /// <summary>A block was built or checked.</summary>
    public void Executed(TimeSpan elapsed, string purpose) =>
        _execution.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("purpose", purpose));

    /// <summary>Journal records became durable. The driver's thread only.</summary>
    public void JournalSynced(TimeSpan elapsed)
    {
        _journalSync.Record(elapsed.TotalSeconds);
        _syncs[_syncCount % SyncsRemembered] = elapsed.TotalMilliseconds;
        Volatile.Write(ref _syncedAt[_syncCount % SyncsRemembered], _time.GetTimestamp());
        Volatile.Write(ref _syncCount, _syncCount + 1);
    }

    /// <summary>A block became durable.</summary>
    public void Stored(int transactions, long bytes, TimeSpan elapsed)
    {
        _blocks.Add(1);
        _transactions.Add(transactions);
        _blockTransactions.Record(transactions);
        _blockBytes.Record(bytes);
        _append.Record(elapsed.TotalSeconds);
    }

    /// <summary>A client of this node has its receipt's position.</summary>
    public void Committed(TimeSpan elapsed) => _commit.Record(elapsed.TotalSeconds);

    /// <summary>Signatures were verified.</summary>
    public void Verified(int valid, int invalid)
    {
        _signatures.Add(valid, new KeyValuePair<string, object?>("result", "valid"));
        _signatures.Add(invalid, new KeyValuePair<string, object?>("result", "invalid"));
    }

    /// <summary>A view was left.</summary>
    public void ViewChanged(ViewCause cause) => _viewChanges.Add(1, new KeyValuePair<string, object?>("cause", NameOf(cause)));

    /// <summary>A cause in the words of metrics, status and log.</summary>
    public static string NameOf(ViewCause cause) => JsonNamingPolicy.SnakeCaseLower.ConvertName(cause.ToString());

    /// <summary>A backup was read to its end.</summary>
    public void BackedUp() => _backups.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
