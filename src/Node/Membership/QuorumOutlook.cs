using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Membership;

/// <summary>Whether the ledger could go on directly after a change, as one node sees the others now.</summary>
/// <param name="Department">The department whose node was asked.</param>
/// <param name="Voters">Departments that vote after the change.</param>
/// <param name="Reached">Of these, those that the node reaches now and that vote.</param>
internal sealed record QuorumOutlook(string Department, IReadOnlyList<string> Voters, IReadOnlyList<string> Reached)
{
    /// <summary>Departments that make a quorum after the change.</summary>
    public int Quorum => Core.Model.Quorum.Size(Voters.Count);

    /// <summary>With those that are reached the ledger goes on, and the node that was asked with it.</summary>
    public bool IsEnough => Reached.Count >= Quorum && (Version == 0 || Reached.Contains(Department) || !Voters.Contains(Department));

    /// <summary>The protocol version that is scheduled: of those that are reached, only those count that say they execute it. 0: none
    /// is.</summary>
    public uint Version { get; init; }

    /// <summary>How many may fail or lie after the change without halting the ledger.</summary>
    public int Faulty => Core.Model.Quorum.Faulty(Voters.Count);

    /// <summary>Those that vote after the change and are not reached.</summary>
    public IReadOnlyList<string> Away => [.. Voters.Except(Reached, StringComparer.Ordinal)];

    /// <summary>What a change makes of what a node says. One whose key is replaced is away until it is started with the new key.</summary>
    public static QuorumOutlook After(GetStatusResponse status, MembershipChange change)
    {
        var kind = (MembershipKind)change.Kind;
        IEnumerable<string> voters = kind switch
        {
            MembershipKind.Admit => status.Validators.Append(change.Department),
            MembershipKind.Remove => status.Validators.Where(d => d != change.Department),
            _ => status.Validators,
        };
        var reached = status.Peers.Where(static p => p.Connected && p.AbstainingBecause.Length == 0).Select(static p => p.Department)
            .ToHashSet(StringComparer.Ordinal);
        if (status.Voting)
            reached.Add(status.Department);
        // One that is being admitted observes, and says so; connected is all that can be asked of it.
        if (kind == MembershipKind.Admit && (status.Department == change.Department
            || status.Peers.Any(p => p.Connected && p.Department == change.Department)))
            reached.Add(change.Department);
        if (kind == MembershipKind.ReplaceKey)
            reached.Remove(change.Department);
        uint version = kind == MembershipKind.ScheduleVersion ? change.Protocol.Version : 0;
        if (version > 0)
            reached.IntersectWith(Executing(status, version));
        string[] all = [.. voters.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return new QuorumOutlook(status.Department, all, [.. all.Where(reached.Contains)]) { Version = version };
    }

    /// <summary>The departments with a vote whose nodes say that they execute a protocol version, the one that was asked included.</summary>
    public static IEnumerable<string> Executing(GetStatusResponse status, uint version) => status.Validators.Where(
        d => d == status.Department ? status.NewestVersion >= version
            : status.Peers.Any(p => p.Connected && p.Department == d && p.NewestVersion >= version));

    /// <summary>In a sentence or two.</summary>
    public string Explain() =>
        $"After the change {Count(Voters.Count, "department votes", "departments vote")} and {Quorum} make a quorum; the node of {Department} reaches "
        + $"{Reached.Count} of them now" + (Version == 0 ? "" : $" that say they execute protocol version {Version}")
        + (Away.Count == 0 ? "." : $", and not {string.Join(", ", Away)}.");

    /// <summary>A number with its noun.</summary>
    public static string Count(int number, string one, string many) => $"{number} {(number == 1 ? one : many)}";
}
