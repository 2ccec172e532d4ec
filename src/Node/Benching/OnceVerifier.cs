using System.Collections.Concurrent;
using GovChain.Core.Cryptography;

namespace GovChain.Node.Benching;

/// <summary>
/// Answers what was asked before from memory, to the bit the same key, digest and signature. Receipts of one block carry
/// the same certificate, so each block's certificate is verified once. Safe from any thread.
/// </summary>
internal sealed class OnceVerifier(ISignatureVerifier inner) : ISignatureVerifier
{
    private readonly ConcurrentDictionary<SignatureCheck, bool> _answers = new();
    private int _verified;

    /// <summary>Signatures that were verified, not remembered.</summary>
    public int Verified => Volatile.Read(ref _verified);

    /// <inheritdoc/>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        if (checks.Length != results.Length)
            throw new ArgumentException($"{checks.Length} checks need as many results, not {results.Length}.");
        for (int i = 0; i < checks.Length; i++)
            results[i] = _answers.GetOrAdd(checks[i], Ask);
    }

    private bool Ask(SignatureCheck check)
    {
        Interlocked.Increment(ref _verified);
        return inner.VerifyOne(check);
    }
}
