namespace GovChain.Storage.Integrity;

/// <summary>How a file of a node's directory was found.</summary>
public enum FileCondition
{
    /// <summary>Read to its last byte, and as it was written.</summary>
    Sound = 1,

    /// <summary>Neither ledger nor votes depend on its content.</summary>
    Irrelevant = 2,

    /// <summary>As a crash leaves it; damage may look the same. The remark says what follows.</summary>
    Suspect = 3,

    /// <summary>Not as it was written.</summary>
    Damaged = 4,

    /// <summary>It should be there and is not.</summary>
    Missing = 5,

    /// <summary>Nothing that a node writes, and nothing that it reads.</summary>
    Unknown = 6,

    /// <summary>It may matter, and cannot be judged: what says how it should be is damaged itself.</summary>
    Unread = 7,
}

/// <summary>A file of a node's directory.</summary>
/// <param name="File">Its path in the directory, with forward slashes; a folder ends with one.</param>
/// <param name="Condition">How it was found.</param>
/// <param name="Remark">What it is, or why it does not matter.</param>
public sealed record FileReport(string File, FileCondition Condition, string Remark);

/// <summary>A deviation in a file of a node's directory.</summary>
/// <param name="File">Its path in the directory.</param>
/// <param name="Where">The place: bytes, record, column family and key range.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Found">What is.</param>
/// <param name="Meaning">What it implies, and what to do.</param>
/// <param name="IsDamage">False for what a crash may have left: the node goes on by itself.</param>
public sealed record DirectoryFinding(
    string File, string Where, string Expected, string Found, string Meaning, bool IsDamage);

/// <summary>What a check of a node's directory found.</summary>
/// <param name="Files">Every file, those that are missing too.</param>
/// <param name="Findings">What deviates.</param>
/// <param name="LedgerOpens">The ledger can be read as far as the newest block, and reaches the durable tip, if one is
/// believed.</param>
public sealed record DirectoryReport(
    IReadOnlyList<FileReport> Files, IReadOnlyList<DirectoryFinding> Findings, bool LedgerOpens)
{
    /// <summary>The tip's file is missing, unreadable or older than the ledger: nothing says how far that must reach.</summary>
    public bool TipIsLost { get; init; }

    /// <summary>The first damage; null if there is none.</summary>
    public DirectoryFinding? FirstDamage => Findings.FirstOrDefault(static f => f.IsDamage);
}
