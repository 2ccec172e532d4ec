using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>Something the driver must do, in the order given.</summary>
/// <remarks>
/// The driver's duties: (1) what names a journal index leaves the node, or reaches the ledger, only when that index is
/// durable; (2) a block is stored only when all that earlier <see cref="BlockStored"/> and <see cref="Start"/> inputs
/// appended is durable; (3) any journal or ledger error stops the node. See docs/PROTOCOL.md, "Durable before sent".
/// </remarks>
public abstract record ConsensusEffect;

/// <summary>
/// Append a record to the vote journal as record <paramref name="Index"/>, the next one. Where <paramref name="Bodies"/>
/// names a block, its envelopes must be durable with the record: a prepared block must survive the restart of everyone.
/// </summary>
public sealed record AppendJournal(ulong Index, byte[] Record, ProposedBlock? Bodies = null) : ConsensusEffect;

/// <summary>Records below <paramref name="BelowIndex"/> may be dropped once that one is durable.</summary>
public sealed record PruneJournal(ulong BelowIndex) : ConsensusEffect;

/// <summary>
/// Send to validator <paramref name="To"/>, or to all others when it is <see cref="ToAll"/>, after journal record
/// <paramref name="AfterJournal"/> is durable (0: nothing to wait for).
/// </summary>
public sealed record Send(int To, ConsensusMessage Message, ulong AfterJournal) : ConsensusEffect
{
    /// <summary>Every validator but this one.</summary>
    public const int ToAll = -1;
}

/// <summary>Sign the vote's digest with this validator's key and answer with <see cref="Signed"/>.</summary>
public sealed record RequestSignature(ulong RequestId, Vote Vote) : ConsensusEffect;

/// <summary>Replace the one protocol timer; answer with <see cref="TimerFired"/> of the same values.</summary>
public sealed record SetTimer(ulong Height, uint View, ulong Generation, ulong DelayMs) : ConsensusEffect;

/// <summary>Build a block on the tip, proposer this node, header time above the parent's, and answer with
/// <see cref="ProposalBuilt"/>.</summary>
public sealed record BuildProposal(ulong Height, uint View) : ConsensusEffect;

/// <summary>
/// Get the block's bodies (pool, journal, <paramref name="Hint"/>, then anyone), execute it on the tip and answer with
/// <see cref="BlockChecked"/>. The driver keeps what execution gave until the height passes. Checking a block again
/// that passed must answer at once.
/// </summary>
public sealed record CheckBlock(ProposedBlock Block, int Hint) : ConsensusEffect;

/// <summary>What execution gave for a block of the height in progress is needed no more; if it is after all, the block
/// is checked again.</summary>
public sealed record ForgetBlock(Digest BlockHash) : ConsensusEffect;

/// <summary>
/// After journal record <paramref name="AfterJournal"/> is durable: store the block, which passed its check, with its
/// certificate, and answer with <see cref="BlockStored"/>.
/// </summary>
public sealed record CommitBlock(ProposedBlock Block, Certificate Certificate, ulong AfterJournal) : ConsensusEffect;

/// <summary>
/// The ledger is behind: fetch blocks up to <paramref name="UpToHeight"/>, from validator <paramref name="Hint"/> first,
/// and store them with <see cref="BlockStored"/> each. Repeated while it holds.
/// </summary>
public sealed record NeedBlocks(ulong UpToHeight, int Hint) : ConsensusEffect;

/// <summary>
/// Look through the ledger's commit certificates, the newest <see cref="CertificatesMax"/> above height
/// <paramref name="Above"/>, those of earlier epochs included, for the newest that the key of validator
/// <paramref name="To"/> signed, and answer with <see cref="SignerFound"/>.
/// </summary>
public sealed record FindSigner(int To, ulong Token, ulong Above) : ConsensusEffect
{
    /// <summary>Certificates looked through for one answer: some ten milliseconds of reading, once a second per peer.
    /// </summary>
    public const int CertificatesMax = 4_096;

