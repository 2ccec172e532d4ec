using System.Diagnostics;
using GovChain.Core.Model;

namespace GovChain.Node.Tracing;

/// <summary>
/// The spans of a record's way through this node, one trace for each submission that is sampled. A block is built, voted on
/// and stored for many records at once, so its phases are measured once and told in each of their traces.
/// docs/OBSERVABILITY.md lists the spans.
/// </summary>
internal static class RecordTrace
{
    /// <summary>The source's name, for exporters.</summary>
    public const string SourceName = "GovChain.Node";

    /// <summary>From the envelope's arrival to the answer.</summary>
    public const string Submit = "govchain.submit";

    /// <summary>Signature, authority and rules, until the transaction is in the pool or refused.</summary>
    public const string Admission = "govchain.admission";

    /// <summary>Waiting in the pool until the block is begun that takes the transaction.</summary>
    public const string Pool = "govchain.pool";

    /// <summary>This node, as the leader, builds the block.</summary>
    public const string Build = "govchain.block.build";

    /// <summary>This node checks the leader's block.</summary>
    public const string Check = "govchain.block.check";

    /// <summary>From this node's Prepare to a quorum of them.</summary>
    public const string Prepare = "govchain.consensus.prepare";

    /// <summary>From this node's Commit to a quorum of them.</summary>
    public const string Commit = "govchain.consensus.commit";

    /// <summary>The block and its certificate become durable.</summary>
    public const string Append = "govchain.ledger.append";

    /// <summary>From the durable block to the answer.</summary>
    public const string Receipt = "govchain.receipt";

    /// <summary>All spans, in the order of a record's way, with what each is.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> Spans { get; } =
    [
        (Submit, "from the envelope's arrival to the answer; the others are its children"),
        (Admission, "signature, authority and rules, until the transaction is in the pool or refused"),
        (Pool, "waiting until the block is begun that takes the transaction"),
        (Build, "this node, as the leader, builds the block; on other nodes: " + Check),
        (Check, "this node checks the leader's block"),
        (Prepare, "from this node's Prepare to a quorum of them"),
        (Commit, "from this node's Commit to a quorum of them"),
        (Append, "block and certificate become durable"),
        (Receipt, "from the durable block to the answer"),
    ];

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the trace of a submission; null where nobody listens.</summary>
    public static Activity? StartSubmit()
    {
        Activity? caller = Activity.Current;
        Activity? submit = Source.StartActivity(Submit, ActivityKind.Server);
        Activity.Current = caller; // what the caller does next is no part of it
        return submit;
    }

    /// <summary>A phase that is over, within the trace of a submission. Nothing where that is not sampled.</summary>
    public static void Add(ActivityContext parent, string name, DateTimeOffset? from, DateTimeOffset? to, BlockHeader? block = null)
    {
        if (!parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) || from is not { } begun || to is not { } ended || ended < begun)
            return;
        using Activity? span = Source.StartActivity(name, ActivityKind.Internal, parent, startTime: begun);
        if (span is null)
            return;
        if (block is not null)
            span.SetTag("govchain.height", (long)block.Height).SetTag("govchain.block", block.Hash.ToString());
        span.SetEndTime(ended.UtcDateTime);
    }
}
