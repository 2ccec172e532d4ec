using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>All that one validator has signed and sent.</summary>
internal sealed class SpokenVotes
{
    private readonly Dictionary<ulong, List<SignedVote>> _byHeight = [];

    /// <summary>The newest, as the others remember it; null before the first.</summary>
    public SignedVote? Newest { get; private set; }

    /// <summary>How many view changes are among it.</summary>
    public int Promises => _byHeight.Values.Sum(votes => votes.Count(v => v.Type == VoteType.ViewChange));

    /// <summary>The signed vote in a message that stands for its sender.</summary>
    public static IEnumerable<SignedVote> In(ConsensusMessage message) => message switch
    {
        ProposeMessage m => [new SignedVote(VoteType.Propose, 0, m.Height, m.View, m.Block.Hash, -1, m.Signature)],
        VoteMessage m => [new SignedVote(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature)],
        ViewChangeMessage m =>
        [
            new SignedVote(VoteType.ViewChange, m.Epoch, m.AtHeight, m.View,
                m.Payload.PreparedHash, m.Payload.PreparedView, m.Payload.Signature),
        ],
        _ => [],
    };

    /// <summary>Whether an honest validator that has signed one signs the other later: docs/PROTOCOL.md, I6 and I7.</summary>
    public static bool Contradicts(in SignedVote said, in SignedVote vote)
    {
        if (said.Height != vote.Height)
            return false;
        if (said.Type == vote.Type && said.View == vote.View)
            return (said.BlockHash, said.PreparedView) != (vote.BlockHash, vote.PreparedView);
        if (said.Type == VoteType.ViewChange && vote.View < said.View)
            return true;
        return said.Type == VoteType.Commit && vote.Type == VoteType.ViewChange && vote.View > said.View
            && (vote.PreparedView < said.View || (vote.PreparedView == said.View && vote.BlockHash != said.BlockHash));
    }

    public void Add(SignedVote vote)
    {
        if (!_byHeight.TryGetValue(vote.Height, out List<SignedVote>? votes))
            _byHeight.Add(vote.Height, votes = []);
        if (!votes.Contains(vote))
            votes.Add(vote);
        // Proposals are not among what the others remember.
        if (vote.Type != VoteType.Propose && (Newest is not { } newest || vote.IsNewerThan(newest)))
            Newest = vote;
    }

    /// <summary>The highest view that it promised to go to at a height.</summary>
    public uint Promised(ulong height) => At(height).Where(v => v.Type == VoteType.ViewChange).Select(v => v.View)
        .DefaultIfEmpty().Max();

    /// <summary>What it has said against a vote, unless it has said just that before; null if nothing.</summary>
    public SignedVote? Against(SignedVote vote)
    {
        if (At(vote.Height).Contains(vote))
            return null;
        foreach (SignedVote said in At(vote.Height))
        {
            if (Contradicts(said, vote))
                return said;
        }
        return null;
    }

    private List<SignedVote> At(ulong height) => _byHeight.GetValueOrDefault(height, []);
}
