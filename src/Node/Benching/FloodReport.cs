using System.Text.Json.Nodes;

namespace GovChain.Node.Benching;

/// <summary>What a flood did to another department.</summary>
/// <param name="Options">What was asked for.</param>
/// <param name="QuietMs">Milliseconds to the committed outcome, alone, ascending.</param>
/// <param name="FloodedMs">The same under the flood.</param>
/// <param name="Refusals">Reasons of the measured department's records that were refused.</param>
/// <param name="Took">The flood.</param>
/// <param name="FloodOutcomes">How the flood's envelopes ended: rejection code, or status.</param>
/// <param name="QuietMemoryBytes">The most physical memory of any node before the flood.</param>
/// <param name="NodeMemoryBytes">The same at the end.</param>
/// <param name="Receipts">What the verified receipts of the measured department showed.</param>
/// <param name="AuditProblem">What an audit of one node found; null: nothing.</param>
internal sealed record FloodReport(
    FloodOptions Options, IReadOnlyList<double> QuietMs, IReadOnlyList<double> FloodedMs, IReadOnlyList<string> Refusals, TimeSpan Took,
    IReadOnlyDictionary<string, long> FloodOutcomes, long QuietMemoryBytes, long NodeMemoryBytes, ReceiptCheck Receipts, string? AuditProblem)
{
    private const double MiB = 1024 * 1024;

    /// <summary>Nothing that was acknowledged is missing, nothing was refused, the audited ledger is whole.</summary>
    public bool Ok => Refusals.Count == 0 && Receipts.Failures.Count == 0 && AuditProblem is null;

    /// <summary>Envelopes of the flood a second.</summary>
    public double FloodPerSecond => FloodOutcomes.Values.Sum() / Took.TotalSeconds;

    /// <summary>p99 under the flood in that of the quiet network.</summary>
    public double P99Ratio => LoadReport.Quantile(FloodedMs, 0.99) / LoadReport.Quantile(QuietMs, 0.99);

    /// <summary>All lanes' counts together.</summary>
    public static SortedDictionary<string, long> SumOf(IEnumerable<FloodLane> lanes)
    {
        var sum = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach ((string how, long count) in lanes.SelectMany(static l => l.Outcomes))
            sum[how] = sum.GetValueOrDefault(how) + count;
        return sum;
    }

    /// <summary>For scripts.</summary>
    public JsonObject ToJson() => new()
    {
        ["ok"] = Ok,
        ["p99Ratio"] = Math.Round(P99Ratio, 2),
        ["quietP50Ms"] = Math.Round(LoadReport.Quantile(QuietMs, 0.50), 1),
        ["quietP99Ms"] = Math.Round(LoadReport.Quantile(QuietMs, 0.99), 1),
        ["floodedP50Ms"] = Math.Round(LoadReport.Quantile(FloodedMs, 0.50), 1),
        ["floodedP99Ms"] = Math.Round(LoadReport.Quantile(FloodedMs, 0.99), 1),
        ["perSecond"] = Options.PerSecond,
        ["floodPerSecond"] = Math.Round(FloodPerSecond),
        ["floodOverMeasured"] = Math.Round(FloodPerSecond / Options.PerSecond, 1),
        ["floodOutcomes"] = new JsonObject(FloodOutcomes.Select(static o => KeyValuePair.Create(o.Key, (JsonNode?)o.Value))),
        ["seconds"] = Math.Round(Took.TotalSeconds, 1),
        ["departments"] = Options.Departments,
        ["refused"] = Refusals.Count,
        ["firstRefusal"] = Refusals.Count > 0 ? Refusals[0] : null,
        ["quietMemoryMiB"] = Math.Round(QuietMemoryBytes / MiB),
        ["nodeMemoryMiB"] = Math.Round(NodeMemoryBytes / MiB),
        ["receiptsVerified"] = Receipts.Verified,
        ["receiptFailures"] = new JsonArray([.. Receipts.Failures.Select(static f => (JsonNode)f)]),
        ["auditProblem"] = AuditProblem,
        ["durable"] = true,
        ["processors"] = Environment.ProcessorCount,
    };
}
