using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>A message between validators (docs/PROTOCOL.md, "Messages"). What it claims is not yet verified.</summary>
public abstract record ConsensusMessage
{
    /// <summary>The height the message is about.</summary>
    public abstract ulong Height { get; }
}

/// <summary>The leader of a view proposes a block; above view 0 with the reason why it may.</summary>
/// <param name="View">The view.</param>
/// <param name="Signer">The leader's index.</param>
/// <param name="Signature">Over Propose(h, view, block hash).</param>
/// <param name="Block">Header and leaf hashes.</param>
/// <param name="Justification">Present exactly when the view is above 0.</param>
public sealed record ProposeMessage(
    uint View, ushort Signer, Signature Signature, ProposedBlock Block, Justification? Justification) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => Block.Header.Height;

    /// <summary>No older proposal binds this one: the leader chose the block, and the time rule applies.</summary>
    public bool IsFresh => Justification?.Prepared is null;
}

/// <summary>Why a proposal may stand in a view above 0.</summary>
/// <param name="ViewChanges">Exactly Q view changes for that view, ascending by validator, without certificates.</param>
/// <param name="Prepared">The prepared certificate of the highest prepared view among them; null when none has one.
/// </param>
public sealed record Justification(IReadOnlyList<ViewChangePayload> ViewChanges, Certificate? Prepared);

/// <summary>One validator's signed view change, without the certificate behind it.</summary>
/// <param name="Signer">The validator.</param>
/// <param name="PreparedView">View of the block it holds prepared, or -1.</param>
/// <param name="PreparedHash">That block, or zero.</param>
/// <param name="Signature">Over the view change.</param>
public readonly record struct ViewChangePayload(ushort Signer, long PreparedView, Digest PreparedHash, Signature Signature);

/// <summary>A Prepare or a Commit.</summary>
public sealed record VoteMessage(
    VoteType Type, ulong Epoch, ulong VoteHeight, uint View, Digest BlockHash, ushort Signer, Signature Signature)
    : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => VoteHeight;
}

/// <summary>A promise to vote in no view below <paramref name="View"/> at this height.</summary>
/// <param name="Epoch">The signer's epoch.</param>
/// <param name="AtHeight">The height.</param>
/// <param name="View">The view asked for, 1 or more.</param>
/// <param name="Payload">Who signs, and what it holds prepared.</param>
/// <param name="Prepared">The certificate of what it holds prepared; null when that is nothing.</param>
public sealed record ViewChangeMessage(
    ulong Epoch, ulong AtHeight, uint View, ViewChangePayload Payload, Certificate? Prepared) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => AtHeight;
}

/// <summary>A block is final.</summary>
public sealed record DecidedMessage(BlockHeader Header, Certificate Certificate) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => Header.Height;
}

/// <summary>Where the sender stands: it works on the height after <paramref name="Tip"/>, in a view. Not signed.</summary>
/// <param name="View">Its view.</param>
/// <param name="Tip">Its newest header and certificate; null at genesis.</param>
/// <param name="Abstention">Why it does not vote, and until when; None when it votes.</param>
/// <param name="EvidenceSum">Equal for nodes that hold evidence of the same offences; 0 for none.</param>
public sealed record StatusMessage(
    uint View, DecidedMessage? Tip, Abstention Abstention = default, ulong EvidenceSum = 0) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => (Tip?.Height ?? 0) + 1;
}

/// <summary>Asks for a proposed block of the height in progress.</summary>
public sealed record ProposalRequest(ulong AtHeight, Digest BlockHash) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => AtHeight;
}

/// <summary>A starting validator asks what the others have seen of it above the ledger it started with.</summary>
/// <param name="Token">The asker's own number for this start; comes back in the answer.</param>
/// <param name="Above">The height of its ledger when it began to ask.</param>
public sealed record RecallRequest(ulong Token, ulong Above) : ConsensusMessage
{
    /// <summary>0: it belongs to no round.</summary>
    public override ulong Height => 0;
}

/// <summary>Answers a <see cref="RecallRequest"/>.</summary>
/// <param name="Token">The request's.</param>
/// <param name="Newest">The asker's newest vote that the answering node has seen, of whatever height; null if none.
/// </param>
/// <param name="Tip">The answering node's newest header and certificate; null at genesis.</param>
public sealed record RecallResponse(ulong Token, SignedVote? Newest, DecidedMessage? Tip = null) : ConsensusMessage
{
    /// <summary>0: it belongs to no round.</summary>
    public override ulong Height => 0;
}

/// <summary>Two votes that no honest validator signs both.</summary>
public sealed record EvidenceMessage(Evidence Evidence) : ConsensusMessage
{
    /// <summary>0: it belongs to no round.</summary>
    public override ulong Height => 0;
}

/// <summary>Answers a <see cref="ProposalRequest"/>.</summary>
public sealed record ProposalResponse(ProposedBlock Block) : ConsensusMessage
{
    /// <inheritdoc/>
    public override ulong Height => Block.Header.Height;
}
