using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Node.Accusations;

/// <summary>Evidence in the words of operators.</summary>
internal static class EvidenceText
{
    /// <summary>The department whose votes these are; the key where it never was a validator's.</summary>
    public static string DepartmentOf(Evidence evidence, ValidatorHistory history) =>
        history.DepartmentOf(evidence.Signer) ?? evidence.Signer.ToString();

    /// <summary>The kind as it stands everywhere, for example DOUBLE_VOTE.</summary>
    public static string NameOf(EvidenceKind kind) => kind switch
    {
        EvidenceKind.DoubleVote => "DOUBLE_VOTE",
        EvidenceKind.BrokenCommit => "BROKEN_COMMIT",
        _ => kind.ToString(),
    };

    /// <summary>What was signed, a sentence without its subject.</summary>
    public static string Describe(Evidence e) => e.Kind == EvidenceKind.BrokenCommit
        ? $"signed Commit {e.First.BlockHash} at height {e.Height}, view {e.First.View}, and asked for view {e.Second.View} "
            + (e.Second.PreparedView < 0 ? "as having prepared nothing" : $"as having prepared {e.Second.BlockHash} in view {e.Second.PreparedView}")
        : e.First.Type == VoteType.ViewChange
            ? $"asked twice for view {e.First.View} of height {e.Height}, naming different prepared blocks"
            : $"signed two {e.First.Type} at height {e.Height}, view {e.First.View}: {e.First.BlockHash} and {e.Second.BlockHash}";
}
