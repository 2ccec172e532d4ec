namespace GovChain.Core.Model;

/// <summary>
/// Why a system's certificate does not count (docs/SPEC.md, "Reader statement"). The name in upper snake case is ErrorInfo.reason: frozen,
/// the list only grows.
/// </summary>
public enum CertificateRefusal
{
    /// <summary>The statement in it cannot be read, or there are several.</summary>
    CertificateMalformed = 1,

    /// <summary>Signed for another ledger.</summary>
    CertificateWrongChain = 2,

    /// <summary>It counts from a later time than this node's clock says it is, by more than clocks may differ. Facts `fromMs` and `nowMs`.</summary>
    CertificateNotYetValid = 3,

    /// <summary>Its time is over by this node's clock. Facts `toMs` and `nowMs`.</summary>
    CertificateExpired = 4,

    /// <summary>The officer's key did not sign for the key of this certificate.</summary>
    CertificateSignatureInvalid = 5,

    /// <summary>The key is none of an officer now. Fact `ledger` says why: UNKNOWN_SIGNER, SIGNER_REVOKED, SIGNER_EXPIRED, SIGNER_NOT_YET_VALID.</summary>
    CertificateSignerRefused = 6,
}
