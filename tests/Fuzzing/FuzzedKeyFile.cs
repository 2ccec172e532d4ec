using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// A key file as somebody else may have put it there: it opens or is refused with a reason, and a key that opens signs what its public
/// half verifies. The passphrase is right.
/// </summary>
/// <remarks>An input is a file's text; or, behind <see cref="EncryptedKey"/>, what a file encodes; or, behind <see cref="PlainKey"/>,
/// what it encrypts, where nothing changed by chance would come through the encryption.</remarks>
internal static class FuzzedKeyFile
{
    private const byte EncryptedKey = 0;
    private const byte PlainKey = 1;

    /// <summary>Files that take more rounds are only slow.</summary>
    private const int RoundsMax = 1_000;

    private const int ExportedRounds = 1;

    private static readonly byte[] Salt = new byte[8], Vector = new byte[16];

    private static readonly PlatformSignatureVerifier Verifier = new();

    public static bool Run(byte[] input)
    {
        byte[] content = ContentOf(input);
        if (content.Length > KeyFile.BytesMax)
            return false;
        using var passphrase = new Passphrase("fuzz");
        try
        {
            byte[] der = KeyFile.Decode("key", content, out int rounds);
            if (rounds > RoundsMax)
                return false;
            using PlatformSigner signer = KeyFile.Unlock("key", der, passphrase);
            Digest digest = Sha256.Hash("fuzz"u8);
            Span<bool> results = [false];
            Verifier.Verify([new SignatureCheck(signer.PublicKey, digest, signer.Sign(digest))], results);
            return results[0] ? true : throw new PropertyBrokenException("What the key signs is not its public half's.");
        }
        catch (KeyFileException)
        {
            return false;
        }
    }

    /// <summary>Files of OpenSSL's, and what is in them: on secp256k1, by name and by its numbers, and on another curve.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        byte[] encrypted = Convert.FromBase64String(
            "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAiZwoL/lXqQFgIBATAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQyjMNFXVdMX9geLDuLbB77ASB"
            + "kAWjy1fPDu2HTWZ0qEDAfAK8iY52njWESPVqcviMYRuwNJq3THqeKDIRpOWrmVNCYtdz7eOWFlSI1Xfkw3T91CDKsWK6le3XehXquk6WdCT4HGzrndAAMFdbzbL1"
            + "NFc9J4Xw9Fq2jQL/U3uU+OAkn/f8RC2sn/sqZJa2cWsw9zr8hzhV7t8gjuSS+L1EnXH4wQ==");
        yield return Encoding.ASCII.GetBytes(PemEncoding.Write("ENCRYPTED PRIVATE KEY", encrypted));
        yield return [EncryptedKey, .. encrypted];
        string[] plain =
        [
            "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQg5GLMeXpRihhWZwlVcp/OPN1meIRgJZuVCesuWoVkAjGhRANCAAQqjvR5v8s8qVZ5Ei0uS+6c8sCeMglG"
            + "5rXJQU0ATgqOkuNe9n9iCbiuOQsDH8JeDtM5V0HbNlXRcB8BPxhEJzsX",
            "MIIBYQIBADCB7AYHKoZIzj0CATCB4AIBATAsBgcqhkjOPQEBAiEA/////////////////////////////////////v///C8wRAQgAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAAAEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHBEEEeb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPE"
            + "ZV2k+/wOEQio/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0igO7/SXozQNkFBAgEBBG0wawIBAQQgFmMUPC5+qSa+PDclIwHotvT8Ezy"
            + "YTvszZB1D1W/TzIKhRANCAARQTIhaefWvq+KDu2924K51VsQwAr+j70Rp6s025pfObvB5047XSFBm1V5levLqQhLJ75PCiHwxkxU33FvgMBsp",
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/vTEs16v2u6+FWbPB+S0Pc1CjC6hc0E5SsYROcxBAmShRANCAATcgBmVMyxys4KkrhBY4kaQovTi"
            + "5zYvEByJipriTGeFH9Emj7HWN0XjtHWYMqWexOHnmMfB9hO1Q46AKRsJyHCW",
        ];
        foreach (string key in plain)
            yield return [PlainKey, .. Convert.FromBase64String(key)];
    }

    private static byte[] ContentOf(byte[] input) => input switch
    {
        [EncryptedKey, .. byte[] der] => ToFile(der),
        [PlainKey, .. byte[] der] => ToFile(Encrypt(der)),
        _ => input,
    };

    private static byte[] ToFile(byte[] der) => Encoding.ASCII.GetBytes(PemEncoding.Write("ENCRYPTED PRIVATE KEY", der));

    /// <summary>As <see cref="KeyFile.Create(string, PlatformSigner, Passphrase)"/> does, of what need be no key.</summary>
    private static byte[] Encrypt(byte[] plain)
    {
        using var aes = Aes.Create();
        aes.Key = Rfc2898DeriveBytes.Pbkdf2("fuzz", Salt, ExportedRounds, HashAlgorithmName.SHA256, 32);
        var w = new AsnWriter(AsnEncodingRules.DER);
        using (w.PushSequence())
        {
            using (w.PushSequence())
            {
                w.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (w.PushSequence())
                {
                    using (w.PushSequence())
                    {
                        w.WriteObjectIdentifier("1.2.840.113549.1.5.12");
                        using (w.PushSequence())
                        {
                            w.WriteOctetString(Salt);
                            w.WriteInteger(ExportedRounds);
                            using (w.PushSequence())
                            {
                                w.WriteObjectIdentifier("1.2.840.113549.2.9");
                                w.WriteNull();
                            }
                        }
                    }
                    using (w.PushSequence())
                    {
                        w.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
                        w.WriteOctetString(Vector);
                    }
                }
            }
            w.WriteOctetString(aes.EncryptCbc(plain, Vector));
        }
        return w.Encode();
    }
}
