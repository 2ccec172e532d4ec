using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Gateway;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Auditing;

/// <summary>What a start would make of the vote journal: whose it is, and whether it and the ledger are of one time.</summary>
/// <param name="Voters">Whose votes are in it: departments, or a place in the set where no department has that.</param>
/// <param name="Finding">Why the node would not vote by this journal; null where it would.</param>
internal sealed record JournalVerdict(IReadOnlyList<string> Voters, DirectoryFinding? Finding)
{
    private const string Abstains = "The node follows and serves, and votes again some blocks later.";

    /// <summary>The verdict; null where there is no journal, or none that can be read.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="ledger">Its ledger.</param>
    /// <param name="genesis">The ledger's beginning.</param>
    /// <param name="department">Whose directory it is. That stands nowhere in it: where it is null, a journal is sound if it is so as
    /// some department's.</param>
    public static JournalVerdict? Of(DataDirectory directory, LedgerSnapshot ledger, Genesis genesis, string? department)
    {
        if (JournalLoader.Inspect(directory, ledger.Tip) is not { } contents)
            return null;
        ValidatorHistory history = ValidatorHistory.Of(genesis, ledger);
        IReadOnlyList<JournalVoter> voters = JournalVoters.Of(contents.Records);
        // Votes of an earlier epoch than the newest are left from before a change of the validators.
        JournalVoter[] newest = [.. voters.Where(v => v.Epoch == voters[^1].Epoch)];
        string[] names = [.. newest.Select(v => NameOf(v, history))];
        return new JournalVerdict(names, OfAnother(newest, names, history, department) ?? OfAnotherTime(contents, ledger, genesis, history, department));
    }

    /// <summary>Votes that are not all one department's, or not those of the department whose directory it is.</summary>
    private static DirectoryFinding? OfAnother(JournalVoter[] voters, string[] names, ValidatorHistory history, string? department)
    {
        string expected = $"votes of {department ?? "one department of this ledger"}";
        bool isOfOne = names.Length == 1 && voters[0].Index < history.OfEpoch(voters[0].Epoch)?.Count && names[0] == (department ?? names[0]);
        // Votes of an earlier epoch, or of one that the ledger has not come to, are not held against the acting departments.
        return names.Length == 0 || isOfOne || voters[0].Epoch != history.Epoch ? null : new DirectoryFinding(
            "votes", "whose votes they are", expected, $"votes of {string.Join(" and ", names)}",
            "A node goes by its own department's votes only: this directory, or the journal in it, has been another department's. "
            + $"{Abstains} Give every department its own directory, and never run one key on two machines.", IsDamage: false);
    }

    private static DirectoryFinding? OfAnotherTime(
        JournalContents contents, LedgerSnapshot ledger, Genesis genesis, ValidatorHistory history, string? department)
    {
        ConsensusParameters parameters = JournalLoader.ParametersOf(new StateOverlay(ledger).Parameters);
        LeaderOrder leaders = StateValue.NextLeaders(ledger);
        AbstainReason reason = AbstainReason.None;
        int known = department is null ? -1 : history.Acting.IndexOf(department);
        foreach (int self in known >= 0 ? [known] : Enumerable.Range(0, history.Acting.Count))
        {
            var config = new ConsensusConfig(genesis.ChainId, history.Epoch, history.Acting, self, parameters);
            reason = new ConsensusCore(config, ledger.Tip, ledger.TipCertificate, leaders, contents).Abstaining;
            if (reason == AbstainReason.None)
                return null;
        }
        return new DirectoryFinding(
            "votes", "marks of stored blocks", $"votes up to block {ledger.TipHeight} and no further than the next",
            "votes of another time", $"{reason.Explain()} {Abstains}", IsDamage: false);
    }

    private static string NameOf(JournalVoter voter, ValidatorHistory history) =>
        history.OfEpoch(voter.Epoch) is { } set && voter.Index < set.Count
            ? set[voter.Index].Department : $"validator {voter.Index} of epoch {voter.Epoch}, whom this ledger does not have";
}
