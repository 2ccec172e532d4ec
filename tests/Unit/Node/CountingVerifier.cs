using System.Collections.Concurrent;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Node;

/// <summary>The platform's verifier, and how often it was asked about each digest.</summary>
internal sealed class CountingVerifier : ISignatureVerifier, IDisposable
{
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly ConcurrentDictionary<Digest, int> _asked = new();

    /// <summary>How often a signature over the digest was verified.</summary>
    public int AskedAbout(Digest digest) => _asked.GetValueOrDefault(digest);

    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        foreach (ref readonly SignatureCheck check in checks)
            _asked.AddOrUpdate(check.Digest, 1, static (_, count) => count + 1);
        _verifier.Verify(checks, results);
    }

    public void Dispose() => _verifier.Dispose();
}
