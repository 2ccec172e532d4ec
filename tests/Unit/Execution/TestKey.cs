using System.Numerics;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Cryptography;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// A key pair from a small number that signs without randomness, so that vectors come out the same each time. Its
/// nonces are as public as its key.
/// </summary>
internal sealed class TestKey
{
    private readonly BigInteger _scalar;

    public TestKey(int scalar)
    {
        _scalar = scalar;
        Public = EcdsaTwin.PublicKeyOf(scalar);
    }

    public PublicKey Public { get; }

    /// <summary>The scalar as 64 hexadecimal digits.</summary>
    public string PrivateHex => Convert.ToHexStringLower(EcdsaTwin.ToBytes(_scalar));

    /// <summary>Signs with the nonce SHA-256(scalar | digest) mod n.</summary>
    public Signature Sign(Digest digest)
    {
        Digest seed = Sha256.Hash(EcdsaTwin.ToBytes(_scalar), digest.Span);
        BigInteger nonce = EcdsaTwin.FromBytes(seed.Span) % EcdsaTwin.N;
        byte[] bytes = EcdsaTwin.Sign(_scalar, nonce, digest.Span);
        return Signature.TryParse(bytes, out Signature signature)
            ? signature.Normalise()
            : throw new InvalidOperationException("The nonce gives no signature.");
    }
}
