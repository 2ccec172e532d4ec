using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// What validators were seen to sign at one height, from whatever message it came: two votes that no honest validator signs
/// both are evidence. Of each validator and type <see cref="KeptVotes"/> votes are kept, so one that floods replaces only
/// its own.
/// </summary>
internal sealed class VoteWitness(ConsensusConfig config)
{
    /// <summary>Votes kept per validator and type: the newest views, and of Commits the first that came, which later view
    /// changes may deny.</summary>
    public const int KeptVotes = 8;

    private readonly List<SignedVote>?[] _votes = new List<SignedVote>?[config.Validators.Count * (int)VoteType.ViewChange];

    /// <summary>Takes a verified vote of this height.</summary>
    /// <returns>What it proves together with an earlier one; null if nothing.</returns>
    public Evidence? See(int validator, in SignedVote vote)
    {
        List<SignedVote> same = Of(validator, vote.Type);
        foreach (SignedVote known in same)
        {
            if (known.View == vote.View)
                return Prove(validator, known, vote);
        }
        Evidence? found = null;
        if (vote.Type is VoteType.Commit or VoteType.ViewChange)
        {
            foreach (SignedVote known in Of(validator, vote.Type == VoteType.Commit ? VoteType.ViewChange : VoteType.Commit))
                found ??= Prove(validator, known, vote);
        }
        Keep(same, vote);
        return found;
    }

    private Evidence? Prove(int validator, in SignedVote known, in SignedVote vote) =>
        Evidence.Of(config.ChainId, config.Validators[validator].Key, known, vote);

    private List<SignedVote> Of(int validator, VoteType type) =>
        _votes[validator * (int)VoteType.ViewChange + (int)type - 1] ??= new List<SignedVote>(1);

    private static void Keep(List<SignedVote> same, in SignedVote vote)
    {
        if (same.Count < KeptVotes)
        {
            same.Add(vote);
            return;
        }
        int oldest = 0;
        for (int i = 1; i < same.Count; i++)
        {
            if (same[i].View < same[oldest].View)
                oldest = i;
        }
        if (vote.Type != VoteType.Commit && same[oldest].View < vote.View)
            same[oldest] = vote;
    }
}
