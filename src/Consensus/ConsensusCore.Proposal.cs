using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>Leading a view, accepting a proposal, and checking blocks.</content>
public sealed partial class ConsensusCore
{
    /// <summary>Begins what this node owes as leader of its view; safe to call whenever anything changed.</summary>
    private void TryLead()
    {
        if (_halted || !CanVote || _round.Decision is not null || _round.Proposal is not null || _round.Proposing
            || LeaderOf(_round.View) != _self)
            return;
        if (_round.View == 0)
        {
            Build();
            return;
        }
        if (Justify() is not { } justification)
            return;
        if (justification.Prepared is { } prepared)
            ProposeAgain(prepared, justification);
        else
            Build();
    }

    private Justification? Justify() =>
        JustificationRules.Build(_round.ViewChanges.For(_round.View), _quorum);

    private void Build()
    {
        if (!_hasWork || _round.Building)
            return;
        _round.Building = true;
        _effects.Add(new BuildProposal(_round.Height, _round.View));
    }

    private void ProposeAgain(Certificate prepared, Justification justification)
    {
        Candidate? candidate = _round.Find(prepared.BlockHash);
        if (candidate is { Passed: true })
        {
            Propose(candidate.Block, justification);
            return;
        }
        int[] holders =
        [
            .. _round.ViewChanges.For(_round.View).Where(m => m.Payload.PreparedHash == prepared.BlockHash)
                .Select(m => (int)m.Payload.Signer).Where(s => s != _self),
        ];
        if (candidate is null)
            AskForContent(prepared.BlockHash, holders);
        else if (!candidate.Checking)
            Check(candidate, _round.NextOf(holders) ?? _self);
    }

    private void OnProposalBuilt(ProposalBuilt built)
    {
        if (built.Height != _round.Height || built.View != _round.View || !_round.Building)
        {
            Forget(built.Block);
            return;
        }
        _round.Building = false;
        if (built.Block is null)
        {
            _hasWork = false;
            ArmTimer();
            return;
        }
        if (HeaderFault(built.Block, _self) is { } fault)
            throw new InvalidOperationException($"The built proposal cannot stand on the tip: {fault}.");
        if (!CanVote || _round.Decision is not null || _round.Proposing)
        {
            Forget(built.Block);
            return;
        }
        Justification? justification = _round.View == 0 ? null : Justify();
        if (_round.View > 0 && justification is not { Prepared: null })
        {
            // View changes came in while the block was being built: one with a block that has precedence, or one that
            // took its sender beyond this view.
            Forget(built.Block);
            TryLead();
            return;
        }
        AddBlock(built.Block).Passed = true;
        Propose(built.Block, justification);
    }

    private void Propose(ProposedBlock block, Justification? justification)
    {
        _round.Proposed = block.Hash;
        uint view = _round.View;
        Signature? propose = null;
        Signature? prepare = null;
        Sign(VoteOn(VoteType.Propose, block.Hash), s =>
        {
            propose = s;
            SendProposal();
        });
        if (_halted)
            return;
        Sign(VoteOn(VoteType.Prepare, block.Hash), s =>
        {
            prepare = s;
            SendProposal();
        });

        void SendProposal()
        {
            if (propose is not { } p || prepare is not { } q)
                return;
            var message = new ProposeMessage(view, (ushort)_self, p, block, justification);
            _round.Proposal = _round.OwnProposal = message;
            Witness(message);
            KeepJustification(message);
            Accept(message, OwnVote(VoteType.Prepare, block.Hash, q));
        }
    }

    /// <summary>Journals the proposal with the own Prepare, then sends what it now may.</summary>
    private void Accept(ProposeMessage proposal, VoteMessage prepare)
    {
        ulong index = Append(new AcceptedRecord(proposal, prepare), proposal.Block);
        _round.OwnPrepare = prepare;
        Witness(prepare);
        if (_round.OwnProposal is not null)
            SendTo(Send.ToAll, proposal, index);
        SendTo(Send.ToAll, prepare, index);
        _round.Votes.Add(prepare);
        ArmTimer();
        TryPrepared();
    }

    private void OnPropose(int from, ProposeMessage m, ulong utcMs)
    {
        // The leaf hashes are not signed, so only the leader itself can be blamed for them.
        if (from != m.Signer || m.Signer == _self || m.Signer != LeaderOf(m.View) || _round.Decision is not null)
            return;
        if (m.Justification is { } justification)
        {
            foreach (ViewChangePayload payload in justification.ViewChanges)
                _round.ViewChanges.Learn(payload.Signer, m.View);
            _round.Left.Add(m.View, justification.ViewChanges);
            FollowViewChanges();
        }
        if (m.View != _round.View || _halted)
            return;
        if (_round.Proposal is { } known)
        {
            if (known.Block.Hash != m.Block.Hash)
            {
                _effects.Add(new Alarm(AlarmCode.EquivocatingLeader, $"{Name(m.Signer)} signed two proposals at "
                    + $"height {m.Height}, view {m.View}: {known.Block.Hash} and {m.Block.Hash}."));
                LeaveView(ViewCause.Equivocation, $"{known.Block.Hash} and {m.Block.Hash}");
            }
            return;
        }
        if (HeaderFault(m.Block, m.IsFresh ? m.Signer : null) is { } fault)
        {
            BlameLeader(m, fault);
            return;
        }
        if (m.IsFresh && !TimeRules.IsTimely(
            m.Block.Header.TimestampMs, _tip.TimestampMs, utcMs, m.View, _config.Parameters))
        {
            _effects.Add(new Alarm(AlarmCode.UntimelyProposal, $"{Name(m.Signer)} proposed a block of "
                + $"{m.Block.Header.TimestampMs} ms at {utcMs} ms by this node's clock."));
            return;
        }
        _round.Proposal = m;
        KeepJustification(m);
        Candidate candidate = AddBlock(m.Block);
        ArmTimer();
        if (candidate.Passed)
            TryPrepare();
        else
            Check(candidate, from);
    }

