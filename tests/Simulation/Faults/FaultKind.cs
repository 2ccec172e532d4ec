namespace GovChain.Tests.Simulation;

/// <summary>Everything that can go wrong in a run. Each can be switched off by its name.</summary>
internal enum FaultKind
{
    /// <summary>A message is lost.</summary>
    Loss,

    /// <summary>A message arrives twice.</summary>
    Duplication,

    /// <summary>A message takes up to two seconds, and others overtake it.</summary>
    Delay,

    /// <summary>A link delivers nothing for a while, then all at once.</summary>
    Clogging,

    /// <summary>Two groups cannot reach each other.</summary>
    Partition,

    /// <summary>One group hears the other and is not heard.</summary>
    OneWayPartition,

    /// <summary>One validator is alone.</summary>
    Isolation,

    /// <summary>Messages of one type reach only one validator, or all but one.</summary>
    KindLost,

    /// <summary>Only one validator sees the Commits, and tells nobody.</summary>
    SplitDecision,

    /// <summary>A validator's wall clock jumps, and is set right later.</summary>
    ClockJump,

    /// <summary>A validator's timers run up to a tenth too fast or too slow.</summary>
    TimerDrift,

    /// <summary>A process dies between two inputs.</summary>
    Crash,

    /// <summary>A process dies between two effects of one step.</summary>
    CrashInStep,

    /// <summary>The power fails inside a write, sync or rename of the journal.</summary>
    CrashInDisk,

    /// <summary>All processes die at once.</summary>
    CrashAll,

    /// <summary>What a validator's pool holds leaves it.</summary>
    PoolLoss,

    /// <summary>An unsynced write is lost when the power fails.</summary>
    UnsyncedLost,

    /// <summary>An unsynced write is there in part when the power fails.</summary>
    TornWrite,

    /// <summary>A rename whose directory was not synced is undone when the power fails.</summary>
    RenameRolledBack,

    /// <summary>A write of the journal fails with EIO.</summary>
    WriteError,

    /// <summary>A write of the journal finds the disk full.</summary>
    DiskFull,

    /// <summary>A sync of the journal fails with EIO, and what was to be synced may be gone.</summary>
    SyncError,

    /// <summary>One bit of a journal flips while the process is down.</summary>
    BitRot,

    /// <summary>The journal is gone.</summary>
    JournalLost,

    /// <summary>The journal of some time ago was put back.</summary>
    JournalRolledBack,

    /// <summary>Journal and ledger are gone.</summary>
    DiskLost,

    /// <summary>The whole disk of some time ago was put back.</summary>
    DiskRolledBack,

    /// <summary>A hostile leader proposes one block to some and another to others.</summary>
    Equivocation,

    /// <summary>A hostile validator prepares and commits every block that it hears of.</summary>
    VotesForAll,

    /// <summary>A hostile validator does not say what it has prepared.</summary>
    HiddenPrepared,

    /// <summary>A hostile leader proposes another block than the prepared one, with a justification that does not allow it.
    /// </summary>
    DroppedPrepared,

    /// <summary>A hostile validator's view change claims a block prepared, under a certificate that it has made up.</summary>
    BadCertificate,

    /// <summary>A hostile validator passes a quorum's Prepares off as a decision.</summary>
    PassedOffPrepare,

    /// <summary>A hostile leader proposes a block with wrong roots, parameters or leaves.</summary>
    InvalidProposal,

    /// <summary>A hostile leader proposes a known body under a garbage signature.</summary>
    GarbageSignature,

    /// <summary>A hostile validator changes one field of a message, and signs it where it can.</summary>
    Mutation,

    /// <summary>A hostile validator sends bytes that are no message, or cut, or of another's name.</summary>
    Garbage,

    /// <summary>A hostile validator sends again what it has once received.</summary>
    Replay,

    /// <summary>A hostile validator sends to some only.</summary>
    SelectiveSending,

    /// <summary>A hostile validator keeps some of its messages to itself.</summary>
    Silence,

    /// <summary>A hostile validator serves neither bodies nor blocks.</summary>
    Withholding,

    /// <summary>A hostile validator lies about its height and view.</summary>
    LyingStatus,

    /// <summary>A hostile validator serves blocks with other leaves, certificates or headers.</summary>
    LyingSync,

    /// <summary>A hostile validator signs view changes for views and heights far away.</summary>
    FarAway,

    /// <summary>A hostile validator says without end that it is ahead, in an epoch that nobody can prove.</summary>
    ClaimedAhead,

    /// <summary>A hostile validator gives blocks and bodies as late as those who ask just wait for.</summary>
    Dawdling,

    /// <summary>A hostile leader keeps the bodies of its blocks to itself and gives them one by one.</summary>
    Dripping,

    /// <summary>Two processes run with one key, each as if it were alone.</summary>
    Twin,

    // From here on: of runs in which nodes join by snapshot.

    /// <summary>So much time passes at once that all that was recorded or submitted has expired.</summary>
    Night,

    /// <summary>A validator is down, cut off or hears all too late, until it is far behind.</summary>
    LongAbsence,

    /// <summary>A process dies between the end of a snapshot's fetching and the journal's mark.</summary>
    CrashInInstall,

    /// <summary>A validator lets go of the snapshots that it holds for others.</summary>
    SnapshotDropped,

    /// <summary>A hostile validator gives wrong parts of a snapshot, some only, or none.</summary>
    LyingSnapshot,

    /// <summary>A hostile validator offers snapshots that nobody certified, whole in themselves.</summary>
    ForgedSnapshot,
}

/// <summary>How often each fault was injected.</summary>
internal sealed class FaultCounts
{
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    private readonly long[] _counts = new long[Kinds.Length];

    public long this[FaultKind kind] => _counts[(int)kind];

    public long Total => _counts.Sum();

    public void Add(FaultKind kind) => _counts[(int)kind]++;

    public void Add(FaultCounts other)
    {
        for (int i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
    }

    /// <summary>What only happens where nodes join by snapshot.</summary>
    public static bool IsOfSnapshots(FaultKind kind) => kind > FaultKind.Twin;

    /// <summary>By name, in the order of the kinds.</summary>
    public IReadOnlyDictionary<string, long> ByName() =>
        Kinds.ToDictionary(kind => NameOf(kind), kind => _counts[(int)kind]);

    /// <summary>The name on the command line and in reports: lower case, words apart.</summary>
    public static string NameOf(FaultKind kind) => string.Concat(kind.ToString().Select(
        (c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>The kind of that name, or null.</summary>
    public static FaultKind? Named(string name) =>
        Kinds.Cast<FaultKind?>().FirstOrDefault(kind => NameOf(kind!.Value) == name);
}
