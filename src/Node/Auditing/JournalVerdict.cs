using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Gateway;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Auditing;

/// <summary>Whether vote journal and ledger are of one time: what a start would make of them.</summary>
internal static class JournalVerdict
{
    /// <summary>A finding where the node would not vote by this journal; null where it would, or where it has none.</summary>
    public static DirectoryFinding? Of(DataDirectory directory, LedgerSnapshot ledger, Genesis genesis)
    {
        if (JournalLoader.Inspect(directory, ledger.Tip) is not { } contents)
            return null;
        ConsensusParameters parameters = JournalLoader.ParametersOf(new StateOverlay(ledger).Parameters);
        ValidatorHistory history = ValidatorHistory.Of(genesis, ledger);
        LeaderOrder leaders = StateValue.NextLeaders(ledger);
        // Whose directory this is does not stand in it: a journal is sound if it is so as some department's.
        AbstainReason reason = AbstainReason.None;
        for (int self = 0; self < history.Acting.Count; self++)
        {
            var config = new ConsensusConfig(genesis.ChainId, history.Epoch, history.Acting, self, parameters);
            reason = new ConsensusCore(config, ledger.Tip, ledger.TipCertificate, leaders, contents).Abstaining;
            if (reason == AbstainReason.None)
                return null;
        }
        return new DirectoryFinding(
            "votes", "marks of stored blocks", $"votes up to block {ledger.TipHeight} and no further than the next",
            "votes of another time", $"{reason.Explain()} The node follows and serves, and votes again some blocks later.",
            IsDamage: false);
    }
}
