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
        if (JournalLoader.Inspect(directory, ledger.TipHeight) is not { } contents)
            return null;
        ValidatorSet validators = genesis.Validators;
        // Whose journal it is does not change the verdict.
        var config = new ConsensusConfig(
            genesis.ChainId, ledger.Tip.Epoch, validators, Self: 0, JournalLoader.ParametersOf(new StateOverlay(ledger).Parameters));
        AbstainReason reason = new ConsensusCore(
            config, ledger.Tip, ledger.TipCertificate, StateValue.NextLeaders(ledger), contents).Abstaining;
        return reason == AbstainReason.None ? null : new DirectoryFinding(
            "votes", "marks of stored blocks", $"votes up to block {ledger.TipHeight} and no further than the next",
            reason.ToString(), $"{reason.Explain()} The node follows and serves, and votes again some blocks later.",
            IsDamage: false);
    }
}
