using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>What the vote journal says at start, beside the round rebuilt from it.</summary>
/// <param name="Abstention">Why the node must abstain, and until when if that is known; None when it may vote.</param>
/// <param name="OpenRecall">The height above which an earlier start asked the others and did not hear enough; null if
/// none did.</param>
/// <param name="OwnVotes">All votes of this validator in the journal, since it last abstained.</param>
internal sealed record JournalFindings(Abstention Abstention, ulong? OpenRecall, IReadOnlySet<Vote> OwnVotes);

/// <summary>
/// Rebuilds a round from the vote journal and decides whether this node may vote (docs/PROTOCOL.md, "Journal").
/// </summary>
internal static class JournalReplay
{
    /// <summary>
    /// Puts what was signed at the round's height into <paramref name="round"/>, and says what else the journal holds.
    /// </summary>
    public static JournalFindings Apply(JournalContents journal, BlockHeader tip, ConsensusConfig config, Round round)
    {
        var own = new HashSet<Vote>();
        ulong? openRecall = null;
        List<JournalRecord?> records = [.. journal.Records.Select(static bytes => JournalCodec.TryDecode(bytes))];
        AbstainReason reason = Condition(journal, tip, records);
        var newest = new StoredMark(0, default);
        for (int i = JournalVoters.FirstThatCounts(records); i < records.Count && reason == AbstainReason.None; i++)
        {
            JournalRecord? record = records[i];
            if (record is StoredMark mark)
                newest = mark;
            else if (record is RecallRecord recall)
                openRecall = recall.IsOver ? null : openRecall ?? recall.Above;
            else if (record is not null && IsOfAnother(record, config))
                reason = AbstainReason.JournalOfAnother;
            else if (HeightOf(record) is not { } height
                || (height == round.Height && !config.IsObserver && !TryApply(record!, config, round)))
                reason = AbstainReason.JournalDamaged;
            else if (height > round.Height)
                reason = AbstainReason.LedgerOlderThanJournal;
            else
                own.Add(VoteIn(record!, config));
        }
        return new JournalFindings(
            reason == AbstainReason.None ? Judge(newest, tip) : new Abstention(reason), openRecall, own);
    }

    private static AbstainReason Condition(JournalContents journal, BlockHeader tip, List<JournalRecord?> records)
    {
        // Unless the journal says already that the node abstains: nothing was signed since.
        if (journal.LedgerRestored && records.FindLast(static r => r is StoredMark) is not StoredMark { Abstention.IsNone: false })
            return AbstainReason.LedgerRestored;
        if (journal.Condition == JournalCondition.Damaged)
            return AbstainReason.JournalDamaged;
        return journal.Condition == JournalCondition.Missing && tip.Height > 0
            ? AbstainReason.JournalMissing
            : AbstainReason.None;
    }

    private static Abstention Judge(StoredMark newest, BlockHeader tip)
    {
        // Also of a node that abstains: it may have returned, voted, and been put back since.
        if (newest.Height + 1 < tip.Height)
            return new Abstention(AbstainReason.JournalOlderThanLedger);
        if (!newest.Abstention.IsNone)
            return newest.Abstention;
        if (newest.Height > tip.Height)
            return new Abstention(AbstainReason.LedgerOlderThanJournal);
        return newest.Height > 0 && newest.Height == tip.Height && newest.HeaderHash != tip.Hash
            ? new Abstention(AbstainReason.JournalDamaged)
            : default;
    }

    private static Vote VoteIn(JournalRecord record, ConsensusConfig config) => record switch
    {
        AcceptedRecord r => VoteOf(r.Prepare, config),
        PreparedRecord r => VoteOf(r.Commit, config),
        PromisedRecord { ViewChange: var m } => new Vote(
            VoteType.ViewChange, config.ChainId, m.Epoch, m.Height, m.View, m.Payload.PreparedHash, m.Payload.PreparedView),
        _ => throw new ArgumentException($"No vote in {record}.", nameof(record)),
    };

    private static Vote VoteOf(VoteMessage vote, ConsensusConfig config) =>
        new(vote.Type, config.ChainId, vote.Epoch, vote.VoteHeight, vote.View, vote.BlockHash);

    private static ulong? HeightOf(JournalRecord? record) => record switch
    {
        AcceptedRecord r => r.Proposal.Height,
        PreparedRecord r => r.Commit.Height,
        PromisedRecord r => r.ViewChange.Height,
        _ => null,
    };

    /// <summary>
    /// Whether the journal is another department's. In an earlier epoch the index was that of another set, and an observer's key
    /// is none of this one.
    /// </summary>
    private static bool IsOfAnother(JournalRecord record, ConsensusConfig config) =>
        JournalVoters.Of(record) is { } voter && voter.Epoch == config.Epoch && !config.IsObserver && voter.Index != config.Self;

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
                round.AddBlock(proposal.Block, out _);
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
