using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <content>
/// Evidence (docs/PROTOCOL.md, "Evidence"): every verified vote of the height in progress and of the next is compared with
/// those seen before; what no honest validator signs is kept, reported, and passed on.
/// </content>
public sealed partial class ConsensusCore
{
    private readonly EvidenceBook _book;
    private readonly int[] _evidenceGiven;

    /// <summary>The evidence this node holds, in the order in which it came.</summary>
    public IReadOnlyList<Evidence> Evidence => _book.All;

    /// <summary>All that is signed in a verified message of this or the next height.</summary>
    private void Witness(ConsensusMessage message)
    {
        switch (message)
        {
            case ProposeMessage m:
                See(m.Height, m.Signer, new SignedVote(
                    VoteType.Propose, _config.Epoch, m.Height, m.View, m.Block.Hash, -1, m.Signature));
                if (m.Justification is not { } justification)
                    return;
                foreach (ViewChangePayload payload in justification.ViewChanges)
                    See(m.Height, m.View, payload);
                See(justification.Prepared);
                break;
            case VoteMessage m:
                See(m.Height, m.Signer, SignedOf(m));
                break;
            case ViewChangeMessage m:
                See(m.Height, m.View, m.Payload);
                See(m.Prepared);
                break;
            case DecidedMessage m:
                See(m.Certificate);
                break;
            case StatusMessage { Tip: { } tip }:
                See(tip.Certificate);
                break;
        }
    }

    private void See(ulong height, uint view, in ViewChangePayload payload) => See(height, payload.Signer, new SignedVote(
        VoteType.ViewChange, _config.Epoch, height, view, payload.PreparedHash, payload.PreparedView, payload.Signature));

    private void See(Certificate? certificate)
    {
        foreach (ValidatorSignature s in certificate?.Signatures ?? [])
        {
            See(certificate!.Height, s.Validator, new SignedVote(certificate.Type, certificate.Epoch, certificate.Height,
                certificate.View, certificate.BlockHash, -1, s.Signature));
        }
    }

    private void See(ulong height, int validator, in SignedVote vote)
    {
        VoteWitness? witness = height == _round.Height ? _round.Witness : height == _round.Height + 1 ? _next.Witness : null;
        if (witness?.See(validator, vote) is { } evidence)
            Learn(evidence);
    }

    private void OnEvidence(EvidenceMessage m) => Learn(m.Evidence);

    private void Learn(Evidence evidence)
    {
        if (!_book.TryAdd(evidence))
            return;
        _effects.Add(new ReportEvidence(evidence));
        SendTo(Send.ToAll, new EvidenceMessage(evidence), 0);
    }

    /// <summary>Gives a peer whose evidence is not the same as this node's one piece, another each time.</summary>
    private void ShareEvidence(int peer, ulong sum)
    {
        if (_book.All.Count == 0 || sum == _book.Sum || !Once(peer, PeerTick.Evidence))
            return;
        SendTo(peer, new EvidenceMessage(_book.All[_evidenceGiven[peer]++ % _book.All.Count]), 0);
    }

    /// <summary>What this node signed itself is compared, too: somebody else may have its key.</summary>
    private void WitnessOwn()
    {
        ConsensusMessage?[] own = [_round.OwnProposal, _round.OwnViewChange, _round.OwnPrepare, _round.OwnCommit];
        foreach (ConsensusMessage? message in own)
        {
            if (message is not null)
                Witness(message);
        }
    }

    private void KeepJustification(ProposeMessage m)
    {
        if (m.Justification is { } justification)
        {
            _effects.Add(new KeepJustification(new KeptJustification(
                _config.ChainId, _config.Epoch, m.Height, m.View, m.Block.Hash, justification)));
        }
    }

    private static SignedVote SignedOf(VoteMessage m) =>
        new(m.Type, m.Epoch, m.VoteHeight, m.View, m.BlockHash, -1, m.Signature);
}
