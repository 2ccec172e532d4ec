using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Consensus;

/// <summary>Why a message is refused.</summary>
public enum MessageFailure
{
    /// <summary>It is accepted.</summary>
    None = 0,

    /// <summary>A header of another chain.</summary>
    WrongChain,

    /// <summary>Another epoch.</summary>
    WrongEpoch,

    /// <summary>A sender or signer beyond the end of the validator set.</summary>
    UnknownValidator,

    /// <summary>The signer did not make the signature.</summary>
    BadSignature,

    /// <summary>A certificate that proves nothing.</summary>
    BadCertificate,

    /// <summary>A view change that does not fit the certificate it carries, or claims a view not before its own.
    /// </summary>
    BadViewChange,

    /// <summary>A justification that does not allow the proposal.</summary>
    BadJustification,

    /// <summary>Evidence that proves nothing.</summary>
    BadEvidence,
}

/// <summary>A message whose signatures and certificates hold; only <see cref="MessageVerifier"/> makes one.</summary>
public sealed class VerifiedMessage
{
    internal VerifiedMessage(int from, ConsensusMessage message, ulong tipHeight)
    {
        From = from;
        Message = message;
        IsProven = ProofHeight > tipHeight;
    }

    /// <summary>The validator that sent it, as the transport authenticated it; the signer may be another.</summary>
    public int From { get; }

    /// <summary>The message.</summary>
    public ConsensusMessage Message { get; }

    /// <summary>The height that the signatures in it are about.</summary>
    internal ulong ProofHeight => Message switch
    {
        StatusMessage { Tip: { } tip } => tip.Height,
        RecallResponse { Tip: { } tip } => tip.Height,
        _ => Message.Height,
    };

    /// <summary>Its signatures were checked, and not passed over because the ledger was beyond their height.</summary>
    internal bool IsProven { get; }
}

/// <summary>
/// Checks all that a message proves by itself: chain, epoch, signers, signatures, certificates, justification. Pure and
/// as thread-safe as its signature verifier, so the driver runs it on any thread and hands the core verified messages
/// only.
/// </summary>
public sealed class MessageVerifier(ConsensusConfig config, ISignatureVerifier verifier)
{
    private readonly ValidatorSet _set = config.Validators;

    /// <summary>
    /// Verifies one message of validator <paramref name="from"/>. Of messages at or below
    /// <paramref name="tipHeight"/>, the height of the newest stored block, the core uses nothing that is signed, so
    /// their signatures are not checked.
    /// </summary>
    public MessageFailure Verify(int from, ConsensusMessage message, ulong tipHeight, out VerifiedMessage? verified)
    {
        verified = null;
        if (from < 0 || from >= _set.Count)
            return MessageFailure.UnknownValidator;
        if (message is RecallResponse { Newest: { } newest } answer && newest.Epoch < config.Epoch && !IsOwn(newest))
            message = answer with { Newest = null }; // of the key that this one has replaced, which votes no more
        MessageFailure failure = message switch
        {
            ProposeMessage m => VerifyPropose(m, tipHeight),
            VoteMessage m => VerifyVote(m, tipHeight),
            ViewChangeMessage m => VerifyViewChange(m, tipHeight),
            DecidedMessage m => VerifyDecided(m, tipHeight),
            StatusMessage { Tip: { } tip } => VerifyDecided(tip, tipHeight),
            ProposalResponse m => VerifyHeader(m.Block.Header, tipHeight),
            RecallResponse m => VerifyRecalled(m, tipHeight),
            EvidenceMessage m => VerifyEvidence(m.Evidence),
            _ => MessageFailure.None,
        };
        if (failure == MessageFailure.None)
            verified = new VerifiedMessage(from, message, tipHeight);
        return failure;
    }

    /// <summary>What is decided here may be of an earlier epoch: whoever says it is behind, and is told so.</summary>
    private MessageFailure VerifyHeader(BlockHeader header, ulong tipHeight)
    {
        if (header.ChainId != config.ChainId)
            return MessageFailure.WrongChain;
        return header.Epoch == config.Epoch || header.Height <= tipHeight ? MessageFailure.None : MessageFailure.WrongEpoch;
    }

