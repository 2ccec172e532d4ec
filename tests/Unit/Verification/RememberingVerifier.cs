using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Verification;

/// <summary>The platform's verifier, asked once for each question: what thousands of altered files leave unaltered is
/// not verified thousands of times.</summary>
internal sealed class RememberingVerifier : ISignatureVerifier, IDisposable
{
    private readonly PlatformSignatureVerifier _platform = new();
    private readonly Dictionary<SignatureCheck, bool> _known = [];

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            if (!_known.TryGetValue(checks[i], out results[i]))
                _known[checks[i]] = results[i] = _platform.VerifyOne(checks[i]);
        }
    }

    public void Dispose() => _platform.Dispose();
}
