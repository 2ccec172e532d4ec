using GovChain.Core.Cryptography;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;

namespace GovChain.Bench;

/// <summary>Verifies with BouncyCastle: a yardstick. Keeps the keys that it has parsed; one thread at a time.</summary>
public sealed class BouncyCastleVerifier : ISignatureVerifier
{
    private static readonly X9ECParameters Curve = CustomNamedCurves.GetByName("secp256k1");
    private static readonly ECDomainParameters Domain = new(Curve.Curve, Curve.G, Curve.N, Curve.H);

    private readonly Dictionary<PublicKey, ECDsaSigner> _signers = [];

    /// <inheritdoc/>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        for (int i = 0; i < checks.Length; i++)
        {
            ref readonly SignatureCheck check = ref checks[i];
            results[i] = check.Signature.IsLowS && SignerOf(check.Signer).VerifySignature(
                check.Digest.ToArray(), new BigInteger(1, check.Signature.R.ToArray()), new BigInteger(1, check.Signature.S.ToArray()));
        }
    }

    private ECDsaSigner SignerOf(PublicKey key)
    {
        if (!_signers.TryGetValue(key, out ECDsaSigner? signer))
        {
            _signers.Add(key, signer = new ECDsaSigner());
            signer.Init(forSigning: false, new ECPublicKeyParameters(Curve.Curve.DecodePoint(key.ToArray()), Domain));
        }
        return signer;
    }
}
