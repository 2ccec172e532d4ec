using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Node;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
using GovChain.Tests.Unit.Cryptography;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a verdict that the platform does not share is never used, and stops whoever listens. Method: an engine that lies,
/// accepting what is wrong or refusing what is right, watched in full and by sample.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class GuardedVerifierTests
{
    private const string WayOut = "ask somebody else";

    [TestCase(true, "says valid, the platform's ECDSA says not valid")]
    [TestCase(false, "says not valid, the platform's ECDSA says valid")]
    public void Verify_EngineThatLies_StopsInsteadOfAnswering(bool accepts, string expected)
    {
        SignatureCheck check = Signed(1);
        if (accepts)
            check = check with { Digest = Sha256.Hash([9]) };
        using GuardedVerifier verifier = new(new Liar(accepts), "the liar", oneIn: 1, WayOut);
        FatalNodeException? told = null;
        verifier.Disagreed = e => told = e;
        FatalNodeException thrown = Assert.Throws<FatalNodeException>(() => verifier.VerifyOne(check))!;
        Assert.That(told, Is.SameAs(thrown));
        Assert.That(thrown.Message, Does.Contain(expected));
        Assert.That(thrown.Message, Does.Contain($"{check.Signature}").And.Contain($"{check.Signer}").And.Contain($"{check.Digest}"));
        Assert.That(thrown.Message, Does.EndWith($"until it is explained {WayOut}."));
    }

    [Test]
    public void Verify_EngineThatLiesBySample_IsCaughtBeforeLong()
    {
        // One in 16, drawn anew each time: 4,000 draws all miss once in 10^112 runs.
        using GuardedVerifier verifier = new(new Liar(accepts: false), "the liar", oneIn: 16, WayOut);
        SignatureCheck check = Signed(1);
        Assert.That(
            () =>
            {
                for (int i = 0; i < 4_000; i++)
                    verifier.VerifyOne(check);
            },
            Throws.InstanceOf<FatalNodeException>());
    }

    [Test]
    public void Verify_HighS_IsNoDisagreement()
    {
        // The platform's own ECDSA accepts it; the rule refuses it on both sides.
        SignatureCheck check = Signed(1);
        byte[] high = [.. check.Signature.R, .. EcdsaTwin.ToBytes(EcdsaTwin.N - EcdsaTwin.FromBytes(check.Signature.S))];
        Assert.That(Signature.TryParse(high, out Signature signature), Is.True);
        using GuardedVerifier verifier = new(new EngineVerifier(EnginePaths.Best), oneIn: 1, WayOut);
        verifier.Disagreed = e => Assert.Fail(e.Message);
        Assert.That(verifier.VerifyOne(check), Is.True);
        Assert.That(verifier.VerifyOne(check with { Signature = signature }), Is.False);
        Assert.That(verifier.VerifyOne(check with { Signature = default }), Is.False);
        Assert.That(verifier.Compared, Is.EqualTo(3));
    }

    [Test]
    public void Explain_ADisagreement_IsNoFaultWithoutAWay()
    {
        CommandRunner.Problem problem = CommandRunner.Explain(new FatalNodeException("why"));
        Assert.That(problem.Reason, Is.EqualTo("NODE_STOPPED"));
        Assert.That(problem.Message, Is.EqualTo("why"));
    }

    internal static SignatureCheck Signed(int d)
    {
        Digest digest = Sha256.Hash([(byte)d]);
        Assert.That(Signature.TryParse(EcdsaTwin.Sign(d, 77, digest.Span), out Signature signature), Is.True);
        return new SignatureCheck(EcdsaTwin.PublicKeyOf(d), digest, signature.Normalise());
    }

    internal sealed class Liar(bool accepts) : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) => results.Fill(accepts);
    }
}