    /// <summary>The vote of validator <paramref name="validator"/> of its epoch in a certificate; null if it is not among
    /// the signers.</summary>
    public static SignedVote? In(Certificate certificate, int validator)
    {
        if (validator < 0)
            return null;
        foreach (ValidatorSignature s in certificate.Signatures)
        {
            if (s.Validator == validator)
            {
                return new SignedVote(certificate.Type, certificate.Epoch, certificate.Height, certificate.View,
                    certificate.BlockHash, -1, s.Signature);
            }
        }
        return null;
    }
}

/// <summary>This node has left a view of a height, and why: one line for the operator.</summary>
/// <param name="View">The view that was left.</param>
/// <param name="NextView">The view it is in now.</param>
/// <param name="Cause">Why.</param>
/// <param name="Detail">More, where there is more to say; else empty.</param>
public sealed record ViewLeft(ulong Height, uint View, uint NextView, ViewCause Cause, string Detail) : ConsensusEffect;

/// <summary>
/// A block is stored that a later view decided, after a quorum had left one: the ledger should hear who led that one. All
/// who saw it are told; they take turns, so that one transaction is enough.
/// </summary>
/// <param name="View">The view that was left.</param>
/// <param name="Leader">The index of the validator that led it.</param>
/// <param name="Turn">How many validators report before this one.</param>
/// <param name="ViewChanges">Q verified view changes for exactly the view after <paramref name="View"/>, ascending.</param>
public sealed record ReportLeader(
    ulong Epoch, ulong Height, uint View, int Leader, int Turn, IReadOnlyList<ViewChangePayload> ViewChanges)
    : ConsensusEffect;

/// <summary>Why a node leaves a view.</summary>
public enum ViewCause
{
    /// <summary>The view's timer ran out.</summary>
    Timeout = 1,

    /// <summary>The leader has passed over a transaction that could commit.</summary>
    Complaint,

    /// <summary>The leader signed two proposals.</summary>
    Equivocation,

    /// <summary>The leader's proposal fails its check.</summary>
    InvalidProposal,

    /// <summary>f+1 validators have left it: one of them is honest.</summary>
    Joined,
}

/// <summary>
/// Somebody signed what no honest validator signs both: keep the evidence durably, tell the operator, and give it to the core
/// at every start.
/// </summary>
public sealed record ReportEvidence(Evidence Evidence) : ConsensusEffect;

/// <summary>Keep the justification of a proposal that was accepted, among the newest <see cref="KeptMax"/>.</summary>
public sealed record KeepJustification(KeptJustification Kept) : ConsensusEffect
{
    /// <summary>Justifications that a node keeps: 0.7 MB where four departments vote, 6 MB where fifty do.</summary>
    public const int KeptMax = 1_024;
}

/// <summary>
/// The block just stored names another set of validators: this core has done all it will. Once what it appended is durable,
/// a new one goes on from journal and ledger, as after a restart, with the next epoch's set.
/// </summary>
/// <param name="Height">The last height of the epoch.</param>
public sealed record EpochEnded(ulong Height) : ConsensusEffect;

/// <summary>An operator should know. The node goes on.</summary>
public sealed record Alarm(AlarmCode Code, string Text) : ConsensusEffect;

/// <summary>The node must stop: going on could break the protocol.</summary>
public sealed record Fatal(string Reason) : ConsensusEffect;

/// <summary>What an alarm is about.</summary>
public enum AlarmCode
{
    /// <summary>This node follows but does not vote.</summary>
    Abstaining = 1,

    /// <summary>A leader signed two proposals for one view.</summary>
    EquivocatingLeader,

    /// <summary>A leader proposed a block that fails its check.</summary>
    InvalidProposal,

    /// <summary>A block that this node had found valid, or that a quorum certified, fails its check here.</summary>
    LocalCheckFailed,

    /// <summary>A fresh proposal's time is too far from this node's clock; one of the two clocks is wrong.</summary>
    UntimelyProposal,
}
