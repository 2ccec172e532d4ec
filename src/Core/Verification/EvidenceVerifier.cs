using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>Why evidence proves nothing.</summary>
public enum EvidenceFailure
{
    /// <summary>It is valid.</summary>
    None = 0,

    /// <summary>Of another ledger.</summary>
    WrongChain,

    /// <summary>The signer is none of the departments that had a vote.</summary>
    UnknownValidator,

    /// <summary>A signature that the signer did not make over this vote.</summary>
    BadSignature,
}

/// <summary>Decides whether evidence proves what it says (docs/SPEC.md, "Evidence"). Never throws on what came from
/// outside; safe from any thread.</summary>
public static class EvidenceVerifier
{
    /// <summary>Whether both votes were signed by a member of <paramref name="set"/>, the validators of the evidence's epoch,
    /// on the ledger <paramref name="chainId"/>.</summary>
    public static EvidenceFailure Verify(
        Evidence evidence, Digest chainId, ValidatorSet set, ISignatureVerifier verifier)
    {
        if (evidence.ChainId != chainId)
            return EvidenceFailure.WrongChain;
        if (set.IndexOf(evidence.Signer) < 0)
            return EvidenceFailure.UnknownValidator;
        bool[] results = new bool[2];
        verifier.Verify(evidence.SignatureChecks, results);
        return results[0] && results[1] ? EvidenceFailure.None : EvidenceFailure.BadSignature;
    }
}