    private MessageFailure VerifyPropose(ProposeMessage m, ulong tipHeight)
    {
        BlockHeader header = m.Block.Header;
        if (VerifyHeader(header, tipHeight) is var failure and not MessageFailure.None)
            return failure;
        if (m.Height <= tipHeight)
            return MessageFailure.None;
        if (m.Signer >= _set.Count)
            return MessageFailure.UnknownValidator;
        var vote = new Vote(VoteType.Propose, config.ChainId, config.Epoch, m.Height, m.View, header.Hash);
        if (!verifier.VerifyOne(_set[m.Signer].Key, vote.SigningDigest(), m.Signature))
            return MessageFailure.BadSignature;
        return JustificationRules.Check(m, config, verifier);
    }

    private MessageFailure VerifyVote(VoteMessage m, ulong tipHeight)
    {
        if (m.Height <= tipHeight)
            return MessageFailure.None;
        if (m.Epoch != config.Epoch)
            return MessageFailure.WrongEpoch;
        if (m.Signer >= _set.Count)
            return MessageFailure.UnknownValidator;
        var vote = new Vote(m.Type, config.ChainId, m.Epoch, m.Height, m.View, m.BlockHash);
        return verifier.VerifyOne(_set[m.Signer].Key, vote.SigningDigest(), m.Signature)
            ? MessageFailure.None
            : MessageFailure.BadSignature;
    }

    private MessageFailure VerifyViewChange(ViewChangeMessage m, ulong tipHeight)
    {
        if (m.Height <= tipHeight)
            return MessageFailure.None;
        if (m.Epoch != config.Epoch)
            return MessageFailure.WrongEpoch;
        if (m.Payload.Signer >= _set.Count)
            return MessageFailure.UnknownValidator;
        if (!JustificationRules.Fits(m))
            return MessageFailure.BadViewChange;
        Vote vote = JustificationRules.VoteOf(config, m.Height, m.View, m.Payload);
        if (!verifier.VerifyOne(_set[m.Payload.Signer].Key, vote.SigningDigest(), m.Payload.Signature))
            return MessageFailure.BadSignature;
        if (m.Prepared is null)
            return MessageFailure.None;
        return CertificateVerifier.VerifyPrepared(
            m.Prepared, config.ChainId, config.Epoch, m.Height, _set, verifier) == CertificateFailure.None
            ? MessageFailure.None
            : MessageFailure.BadCertificate;
    }

    /// <summary>What others say that this validator signed must bear its own signature, and their tip its certificate.
    /// </summary>
    private MessageFailure VerifyRecalled(RecallResponse m, ulong tipHeight)
    {
        if (m.Newest is { } vote)
        {
            // Of an earlier epoch, too: the key is this node's own.
            if (vote.Epoch > config.Epoch)
                return MessageFailure.WrongEpoch;
            if (!IsOwn(vote))
                return MessageFailure.BadSignature;
        }
        return m.Tip is { } tip ? VerifyDecided(tip, tipHeight) : MessageFailure.None;
    }

    private bool IsOwn(in SignedVote vote) => !config.IsObserver && verifier.VerifyOne(
        _set[config.Self].Key, vote.VoteOn(config.ChainId).SigningDigest(), vote.Signature);

    private MessageFailure VerifyEvidence(Evidence evidence)
    {
        if (evidence.Epoch != config.Epoch)
            return MessageFailure.WrongEpoch;
        return EvidenceVerifier.Verify(evidence, config.ChainId, _set, verifier) == EvidenceFailure.None
            ? MessageFailure.None
            : MessageFailure.BadEvidence;
    }

    private MessageFailure VerifyDecided(DecidedMessage m, ulong tipHeight)
    {
        if (VerifyHeader(m.Header, tipHeight) is var failure and not MessageFailure.None)
            return failure;
        if (m.Height <= tipHeight)
            return MessageFailure.None;
        return CertificateVerifier.Verify(m.Header, m.Certificate, _set, verifier) == CertificateFailure.None
            ? MessageFailure.None
            : MessageFailure.BadCertificate;
    }
}
