using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>Why a certificate proves nothing.</summary>
public enum CertificateFailure
{
    /// <summary>It is valid.</summary>
    None = 0,

    /// <summary>A prepared certificate passed off as a commit certificate, or the reverse.</summary>
    WrongType,

    /// <summary>Another epoch than the header's.</summary>
    WrongEpoch,

    /// <summary>Another height than the header's.</summary>
    WrongHeight,

    /// <summary>Another block.</summary>
    WrongBlock,

    /// <summary>The header names another validator set.</summary>
    WrongValidatorSet,

    /// <summary>Fewer or more signatures than exactly a quorum.</summary>
    WrongSignatureCount,

    /// <summary>A signer beyond the end of the validator set.</summary>
    UnknownValidator,

    /// <summary>Signers that do not ascend: one stands twice, or the order is not the canonical one.</summary>
    UnorderedValidators,

    /// <summary>A signature that its validator did not make over this vote.</summary>
    BadSignature,
}

/// <summary>
/// Decides whether a certificate proves what it says. Nodes, clients and auditors use this one and no other
/// (docs/SPEC.md, "Certificate"). Never throws on any certificate or header; safe from any thread.
/// </summary>
public static class CertificateVerifier
{
    /// <summary>
    /// Whether <paramref name="certificate"/> makes <paramref name="header"/> final: type Commit, exactly Q signatures
    /// of distinct members of <paramref name="set"/>, which the header names, all valid.
    /// </summary>
    public static CertificateFailure Verify(
        BlockHeader header, Certificate certificate, ValidatorSet set, ISignatureVerifier verifier)
    {
        if (certificate.Type != VoteType.Commit)
            return CertificateFailure.WrongType;
        if (header.ValidatorSetHash != set.Hash)
            return CertificateFailure.WrongValidatorSet;
        if (certificate.BlockHash != header.Hash)
            return CertificateFailure.WrongBlock;
        return VerifySignatures(certificate, header.ChainId, header.Epoch, header.Height, set, verifier);
    }

    /// <summary>
    /// Whether <paramref name="certificate"/> shows that its block was prepared in its view: type Prepare, exactly Q
    /// signatures of distinct members of <paramref name="set"/>, all valid.
    /// </summary>
    public static CertificateFailure VerifyPrepared(
        Certificate certificate, Digest chainId, ulong epoch, ulong height, ValidatorSet set,
        ISignatureVerifier verifier)
    {
        if (certificate.Type != VoteType.Prepare)
            return CertificateFailure.WrongType;
        return VerifySignatures(certificate, chainId, epoch, height, set, verifier);
    }

    /// <summary>
    /// Whether <paramref name="certificate"/> would make a block of this height final: type Commit, exactly Q signatures of
    /// distinct members of <paramref name="set"/>, all valid. Which header its block hash is of is not asked.
    /// </summary>
    public static CertificateFailure VerifyCommitted(
        Certificate certificate, Digest chainId, ulong epoch, ulong height, ValidatorSet set,
        ISignatureVerifier verifier)
    {
        if (certificate.Type != VoteType.Commit)
            return CertificateFailure.WrongType;
        return VerifySignatures(certificate, chainId, epoch, height, set, verifier);
    }

    private static CertificateFailure VerifySignatures(
        Certificate certificate, Digest chainId, ulong epoch, ulong height, ValidatorSet set,
        ISignatureVerifier verifier)
    {
        if (certificate.Epoch != epoch)
            return CertificateFailure.WrongEpoch;
        if (certificate.Height != height)
            return CertificateFailure.WrongHeight;
        IReadOnlyList<ValidatorSignature> signatures = certificate.Signatures;
        if (signatures.Count != set.QuorumSize)
            return CertificateFailure.WrongSignatureCount;
        for (int i = 0; i < signatures.Count; i++)
        {
            if (signatures[i].Validator >= set.Count)
                return CertificateFailure.UnknownValidator;
            if (i > 0 && signatures[i].Validator <= signatures[i - 1].Validator)
                return CertificateFailure.UnorderedValidators;
        }
        Digest digest = certificate.VoteOn(chainId).SigningDigest();
        var checks = new SignatureCheck[signatures.Count];
        for (int i = 0; i < checks.Length; i++)
            checks[i] = new SignatureCheck(set[signatures[i].Validator].Key, digest, signatures[i].Signature);
        var results = new bool[checks.Length];
        verifier.Verify(checks, results);
        return Array.TrueForAll(results, static valid => valid)
            ? CertificateFailure.None
            : CertificateFailure.BadSignature;
    }
}
