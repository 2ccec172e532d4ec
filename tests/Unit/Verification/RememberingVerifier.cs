using System.Collections.Concurrent;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Verification;

/// <summary>The platform's verifier, asked once for each question: what thousands of altered files leave unaltered is
/// not verified thousands of times. Safe from any thread.</summary>
internal sealed class RememberingVerifier : ISignatureVerifier, IDisposable
{
    private readonly PlatformSignatureVerifier _platform = new();
    private readonly ConcurrentDictionary<SignatureCheck, bool> _known = new();

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            results[i] = _known.GetOrAdd(checks[i], static (check, platform) => platform.VerifyOne(check), _platform);
        }
    }

    public void Dispose() => _platform.Dispose();
}
