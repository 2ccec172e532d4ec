using System.Text.Json;

namespace GovChain.Node.Alarms;

/// <summary>What an operator is warned of. Names in upper snake case stand in status, logs, metrics and rules: frozen, the
/// list only grows. docs/OPERATIONS.md has a page for each.</summary>
internal enum NodeAlarm
{
    /// <summary>This node follows but does not vote.</summary>
    Abstaining,

    /// <summary>Too few departments are connected to record anything.</summary>
    NoQuorum,

    /// <summary>Transactions wait and no block comes.</summary>
    Stalled,

    /// <summary>This node is blocks behind the others.</summary>
    Lagging,

    /// <summary>A department's node cannot be reached.</summary>
    PeerUnreachable,

    /// <summary>A department's node sent what no honest node sends.</summary>
    PeerMisbehaved,

    /// <summary>A leader signed two proposals for one view.</summary>
    EquivocatingLeader,

    /// <summary>A leader proposed a block that fails its check.</summary>
    InvalidProposal,

    /// <summary>A block that a quorum certified, or that this node had found valid, fails its check here.</summary>
    LocalCheckFailed,

    /// <summary>A proposal's time is too far from this node's clock.</summary>
    ClockOff,

    /// <summary>The data directory's disk is nearly full.</summary>
    DiskLow,

    /// <summary>Making votes durable takes too long.</summary>
    JournalSlow,

    /// <summary>What this node has stored does not verify.</summary>
    LedgerDamaged,

    /// <summary>The pool is nearly full; submissions are refused soon.</summary>
    PoolFull,

    /// <summary>The clients' certificate ends soon.</summary>
    CertificateExpiring,

    /// <summary>So many departments abstain that nothing can be recorded any more.</summary>
    LedgerHalted,

    /// <summary>A department may not lead for a while: a quorum left a view that it led.</summary>
    LeaderSuspended,

    /// <summary>A leader has passed over a transaction that could be recorded.</summary>
    TransactionPassedOver,

    /// <summary>A department signed two votes of which an honest node signs one only.</summary>
    DoubleVote,

    /// <summary>The ledger has given this department another validator key than this node's.</summary>
    KeyReplaced,

    /// <summary>The read log is damaged or cannot be written: nothing that is not public is given out.</summary>
    ReadLogFailed,

    /// <summary>The read log has entries that no root on the ledger covers, for a day longer than it should.</summary>
    ReadRootOverdue,

    /// <summary>The read log does not hold what this department's newest root on the ledger says.</summary>
    ReadLogReplaced,

    /// <summary>A protocol version is scheduled that this release does not execute.</summary>
    ReleaseTooOld,
}

/// <summary>How much it matters.</summary>
internal enum AlarmSeverity
{
    /// <summary>Look at it today.</summary>
    Warning,

    /// <summary>Look at it now.</summary>
    Critical,
}

/// <summary>An alarm there is.</summary>
/// <param name="Code">Which.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Summary">What it says, a sentence.</param>
/// <param name="Holds">How long it stays after it was last seen; null: as long as its cause.</param>
internal sealed record AlarmDefinition(NodeAlarm Code, AlarmSeverity Severity, string Summary, TimeSpan? Holds = null)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1), Day = TimeSpan.FromDays(1);

    /// <summary>All of them, as numbered.</summary>
    public static IReadOnlyList<AlarmDefinition> All { get; } =
    [
        new(NodeAlarm.Abstaining, AlarmSeverity.Critical, "This node follows and serves but does not vote."),
        new(NodeAlarm.NoQuorum, AlarmSeverity.Critical, "Too few departments are connected to record anything."),
        new(NodeAlarm.Stalled, AlarmSeverity.Critical, "Transactions wait and no block comes."),
        new(NodeAlarm.Lagging, AlarmSeverity.Warning, "This node is blocks behind the others."),
        new(NodeAlarm.PeerUnreachable, AlarmSeverity.Warning, "A department's node cannot be reached."),
        new(NodeAlarm.PeerMisbehaved, AlarmSeverity.Warning, "A department's node sent what no honest node sends.", Hour),
        new(NodeAlarm.EquivocatingLeader, AlarmSeverity.Critical, "A leader signed two proposals for one view.", Day),
        new(NodeAlarm.InvalidProposal, AlarmSeverity.Warning, "A leader proposed a block that fails its check.", Hour),
        new(NodeAlarm.LocalCheckFailed, AlarmSeverity.Critical, "A certified block fails its check on this node.", Day),
        new(NodeAlarm.ClockOff, AlarmSeverity.Warning, "A proposal's time is too far from this node's clock.", TimeSpan.FromMinutes(10)),
        new(NodeAlarm.DiskLow, AlarmSeverity.Critical, "The data directory's disk is nearly full."),
        new(NodeAlarm.JournalSlow, AlarmSeverity.Warning, "Votes take too long to reach the disk."),
        new(NodeAlarm.LedgerDamaged, AlarmSeverity.Critical, "What this node has stored does not verify.", Day),
        new(NodeAlarm.PoolFull, AlarmSeverity.Warning, "The pool of waiting transactions is nearly full."),
        new(NodeAlarm.CertificateExpiring, AlarmSeverity.Warning, "The certificate that clients see ends soon."),
        new(NodeAlarm.LedgerHalted, AlarmSeverity.Critical, "Too many departments abstain for a quorum: the ledger stands still."),
        new(NodeAlarm.LeaderSuspended, AlarmSeverity.Warning, "A department may not lead for a while."),
        new(NodeAlarm.TransactionPassedOver, AlarmSeverity.Warning, "A leader has passed over a transaction that could be recorded.", Hour),
        new(NodeAlarm.DoubleVote, AlarmSeverity.Critical, "A department signed two votes of which an honest node signs only one.", Day),
        new(NodeAlarm.KeyReplaced, AlarmSeverity.Critical, "The ledger has another validator key for this department: this node is cut off."),
        new(NodeAlarm.ReadLogFailed, AlarmSeverity.Critical, "Who is read to cannot be written down: nothing that is not public is given out."),
        new(NodeAlarm.ReadRootOverdue, AlarmSeverity.Warning, "No root of the read log came onto the ledger for a day too long."),
        new(NodeAlarm.ReadLogReplaced, AlarmSeverity.Warning, "The read log is not the one that the ledger has a root of: it was begun or written anew."),
        new(NodeAlarm.ReleaseTooOld, AlarmSeverity.Critical, "The ledger goes on to a protocol version that this release does not execute."),
    ];

    /// <summary>The code as it stands everywhere, for example JOURNAL_SLOW.</summary>
    public string Name { get; } = NameOf(Code);

    /// <summary>An alarm's definition.</summary>
    public static AlarmDefinition Of(NodeAlarm code) => All[(int)code];

    /// <summary>A code's name.</summary>
    public static string NameOf(NodeAlarm code) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());
}
