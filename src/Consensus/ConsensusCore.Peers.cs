using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>Messages by height, and helping those behind.</content>
public sealed partial class ConsensusCore
{
    /// <summary>What a peer was already given since the last status tick: each at most once.</summary>
    [Flags]
    private enum PeerTick
    {
        None = 0,
        Decided = 1,
        Asked = 2,
        Newest = 4,
        Served = 8,
        Recalled = 16,
        Evidence = 32,
    }

    private void OnMessage(VerifiedMessage verified, ulong utcMs)
    {
        int from = verified.From;
        ConsensusMessage message = verified.Message;
        if (verified.ProofHeight >= _round.Height && !verified.IsProven)
            return;
        if (verified.IsProven)
            Witness(message);
        // Without a vote there is nothing to collect: decisions are learnt and told to those behind, all else passed over.
        if (_config.IsObserver && message is not (StatusMessage or DecidedMessage or EvidenceMessage))
            return;
        switch (message)
        {
            case EvidenceMessage m:
                OnEvidence(m);
                return;
            case StatusMessage m:
                OnStatus(from, m);
                return;
            case DecidedMessage m:
                OnDecided(from, m);
                return;
            case RecallRequest m:
                OnRecallRequest(from, m);
                return;
            case RecallResponse m:
                OnRecallResponse(from, m);
                return;
        }
        if (message.Height < _round.Height)
            AnswerDecided(from, message);
        else if (message.Height == _round.Height)
            OnCurrent(from, message, utcMs);
        else
            OnFuture(from, message, utcMs);
    }

    private void OnCurrent(int from, ConsensusMessage message, ulong utcMs)
    {
        switch (message)
        {
            case ProposeMessage m:
                OnPropose(from, m, utcMs);
                break;
            case VoteMessage m:
                OnVote(m);
                break;
            case ViewChangeMessage m:
                OnViewChange(m);
                break;
            case ProposalRequest m:
                OnProposalRequest(from, m);
                break;
            case ProposalResponse m:
                OnProposalResponse(from, m);
                break;
        }
    }

    /// <summary>Keeps what is for the next height, drops what is beyond, and asks the sender how far it is.</summary>
    private void OnFuture(int from, ConsensusMessage message, ulong utcMs)
    {
        if (message is VoteMessage vote && vote.Signer != _self)
            Remember(vote);
        else if (message is ViewChangeMessage change && change.Payload.Signer != _self)
            Remember(change);
        if (message.Height == _round.Height + 1)
        {
            switch (message)
            {
                case ProposeMessage m when m.Signer == from
                    && (_next.Proposals[from].Message is not { } kept || kept.View < m.View):
                    _next.Proposals[from] = (m, utcMs);
                    break;
                case VoteMessage m when m.Signer != _self:
                    _next.Votes.Add(m);
                    break;
                case ViewChangeMessage m when m.Payload.Signer != _self:
                    _next.ViewChanges.Add(m);
                    break;
            }
        }
        if (!_round.Storing && Once(from, PeerTick.Asked))
            SendStatus(from);
    }

    private void OnStatus(int from, StatusMessage m)
    {
        ShareEvidence(from, m.EvidenceSum);
        if (m.Tip is { } tip && tip.Height >= _round.Height)
            OnDecided(from, tip);
        else if (m.Height < _round.Height)
            AnswerDecided(from, m);
        else if (_round.Decision is { } decision)
        {
            if (_round.Find(decision.BlockHash) is { } candidate && Once(from, PeerTick.Newest))
                SendTo(from, new DecidedMessage(candidate.Block.Header, decision), LastJournal);
        }
        else if (m.View <= _round.View && _round.Slow && Once(from, PeerTick.Newest))
            SendNewest(from);
    }

    /// <summary>
    /// Answers a message for a decided height with the newest decision. Votes for the height just decided are merely
    /// late and need no answer.
    /// </summary>
    private void AnswerDecided(int from, ConsensusMessage message)
    {
        if (_tipCertificate is null || (message is VoteMessage && message.Height == _tip.Height)
            || !Once(from, PeerTick.Decided))
            return;
        SendTo(from, new DecidedMessage(_tip, _tipCertificate), 0);
    }

    private void OnStatusDue()
    {
        Array.Clear(_answered);
        SendStatus(Send.ToAll);
        AskAgain();
        if (_syncTarget >= _round.Height && !_round.Storing)
            _effects.Add(new NeedBlocks(_syncTarget, NextPeer()));
        _round.Wanted = null;
        if (_round.Decision is not null && !_round.Storing)
            FetchDecided();
        else
            TryLead();
        _round.Slow = true;
    }

    private void Behind(ulong height, int hint)
    {
        if (height <= _syncTarget)
            return;
        _syncTarget = height;
        _effects.Add(new NeedBlocks(height, hint));
    }

    private void SendStatus(int to) => SendTo(to, new StatusMessage(_round.View, ProvenTip, _abstention, _book.Sum), 0);

    private DecidedMessage? ProvenTip => _tipCertificate is { } c ? new DecidedMessage(_tip, c) : null;

    /// <summary>Sends again, byte for byte, what this node last signed in its view.</summary>
    private void SendNewest(int to)
    {
        if (!CanVote)
            return;
        ConsensusMessage?[] newest = [_round.OwnViewChange, _round.OwnProposal, _round.OwnPrepare, _round.OwnCommit];
        foreach (ConsensusMessage? message in newest)
        {
            if (message is not null)
                SendTo(to, message, LastJournal);
        }
    }

    private int NextPeer()
    {
        int peer = (int)(_hint++ % (uint)_set.Count);
        return peer == _self ? (int)(_hint++ % (uint)_set.Count) : peer;
    }

    private bool Once(int peer, PeerTick what)
    {
        if ((_answered[peer] & what) != 0)
            return false;
        _answered[peer] |= what;
        return true;
    }
}
