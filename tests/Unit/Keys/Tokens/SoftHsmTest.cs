using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys.Tokens;

/// <summary>
/// Goal: keys are made in, found in and used from a real PKCS#11 module, they do not leave it, and everything that can be wrong with
/// module, token, PIN or key has its own reason.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
public sealed class SoftHsmTest : IDisposable
{
    private const string Token = "land-registry";

    private readonly SoftHsm _hsm;
    private readonly Passphrase _pin = new(SoftHsm.Pin);

    public SoftHsmTest()
    {
        _hsm = SoftHsm.Require().WithToken(Token);
        // The module runs in this process and reads the system's environment, not the runtime's copy of it.
        Assert.That(SetEnvironment(SoftHsm.Variable, _hsm.ConfigurationFile, 1), Is.Zero);
    }

    public void Dispose()
    {
        _pin.Dispose();
        _hsm.Dispose();
    }

    [Test]
    public void Create_ThenOpen_IsTheSameKey_AndEverySignatureIsLowAndRight()
    {
        PublicKey made;
        TokenUri name;
        using (Pkcs11Signer signer = Pkcs11Signer.Create(Uri("validator"), _pin))
        {
            (made, name) = (signer.PublicKey, signer.Uri);
            Assert.That(signer.IsExtractable, Is.False);
            Assert.That(name.Id!.Value.Length, Is.EqualTo(16), "the URI that is shown names this one key for good");
        }
        using Pkcs11Signer opened = Pkcs11Signer.Open(name, _pin);
        Assert.That(opened.PublicKey, Is.EqualTo(made));
        using Pkcs11Signer byLabel = Pkcs11Signer.Open(Uri("validator"), _pin);
        Assert.That(byLabel.PublicKey, Is.EqualTo(made));
        // Half of a token's signatures are high: of sixty-four, none by chance once in 2^64.
        for (int i = 0; i < 64; i++)
        {
            Digest digest = Sha256.Hash([(byte)i]);
            Signature signature = opened.Sign(digest);
            Assert.That(EcdsaTwin.FromBytes(signature.Span[32..]), Is.LessThanOrEqualTo(EcdsaTwin.N / 2));
            Assert.That(EcdsaTwin.Verify(made, digest.Span, signature.Span), Is.True);
        }
    }

    [Test]
    public void Create_ThePrivateKey_IsSensitiveAndCannotBeTakenOut()
    {
        using Pkcs11Signer signer = Pkcs11Signer.Create(Uri("validator"), _pin);
        using Pkcs11Module module = Pkcs11Module.Open(_hsm.Module);
        using ISession session = module.FindToken(signer.Uri).OpenSession(SessionType.ReadOnly); // the process is logged in
        IObjectHandle key = Single(session, CKO.CKO_PRIVATE_KEY);
        List<IObjectAttribute> read = session.GetAttributeValue(key,
            [CKA.CKA_SENSITIVE, CKA.CKA_EXTRACTABLE, CKA.CKA_NEVER_EXTRACTABLE, CKA.CKA_ALWAYS_SENSITIVE, CKA.CKA_PRIVATE, CKA.CKA_TOKEN, CKA.CKA_VALUE]);
        Assert.That(read.Take(6).Select(a => a.GetValueAsBool()), Is.EqualTo(new[] { true, false, true, true, true, true }));
        Assert.That(read[6].CannotBeRead, Is.True, "C_GetAttributeValue gives the private value to nobody");
        Assert.That(() => read[6].GetValueAsByteArray(), Throws.TypeOf<AttributeValueException>());
    }

    [Test]
    public void Sign_AfterAllSessionsWereClosed_OpensAnotherOne()
    {
        using Pkcs11Signer signer = Pkcs11Signer.Create(Uri("validator"), _pin);
        using Pkcs11Module module = Pkcs11Module.Open(_hsm.Module);
        module.FindToken(signer.Uri).CloseAllSessions();
        Digest digest = Sha256.Hash("later"u8);
        Assert.That(EcdsaTwin.Verify(signer.PublicKey, digest.Span, signer.Sign(digest).Span), Is.True);
    }

