using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;

namespace GovChain.Node.Consensus;

/// <summary>Whose vote journal a node was started on.</summary>
internal static class JournalOwner
{
    /// <summary>For an operator: whose votes are in a journal that are not the node's, and what to do; null where there are none of this
    /// epoch.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="records">The journal's records.</param>
    /// <param name="history">Who voted when.</param>
    /// <param name="self">The node's own key.</param>
    public static string? ExplainOthers(string directory, IReadOnlyList<byte[]> records, ValidatorHistory history, PublicKey self)
    {
        string[] others =
        [
            .. JournalVoters.Of(records).Where(v => v.Epoch == history.Epoch && v.Index < history.Acting.Count).Select(v => history.Acting[v.Index])
                .Where(v => v.Key != self).Select(static v => $"{v.Department} (key {v.Key})"),
        ];
        return others.Length == 0 ? null
            : $"{directory} has votes of {string.Join(" and ", others)}; this node is {history.DepartmentOf(self)} (key {self}). If the directory is the "
                + "other's, stop the node, name its own one as dataDirectory, and start it. If only the journal came from there, nothing is to be done: "
                + "the node votes again some blocks later. Never run one key on two machines.";
    }
}
