namespace GovChain.Core.Model;

/// <summary>
/// Why a transaction is refused. Names and numbers are part of the interface: frozen, they only grow.
/// The table for people is docs/SPEC.md, "Rejection codes".
/// </summary>
public enum RejectionCode
{
    /// <summary>The bytes violate the wire profile or are no transaction.</summary>
    MalformedEnvelope = 1,

    /// <summary>More than <see cref="Limits.EnvelopeBytesMax"/> bytes.</summary>
    TooLarge = 2,

    /// <summary>A format version this protocol version does not have.</summary>
    UnsupportedVersion = 3,

    /// <summary>A signature algorithm this protocol version does not have.</summary>
    UnsupportedAlgorithm = 4,

    /// <summary>Signed for another ledger.</summary>
    WrongChain = 5,

    /// <summary>The signer is no point of the curve.</summary>
    InvalidPublicKey = 6,

    /// <summary>The signature does not verify.</summary>
    InvalidSignature = 7,

    /// <summary>The signature's s is in the upper half of the range.</summary>
    HighS = 8,

    /// <summary>An action or payload kind that is reserved but not active yet.</summary>
    NotActive = 9,

    /// <summary>A field breaks its rule: length, alphabet, presence.</summary>
    InvalidField = 10,

    /// <summary>Header time has passed the expiry.</summary>
    Expired = 20,

    /// <summary>The expiry lies further ahead than the horizon.</summary>
    ExpiryTooFar = 21,

    /// <summary>No officer has this key.</summary>
    UnknownSigner = 30,

    /// <summary>The key may sign only from a later block or time.</summary>
    SignerNotYetValid = 31,

    /// <summary>The key's validity has ended.</summary>
    SignerExpired = 32,

    /// <summary>The key was revoked, or replaced by another.</summary>
    SignerRevoked = 33,

    /// <summary>The officer lacks the role, the record or its type belongs to another department, or the department may not read what is named.</summary>
    NotPermitted = 34,

    /// <summary>Another version came first.</summary>
    VersionConflict = 40,

    /// <summary>The version to follow is not on the ledger yet.</summary>
    VersionAhead = 41,

    /// <summary>No such record type.</summary>
    UnknownType = 42,

    /// <summary>The record was annulled; only a new register, or a reinstatement, goes on with it.</summary>
    RecordAnnulled = 43,

    /// <summary>The record is in force and cannot be registered or reinstated.</summary>
    RecordInForce = 44,

    /// <summary>The department has an officer of this number.</summary>
    OfficerExists = 45,

    /// <summary>The department has no such officer.</summary>
    UnknownOfficer = 46,

    /// <summary>The key belongs, or once belonged, to an officer or a validator.</summary>
    KeyInUse = 47,

    /// <summary>The department would be left without an administrator.</summary>
    LastAdministrator = 48,

    /// <summary>A department has, or once had, this id.</summary>
    DepartmentExists = 49,

    /// <summary>The signatures that the transaction carries do not prove what it says.</summary>
    InvalidProof = 50,

    /// <summary>The proof is of a height or an epoch that the state does not know, any more or yet.</summary>
    ProofOutOfRange = 51,

    /// <summary>The leader was suspended for this, or later than this, already.</summary>
    AlreadySuspended = 52,

    /// <summary>As many leaders are suspended as there may be at a time.</summary>
    TooManySuspended = 53,

    /// <summary>The offence is proven on the ledger already, or as many others of the department as are kept.</summary>
    AlreadyProven = 54,

    /// <summary>No department with a vote has this id.</summary>
    UnknownDepartment = 55,

    /// <summary>The approvals, or the proposal, are of another epoch: the validators have changed since, or change in this block.</summary>
    OtherEpoch = 56,

    /// <summary>There would be no validator left, or more than the ledger's formats hold.</summary>
    MembershipLimit = 57,

    /// <summary>The schema is none of the ledger's subset of JSON Schema.</summary>
    InvalidSchema = 58,

    /// <summary>The payload does not fit the schema of its record type.</summary>
    InvalidPayload = 59,

    /// <summary>The same transaction is on the ledger; its receipt is the answer.</summary>
    Duplicate = 60,

    /// <summary>Other records took the record's place; nothing follows.</summary>
    RecordSuperseded = 61,

    /// <summary>There is no record of a name that the transaction gives, or not in that version.</summary>
    UnknownRecord = 62,

    /// <summary>A record that the transaction names is annulled or superseded.</summary>
    RecordNotInForce = 63,

    /// <summary>Records of this type change with another officer's approval only, and the change was not submitted for one.</summary>
    ApprovalRequired = 64,

    /// <summary>Another change of the record waits for approval.</summary>
    ApprovalPending = 65,

    /// <summary>The record's newest submission is not the one that is meant, or there is none.</summary>
    UnknownSubmission = 66,

    /// <summary>The submission was approved, refused or withdrawn already.</summary>
    SubmissionDecided = 67,

    /// <summary>The time until which the submission waits for approval is over.</summary>
    SubmissionExpired = 68,

    /// <summary>An officer cannot approve what it submitted.</summary>
    OwnSubmission = 69,

    /// <summary>The node's pool has no room.</summary>
    PoolFull = 70,

    /// <summary>The node cannot take transactions now.</summary>
    NodeNotReady = 71,

    /// <summary>There is no such delegation, it is over, one of the two was enrolled anew since, or who gave it may not approve any more.</summary>
    UnknownDelegation = 72,

    /// <summary>The department's newest proposal is not the one that is meant, or there is none.</summary>
    UnknownProposal = 73,

    /// <summary>The proposal was adopted, rejected or withdrawn already.</summary>
    ProposalDecided = 74,

    /// <summary>The time until which the departments may vote on the proposal is over.</summary>
    ProposalExpired = 75,

    /// <summary>The department has a proposal on which the others still vote.</summary>
    ProposalOpen = 76,

    /// <summary>The department's vote on the proposal is this one already.</summary>
    AlreadyVoted = 77,

    /// <summary>A parameter of the ledger would leave its bounds, by itself or beside the others.</summary>
    ParameterOutOfBounds = 78,

    /// <summary>No department has the receiver's id, or it was removed.</summary>
    UnknownReceiver = 79,

    /// <summary>The record is the receiver's already.</summary>
    AlreadyCustodian = 80,

    /// <summary>The receiver's officers may not read records of the type.</summary>
    ReceiverCannotRead = 81,

    /// <summary>More comes in the department's name than the node takes in that time.</summary>
    RateExceeded = 82,

    /// <summary>The department is suspended: its officers sign nothing.</summary>
    DepartmentSuspended = 83,

    /// <summary>The department is not suspended.</summary>
    NotSuspended = 84,

    /// <summary>The officers of fewer departments than make a quorum could sign any more.</summary>
    QuorumSuspended = 85,

    /// <summary>The protocol version is not the one after the ledger's.</summary>
    NotNextVersion = 86,

    /// <summary>No protocol version is scheduled.</summary>
    NotScheduled = 87,

    /// <summary>The entries do not begin after the last ones of the department that are covered, nor with a log's first.</summary>
    ReadRootNotNext = 88,

    /// <summary>The department's last root is too new for another.</summary>
    ReadRootTooSoon = 89,
}
