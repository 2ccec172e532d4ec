using GovChain.Core.Cryptography;

namespace GovChain.Client.Keys;

/// <summary>Holds one private key and signs with it: the platform's provider, a PKCS#11 token.</summary>
/// <remarks>Implementations are safe from any thread.</remarks>
public interface ISigner : IDisposable
{
    /// <summary>The key that verifies what this signer signs.</summary>
    PublicKey PublicKey { get; }

    /// <summary>Signs the 32 bytes as they are, without hashing them again; the result is low-s.</summary>
    Signature Sign(Digest digest);
}
