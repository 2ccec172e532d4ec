using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace GovChain.Client.Keys;

/// <summary>
/// Private keys on disk: encrypted PKCS#8 in PEM (RFC 5958, RFC 7468; PBES2 of RFC 8018 with AES-256-CBC and PBKDF2
/// over HMAC-SHA-256), the form OpenSSL and most key tools read.
/// </summary>
public static class KeyFile
{
    /// <summary>PBKDF2 rounds of files written here: about half a second for each guess at the passphrase.</summary>
    public const int Rounds = 600_000;

    /// <summary>Largest key file that is read, in bytes; one of ours has about 350.</summary>
    public const int BytesMax = 16 * 1024;

    // Above this a file would keep the node busy for many seconds before it could even be refused.
    private const int RoundsMax = 10_000_000;

    private const string What = "key file";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string Pbes2 = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";
    private const string HowToConvert =
        "Convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 -in OLD -out NEW";

    /// <summary>Writes the signer's key to a new file of mode 0600, whole or not at all; never overwrites.</summary>
    /// <exception cref="KeyFileException">A file stands at the path, or it cannot be written.</exception>
    public static void Create(string path, PlatformSigner signer, Passphrase passphrase) =>
        Create(path, signer, passphrase, Rounds);

    /// <summary>As the public method, with another number of rounds.</summary>
    internal static void Create(string path, PlatformSigner signer, Passphrase passphrase, int rounds)
    {
        if (Path.Exists(path))
            throw SecretFile.Taken(path, What);
        string pem = signer.ExportEncryptedPem(passphrase.Span, rounds) + "\n";
        SecretFile.Create(path, Encoding.ASCII.GetBytes(pem), What);
    }

    /// <summary>Reads a key from a file that nobody but its owner may open.</summary>
    /// <exception cref="KeyFileException">The key cannot be used; <see cref="KeyFileError"/> says why.</exception>
    public static PlatformSigner Open(string path, Passphrase passphrase) =>
        Unlock(path, Decode(path, SecretFile.Read(path, BytesMax, What), out _), passphrase);

    /// <summary>The key in what <see cref="Decode"/> gave.</summary>
    /// <exception cref="KeyFileException">Another passphrase's or curve's, or none.</exception>
    internal static PlatformSigner Unlock(string path, byte[] der, Passphrase passphrase)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            Decrypt(path, der, passphrase, key);
            return PlatformSigner.IsOnSecp256k1(key) ? new PlatformSigner(key) : throw WrongCurve(path);
        }
        catch (PlatformNotSupportedException e)
        {
            key.Dispose();
            throw WrongCurve(path, e); // one that the platform does not know either
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw Damaged(path, e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>That a file is an encrypted private key that <see cref="Open"/> could try; its passphrase and curve are not
    /// looked at.</summary>
    /// <exception cref="KeyFileException">It is not.</exception>
    public static void Check(string path) => Decode(path, SecretFile.Read(path, BytesMax, What), out _);

    /// <summary>The encrypted key in a file's content, as DER, its encryption one that is supported.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="content">At most <see cref="BytesMax"/>.</param>
    /// <param name="rounds">PBKDF2 rounds that opening it takes.</param>
    /// <exception cref="KeyFileException">There is none.</exception>
    internal static byte[] Decode(string path, byte[] content, out int rounds)
    {
        string text = Encoding.Latin1.GetString(content);
        if (!PemEncoding.TryFind(text, out PemFields pem))
            throw new KeyFileException(
                KeyFileError.NotAKey, $"'{path}' holds no private key in PEM form. Check the path.");
        string label = text[pem.Label];
        if (label is "PRIVATE KEY" or "EC PRIVATE KEY")
            throw new KeyFileException(
                KeyFileError.NotEncrypted, $"The key in '{path}' is not protected by a passphrase. {HowToConvert}");
        if (label != EncryptedLabel)
            throw new KeyFileException(
                KeyFileError.NotAKey, $"'{path}' holds a '{label}', not an encrypted private key. Check the path.");
        byte[] der = Convert.FromBase64String(text[pem.Base64Data]);
        rounds = ReadRounds(path, der);
        return der;
    }

    // Reads the header only, so that an unsupported or absurdly slow file is not taken for a wrong passphrase.
    private static int ReadRounds(string path, byte[] der)
    {
        try
        {
            AsnReader outer = new(der, AsnEncodingRules.DER);
            AsnReader info = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            AsnReader algorithm = info.ReadSequence();
            if (algorithm.ReadObjectIdentifier() != Pbes2)
                throw Unsupported(path, "It is not encrypted with PBES2.");
            AsnReader derivation = algorithm.ReadSequence().ReadSequence();
            if (derivation.ReadObjectIdentifier() != Pbkdf2)
                throw Unsupported(path, "Its passphrase is not stretched with PBKDF2.");
            AsnReader parameters = derivation.ReadSequence();
            parameters.ReadOctetString();
            if (!parameters.TryReadInt32(out int rounds) || rounds is < 1 or > RoundsMax)
                throw Unsupported(path, $"Its number of rounds is not between 1 and {RoundsMax}.");
            return rounds;
        }
        catch (AsnContentException e)
        {
            throw Damaged(path, e);
        }
    }

    private static void Decrypt(string path, byte[] der, Passphrase passphrase, ECDsa key)
    {
        try
        {
            key.ImportEncryptedPkcs8PrivateKey(passphrase.Span, der, out _);
        }
        catch (CryptographicException e)
        {
            // The padding of a wrongly decrypted key is the only check there is: damage looks the same.
            throw new KeyFileException(
                KeyFileError.WrongPassphrase,
                $"{passphrase.Name} does not open '{path}'. Try again; if it is surely the right one, the file is damaged"
                + " or holds no elliptic-curve key: take it from your backup.", e);
        }
    }

    private static KeyFileException WrongCurve(string path, Exception? cause = null) => new(
        KeyFileError.WrongCurve,
        $"The key in '{path}' is on another curve than secp256k1. Use the right file, or make a key with 'govchain key new'.", cause);

    private static KeyFileException Unsupported(string path, string why) =>
        new(KeyFileError.UnsupportedEncryption, $"The key in '{path}' cannot be opened. {why} {HowToConvert}");

    private static KeyFileException Damaged(string path, Exception cause) =>
        new(KeyFileError.NotAKey, $"The key in '{path}' is damaged. Take the file from your backup.", cause);
}
