using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Consensus;

/// <summary>
/// The view-change rules (docs/PROTOCOL.md, "View change"): what a view change may claim, which block a new leader must
/// propose, and when a proposal above view 0 is justified. Pure.
/// </summary>
public static class JustificationRules
{
    /// <summary>
    /// Whether a view change agrees with itself: it claims no block and carries no certificate, or claims a block
    /// prepared in an older view and carries a certificate of just that.
    /// </summary>
    public static bool Fits(ViewChangeMessage m) => m.Prepared is { } c
        ? m.Payload.PreparedView >= 0 && m.Payload.PreparedView < m.View
            && c.View == m.Payload.PreparedView && c.BlockHash == m.Payload.PreparedHash
        : m.Payload.PreparedView == -1 && m.Payload.PreparedHash == Digest.Zero;

    /// <summary>What a view change's signature is over.</summary>
    public static Vote VoteOf(ConsensusConfig config, ulong height, uint view, in ViewChangePayload payload) => new(
        VoteType.ViewChange, config.ChainId, config.Epoch, height, view, payload.PreparedHash, payload.PreparedView);

    /// <summary>
    /// The justification from Q of the view changes, which are all for one view and each verified, distinct and
    /// ascending by signer; null when there are fewer than <paramref name="quorum"/>.
    /// </summary>
    public static Justification? Build(IReadOnlyList<ViewChangeMessage> viewChanges, int quorum)
    {
        if (viewChanges.Count < quorum)
            return null;
        var payloads = new ViewChangePayload[quorum];
        Certificate? prepared = null;
        for (int i = 0; i < quorum; i++)
        {
            payloads[i] = viewChanges[i].Payload;
            if (viewChanges[i].Prepared is { } c && (prepared is null || c.View > prepared.View))
                prepared = c;
        }
        return new Justification(payloads, prepared);
    }

    /// <summary>
    /// Whether a proposal has the justification its view needs: none at view 0; above, exactly Q distinct members'
    /// signed view changes for just that view, none claiming a view prepared later than the certificate's, or another block
    /// of that view, and the certificate's block proposed. The leader's own signature is not looked at.
    /// </summary>
    public static MessageFailure Check(ProposeMessage m, ConsensusConfig config, ISignatureVerifier verifier)
    {
        if (m.View == 0)
            return m.Justification is null ? MessageFailure.None : MessageFailure.BadJustification;
        ValidatorSet set = config.Validators;
        if (m.Justification is not { } j || j.ViewChanges.Count != set.QuorumSize)
            return MessageFailure.BadJustification;
        long highest = -1;
        for (int i = 0; i < j.ViewChanges.Count; i++)
        {
            ViewChangePayload payload = j.ViewChanges[i];
            if (payload.Signer >= set.Count)
                return MessageFailure.UnknownValidator;
            if ((i > 0 && payload.Signer <= j.ViewChanges[i - 1].Signer) || payload.PreparedView >= m.View)
                return MessageFailure.BadJustification;
            highest = Math.Max(highest, payload.PreparedView);
        }
        if (highest != (j.Prepared?.View ?? -1L))
            return MessageFailure.BadJustification;
        if (j.Prepared is { } prepared && (prepared.BlockHash != m.Block.Hash
            || j.ViewChanges.Any(p => p.PreparedView == highest && p.PreparedHash != prepared.BlockHash)))
            return MessageFailure.BadJustification;
        return CheckSignatures(m, j, config, verifier);
    }

    private static MessageFailure CheckSignatures(
        ProposeMessage m, Justification j, ConsensusConfig config, ISignatureVerifier verifier)
    {
        var checks = new SignatureCheck[j.ViewChanges.Count];
        for (int i = 0; i < checks.Length; i++)
        {
            ViewChangePayload payload = j.ViewChanges[i];
            Vote vote = VoteOf(config, m.Height, m.View, payload);
            checks[i] = new SignatureCheck(
                config.Validators[payload.Signer].Key, vote.SigningDigest(), payload.Signature);
        }
        var results = new bool[checks.Length];
        verifier.Verify(checks, results);
        if (!Array.TrueForAll(results, static valid => valid))
            return MessageFailure.BadSignature;
        if (j.Prepared is null)
            return MessageFailure.None;
        return CertificateVerifier.VerifyPrepared(
            j.Prepared, config.ChainId, config.Epoch, m.Height, config.Validators, verifier) == CertificateFailure.None
            ? MessageFailure.None
            : MessageFailure.BadCertificate;
    }
}
