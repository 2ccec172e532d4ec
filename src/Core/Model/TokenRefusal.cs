namespace GovChain.Core.Model;

/// <summary>
/// Why a reader's token does not count (docs/SPEC.md, "Read token"). The name in upper snake case is ErrorInfo.reason: frozen, the list
/// only grows.
/// </summary>
public enum TokenRefusal
{
    /// <summary>There is no token, and the records are not public, or what is asked for is not there, which is proven to officers alone.</summary>
    TokenRequired = 1,

    /// <summary>What stands in the place of the token is none.</summary>
    TokenMalformed = 2,

    /// <summary>Signed for another ledger.</summary>
    TokenWrongChain = 3,

    /// <summary>Signed for another department's node. Facts `node` and `tokenNode`.</summary>
    TokenWrongNode = 4,

    /// <summary>Issued later than this node's clock says it is, by more than clocks may differ. Facts `issuedAtMs` and `nowMs`.</summary>
    TokenNotYetValid = 5,

    /// <summary>Its lifetime is over by this node's clock. Facts `endedAtMs` and `nowMs`.</summary>
    TokenExpired = 6,

    /// <summary>The signature is not that of the key in the token.</summary>
    TokenSignatureInvalid = 7,

    /// <summary>The key is none of an officer now. Fact `ledger` says why: UNKNOWN_SIGNER, SIGNER_REVOKED, SIGNER_EXPIRED, SIGNER_NOT_YET_VALID.</summary>
    TokenSignerRefused = 8,

    /// <summary>It was used before.</summary>
    TokenReplayed = 9,
}
