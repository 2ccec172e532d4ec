using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>Signs anew what a message bears in one validator's name, whatever it says now: all that a thief of one key can do.
/// </summary>
internal sealed class Resigner(Digest chainId, ValidatorKeys keys, int signer)
{
    public ConsensusMessage Sign(ConsensusMessage message) => message switch
    {
        ProposeMessage m => m with
        {
            Signature = Sign(m.Signer, m.Signature, new Vote(
                VoteType.Propose, chainId, m.Block.Header.Epoch, m.Height, m.View, m.Block.Hash)),
            Justification = m.Justification is not { } j ? null : new Justification(
                [.. j.ViewChanges.Select(p => Sign(m.Block.Header.Epoch, m.Height, m.View, p))], Sign(j.Prepared)),
        },
        VoteMessage m => m with
        {
            Signature = Sign(m.Signer, m.Signature, new Vote(m.Type, chainId, m.Epoch, m.VoteHeight, m.View, m.BlockHash)),
        },
        ViewChangeMessage m => m with
        {
            Payload = Sign(m.Epoch, m.AtHeight, m.View, m.Payload),
            Prepared = Sign(m.Prepared),
        },
        DecidedMessage m => Sign(m),
        StatusMessage { Tip: { } tip } m => m with { Tip = Sign(tip) },
        RecallResponse { Tip: { } tip } m => m with { Tip = Sign(tip) },
        EvidenceMessage m => Sign(m),
        _ => message,
    };

    private DecidedMessage Sign(DecidedMessage m) => m with { Certificate = Sign(m.Certificate)! };

    private ViewChangePayload Sign(ulong epoch, ulong height, uint view, ViewChangePayload p) => p with
    {
        Signature = Sign(p.Signer, p.Signature, new Vote(
            VoteType.ViewChange, chainId, epoch, height, view, p.PreparedHash, p.PreparedView)),
    };

    private Certificate? Sign(Certificate? c) => c is null ? null : c with
    {
        Signatures = [.. c.Signatures.Select(
            s => s with { Signature = Sign(s.Validator, s.Signature, c.VoteOn(chainId)) })],
    };

    private EvidenceMessage Sign(EvidenceMessage m)
    {
        Evidence e = m.Evidence;
        int accused = keys.Set.IndexOf(e.Signer);
        return Evidence.Of(e.ChainId, e.Signer, Sign(e.First), Sign(e.Second)) is { } signed ? new EvidenceMessage(signed) : m;

        SignedVote Sign(SignedVote vote) => vote with { Signature = this.Sign(accused, vote.Signature, vote.VoteOn(chainId)) };
    }

    private Signature Sign(int claimed, Signature signature, Vote vote) =>
        claimed == signer ? keys.Sign(signer, vote.SigningDigest()) : signature;
}
