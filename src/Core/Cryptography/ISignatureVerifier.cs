namespace GovChain.Core.Cryptography;

/// <summary>One question to a verifier: did <paramref name="Signer"/> sign <paramref name="Digest"/>?</summary>
/// <param name="Signer">The key that is said to have signed.</param>
/// <param name="Digest">What was signed: the digest itself, which is not hashed again.</param>
/// <param name="Signature">The signature presented.</param>
public readonly record struct SignatureCheck(PublicKey Signer, Digest Digest, Signature Signature);

/// <summary>Answers signature checks in batches, so that an engine may work on many signatures at once.</summary>
/// <remarks>
/// A signature is valid only if it is low-s and valid ECDSA (SEC 1, section 4.1.4) over the 32-byte digest. Answers
/// depend on the checks alone, each on its own check; implementations are safe from any thread.
/// </remarks>
public interface ISignatureVerifier
{
    /// <summary>Sets <c>results[i]</c> to whether <c>checks[i]</c> is valid, for every check.</summary>
    /// <exception cref="ArgumentException">The two spans differ in length.</exception>
    void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results);
}

/// <summary>Conveniences over <see cref="ISignatureVerifier"/>.</summary>
public static class SignatureVerifierExtensions
{
    /// <summary>Whether one check is valid; prefer a batch where there are several.</summary>
    public static bool VerifyOne(this ISignatureVerifier verifier, in SignatureCheck check)
    {
        bool result = false;
        verifier.Verify(new ReadOnlySpan<SignatureCheck>(in check), new Span<bool>(ref result));
        return result;
    }

    /// <summary>Whether <paramref name="signer"/> signed <paramref name="digest"/>.</summary>
    public static bool VerifyOne(
        this ISignatureVerifier verifier, PublicKey signer, in Digest digest, in Signature signature) =>
        verifier.VerifyOne(new SignatureCheck(signer, digest, signature));
}
