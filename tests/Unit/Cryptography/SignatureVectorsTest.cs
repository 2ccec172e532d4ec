using System.Numerics;
using System.Text;
using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography;

/// <summary>
/// Goal: verification, by second opinions and by every path of the engine, accepts what other people's vectors call valid,
/// in low form only, and nothing else. Method: Wycheproof's r||s and DER sets and noble's RFC 6979 nonces, each set as
/// one batch. A vector with high s must be refused as it stands and be accepted after normalisation.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SignatureVectorsTest
{
    private delegate bool Reader(ReadOnlySpan<byte> encoded, out Signature signature);

    [Test]
    public void Verify_WycheproofP1363_ValidInLowFormOnly()
    {
        (int low, int high, int invalid) = Run("ecdsa_secp256k1_sha256_p1363_test.json", Signature.TryParse);
        Assert.That((low, high, invalid), Is.EqualTo((95, 72, 85)));
    }

    [Test]
    public void Verify_WycheproofDer_ValidInLowFormOnly()
    {
        (int low, int high, int invalid) = Run("ecdsa_secp256k1_sha256_test.json", ReadDer);
        Assert.That(low + high, Is.EqualTo(168));
        Assert.That(high, Is.Positive);
        Assert.That(invalid, Is.EqualTo(308));
    }

    [Test]
    public void Verify_SignaturesWithRfc6979Nonces_AreValid()
    {
        List<Expectation> all = [];
        string path = SharedFolder.Require("vectors/secp256k1/rfc6979.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement test in document.RootElement.EnumerateArray())
        {
            BigInteger d = EcdsaTwin.Parse(test.GetProperty("d").GetString()!);
            Digest digest = Sha256.Hash(Encoding.UTF8.GetBytes(test.GetProperty("message").GetString()!));
            foreach (string nonce in (string[])["k0", "k1", "k15"])
            {
                BigInteger k = EcdsaTwin.Parse(test.GetProperty(nonce).GetString()!);
                Assert.That(Signature.TryParse(EcdsaTwin.Sign(d, k, digest.Span), out Signature signature), Is.True);
                all.Add(new(new(EcdsaTwin.PublicKeyOf(d), digest, signature.Normalise()), true, test.ToString()));
            }
        }
        Assert.That(all, Is.Not.Empty);
        AssertAll(all);
    }

    private static (int Low, int High, int Invalid) Run(string file, Reader read)
    {
        List<Expectation> all = [];
        string path = SharedFolder.Require($"vectors/wycheproof/{file}");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        (int low, int high, int invalid) = (0, 0, 0);
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            JsonElement point = group.GetProperty("publicKey").GetProperty("uncompressed");
            PublicKey key = EcdsaTwin.Compress(Convert.FromHexString(point.GetString()!));
            Assert.That(Convert.ToHexStringLower(key.Uncompressed), Is.EqualTo(point.GetString()));
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                Digest digest = Sha256.Hash(Convert.FromHexString(test.GetProperty("msg").GetString()!));
                byte[] encoded = Convert.FromHexString(test.GetProperty("sig").GetString()!);
                bool read64 = read(encoded, out Signature signature);
                string facts = test.ToString();
                if (test.GetProperty("result").GetString() == "invalid")
                {
                    invalid++;
                    if (read64)
                        all.Add(new(new(key, digest, signature.Normalise()), false, facts));
                    continue;
                }
                Assert.That(read64, Is.True, facts);
                _ = signature.IsLowS ? low++ : high++;
                all.Add(new(new(key, digest, signature), signature.IsLowS, facts));
                all.Add(new(new(key, digest, signature.Normalise()), true, facts));
            }
        }
        AssertAll(all);
        return (low, high, invalid);
    }

    private static void AssertAll(List<Expectation> all)
    {
        using SecondOpinions others = new();
        foreach (ISignatureVerifier verifier in (ISignatureVerifier[])[.. others.All, .. ForcedVerifier.All])
        {
            bool[] results = new bool[all.Count];
            verifier.Verify([.. all.Select(static e => e.Check)], results);
            for (int i = 0; i < results.Length; i++)
                Assert.That(results[i], Is.EqualTo(all[i].Valid), $"{verifier}: {all[i].Facts}");
        }
    }

    private static bool ReadDer(ReadOnlySpan<byte> der, out Signature signature)
    {
        signature = default;
        return StrictDer.TryRead(der, out byte[]? bytes) && Signature.TryParse(bytes, out signature);
    }

    private sealed record Expectation(SignatureCheck Check, bool Valid, string Facts);
}
