using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>
/// Amnesia: before its first vote a validator asks the others what they have seen of it, and answers when it is asked.
/// </content>
public sealed partial class ConsensusCore
{
    private readonly SignedVote?[] _seen;
    private readonly JournalFindings _found;
    private Recollection? _recall;

    /// <summary>This node waits for Q-1 others to say that it has forgotten no vote, and does not vote until then.
    /// </summary>
    public bool IsRecalling => _recall is not null;

    private void StartRecall(ulong token)
    {
        if (_abstaining != AbstainReason.None || _quorum == 1)
            return;
        _recall = new Recollection(_config, token, _found.OpenRecall ?? _tip.Height, _found.OwnVotes);
        // Catch-up moves the tip while the question stands; a restart must still ask from here.
        Append(new RecallRecord(_recall.Above, IsOver: false));
        SendTo(Send.ToAll, _recall.Request, 0);
    }

    private void AskAgain()
    {
        for (int peer = 0; _recall is not null && peer < _set.Count; peer++)
        {
            if (_recall.IsOwedBy(peer))
                SendTo(peer, _recall.Request, 0);
        }
    }

    private void OnRecallResponse(int from, RecallResponse m)
    {
        switch (_recall?.Take(from, m))
        {
            case RecallVerdict.Sound:
                Append(new RecallRecord(_recall.Above, IsOver: true));
                _recall = null;
                BeginVoting();
                break;
            case RecallVerdict.Amnesia:
                _recall = null;
                _abstaining = AbstainReason.Amnesia;
                Append(new StoredMark(_tip.Height, _tip.Hash, _abstaining));
                SignedVote vote = m.Newest!.Value;
                _effects.Add(new Alarm(AlarmCode.Abstaining,
                    $"This node follows and serves but does not vote: {Name(from)} holds its {vote.Type} at height "
                    + $"{vote.Height}, view {vote.View}, which its journal lacks."));
                break;
        }
    }

    /// <summary>Does what was held back while nothing could be signed.</summary>
    private void BeginVoting()
    {
        SendNewest(Send.ToAll);
        if (_round.View > 0 && _round.Decision is null && _round.OwnViewChange is null && _round.OwnPrepare is null)
            Promise();
        ArmTimer();
        TryPrepare();
        TryPrepared();
        TryLead();
    }

    /// <summary>Keeps a validator's newest verified vote, in case it asks.</summary>
    private void Remember(int signer, in SignedVote vote)
    {
        if (_seen[signer] is not { } known || vote.IsNewerThan(known))
            _seen[signer] = vote;
    }

    private void Remember(VoteMessage m) => Remember(
        m.Signer, new SignedVote(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature));

    private void Remember(ViewChangeMessage m) => Remember(m.Payload.Signer, new SignedVote(
        VoteType.ViewChange, m.Epoch, m.AtHeight, m.View, m.Payload.PreparedHash, m.Payload.PreparedView,
        m.Payload.Signature));

    private void OnRecallRequest(int from, RecallRequest m)
    {
        if (!Once(from, PeerTick.Recalled))
            return;
        foreach (Certificate? held in new[] { _round.Prepared, _round.Decision })
        {
            if (held is not null && FindSigner.In(held, from) is { } vote)
                Remember(from, vote);
        }
        if (_tip.Height > Math.Max(m.Above, _seen[from]?.Height ?? 0))
            _effects.Add(new FindSigner(from, m.Token, m.Above));
        else
            SendTo(from, new RecallResponse(m.Token, _seen[from]), 0);
    }

    private void OnSignerFound(SignerFound found)
    {
        if (found.Newest is { } vote)
            Remember(found.To, vote);
        SendTo(found.To, new RecallResponse(found.Token, _seen[found.To]), 0);
    }
}
