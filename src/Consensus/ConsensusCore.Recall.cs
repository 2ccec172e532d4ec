using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>
/// Amnesia: before its first vote a validator asks the others what they have seen of it, and answers when it is asked. One
/// that has forgotten votes learns from them from which height on it votes again.
/// </content>
public sealed partial class ConsensusCore
{
    private readonly SignedVote?[] _seen;
    private readonly JournalFindings _found;
    private ulong _askedAbove;
    private Recollection? _recall;
    private bool _tookPart;

    /// <summary>This node waits for others to say what they have seen of it, and does not vote until then: for Q-1, or
    /// for Q where it abstains and does not know yet until when.</summary>
    public bool IsRecalling => _recall is not null;

    private int AnswersNeeded => Math.Min(_abstention.IsOpen ? _quorum : _quorum - 1, _set.Count - 1);

    private void StartRecall(ulong token)
    {
        if (_config.IsObserver)
        {
            LeaveOpen();
            return;
        }
        if (_set.Count == 1)
            return;
        _recall = new Recollection(_config, token, _askedAbove, _found.OwnVotes);
        // Catch-up moves the tip while the question stands; a restart must still ask from here.
        Append(new RecallRecord(_recall.Above, IsOver: false));
        SendTo(Send.ToAll, _recall.Request, 0);
    }

    /// <summary>
    /// An observer has nobody to answer it. Its key may have a vote in a later epoch and may have voted there already, before
    /// the disk was wiped: the core that votes asks from where this node began.
    /// </summary>
    private void LeaveOpen() => Append(new RecallRecord(_askedAbove, IsOver: false));

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
        if (_recall is null || !_recall.Take(from, m))
            return;
        // What an abstaining node signed below the height of its return is known to be forgotten.
        if (m.Newest is { } vote && _recall.IsForgotten(vote) && _abstention.AllowsAt(vote.Height))
        {
            Abstain(new Abstention(AbstainReason.Amnesia));
            _effects.Add(new Alarm(AlarmCode.Abstaining,
                $"This node follows and serves but does not vote: {Name(from)} holds its {vote.Type.Explain()} at height "
                + $"{vote.Height}, view {vote.View}, which its journal lacks."));
        }
        if (_recall.Answers < AnswersNeeded)
            return;
        if (_abstention.IsOpen)
            Abstain(_abstention with { VotesAgainAt = _recall.Highest + Abstention.Heights });
        Append(new RecallRecord(_recall.Above, IsOver: true));
        _recall = null;
        if (!_abstention.IsNone && _abstention.AllowsAt(_round.Height))
        {
            EndAbstention();
            Append(new StoredMark(_tip.Height, _tip.Hash, _abstention));
        }
        BeginVoting();
    }

    /// <summary>
    /// It votes again. What it has forgotten lies at or below the tip and is decided: a question that begins anew must not find
    /// it a second time.
    /// </summary>
    private void EndAbstention() => (_abstention, _askedAbove) = (default, _tip.Height);

    /// <summary>Whether and from when on this node votes; in the journal before anything that is signed by it.</summary>
    private void Abstain(Abstention abstention)
    {
        _abstention = abstention;
        Append(new StoredMark(_tip.Height, _tip.Hash, abstention));
    }

    /// <summary>Does what was held back while nothing could be signed.</summary>
    private void BeginVoting()
    {
        if (!CanVote)
            return;
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

    private void Remember(VoteMessage m) => Remember(m.Signer, SignedOf(m));

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
            AnswerRecall(from, m.Token);
    }

    private void OnSignerFound(SignerFound found)
    {
        if (found.Newest is { } vote)
            Remember(found.To, vote);
        AnswerRecall(found.To, found.Token);
    }

    private void AnswerRecall(int to, ulong token) => SendTo(to, new RecallResponse(token, _seen[to], ProvenTip), 0);
}