    [Test]
    public async Task Sign_TwoSignersOfOneTokenFromEightThreads_AllAreRight()
    {
        using Pkcs11Signer one = Pkcs11Signer.Create(Uri("validator"), _pin), other = Pkcs11Signer.Create(Uri("clerk-1"), _pin);
        bool[] right = await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            Pkcs11Signer signer = thread % 2 == 0 ? one : other;
            return Enumerable.Range(0, 20).All(i =>
            {
                Digest digest = Sha256.Hash([(byte)thread, (byte)i]);
                return EcdsaTwin.Verify(signer.PublicKey, digest.Span, signer.Sign(digest).Span);
            });
        })));
        Assert.That(right, Is.All.True);
    }

    [Test]
    public void Open_KeyThatCameFromAFile_IsTheFilesKey()
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        _hsm.Import(Token, "moved", "a1", key.ExportPkcs8PrivateKeyPem());
        using PlatformSigner file = PlatformSigner.FromPkcs8(key.ExportPkcs8PrivateKey());
        using Pkcs11Signer signer = Pkcs11Signer.Open(Uri("moved"), _pin);
        Assert.That(signer.PublicKey, Is.EqualTo(file.PublicKey));
    }

    [Test]
    public void Open_WhateverIsWrong_HasItsOwnReason()
    {
        Pkcs11Signer.Create(Uri("validator"), _pin).Dispose();
        Refuses(TokenError.TokenPinWrong, () => Pkcs11Signer.Open(Uri("validator"), new Passphrase("not the PIN")), Token);
        Refuses(TokenError.TokenMissing, () => Pkcs11Signer.Open(Uri("validator", "nowhere"), _pin), "nowhere", _hsm.Module);
        Refuses(TokenError.TokenKeyMissing, () => Pkcs11Signer.Open(Uri("nobody"), _pin), "govchain key new");
        Refuses(TokenError.TokenKeyExists, () => Pkcs11Signer.Create(Uri("validator"), _pin), "never replaced");

        _hsm.WithToken(Token);
        Refuses(TokenError.TokenAmbiguous, () => Pkcs11Signer.Open(Uri("validator"), _pin), "serial=");
    }

    [Test]
    public void Open_TwoKeysOfOneLabel_AsksForTheId_AndTheIdIsEnough()
    {
        TokenUri[] made = [.. new[] { "01", "02" }.Select(id =>
            TokenUri.Parse($"pkcs11:token={Token};object=twin;id=%{id}?module-path={_hsm.Module}"))];
        Pkcs11Signer.Create(made[0], _pin).Dispose();
        using var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        _hsm.Import(Token, "twin", "02", key.ExportPkcs8PrivateKeyPem());
        Refuses(TokenError.TokenKeyAmbiguous, () => Pkcs11Signer.Open(Uri("twin"), _pin), "id=%01", "id=%02");
        using Pkcs11Signer one = Pkcs11Signer.Open(made[0], _pin), other = Pkcs11Signer.Open(made[1], _pin);
        Assert.That(one.PublicKey, Is.Not.EqualTo(other.PublicKey));
    }

    [Test]
    public void Open_KeyOfAnotherCurveOrKind_IsRefused()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        _hsm.Import(Token, "p256", "b1", curve.ExportPkcs8PrivateKeyPem());
        _hsm.Import(Token, "rsa", "b2", rsa.ExportPkcs8PrivateKeyPem());
        foreach (string key in new[] { "p256", "rsa" })
            Refuses(TokenError.TokenKeyWrongCurve, () => Pkcs11Signer.Open(Uri(key), _pin), "secp256k1");
    }

    [Test]
    public void Open_PublicHalfGone_SaysThatItMustBeBesideIt()
    {
        using (Pkcs11Signer made = Pkcs11Signer.Create(Uri("validator"), _pin))
        using (Pkcs11Module module = Pkcs11Module.Open(_hsm.Module))
        using (ISession session = module.FindToken(made.Uri).OpenSession(SessionType.ReadWrite))
            session.DestroyObject(Single(session, CKO.CKO_PUBLIC_KEY));
        Refuses(TokenError.TokenKeyUnusable, () => Pkcs11Signer.Open(Uri("validator"), _pin), "public half");
    }

    [Test]
    public void Open_ModuleThatIsNone_SaysWhichAndWhy()
    {
        string text = Path.Combine(_hsm.TokenDirectory, "module.so");
        Refuses(TokenError.TokenModuleMissing, () => Open(text), text);
        File.WriteAllText(text, "no library");
        Refuses(TokenError.TokenModuleUnusable, () => Open(text), text);
        string library = "/lib/x86_64-linux-gnu/libz.so.1";
        if (File.Exists(library))
            Refuses(TokenError.TokenModuleUnusable, () => Open(library), library);
        Assert.That(SetEnvironment(SoftHsm.Variable, text + ".conf", 1), Is.Zero);
        Refuses(TokenError.TokenModuleUnusable, () => Open(_hsm.Module), _hsm.Module, "configuration");

        Pkcs11Signer Open(string module) => Pkcs11Signer.Open(TokenUri.Parse($"pkcs11:token=a;object=b?module-path={module}"), _pin);
    }

    private static void Refuses(TokenError error, Func<Pkcs11Signer> open, params string[] said)
    {
        TokenException refused = Assert.Throws<TokenException>(() => open().Dispose())!;
        Assert.That(refused.Error, Is.EqualTo(error), refused.Message);
        foreach (string part in said)
            Assert.That(refused.Message, Does.Contain(part));
        Assert.That(refused.ToString(), Does.Not.Contain(SoftHsm.Pin).And.Not.Contain("not the PIN"));
    }

    private static IObjectHandle Single(ISession session, CKO kind) =>
        session.FindAllObjects([session.Factories.ObjectAttributeFactory.Create(CKA.CKA_CLASS, kind)]).Single();

    private TokenUri Uri(string key, string token = Token) => TokenUri.Parse(_hsm.UriOf(token, key));

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnvironment(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
