using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>Something that happened to the node; the only way into <see cref="ConsensusCore.Step"/>.</summary>
public abstract record ConsensusInput;

/// <summary>The first input of every core: it sends again what the journal holds and says what is wrong, if anything.
/// </summary>
/// <param name="Token">A number that no earlier start of this validator was given: answers to those do not count.</param>
public sealed record Start(ulong Token) : ConsensusInput;

/// <summary>A message came in. <paramref name="UtcMs"/> is the wall clock at its arrival, for the time rule.</summary>
public sealed record MessageReceived(VerifiedMessage Message, ulong UtcMs) : ConsensusInput;

/// <summary>A timer set by <see cref="SetTimer"/> ran out; ignored when another was set or cancelled since.</summary>
public sealed record TimerFired(ulong Height, uint View, ulong Generation) : ConsensusInput;

/// <summary>
/// Whether the pool holds a transaction that could commit now. The core forgets it at every
/// <see cref="BlockStored"/> and whenever the driver finds nothing to propose: say it again while it is true.
/// </summary>
public sealed record WorkChanged(bool HasWork) : ConsensusInput;

/// <summary>
/// The leader of this view has not included a transaction for longer than <see cref="ComplaintRules"/> allow; ignored
/// when height or view have moved on.
/// </summary>
/// <param name="Detail">Which transaction, for the operator.</param>
public sealed record Complaint(ulong Height, uint View, string Detail) : ConsensusInput;

/// <summary>
/// Answers <see cref="BuildProposal"/>: a block built and executed on the tip, its whole body held, or null when there
/// is nothing to propose.
/// </summary>
public sealed record ProposalBuilt(ulong Height, uint View, ProposedBlock? Block) : ConsensusInput;

/// <summary>
/// Answers <see cref="CheckBlock"/>. <see cref="BlockFault.None"/> says that the whole body is held, every transaction
/// is valid, and execution gave the header's log root and state root.
/// </summary>
public sealed record BlockChecked(Digest BlockHash, BlockFault Fault) : ConsensusInput;

/// <summary>Answers <see cref="RequestSignature"/>.</summary>
public sealed record Signed(ulong RequestId, Signature Signature) : ConsensusInput;

/// <summary>
/// A block and its certificate are durable in the ledger, decided here or learnt by catch-up; it ends the round in
/// progress. At or below the tip it is ignored; a gap above it is a programmer error.
/// </summary>
/// <param name="Header">The stored header.</param>
/// <param name="Certificate">Its commit certificate, verified.</param>
/// <param name="NextLeaders">Who leads the next height.</param>
public sealed record BlockStored(BlockHeader Header, Certificate Certificate, LeaderOrder NextLeaders) : ConsensusInput;

/// <summary>Answers <see cref="FindSigner"/>: the newest Commit of that validator in the ledger, or null.</summary>
public sealed record SignerFound(int To, ulong Token, SignedVote? Newest) : ConsensusInput;

/// <summary>Comes at a steady pace (about one second): time to tell the others where this node stands.</summary>
public sealed record StatusDue : ConsensusInput;

/// <summary>The node stops: nothing new is begun or signed from now on; what is in the journal still counts.</summary>
public sealed record Drain : ConsensusInput;

/// <summary>Why a block did not pass its check.</summary>
public enum BlockFault
{
    /// <summary>It passed.</summary>
    None = 0,

    /// <summary>Bodies could not be had from anyone; no fault of the leader. Another attempt may be asked for.</summary>
    Unavailable,

    /// <summary>The leaf hashes do not give the header's log root: these are not this header's transactions.</summary>
    WrongLeaves,

    /// <summary>A transaction is invalid at its place.</summary>
    InvalidTransaction,

    /// <summary>The transactions exceed the ledger's block limits.</summary>
    TooLarge,

    /// <summary>Execution gives another state root.</summary>
    WrongState,

    /// <summary>The header's parameters or validator sets are not the ledger's.</summary>
    WrongHeader,
}
