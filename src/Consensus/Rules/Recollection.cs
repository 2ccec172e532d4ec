using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>What the answers so far say of a starting validator's memory.</summary>
internal enum RecallVerdict
{
    /// <summary>Too few have answered.</summary>
    Open = 0,

    /// <summary>Q-1 others hold no vote that the journal lacks.</summary>
    Sound,

    /// <summary>Somebody holds one.</summary>
    Amnesia,
}

/// <summary>
/// A starting validator's question to the others (docs/PROTOCOL.md, "Amnesia"): what have you seen of mine above the
/// ledger I started with? A disk that was wiped or put back looks clean from inside; only they can tell.
/// </summary>
internal sealed class Recollection(
    ConsensusConfig config, ulong token, ulong above, IReadOnlySet<Vote> ownVotes)
{
    private readonly bool[] _answered = new bool[config.Validators.Count];
    private int _answers;

    /// <summary>The height of the ledger when the question was first asked.</summary>
    public ulong Above => above;

    /// <summary>What to send.</summary>
    public RecallRequest Request { get; } = new(token, above);

    /// <summary>Whether this validator has yet to answer.</summary>
    public bool IsOwedBy(int validator) => validator != config.Self && !_answered[validator];

    /// <summary>Takes an answer whose vote, if any, bears this validator's signature.</summary>
    public RecallVerdict Take(int from, RecallResponse response)
    {
        if (response.Token != token || !IsOwedBy(from))
            return RecallVerdict.Open;
        if (response.Newest is { } vote && vote.Height > above && !ownVotes.Contains(vote.VoteOn(config.ChainId)))
            return RecallVerdict.Amnesia;
        _answered[from] = true;
        return ++_answers >= config.Validators.QuorumSize - 1 ? RecallVerdict.Sound : RecallVerdict.Open;
    }
}
