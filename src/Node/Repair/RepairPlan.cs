using GovChain.Node.Auditing;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Repair;

/// <summary>What a repair does to a directory.</summary>
/// <param name="Aside">What is moved aside, relative to the directory.</param>
/// <param name="RebuildsLedger">Every block is stored anew: out of what is left, or from the peers.</param>
/// <param name="WritesIdentity">The files that say whose directory it is are written anew.</param>
internal sealed record RepairPlan(IReadOnlyList<string> Aside, bool RebuildsLedger, bool WritesIdentity)
{
    private static readonly string[] Ledger = ["ledger", "tip"];
    private static readonly string[] Identity = ["VERSION", "chain-id"];

    /// <summary>The tip's file alone is written anew, to say this; null: it is not.</summary>
    public DurableTip? Tip { get; private init; }

    /// <summary>There is nothing to do.</summary>
    public bool IsEmpty => Aside.Count == 0 && !RebuildsLedger && !WritesIdentity;

    /// <summary>
    /// Ledger or journal are not the old ones any more, or do not fit together: the node does not vote. Beside a tip that is
    /// written anew, the journal is what says whether the ledger still has every block that the node voted on.
    /// </summary>
    public bool ForgetsVotes { get; private init; }

    /// <summary>For a directory that is missing, or holds nothing of a node.</summary>
    public static RepairPlan ForNothing => new([], RebuildsLedger: true, WritesIdentity: true) { ForgetsVotes = true };

    /// <summary>What follows from an audit.</summary>
    /// <param name="audit">The audit of the directory.</param>
    /// <param name="ledger">Rebuild the ledger, whatever the audit says of it.</param>
    /// <param name="journal">Put the vote journal aside, whatever the audit says of it.</param>
    public static RepairPlan Of(AuditReport audit, bool ledger, bool journal)
    {
        var aside = new List<string>();
        bool identity = audit.Findings.Any(f => IsDamage(f, Identity));
        if (identity)
            aside.AddRange(Identity);
        bool tip = audit.Findings.Any(static f => IsDamage(f, ["tip"]));
        bool install = audit.Findings.Any(static f => f.IsDamage && f.File.StartsWith("install/", StringComparison.Ordinal));
        // A snapshot that waits to be put in place and is damaged is of no use, and what it was to replace was not audited. What is
        // no snapshot at all is not what was audited.
        bool snapshot = install && audit.Files.Any(static f => f is { File: "install/", Condition: FileCondition.Sound });
        bool rebuild = ledger || snapshot || audit.ChainProblem is not null || (tip && audit.Proven is null)
            || audit.Findings.Any(static f => f.IsDamage && f.File.StartsWith("ledger/", StringComparison.Ordinal));
        // The mark that the node must not vote: until it can be made anew, a missing journal says the same.
        bool mark = audit.Findings.Any(static f => IsDamage(f, ["restored"]));
        bool votes = journal || mark || audit.Findings.Any(static f => IsDamage(f, ["votes"]));
        if (votes)
            aside.Add("votes");
        if (install)
            aside.Add("install");
        if (snapshot)
            aside.Add("advanced");
        if (rebuild)
            aside.AddRange(Ledger);
        else if (tip)
            aside.Add("tip");
        aside.AddRange(audit.Findings.Where(static f => f.IsDamage && IsBeside(f.File)).Select(static f => f.File.TrimEnd('/')).Except(aside));
        return new RepairPlan(aside, rebuild, identity)
        {
            Tip = tip && !rebuild ? audit.Proven : null,
            ForgetsVotes = rebuild || votes || (tip && !JournalFits(audit)),
        };
    }

    /// <summary>What a node does without, or makes anew.</summary>
    private static bool IsBeside(string file) => file is "restored" or "advanced" or "ledger.outrun/" || file.EndsWith(".new", StringComparison.Ordinal)
        || file.StartsWith("evidence/", StringComparison.Ordinal) || file.StartsWith("justifications/", StringComparison.Ordinal);

    private static bool IsDamage(DirectoryFinding finding, string[] files) => finding.IsDamage && files.Contains(finding.File);

    /// <summary>Read to its last byte, without a torn end, and of the ledger's time.</summary>
    private static bool JournalFits(AuditReport audit) =>
        audit.Files.Any(static f => f is { File: "votes", Condition: FileCondition.Sound })
        && audit.Files.All(static f => f.File != "restored") && audit.Findings.All(static f => f.File != "votes");
}
