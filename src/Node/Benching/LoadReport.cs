using System.Text.Json.Nodes;

namespace GovChain.Node.Benching;

/// <summary>What a load showed.</summary>
/// <param name="Options">What was asked for.</param>
/// <param name="Committed">Measured records that committed.</param>
/// <param name="Refusals">Reasons of those that did not.</param>
/// <param name="Took">From the first send to the last committed outcome.</param>
/// <param name="LatenciesMs">Sorted ascending, from sending a record to its committed outcome.</param>
/// <param name="Blocks">Blocks that carried the measured records.</param>
/// <param name="SigningTook">Signing ahead.</param>
/// <param name="NodeProcessorTime">What all nodes together spent on the measured records.</param>
/// <param name="NodeMemoryBytes">The most physical memory of any node.</param>
/// <param name="DiskBytes">One stopped node's data directory, all in all.</param>
/// <param name="Receipts">What the verified receipts showed.</param>
/// <param name="AuditProblem">What an audit of one node found; null: nothing.</param>
/// <param name="Verifier">Which implementation verifies signatures.</param>
internal sealed record LoadReport(
    LoadOptions Options, int Committed, IReadOnlyList<string> Refusals, TimeSpan Took, IReadOnlyList<double> LatenciesMs,
    ulong Blocks, TimeSpan SigningTook, TimeSpan NodeProcessorTime, long NodeMemoryBytes, long DiskBytes,
    ReceiptCheck Receipts, string? AuditProblem, string Verifier)
{
    private const double MiB = 1024 * 1024;

    /// <summary>All committed, all receipts verified, the audited ledger whole.</summary>
    public bool Ok => Refusals.Count == 0 && Receipts.Failures.Count == 0 && AuditProblem is null;

    /// <summary>Committed records a second.</summary>
    public double RecordsPerSecond => Committed / Took.TotalSeconds;

    /// <summary>Processor milliseconds a record, all nodes together: on a machine that others use too, this tells more
    /// than records a second.</summary>
    public double ProcessorMsPerRecord => NodeProcessorTime.TotalMilliseconds / Math.Max(1, Committed);

    /// <summary>Bytes on one node's disk for each record, warm-up included.</summary>
    public double BytesPerRecord => DiskBytes / (double)Math.Max(1, Committed + Options.WarmUpRecords);

    /// <summary>The latency that a share of the records does not exceed; nearest rank.</summary>
    /// <param name="sorted">Ascending.</param>
    /// <param name="share">Above 0, at most 1.</param>
    public static double Quantile(IReadOnlyList<double> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[(int)Math.Ceiling(share * sorted.Count) - 1];

    /// <summary>For scripts.</summary>
    public JsonObject ToJson() => new()
    {
        ["ok"] = Ok,
        ["recordsPerSecond"] = Math.Round(RecordsPerSecond, 1),
        ["p50Ms"] = Math.Round(Quantile(LatenciesMs, 0.50), 1),
        ["p99Ms"] = Math.Round(Quantile(LatenciesMs, 0.99), 1),
        ["departments"] = Options.Departments,
        ["records"] = Committed,
        ["refused"] = Refusals.Count,
        ["size"] = Options.ContentBytes,
        ["durable"] = true, // every block is synced to each voting node's disk before it counts as committed
        ["seconds"] = Math.Round(Took.TotalSeconds, 3),
        ["blocks"] = Blocks,
        ["warmUp"] = Options.WarmUpRecords,
        ["window"] = Options.WindowRecords,
        ["signedAhead"] = Options.WarmUpRecords + Options.Records,
        ["signingSeconds"] = Math.Round(SigningTook.TotalSeconds, 3),
        ["bytesPerRecordOnDisk"] = Math.Round(BytesPerRecord),
        ["nodeProcessorMsPerRecord"] = Math.Round(ProcessorMsPerRecord, 3), // all nodes together
        ["nodeMemoryMiB"] = Math.Round(NodeMemoryBytes / MiB),
        ["receiptsVerified"] = Receipts.Verified,
        ["receiptFailures"] = new JsonArray([.. Receipts.Failures.Select(f => (JsonNode)f)]),
        ["auditProblem"] = AuditProblem,
        ["seed"] = Options.Seed,
        ["processors"] = Environment.ProcessorCount,
        ["verifier"] = Verifier,
        ["firstRefusal"] = Refusals.Count > 0 ? Refusals[0] : null,
    };
}
