using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Rebuilds a round from the vote journal and decides whether this node may vote (docs/PROTOCOL.md, "Journal").
/// </summary>
internal static class JournalReplay
{
    /// <summary>
    /// Puts what was signed at the round's height into <paramref name="round"/>, and says why the node must abstain, if
    /// it must.
    /// </summary>
    public static AbstainReason Apply(JournalContents journal, BlockHeader tip, ConsensusConfig config, Round round)
    {
        if (journal.LedgerRestored)
            return AbstainReason.LedgerRestored;
        if (journal.Condition == JournalCondition.Damaged)
            return AbstainReason.JournalDamaged;
        if (journal.Condition == JournalCondition.Missing && tip.Height > 0)
            return AbstainReason.JournalMissing;
        var newest = new StoredMark(0, default, AbstainReason.None);
        foreach (byte[] bytes in journal.Records)
        {
            JournalRecord? record = JournalCodec.TryDecode(bytes);
            if (record is StoredMark mark)
                newest = mark;
            else if (HeightOf(record) is not { } height || (height == round.Height && !TryApply(record!, config, round)))
                return AbstainReason.JournalDamaged;
            else if (height > round.Height)
                return AbstainReason.LedgerOlderThanJournal;
        }
        if (newest.Abstaining != AbstainReason.None)
            return newest.Abstaining;
        if (newest.Height > tip.Height)
            return AbstainReason.LedgerOlderThanJournal;
        if (newest.Height + 1 < tip.Height)
            return AbstainReason.JournalOlderThanLedger;
        return newest.Height > 0 && newest.Height == tip.Height && newest.HeaderHash != tip.Hash
            ? AbstainReason.JournalDamaged
            : AbstainReason.None;
    }

    private static ulong? HeightOf(JournalRecord? record) => record switch
    {
        AcceptedRecord r => r.Proposal.Height,
        PreparedRecord r => r.Commit.Height,
        PromisedRecord r => r.ViewChange.Height,
        _ => null,
    };

    /// <summary>False when the record contradicts an earlier one: this journal was not written by one honest node.
    /// </summary>
    private static bool TryApply(JournalRecord record, ConsensusConfig config, Round round)
    {
        switch (record)
        {
            case AcceptedRecord r:
                ProposeMessage proposal = r.Proposal;
                bool own = proposal.Signer == config.Self;
                if (own && !Reserve(VoteType.Propose, proposal.View, r.Prepare, config, round)
                    || !Reserve(VoteType.Prepare, r.Prepare.View, r.Prepare, config, round))
                    return false;
                round.EnterView(Math.Max(round.View, proposal.View));
                round.Proposal = proposal;
                round.OwnProposal = own ? proposal : null;
                round.OwnPrepare = r.Prepare;
                round.Votes.Add(r.Prepare);
                round.AddBlock(proposal.Block);
                return true;
            case PreparedRecord r:
                if (!Reserve(VoteType.Commit, r.Commit.View, r.Commit, config, round))
                    return false;
                round.EnterView(Math.Max(round.View, r.Commit.View));
                round.Prepared = r.Certificate;
                round.OwnCommit = r.Commit;
                round.Votes.Add(r.Commit);
                return true;
            case PromisedRecord r:
                ViewChangeMessage m = r.ViewChange;
                if (!round.Guard.TryReserve(JustificationRules.VoteOf(config, m.Height, m.View, m.Payload)))
                    return false;
                round.EnterView(Math.Max(round.View, m.View));
                round.OwnViewChange = m;
                round.ViewChanges.Add(m);
                if (m.Prepared is not null && (round.Prepared is null || m.Prepared.View > round.Prepared.View))
                    round.Prepared = m.Prepared;
                return true;
            default:
                return false;
        }
    }

    private static bool Reserve(VoteType type, uint view, VoteMessage vote, ConsensusConfig config, Round round) =>
        round.Guard.TryReserve(
            new Vote(type, config.ChainId, config.Epoch, vote.VoteHeight, view, vote.BlockHash));
}
