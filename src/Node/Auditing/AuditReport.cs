using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Auditing;

/// <summary>What an audit found.</summary>
/// <param name="Source">The directory or node.</param>
/// <param name="ChainId">The genesis digest.</param>
/// <param name="Height">The newest block that was proven.</param>
/// <param name="Transactions">Transactions proven, the genesis leaf not counted.</param>
/// <param name="LogRoot">The log's root after that block.</param>
/// <param name="StateRoot">The state's root after that block.</param>
/// <param name="FirstProblem">The first deviation, or null.</param>
internal sealed record AuditReport(
    string Source, Digest ChainId, ulong Height, ulong Transactions, Digest LogRoot, Digest StateRoot, AuditProblem? FirstProblem)
{
    /// <summary>Nothing deviates, and nothing is missing.</summary>
    public bool Ok => FirstProblem is null && Incomplete is null;

    /// <summary>Why not all is proven although nothing deviates: older blocks are still being filled in, or newer ones are of a protocol version
    /// that this release does not execute. Null otherwise.</summary>
    public string? Incomplete { get; init; }

    /// <summary>The first deviation of the chain itself, beside what deviates in files and rows.</summary>
    public AuditProblem? ChainProblem { get; init; }

    /// <summary>Every file of a data directory; none for a node that was asked over the network.</summary>
    public IReadOnlyList<FileReport> Files { get; init; } = [];

    /// <summary>What deviates in files and rows of a data directory, and what a crash may have left there.</summary>
    public IReadOnlyList<DirectoryFinding> Findings { get; init; } = [];

    /// <summary>Whose votes a data directory's journal holds; none where it holds none since the node last abstained, or was not asked.</summary>
    public IReadOnlyList<string> VotesOf { get; init; } = [];

    /// <summary>Where a data directory's ledger ends, all of it proven; null where it is not, or is no directory's.</summary>
    public DurableTip? Proven { get; init; }

    /// <summary>For scripts.</summary>
    public JsonObject ToJson() => new()
    {
        ["ok"] = Ok,
        ["source"] = Source,
        ["chainId"] = ChainId.ToString(),
        ["height"] = Height,
        ["transactions"] = Transactions,
        ["logEntries"] = Transactions + 1,
        ["logRoot"] = LogRoot.ToString(),
        ["stateRoot"] = StateRoot.ToString(),
        ["votesOf"] = new JsonArray([.. VotesOf.Select(static v => (JsonNode)v)]),
        ["incomplete"] = Incomplete,
        ["firstProblem"] = FirstProblem is null ? null : ToJson(FirstProblem),
        ["findings"] = new JsonArray([.. Findings.Select(static f => (JsonNode)new JsonObject
        {
            ["file"] = f.File,
            ["where"] = f.Where,
            ["expected"] = f.Expected,
            ["found"] = f.Found,
            ["meaning"] = f.Meaning,
            ["damage"] = f.IsDamage,
        })]),
        ["files"] = new JsonArray([.. Files.Select(static f => (JsonNode)new JsonObject
        {
            ["file"] = f.File,
            ["condition"] = f.Condition.ToString().ToUpperInvariant(),
            ["remark"] = f.Remark,
        })]),
    };

    private static JsonObject ToJson(AuditProblem problem)
    {
        var json = new JsonObject
        {
            ["height"] = problem.Height,
            ["where"] = problem.Where,
            ["expected"] = problem.Expected,
            ["found"] = problem.Found,
            ["meaning"] = problem.Meaning,
        };
        if (problem.Refused is { } refused)
        {
            json["transaction"] = new JsonObject
            {
                ["index"] = refused.Index,
                ["position"] = refused.Position,
                ["rule"] = Rejection.NameOf(refused.Rule),
            };
        }
        return json;
    }
}
