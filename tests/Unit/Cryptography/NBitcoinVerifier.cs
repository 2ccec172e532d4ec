#if WITH_NBITCOIN
using GovChain.Core.Cryptography;
using NBitcoin.Secp256k1;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>Verifies with NBitcoin.Secp256k1: a second opinion in tests, a yardstick in benchmarks.</summary>
/// <remarks>Parses keys anew each time, as the library's caller would without a memory of signers.</remarks>
public sealed class NBitcoinVerifier : ISignatureVerifier
{
    /// <inheritdoc/>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        if (checks.Length != results.Length)
            throw new ArgumentException($"{checks.Length} checks need as many results, not {results.Length}.");
        for (int i = 0; i < checks.Length; i++)
        {
            ref readonly SignatureCheck check = ref checks[i];
            results[i] = check.Signature.IsLowS
                && ECPubKey.TryCreate(check.Signer.Span, null!, out _, out ECPubKey? key)
                && SecpECDSASignature.TryCreateFromCompact(check.Signature.Span, out SecpECDSASignature? signature)
                && key!.SigVerify(signature!, check.Digest.Span);
        }
    }
}
#endif
