using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// A starting validator's question to the others (docs/PROTOCOL.md, "Amnesia"): what have you seen of mine above the
/// ledger I started with? A disk that was wiped or put back looks clean from inside; only they can tell.
/// </summary>
internal sealed class Recollection(
    ConsensusConfig config, ulong token, ulong above, IReadOnlySet<Vote> ownVotes)
{
    private readonly bool[] _answered = new bool[config.Validators.Count];

    /// <summary>The height of the ledger when the question was first asked.</summary>
    public ulong Above { get; } = above;

    /// <summary>How many have answered.</summary>
    public int Answers { get; private set; }

    /// <summary>The highest certified height that one of them has answered with, or that the ledger here began with.</summary>
    public ulong Highest { get; private set; } = above;

    /// <summary>What to send.</summary>
    public RecallRequest Request { get; } = new(token, above);

    /// <summary>Whether this validator has yet to answer.</summary>
    public bool IsOwedBy(int validator) => validator != config.Self && !_answered[validator];

    /// <summary>Takes a verified answer; false for one to another start, or a second one.</summary>
    public bool Take(int from, RecallResponse response)
    {
        if (response.Token != token || !IsOwedBy(from))
            return false;
        _answered[from] = true;
        Answers++;
        Highest = Math.Max(Highest, response.Tip?.Height ?? 0);
        return true;
    }

    /// <summary>Whether this validator's own vote is one that its journal should hold and does not.</summary>
    public bool IsForgotten(in SignedVote vote) =>
        vote.Height > Above && !ownVotes.Contains(vote.VoteOn(config.ChainId));
}
