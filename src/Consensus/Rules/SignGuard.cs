using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// What this validator has signed at one height, across restarts: one content per type and view, and no vote below a
/// view it has promised to leave.
/// </summary>
internal sealed class SignGuard
{
    private readonly Dictionary<(VoteType Type, uint View), (Digest Hash, long PreparedView)> _signed = [];
    private uint _promised;

    /// <summary>Whether the vote may be signed; if so it is remembered.</summary>
    public bool TryReserve(in Vote vote)
    {
        (Digest, long) content = (vote.BlockHash, vote.PreparedView);
        if (_signed.TryGetValue((vote.Type, vote.View), out (Digest, long) before))
            return before == content;
        if (vote.View < _promised)
            return false;
        if (vote.Type == VoteType.ViewChange)
            _promised = vote.View;
        _signed.Add((vote.Type, vote.View), content);
        return true;
    }
}
