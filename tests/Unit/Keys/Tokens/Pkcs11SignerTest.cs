using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Cryptography;
using Net.Pkcs11Interop.Common;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys.Tokens;

/// <summary>
/// Goal: a faulty or hostile token puts no bad signature out and asks for no PIN twice. Method: a token that fails on purpose in the
/// place of a module's session; what a real module does is <see cref="SoftHsmTest"/>'s.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class Pkcs11SignerTest : IDisposable
{
    private static readonly Digest Message = Sha256.Hash("a vote"u8);

    private readonly FakeToken _token = new();

    public void Dispose() => _token.Dispose();

    [Test]
    public void Sign_TokenGivesHighS_LeavesLow()
    {
        _token.Answer = static (_, right) => HighS(right);
        using Pkcs11Signer signer = _token.Connect();
        Signature signature = signer.Sign(Message);
        Assert.That(EcdsaTwin.FromBytes(signature.Span[32..]), Is.LessThanOrEqualTo(EcdsaTwin.N / 2));
        Assert.That(EcdsaTwin.Verify(signer.PublicKey, Message.Span, signature.Span), Is.True);
    }

    [Test]
    public void Sign_TokenGivesAWrongSignature_NothingLeaves()
    {
        using Pkcs11Signer signer = _token.Connect();
        using PlatformSigner other = PlatformSigner.Create();
        foreach ((string what, Func<Digest, byte[], byte[]> answer) in new (string, Func<Digest, byte[], byte[]>)[]
        {
            ("another key's", (digest, _) => other.Sign(digest).Span.ToArray()),
            ("of other bytes", (digest, _) => _token.Key.Sign(Sha256.Hash(digest.Span)).Span.ToArray()),
            ("a bit flipped", (_, right) => [.. right[..^1], (byte)(right[^1] ^ 1)]),
            ("r and s exchanged", (_, right) => [.. right[32..], .. right[..32]]),
            ("zero", (_, _) => new byte[64]),
            ("out of range", (_, _) => [.. Enumerable.Repeat((byte)0xff, 64)]),
            ("too short", (_, right) => right[..^1]),
            ("too long", (_, right) => [.. right, 0]),
            ("nothing", (_, _) => []),
        })
        {
            _token.Answer = answer;
            TokenException refused = Assert.Throws<TokenException>(() => signer.Sign(Message), what)!;
            Assert.That(refused.Error, Is.EqualTo(TokenError.TokenSignatureWrong), what);
        }
        _token.Answer = static (_, right) => right;
        Assert.That(EcdsaTwin.Verify(signer.PublicKey, Message.Span, signer.Sign(Message).Span), Is.True);
    }

    [Test]
    public void Open_PublicHalfOfAnotherKey_IsRefusedAndTheSessionClosed()
    {
        using PlatformSigner other = PlatformSigner.Create();
        _token.Claimed = other.PublicKey;
        Assert.That(_token.Connect, Throws.TypeOf<TokenException>().With.Property(nameof(TokenException.Error)).EqualTo(TokenError.TokenSignatureWrong));
        Assert.That(_token.Open, Is.Zero);
    }

    [TestCase(CKR.CKR_SESSION_HANDLE_INVALID), TestCase(CKR.CKR_SESSION_CLOSED), TestCase(CKR.CKR_USER_NOT_LOGGED_IN)]
    [TestCase(CKR.CKR_OBJECT_HANDLE_INVALID), TestCase(CKR.CKR_KEY_HANDLE_INVALID), TestCase(CKR.CKR_DEVICE_REMOVED)]
    public void Sign_SessionLost_IsOpenedAgainOnceAndTheOldOneClosed(CKR code)
    {
        using Pkcs11Signer signer = _token.Connect();
        bool lost = true;
        _token.Answer = (_, right) =>
        {
            if (!lost)
                return right;
            lost = false;
            throw new Pkcs11Exception("C_Sign", code);
        };
        Assert.That(EcdsaTwin.Verify(signer.PublicKey, Message.Span, signer.Sign(Message).Span), Is.True);
        Assert.That((_token.Opened, _token.Open), Is.EqualTo((2, 1)));
    }

    [Test]
    public void Sign_SessionLostAgainAtOnce_EndsWithAnError()
    {
        using Pkcs11Signer signer = _token.Connect();
        _token.Answer = static (_, _) => throw new Pkcs11Exception("C_SignInit", CKR.CKR_SESSION_HANDLE_INVALID);
        TokenException failed = Assert.Throws<TokenException>(() => signer.Sign(Message))!;
        Assert.That(failed.Error, Is.EqualTo(TokenError.TokenFailed));
        Assert.That(failed.Message, Does.Contain("CKR_SESSION_HANDLE_INVALID"));
        Assert.That(_token.Opened, Is.EqualTo(2));
    }

    [TestCase(CKR.CKR_DEVICE_ERROR), TestCase(CKR.CKR_GENERAL_ERROR), TestCase(CKR.CKR_HOST_MEMORY)]
    public void Sign_TokenFails_IsNotTriedAgain(CKR code)
    {
        using Pkcs11Signer signer = _token.Connect();
        int asked = 0;
        _token.Answer = (_, _) =>
        {
            asked++;
            throw new Pkcs11Exception("C_Sign", code);
        };
        Assert.That(() => signer.Sign(Message), Throws.TypeOf<TokenException>().With.Message.Contains($"{code}"));
        Assert.That((asked, _token.Opened), Is.EqualTo((1, 1)));
    }

    [TestCase(TokenError.TokenMissing, TokenError.TokenRemoved), TestCase(TokenError.TokenPinWrong, TokenError.TokenPinWrong)]
    public void Sign_LostAndNotOpenedAgain_StaysSo_AndNoPinIsTriedAgain(TokenError refusal, TokenError error)
    {
        using Pkcs11Signer signer = _token.Connect();
        _token.Answer = static (_, _) => throw new Pkcs11Exception("C_Sign", CKR.CKR_DEVICE_REMOVED);
        _token.Refusal = new TokenException(refusal, "as the token says");
        for (int i = 0; i < 3; i++)
        {
            TokenException failed = Assert.Throws<TokenException>(() => signer.Sign(Message))!;
            Assert.That(failed.Error, Is.EqualTo(error));
            Assert.That(failed.Message, Does.Contain("as the token says"));
        }
        Assert.That((_token.Opened, _token.Open), Is.EqualTo((2, 0)));
    }

    [Test]
    public async Task Sign_EightThreads_OneSignatureAtATime()
    {
        using Pkcs11Signer signer = _token.Connect();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 25; i++)
                signer.Sign(Message);
        })));
        Assert.That(_token.WasShared, Is.False);
    }

    [Test]
    public void Dispose_ClosesTheSession_AndSigningThrowsFromThenOn()
    {
        Pkcs11Signer signer = _token.Connect();
        signer.Dispose();
        Assert.That(_token.Open, Is.Zero);
        Assert.That(() => signer.Sign(Message), Throws.InstanceOf<ObjectDisposedException>());
    }

    [TestCase(CKR.CKR_PIN_INCORRECT, TokenError.TokenPinWrong), TestCase(CKR.CKR_PIN_LEN_RANGE, TokenError.TokenPinWrong)]
    [TestCase(CKR.CKR_USER_PIN_NOT_INITIALIZED, TokenError.TokenPinWrong)]
    [TestCase(CKR.CKR_PIN_LOCKED, TokenError.TokenPinLocked), TestCase(CKR.CKR_PIN_EXPIRED, TokenError.TokenPinLocked)]
    [TestCase(CKR.CKR_DEVICE_REMOVED, TokenError.TokenRemoved), TestCase(CKR.CKR_TOKEN_NOT_PRESENT, TokenError.TokenRemoved)]
    [TestCase(CKR.CKR_MECHANISM_INVALID, TokenError.TokenUnsupported), TestCase(CKR.CKR_CURVE_NOT_SUPPORTED, TokenError.TokenUnsupported)]
    [TestCase(CKR.CKR_DEVICE_ERROR, TokenError.TokenFailed), TestCase(CKR.CKR_FUNCTION_FAILED, TokenError.TokenFailed)]
    public void Explain_EachCode_HasItsReasonAndNamesTheToken(CKR code, TokenError error)
    {
        TokenException explained = TokenFault.Explain(
            new Pkcs11Exception("C_Login", code), TokenUri.Parse("pkcs11:token=land;object=key?module-path=/hsm.so"));
        Assert.That(explained.Error, Is.EqualTo(error));
        Assert.That(explained.Message, Does.Contain("\"land\""));
    }

    [Test]
    public void PointOf_EachFormOfAPoint_IsTheKey_AndAnythingElseIsNone()
    {
        byte[] bare = EcdsaTwin.PublicPoint(7);
        PublicKey key = EcdsaTwin.PublicKeyOf(7);
        Assert.That(TokenKey.PointOf([0x04, 0x41, .. bare]), Is.EqualTo(key), "in DER");
        Assert.That(TokenKey.PointOf(bare), Is.EqualTo(key), "bare");
        Assert.That(TokenKey.PointOf(key.Span.ToArray()), Is.EqualTo(key), "compressed");
        Assert.That(TokenKey.PointOf([0x04, 0x21, .. key.Span]), Is.EqualTo(key), "compressed, in DER");
        foreach (byte[] none in new byte[][] { [], [0x04], [0x04, 0x41, .. bare[..^1]], bare[1..], [.. bare, 0], new byte[65], [0x04, .. new byte[64]] })
            Assert.That(TokenKey.PointOf(none), Is.Null, Convert.ToHexString(none));
    }

    private static byte[] HighS(byte[] signature)
    {
        System.Numerics.BigInteger s = EcdsaTwin.FromBytes(signature.AsSpan(32));
        return s > EcdsaTwin.N / 2 ? signature : [.. signature[..32], .. EcdsaTwin.ToBytes(EcdsaTwin.N - s)];
    }
}
