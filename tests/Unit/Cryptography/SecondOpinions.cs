using GovChain.Core.Cryptography;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>Verifiers that are not ours: the platform's and, in a build with <c>-p:WithNBitcoin=true</c>, NBitcoin.Secp256k1.</summary>
internal sealed class SecondOpinions : IDisposable
{
    private readonly PlatformSignatureVerifier _platform = new();

    public SecondOpinions() =>
#if WITH_NBITCOIN
        All = [_platform, new NBitcoinVerifier()];
#else
        All = [_platform];
#endif

    /// <summary>All of them.</summary>
    public IReadOnlyList<ISignatureVerifier> All { get; }

    public void Dispose() => _platform.Dispose();

    public override string ToString() => string.Join(", ", All.Select(static v => v.GetType().Name));
}
