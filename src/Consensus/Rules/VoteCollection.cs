using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Verified Prepares and Commits of one height: one per validator, type and view, the first that came. Of each
/// validator and type the newest <see cref="KeptViews"/> views are kept, so a validator that floods replaces only its
/// own votes.
/// </summary>
internal sealed class VoteCollection(int validators)
{
    /// <summary>Views kept per validator and type. Older votes are made up for by the decision itself.</summary>
    public const int KeptViews = 4;

    private readonly List<VoteMessage>?[] _prepares = new List<VoteMessage>?[validators];
    private readonly List<VoteMessage>?[] _commits = new List<VoteMessage>?[validators];

    /// <summary>Takes a vote; false when the validator's vote for that type and view is known or too old.</summary>
    public bool Add(VoteMessage vote)
    {
        List<VoteMessage> kept = Of(vote.Type)[vote.Signer] ??= new List<VoteMessage>(1);
        int oldest = 0;
        for (int i = 0; i < kept.Count; i++)
        {
            if (kept[i].View == vote.View)
                return false;
            if (kept[i].View < kept[oldest].View)
                oldest = i;
        }
        if (kept.Count < KeptViews)
            kept.Add(vote);
        else if (kept[oldest].View < vote.View)
            kept[oldest] = vote;
        else
            return false;
        return true;
    }

    /// <summary>
    /// A certificate of exactly <paramref name="quorum"/> distinct validators for the type, view and block, those of the
    /// lowest indexes; null while there are fewer.
    /// </summary>
    public Certificate? TryCertificate(VoteType type, uint view, Digest blockHash, int quorum)
    {
        var signatures = new List<ValidatorSignature>(quorum);
        VoteMessage? any = null;
        foreach (List<VoteMessage>? kept in Of(type))
        {
            foreach (VoteMessage vote in kept ?? [])
            {
                if (vote.View != view || vote.BlockHash != blockHash)
                    continue;
                any = vote;
                signatures.Add(new ValidatorSignature(vote.Signer, vote.Signature));
                break;
            }
            if (signatures.Count == quorum)
                return new Certificate(type, any!.Epoch, any.VoteHeight, view, blockHash, signatures);
        }
        return null;
    }

    /// <summary>The Commits kept, by validator.</summary>
    public IEnumerable<VoteMessage> Commits()
    {
        foreach (List<VoteMessage>? kept in _commits)
        {
            foreach (VoteMessage vote in kept ?? [])
                yield return vote;
        }
    }

    private List<VoteMessage>?[] Of(VoteType type) => type == VoteType.Prepare ? _prepares : _commits;
}
