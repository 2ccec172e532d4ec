namespace GovChain.Tests.Integration.Nemesis;

/// <summary>What the nemesis does.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL to one node; it is started again.</summary>
    KillNode,

    /// <summary>SIGKILL to whom a node takes for the leader.</summary>
    KillLeader,

    /// <summary>SIGKILL to all nodes at once.</summary>
    KillAll,

    /// <summary>SIGKILL to a client.</summary>
    KillClient,

    /// <summary>SIGSTOP to a node, and SIGCONT later.</summary>
    Freeze,

    /// <summary>A node's disk is full until it stops; then there is room again.</summary>
    FullDisk,

    /// <summary>One bit of a killed node's vote journal is another.</summary>
    JournalBitFlipped,

    /// <summary>A killed node's vote journal is cut off.</summary>
    JournalTruncated,

    /// <summary>A killed node's data are gone.</summary>
    DataWiped,

    /// <summary>A killed node's data are those of some time ago.</summary>
    DataPutBack,

    /// <summary>A killed node's machine is replaced: key and configuration are all that is left.</summary>
    MachineReplaced,

    /// <summary>Nothing passes between two groups of departments.</summary>
    Partition,

    /// <summary>Connections between two groups are reset and refused.</summary>
    Cut,

    /// <summary>Nothing passes from one group to the other; the other way everything does.</summary>
    OneWay,

    /// <summary>Everything takes longer.</summary>
    Delay,

    /// <summary>Much is lost and sent again.</summary>
    Loss,

    /// <summary>A node's wall clock jumps, and back later.</summary>
    ClockJump,
}

/// <summary>Faults that follow each other; the tracks run side by side.</summary>
internal enum Track
{
    Processes,
    Network,
    Clocks,
}

/// <summary>A fault of the schedule.</summary>
/// <param name="Kind">What.</param>
/// <param name="Nodes">Whom: nodes, clients, or one group of a divided network.</param>
/// <param name="LengthMs">How long it lasts.</param>
/// <param name="PauseMs">How long nothing else happens on its track afterwards.</param>
/// <param name="Amount">Which bit, which part of a file, milliseconds of delay or of a clock, percent of loss.</param>
/// <param name="WaitForAll">The next fault of its track waits until all nodes are up again.</param>
internal sealed record Fault(FaultKind Kind, IReadOnlyList<int> Nodes, int LengthMs, int PauseMs, int Amount, bool WaitForAll)
{
    /// <summary>Takes votes that a node gave away from it: f nodes at most may be so.</summary>
    public bool IsDamage => Kind is >= FaultKind.JournalBitFlipped and <= FaultKind.MachineReplaced;

    /// <summary>Ends node processes by SIGKILL.</summary>
    public bool IsNodeKill => Kind is FaultKind.KillNode or FaultKind.KillLeader or FaultKind.KillAll || IsDamage;

    /// <summary>Divides the network.</summary>
    public bool IsPartition => Kind is FaultKind.Partition or FaultKind.Cut or FaultKind.OneWay;
}
