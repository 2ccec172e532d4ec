#if WITH_NBITCOIN
using CsCheck;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>Goal: NBitcoin.Secp256k1 and the platform agree on signatures whole and broken.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NBitcoinTest
{
    [Test]
    public void Verify_SignaturesWholeAndBroken_AgreesWithThePlatform()
    {
        using PlatformSignatureVerifier platform = new();
        NBitcoinVerifier second = new();
        Gen.Select(Gen.Int[1, 1000], Gen.Int[1, 1000], Gen.Byte.Array[32], Gen.Int[0, 1023], Gen.Bool).Sample(
            (d, k, bytes, bit, low) =>
            {
                byte[] signed = EcdsaTwin.Sign(d, k, bytes);
                if (bit < 512)
                    signed[bit >> 3] ^= (byte)(1 << (bit & 7));
                if (!Signature.TryParse(signed, out Signature signature))
                    return true;
                SignatureCheck check = new(
                    EcdsaTwin.PublicKeyOf(d), new Digest(bytes), low ? signature.Normalise() : signature);
                return platform.VerifyOne(check) == second.VerifyOne(check);
            },
            iter: 500);
    }
}
#endif
