using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Cryptography.Engine;

/// <summary>Goal: the self-test's verdicts are the twin's and the platform's, and every path passes it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EngineSelfTestTest
{
    [TestCase(EnginePath.Portable)]
    [TestCase(EnginePath.Avx2)]
    [TestCase(EnginePath.Avx512)]
    public void Run_PathOfThisProcessor_FindsNothing(EnginePath path)
    {
        if (!EnginePaths.IsSupported(path))
            Assert.Ignore($"This processor has no {path}.");
        Assert.That(EngineSelfTest.Run(path), Is.Null);
    }

    [Test]
    public void Vectors_AreWhatTheTwinAndThePlatformSay()
    {
        using PlatformSignatureVerifier platform = new();
        foreach (EngineSelfTest.Vector vector in EngineSelfTest.Vectors)
        {
            SignatureCheck check = vector.ToCheck();
            bool twin = check.Signature.IsLowS && EcdsaTwin.Verify(check.Signer, check.Digest.Span, check.Signature.Span);
            Assert.That(vector.IsValid, Is.EqualTo(twin), vector.Name);
            Assert.That(vector.IsValid, Is.EqualTo(platform.VerifyOne(check)), vector.Name);
        }
        Assert.That(EngineSelfTest.Vectors.Count(static v => v.IsValid), Is.EqualTo(7));
    }
}
