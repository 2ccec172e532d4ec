using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>Prepare, Commit, and the decision.</content>
public sealed partial class ConsensusCore
{
    private void OnVote(VoteMessage m)
    {
        if (m.Signer == _self)
            return;
        Remember(m);
        if (!_round.Votes.Add(m))
            return;
        if (m.Type == VoteType.Prepare)
            TryPrepared();
        else
            TryDecide(m.View, m.BlockHash);
    }

    /// <summary>Signs the Prepare of the view's proposal once the block has passed its check.</summary>
    private void TryPrepare()
    {
        if (!CanVote || _round.Decision is not null || _round.Preparing || _round.OwnPrepare is not null
            || _round.Proposing || _round.Proposal is not { } proposal
            || _round.Find(proposal.Block.Hash) is not { Passed: true } candidate)
            return;
        _round.Preparing = true;
        Digest hash = proposal.Block.Hash;
        // The leaf hashes that passed are what is kept: the leader may have sent others under the same header.
        ProposeMessage accepted = proposal with { Block = candidate.Block };
        Sign(VoteOn(VoteType.Prepare, hash), s => Accept(accepted, OwnVote(VoteType.Prepare, hash, s)));
    }

    /// <summary>Signs the Commit once a quorum has prepared what this node has prepared too.</summary>
    private void TryPrepared()
    {
        if (!CanVote || _round.Decision is not null || _round.Committing || _round.OwnCommit is not null
            || _round.OwnPrepare is not { } prepare || _round.Find(prepare.BlockHash) is not { Passed: true }
            || _round.Votes.TryCertificate(VoteType.Prepare, _round.View, prepare.BlockHash, _quorum)
                is not { } certificate)
            return;
        _round.Committing = true;
        _round.Prepared = certificate;
        Digest hash = prepare.BlockHash;
        Sign(VoteOn(VoteType.Commit, hash), s =>
        {
            VoteMessage commit = OwnVote(VoteType.Commit, hash, s);
            ulong index = Append(new PreparedRecord(certificate, commit));
            _round.OwnCommit = commit;
            Witness(commit);
            SendTo(Send.ToAll, commit, index);
            _round.Votes.Add(commit);
            TryDecide(commit.View, hash);
        });
    }

    /// <summary>A quorum of Commits in any one view is final, whatever view this node is in.</summary>
    private void TryDecide(uint view, Digest hash)
    {
        if (_round.Decision is null
            && _round.Votes.TryCertificate(VoteType.Commit, view, hash, _quorum) is { } certificate)
            Decide(certificate, _self);
    }

    private void OnDecided(int from, DecidedMessage m)
    {
        if (m.Height > _round.Height)
            Behind(m.Height, from);
        else if (m.Height == _round.Height && _round.Decision is null)
            Decide(m.Certificate, from);
        else if (m.Height == _round.Height && !_round.Storing)
            Behind(m.Height, from);
    }

    /// <summary>The height is decided: votes and timers of it end, and what remains is to hold the block.</summary>
    private void Decide(Certificate certificate, int hint)
    {
        _round.Decision = certificate;
        StopTimer();
        _signing.Clear();
        if (_round.Find(certificate.BlockHash) is { Passed: true } candidate)
        {
            Store(candidate);
            return;
        }
        if (hint != _self)
            Behind(_round.Height, hint);
        FetchDecided();
    }

    private void Store(Candidate candidate)
    {
        if (_round.Storing)
            return;
        _round.Storing = true;
        _effects.Add(new CommitBlock(candidate.Block, _round.Decision!, LastJournal));
    }

    /// <summary>
    /// Gets a decided block that is not held: its signers hold it, even if none of them knows yet that it is decided.
    /// </summary>
    private void FetchDecided()
    {
        Certificate decision = _round.Decision!;
        if (_round.Find(decision.BlockHash) is { } candidate)
        {
            Check(candidate, NextPeer());
            return;
        }
        AskForContent(decision.BlockHash, [.. decision.Signatures.Select(s => (int)s.Validator).Where(v => v != _self)]);
    }
}
