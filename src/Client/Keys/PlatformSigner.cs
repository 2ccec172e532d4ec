using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Client.Keys;

/// <summary>Signs with a secp256k1 key held by the platform's own ECDSA provider (OpenSSL on Linux).</summary>
/// <remarks>Safe from any thread: signing takes a lock, as the platform promises nothing for two callers.</remarks>
public sealed class PlatformSigner : ISigner
{
    private const string CurveOid = "1.3.132.0.10";

    // Another implementation than the one that signed, and quick for one signature.
    private static readonly EngineVerifier Verifier = new(EnginePath.Portable, tablesMax: 1);

    private readonly object _gate = new();
    private readonly ECDsa _key;

    /// <summary>Takes ownership of a key on secp256k1 and proves that its two halves belong together.</summary>
    /// <exception cref="CryptographicException">
    /// Another curve, no private half, or a public half that does not verify what the private half signs.
    /// </exception>
    internal PlatformSigner(ECDsa key)
    {
        if (!IsOnSecp256k1(key))
            throw new CryptographicException("The key is not on the curve secp256k1.");
        _key = key;
        PublicKey = PublicKeyOf(key.ExportParameters(includePrivateParameters: false).Q);
        Digest probe = Sha256.Hash("GovChain key check"u8);
        if (!Verifier.VerifyOne(PublicKey, probe, Sign(probe)))
            throw new CryptographicException("The key's private and public halves do not belong together.");
    }

    /// <inheritdoc/>
    public PublicKey PublicKey { get; }

    /// <summary>Makes a new random key.</summary>
    public static PlatformSigner Create() => new(ECDsa.Create(ECCurve.CreateFromValue(CurveOid)));

    /// <summary>Takes a key from unencrypted PKCS#8 (RFC 5208), DER, nothing after it.</summary>
    /// <exception cref="CryptographicException">Not such a key, another curve, or halves that do not match.</exception>
    public static PlatformSigner FromPkcs8(ReadOnlySpan<byte> der)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(der, out int read);
            return read == der.Length
                ? new PlatformSigner(key)
                : throw new CryptographicException($"{der.Length - read} bytes follow the key.");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Signature Sign(Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Signature.Size];
        lock (_gate)
        {
            if (!_key.TrySignHash(
                    digest.Span, bytes, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out int written)
                || written != Signature.Size)
                throw new CryptographicException("The platform did not return a signature of 64 bytes.");
        }
        return Signature.TryParse(bytes, out Signature signature)
            ? signature.Normalise()
            : throw new CryptographicException("The platform returned a signature out of range.");
    }

    /// <summary>Releases the key; signing throws from then on.</summary>
    public void Dispose()
    {
        lock (_gate)
            _key.Dispose();
    }

    /// <summary>Whether a key is on secp256k1. The platform imports keys of other curves without a word.</summary>
    internal static bool IsOnSecp256k1(ECDsa key)
    {
        ECCurve curve = key.ExportParameters(includePrivateParameters: false).Curve;
        return curve.IsNamed && curve.Oid.Value == CurveOid;
    }

    /// <summary>The key as encrypted PKCS#8 in PEM: PBES2, AES-256-CBC, PBKDF2 with HMAC-SHA-256.</summary>
    internal string ExportEncryptedPem(ReadOnlySpan<char> passphrase, int rounds)
    {
        PbeParameters encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, rounds);
        lock (_gate)
            return _key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, encryption);
    }

    private static PublicKey PublicKeyOf(ECPoint point)
    {
        Span<byte> compressed = stackalloc byte[PublicKey.Size];
        compressed[0] = (byte)(0x02 + (point.Y![^1] & 1));
        point.X.CopyTo(compressed[1..]);
        return PublicKey.TryParse(compressed, out PublicKey? key)
            ? key
            : throw new CryptographicException("The key's public half is not a point of the curve.");
    }
}
