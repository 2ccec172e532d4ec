using System.Buffers.Text;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Model;

/// <summary>
/// Goal: a token means one thing, in one encoding, for one node and one minute; docs/SPEC.md, "Read token". Method: every bit of one
/// changed, every length, every other way to write its text, and its times to the millisecond.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadTokenTest
{
    private const ulong IssuedMs = TestLedger.StartMs;
    private const uint LifetimeMs = 30_000;

    private static readonly TestKey Officer = new(700);
    private static readonly Digest Chain = Sha256.Hash("a ledger"u8);

    internal static ReadToken Issue(
        TestKey signer, Digest chainId, string node = "alpha", ulong issuedAtMs = IssuedMs, uint lifetimeMs = LifetimeMs, byte nonce = 1) =>
        ReadToken.Issue(chainId, node, signer.Public, issuedAtMs, lifetimeMs, [.. Enumerable.Repeat(nonce, Limits.NonceBytes)], signer.Sign);

    [Test]
    public void Token_ReadBack_SaysWhatItWasIssuedWith([Values("a", "alpha", "department-of-thirty-two-letters")] string node)
    {
        ReadToken issued = Issue(Officer, Chain, node);
        foreach (ReadToken? read in new[] { ReadToken.TryRead(issued.ToBytes()), ReadToken.TryParse(issued.ToString()) })
        {
            Assert.That(read, Is.Not.Null);
            Assert.That((read!.ChainId, read.Node, read.Signer, read.IssuedAtMs, read.LifetimeMs, read.EndsAtMs, read.Id),
                Is.EqualTo((Chain, node, Officer.Public, IssuedMs, LifetimeMs, IssuedMs + LifetimeMs, issued.Id)));
        }
        Assert.That(issued.ToBytes(), Has.Length.EqualTo(158 + node.Length));
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(verifier.VerifyOne(issued.SignatureCheck), Is.True);
    }

    [Test]
    public void Token_WithAnyBitChanged_IsNoTokenOrHasNoSignature()
    {
        using var verifier = new PlatformSignatureVerifier();
        byte[] bytes = Issue(Officer, Chain).ToBytes();
        for (int bit = 0; bit < 8 * bytes.Length; bit++)
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            if (ReadToken.TryRead(changed) is { } read)
                Assert.That(verifier.VerifyOne(read.SignatureCheck), Is.False, $"bit {bit}");
        }
    }

    [Test]
    public void Token_CutOffOrLengthened_IsNone()
    {
        byte[] bytes = Issue(Officer, Chain, "a").ToBytes();
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(ReadToken.TryRead(bytes.AsSpan(..length)), Is.Null, $"{length} bytes");
        byte[] longest = Issue(Officer, Chain, new string('a', Limits.DepartmentIdMax)).ToBytes();
        Assert.That(longest, Has.Length.EqualTo(ReadToken.BytesMax));
        Assert.That(ReadToken.TryRead([.. longest, (byte)'a']), Is.Null);
    }

    [Test]
    public void Text_InAnyOtherWayToWriteIt_IsNoToken()
    {
        ReadToken token = Issue(Officer, Chain, "alp"); // 161 bytes: a character of padding would follow, two bits are spare
        string text = token.ToString();
        Assert.That(ReadToken.TryParse(text), Is.Not.Null);
        char last = text[^1];
        string[] others =
        [
            "", " ", text + "=", text + "==", text + " ", " " + text, text[..80] + "\n" + text[80..], text[..^1],
            Convert.ToBase64String(token.ToBytes()), Convert.ToHexString(token.ToBytes()), text + text, "Bearer " + text, text + "é",
            text[..^1] + (char)(last + 1), new string('A', ReadToken.TextMax), new string('A', 100_000),
        ];
        foreach (string other in others.Where(o => o != text))
            Assert.That(ReadToken.TryParse(other), Is.Null, other[..Math.Min(other.Length, 300)]);
        Assert.That(Issue(Officer, Chain, new string('a', Limits.DepartmentIdMax)).ToString(), Has.Length.EqualTo(ReadToken.TextMax));
        Assert.That(Base64Url.DecodeFromChars(text), Is.EqualTo(token.ToBytes()));
    }

    [TestCase(0u), TestCase(60_001u), TestCase(uint.MaxValue)]
    public void Lifetime_OutsideItsBounds_IsNotIssued(uint lifetimeMs) =>
        Assert.Throws<ArgumentException>(() => Issue(Officer, Chain, lifetimeMs: lifetimeMs));

    [Test]
    public void IssuedAt_BeyondWhatItsEndCanBe_IsNotIssued()
    {
        Assert.Throws<ArgumentException>(() => Issue(Officer, Chain, issuedAtMs: ulong.MaxValue - 59_999));
        Assert.That(Issue(Officer, Chain, issuedAtMs: ulong.MaxValue - 60_000, lifetimeMs: 60_000).EndsAtMs, Is.EqualTo(ulong.MaxValue));
    }

    [TestCase("")]
    [TestCase("Alpha")]
    [TestCase("alpha\0")]
    [TestCase("department-of-thirty-three-letter")]
    public void Node_OfNoName_IsNotIssued(string node) => Assert.Throws<ArgumentException>(() => Issue(Officer, Chain, node));

    [TestCase(-30_001, TokenRefusal.TokenNotYetValid)]
    [TestCase(-30_000, null)]
    [TestCase(-1, null)]
    [TestCase(0, null)]
    [TestCase(29_999, null)]
    [TestCase(30_000, TokenRefusal.TokenExpired)]
    [TestCase(86_400_000, TokenRefusal.TokenExpired)]
    public void Times_CountToTheMillisecond(int afterIssueMs, TokenRefusal? expected)
    {
        ReadToken token = Issue(Officer, Chain);
        Assert.That(token.Check("alpha", IssuedMs + (ulong)afterIssueMs), Is.EqualTo(expected));
        Assert.That(token.Check("beta", IssuedMs + (ulong)afterIssueMs), Is.EqualTo(TokenRefusal.TokenWrongNode));
        Assert.That(Issue(Officer, Chain, issuedAtMs: ulong.MaxValue - 60_000).Check("alpha", 0), Is.EqualTo(TokenRefusal.TokenNotYetValid));
    }
}
