using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys;

/// <summary>
/// Goal: a key survives its file, other tools read it, and everything that can be wrong with a file has its own
/// reason and a sentence that says what to do. Two tests take the full number of rounds; the others make quick files.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KeyFileTest : IDisposable
{
    private const int QuickRounds = 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempDirectory _directory = new();
    private readonly Passphrase _passphrase = new("correct horse, battery stäple 漢字");
    private readonly PlatformSigner _signer = PlatformSigner.Create();

    public void Dispose()
    {
        _signer.Dispose();
        _passphrase.Dispose();
        _directory.Dispose();
    }

    [Test]
    public void Create_ThenOpen_GivesTheSameKeyFromAFileOnlyItsOwnerReads()
    {
        string path = _directory["node.key"];
        KeyFile.Create(path, _signer, _passphrase);
        Assert.That(File.ReadAllText(path), Does.StartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        Assert.That(_directory.Names, Is.EqualTo(new[] { "node.key" }), "nothing else is left behind");
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(path), Is.EqualTo(OwnerOnly));
        using PlatformSigner opened = KeyFile.Open(path, _passphrase);
        Assert.That(opened.PublicKey, Is.EqualTo(_signer.PublicKey));
    }

    [Test]
    public void Create_ReadByOpenSsl_IsTheSameKeyUnder600000RoundsOfSha256()
    {
        string path = _directory["node.key"];
        KeyFile.Create(path, _signer, _passphrase);
        string pass = _directory.Write("pass", Encoding.UTF8.GetBytes(_passphrase.Span.ToString() + "\n"));
        string text = OpenSsl(
            "ec", "-in", path, "-passin", $"file:{pass}", "-noout", "-text", "-conv_form", "compressed");
        string digits = string.Concat(text.Where(c => !char.IsWhiteSpace(c) && c != ':'));
        Assert.That(digits, Does.Contain(_signer.PublicKey.ToString()).And.Contain("secp256k1"));
        string structure = OpenSsl("asn1parse", "-in", path);
        Assert.That(structure, Does.Contain("PBKDF2").And.Contain("hmacWithSHA256").And.Contain("aes-256-cbc"));
        Assert.That(structure, Does.Contain(":0927C0"), "600,000 in hexadecimal");
    }

    [Test]
    public void Open_WrittenByOpenSsl_GivesItsKey()
    {
        string path = _directory["openssl.key"];
        OpenSsl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", _directory["plain"]);
        OpenSsl(
            "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "2000",
            "-in", _directory["plain"], "-out", path, "-passout", "pass:two words");
        string text = OpenSsl("ec", "-in", _directory["plain"], "-noout", "-text", "-conv_form", "compressed");
        string digits = string.Concat(text.Where(c => !char.IsWhiteSpace(c) && c != ':'));
        using Passphrase passphrase = new("two words");
        using PlatformSigner opened = KeyFile.Open(path, passphrase);
        Assert.That(digits, Does.Contain(opened.PublicKey.ToString()));
    }

    [Test]
    public void Create_FileExists_LeavesItAsItIs()
    {
        string path = _directory.Write("node.key", "precious"u8.ToArray());
        Fails(KeyFileError.AlreadyExists, () => KeyFile.Create(path, _signer, _passphrase, QuickRounds));
        Fails(KeyFileError.AlreadyExists, () => SecretFile.Create(path, "other"u8, "key file"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("precious"));
        Assert.That(_directory.Names, Has.Length.EqualTo(1));
    }

    [Test]
    public void Create_ManyAtOnce_ExactlyOneWinsAndItsFileIsWhole()
    {
        string path = _directory["node.key"];
        int won = 0, lost = 0;
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 16 }, _ =>
        {
            try
            {
                KeyFile.Create(path, _signer, _passphrase, QuickRounds);
                Interlocked.Increment(ref won);
            }
            catch (KeyFileException e) when (e.Error == KeyFileError.AlreadyExists)
            {
                Interlocked.Increment(ref lost);
            }
        });
        Assert.That((won, lost), Is.EqualTo((1, 15)));
        Assert.That(_directory.Names, Has.Length.EqualTo(1));
        using PlatformSigner opened = KeyFile.Open(path, _passphrase);
        Assert.That(opened.PublicKey, Is.EqualTo(_signer.PublicKey));
    }

    [Test]
    public void Create_DirectoryMissing_SaysSo() =>
        Fails(
            KeyFileError.CannotAccess,
            () => KeyFile.Create(_directory["no/such/node.key"], _signer, _passphrase, QuickRounds),
            "directory");

    [Test]
    public void Open_WrongPassphrase_SaysSo()
    {
        KeyFile.Create(_directory["node.key"], _signer, _passphrase, QuickRounds);
        // One in 256 wrong passphrases leaves plausible padding: the reason must be the same for those.
        for (int i = 0; i < 600; i++)
        {
            using Passphrase wrong = new($"wrong {i}");
            Fails(KeyFileError.WrongPassphrase, () => KeyFile.Open(_directory["node.key"], wrong), "Try again");
        }
    }

    [Test]
    public void Open_KeyOnP256_IsRefusedAlthoughThePlatformImportsIt()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string path = Write(p256, PbeEncryptionAlgorithm.Aes256Cbc);
        Fails(KeyFileError.WrongCurve, () => KeyFile.Open(path, _passphrase), "secp256k1");
    }

    [Test]
    public void Open_RsaKey_IsRefused()
    {
        using RSA rsa = RSA.Create(2048);
        string path = Write(rsa, PbeEncryptionAlgorithm.Aes256Cbc);
        Fails(KeyFileError.WrongPassphrase, () => KeyFile.Open(path, _passphrase), "no elliptic-curve key");
    }

    [Test]
    public void Open_OldEncryption_SaysHowToConvert()
    {
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        string path = Write(key, PbeEncryptionAlgorithm.TripleDes3KeyPkcs12);
        Fails(KeyFileError.UnsupportedEncryption, () => KeyFile.Open(path, _passphrase), "openssl pkcs8");
    }

    [Test]
    public void Open_Scrypt_SaysHowToConvert()
    {
        OpenSsl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", _directory["plain"]);
        OpenSsl(
            "pkcs8", "-topk8", "-scrypt", "-in", _directory["plain"], "-out", _directory["scrypt.key"],
            "-passout", "pass:two words");
        Fails(
            KeyFileError.UnsupportedEncryption, () => KeyFile.Open(_directory["scrypt.key"], _passphrase),
            "openssl pkcs8");
    }

    [TestCase(0)]
    [TestCase(10_000_001)]
    [TestCase(int.MaxValue)]
    public void Open_AbsurdNumberOfRounds_IsRefusedBeforeItIsCounted(int rounds)
    {
        string path = _directory.Write("node.key", Encoding.ASCII.GetBytes(
            PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", Header(rounds))));
        Fails(KeyFileError.UnsupportedEncryption, () => KeyFile.Open(path, _passphrase), "rounds");
    }

    [Test]
    public void Open_OneRound_GetsAsFarAsThePassphrase()
    {
        // Shows that the refusals above are about the rounds and about nothing else in the header.
        string path = _directory.Write("node.key", Encoding.ASCII.GetBytes(
            PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", Header(1))));
        Fails(KeyFileError.WrongPassphrase, () => KeyFile.Open(path, _passphrase));
    }

    [Test]
    public void Open_UnprotectedKey_IsRefused()
    {
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        foreach (string pem in (string[])[key.ExportPkcs8PrivateKeyPem(), key.ExportECPrivateKeyPem()])
        {
            string path = _directory.Write("plain.key", Encoding.ASCII.GetBytes(pem));
            Fails(KeyFileError.NotEncrypted, () => KeyFile.Open(path, _passphrase), "openssl pkcs8");
        }
    }

    [TestCase("")]
    [TestCase("height = 7\n")]
    [TestCase("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")]
    [TestCase("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")]
    [TestCase("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void Open_NoKeyInIt_IsRefused(string content)
    {
        string path = _directory.Write("node.key", Encoding.ASCII.GetBytes(content));
        Fails(KeyFileError.NotAKey, () => KeyFile.Open(path, _passphrase));
    }

    [Test]
    public void Open_EveryByteDamagedOnce_FailsWithAReasonOrGivesTheSameKey()
    {
        KeyFile.Create(_directory["node.key"], _signer, _passphrase, QuickRounds);
        byte[] good = File.ReadAllBytes(_directory["node.key"]);
        for (int i = 0; i < good.Length; i++)
        {
            byte[] damaged = [.. good];
            damaged[i] ^= 0x01;
            string path = _directory.Write("damaged.key", damaged);
            try
            {
                using PlatformSigner opened = KeyFile.Open(path, _passphrase);
                Assert.That(opened.PublicKey, Is.EqualTo(_signer.PublicKey), $"byte {i}");
            }
            catch (KeyFileException e)
            {
                Assert.That(e.Message, Does.Contain(path), $"byte {i}");
            }
        }
    }

    [TestCase(KeyFile.BytesMax, KeyFileError.NotAKey)]
    [TestCase(KeyFile.BytesMax + 1, KeyFileError.TooLarge)]
    public void Open_LargeFile_IsReadUpToTheBound(int bytes, KeyFileError expected)
    {
        string path = _directory.Write("node.key", new byte[bytes]);
        Fails(expected, () => KeyFile.Open(path, _passphrase));
    }

    [Test]
    public void Open_Missing_SaysSo()
    {
        Fails(KeyFileError.Missing, () => KeyFile.Open(_directory["node.key"], _passphrase), "Check the path");
        Fails(KeyFileError.Missing, () => KeyFile.Open(_directory["no/such/node.key"], _passphrase));
    }

    [Test]
    public void Open_Directory_SaysItCannotBeRead() =>
        Fails(KeyFileError.CannotAccess, () => KeyFile.Open(_directory["."], _passphrase));

    [TestCase(UnixFileMode.GroupRead)]
    [TestCase(UnixFileMode.OtherRead)]
    [TestCase(UnixFileMode.GroupWrite)]
    [Platform(Exclude = "Win")]
    public void Open_OthersMayOpenIt_SaysChmod600(UnixFileMode extra)
    {
        KeyFile.Create(_directory["node.key"], _signer, _passphrase, QuickRounds);
        byte[] content = File.ReadAllBytes(_directory["node.key"]);
        string path = _directory.Write("open.key", content, OwnerOnly | extra);
        Fails(KeyFileError.PermissionsTooOpen, () => KeyFile.Open(path, _passphrase), $"chmod 600 '{path}'");
    }

    private string Write(AsymmetricAlgorithm key, PbeEncryptionAlgorithm algorithm)
    {
        HashAlgorithmName hash = algorithm == PbeEncryptionAlgorithm.TripleDes3KeyPkcs12
            ? HashAlgorithmName.SHA1
            : HashAlgorithmName.SHA256;
        string pem = key.ExportEncryptedPkcs8PrivateKeyPem(
            _passphrase.Span, new PbeParameters(algorithm, hash, QuickRounds));
        return _directory.Write("foreign.key", Encoding.ASCII.GetBytes(pem));
    }

    private static void Fails(KeyFileError expected, Action action, string inMessage = "")
    {
        KeyFileException e = Assert.Throws<KeyFileException>(action)!;
        Assert.That(e.Error, Is.EqualTo(expected), e.Message);
        Assert.That(e.Message, Does.Contain(inMessage).And.Not.Contain("   at "));
    }

    // RFC 8018, appendix A: what stands before an encrypted key, with any number of rounds and no key behind it.
    private static byte[] Header(int rounds)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(new byte[16]);
                            writer.WriteInteger(rounds);
                        }
                    }
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
                        writer.WriteOctetString(new byte[16]);
                    }
                }
            }
            writer.WriteOctetString(new byte[32]);
        }
        return writer.Encode();
    }

    private static string OpenSsl(params string[] arguments)
    {
        ProcessStartInfo start = new("openssl", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("openssl is not on the PATH.");
        }
        using (process)
        {
            Task<string> errors = process!.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, errors.Result);
            return output;
        }
    }
}
