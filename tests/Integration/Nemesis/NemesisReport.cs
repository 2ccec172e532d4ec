using System.Text.Json.Serialization;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>A fault that happened.</summary>
/// <param name="Track">On which track.</param>
/// <param name="Kind">What.</param>
/// <param name="Departments">To whom.</param>
/// <param name="From">Seconds after the beginning.</param>
/// <param name="To">Until when.</param>
/// <param name="Note">What exactly; or why it did not happen.</param>
internal sealed record FaultReport(
    Track Track, FaultKind Kind, IReadOnlyList<string> Departments, double From, double To, string Note);

/// <summary>A department at the end.</summary>
internal sealed record DepartmentReport(
    string Department, ulong Height, ulong Transactions, string LogRoot, string StateRoot, bool Voting, string AbstainingBecause);

/// <summary>What a run did and found.</summary>
internal sealed record NemesisReport
{
    /// <summary>Nothing was lost, doubled or altered, and every audit passed.</summary>
    public bool Ok { get; set; }

    /// <summary>What is wrong; empty if nothing.</summary>
    public string Failure { get; set; } = "";

    /// <summary>The line that runs the same schedule again.</summary>
    public required string Again { get; init; }

    public required int Seed { get; init; }

    public required int Nodes { get; init; }

    /// <summary>How long faults went on.</summary>
    public double Seconds { get; set; }

    /// <summary>How long it took afterwards until every open question was answered and all stood at one height.</summary>
    public double SecondsToSettle { get; set; }

    /// <summary>Node processes that were killed by SIGKILL: a fault that takes all counts once for each.</summary>
    public int NodesKilled { get; set; }

    /// <summary>Faults that did so.</summary>
    public int KillFaults { get; set; }

    /// <summary>Faults that divided the network.</summary>
    public int Partitions { get; set; }

    /// <summary>Faults by kind.</summary>
    public SortedDictionary<string, int> ByKind { get; } = new(StringComparer.Ordinal);

    /// <summary>Kinds that could not be had, and why.</summary>
    public SortedDictionary<string, string> Skipped { get; } = new(StringComparer.Ordinal);

    /// <summary>Transactions that clients asked for.</summary>
    public int Asked { get; set; }

    /// <summary>Of these, those that they were told are on the ledger.</summary>
    public int Acknowledged { get; set; }

    /// <summary>Of these, those that they were told never will be, by reason.</summary>
    public SortedDictionary<string, int> Refused { get; } = new(StringComparer.Ordinal);

    /// <summary>Records read while faults went on, each held against the ledger.</summary>
    public int Reads { get; set; }

    /// <summary>Every department at the end.</summary>
    public List<DepartmentReport> Departments { get; } = [];

    /// <summary>All faults, by their beginning.</summary>
    public List<FaultReport> Faults { get; } = [];

    /// <summary>Acknowledgements in each second.</summary>
    public List<int> PerSecond { get; } = [];

    /// <summary>When the first second begins, UTC milliseconds.</summary>
    [JsonIgnore]
    public long BeganAtMs { get; set; }
}