    /// <summary>What in the header cannot follow the tip; null when all fits. A fresh block's proposer is its leader.
    /// </summary>
    private string? HeaderFault(ProposedBlock block, int? proposer)
    {
        BlockHeader h = block.Header;
        int leaves = block.LeafHashes.Count;
        if (h.Height != _round.Height || h.ParentHash != _tip.Hash)
            return "it does not follow the tip";
        if (h.ChainId != _config.ChainId || h.Epoch != _config.Epoch || h.ValidatorSetHash != _set.Hash)
            return "another chain, epoch or validator set";
        if (h.TimestampMs <= _tip.TimestampMs)
            return "its time is not above its parent's";
        if (leaves == 0 || (uint)leaves > _config.Parameters.BlockTransactionsMax)
            return $"{leaves} transactions";
        if (h.LogSizeBefore != _tip.LogSizeAfter || h.LogSizeAfter - h.LogSizeBefore != (ulong)leaves)
            return "its log sizes do not fit its transactions";
        return proposer is { } expected ? (h.Proposer == expected ? null : "another proposer than the leader")
            : h.Proposer < _set.Count ? null : "an unknown proposer";
    }

    private Candidate AddBlock(ProposedBlock block)
    {
        Candidate added = _round.AddBlock(block, out Candidate? forgotten);
        Forget(forgotten?.Block);
        return added;
    }

    /// <summary>Has the driver drop what it holds of a block, or a height whose views go on for ever would fill it.
    /// </summary>
    private void Forget(ProposedBlock? block)
    {
        if (block is not null && _round.Find(block.Hash) is null)
            _effects.Add(new ForgetBlock(block.Hash));
    }

    private void Check(Candidate candidate, int hint)
    {
        if (candidate.Checking)
            return;
        candidate.Checking = true;
        _effects.Add(new CheckBlock(candidate.Block, hint));
    }

    private void OnBlockChecked(Digest hash, BlockFault fault)
    {
        if (_round.Find(hash) is not { } candidate)
        {
            _effects.Add(new ForgetBlock(hash));
            return;
        }
        if (!candidate.Checking)
            return;
        candidate.Checking = false;
        if (fault == BlockFault.None)
        {
            candidate.Passed = true;
            if (_round.Decision?.BlockHash == hash)
            {
                Store(candidate);
                return;
            }
            TryPrepare();
            TryPrepared();
            TryLead();
            return;
        }
        _round.RemoveBlock(candidate);
        Forget(candidate.Block);
        if (_round.Proposal is { } current && current.Block.Hash == hash
            && !ReferenceEquals(current.Block, candidate.Block))
        {
            // Leaf hashes from elsewhere failed under this header; the leader's own are still to be judged.
            Check(AddBlock(current.Block), current.Signer);
            return;
        }
        bool certified = _round.Decision?.BlockHash == hash || _round.Prepared?.BlockHash == hash
            || (_round.Proposal is { IsFresh: false } again && again.Block.Hash == hash)
            || (_round.OwnPrepare is { } own && own.BlockHash == hash);
        if (certified && fault is not (BlockFault.Unavailable or BlockFault.WrongLeaves))
        {
            _effects.Add(new Alarm(AlarmCode.LocalCheckFailed,
                $"Block {hash} at height {_round.Height} passed elsewhere and fails here: {fault}."));
            return;
        }
        if (_round.Decision is not null || _round.Proposal is not { } proposal || proposal.Block.Hash != hash
            || _round.OwnPrepare is not null)
            return;
        if (fault == BlockFault.Unavailable)
            _round.Proposal = null;
        else
            BlameLeader(proposal, fault.ToString());
    }

    private void BlameLeader(ProposeMessage m, string fault)
    {
        _effects.Add(new Alarm(AlarmCode.InvalidProposal,
            $"{Name(m.Signer)} proposed {m.Block.Hash} at height {m.Height}, view {m.View}: {fault}."));
        LeaveView(ViewCause.InvalidProposal, fault);
    }

    /// <summary>Asks one that holds a block for its leaf hashes; asked again, of the next one, at each status tick.</summary>
    private void AskForContent(Digest hash, int[] holders)
    {
        if (_round.Wanted == hash || _round.NextOf(holders) is not { } holder)
            return;
        _round.Wanted = hash;
        _round.Asked.Add((hash, holder));
        SendTo(holder, new ProposalRequest(_round.Height, hash), 0);
    }

    private void OnProposalRequest(int from, ProposalRequest m)
    {
        if (_round.Find(m.BlockHash) is { Passed: true } candidate && Once(from, PeerTick.Served))
            SendTo(from, new ProposalResponse(candidate.Block), 0);
    }

    private void OnProposalResponse(int from, ProposalResponse m)
    {
        Digest hash = m.Block.Hash;
        // Nobody signs leaf hashes: unasked ones could keep those of an honest holder from being looked at for ever.
        if (!_round.Asked.Remove((hash, from)) || hash != _round.Wanted || _round.Find(hash) is { Checking: true } or { Passed: true }
            || HeaderFault(m.Block, null) is not null)
            return;
        Check(AddBlock(m.Block), from);
    }

    private string Name(int validator) => _set[validator].Department;
}
