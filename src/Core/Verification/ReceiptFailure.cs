namespace GovChain.Core.Verification;

/// <summary>What a receipt fails on.</summary>
public enum ReceiptFailureKind
{
    /// <summary>The file is no receipt: not JSON, a member missing or of the wrong form, an unknown version.</summary>
    Malformed,

    /// <summary>The file differs from its own canonical encoding, or a readable field from what it is derived from.
    /// </summary>
    NotCanonical,

    /// <summary>The receipt is of another ledger than the given genesis digest names.</summary>
    WrongGenesis,

    /// <summary>The genesis body breaks a rule.</summary>
    InvalidGenesis,

    /// <summary>The envelope is no valid transaction of this ledger.</summary>
    InvalidTransaction,

    /// <summary>The signer's signature, or one that the transaction carries, does not verify.</summary>
    InvalidSignature,

    /// <summary>A certificate does not certify its header.</summary>
    InvalidCertificate,

    /// <summary>The position is not in the block.</summary>
    WrongBlock,

    /// <summary>The path does not lead from the envelope to the log root.</summary>
    InvalidInclusion,

    /// <summary>The path does not lead from the signer's entry to the state root, or the entry is another key's.
    /// </summary>
    InvalidSignerProof,

    /// <summary>The signer's entry says that the key could not sign at that block.</summary>
    SignerNotAuthorised,

    /// <summary>The chain of epochs does not lead from the founding departments to those who certified.</summary>
    InvalidEpochs,
}

/// <summary>Why a receipt proves nothing, with a sentence for its reader.</summary>
public sealed record ReceiptFailure(ReceiptFailureKind Kind, string Message);
