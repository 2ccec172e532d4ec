using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Records;

/// <summary>Goal: clients believe the engine's portable path after its self-test, and without that the platform.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientVerifierTests
{
    [Test]
    public void Instance_OnThisMachine_IsTheEnginesPortablePath() =>
        Assert.That(ClientVerifier.Instance, Is.InstanceOf<EngineVerifier>().With.Property(nameof(EngineVerifier.Path)).EqualTo(EnginePath.Portable));

    [Test]
    public void Open_ASelfTestThatFails_AsksThePlatform()
    {
        EnginePath? tested = null;
        using var verifier = (PlatformSignatureVerifier)ClientVerifier.Open(path =>
        {
            tested = path;
            return "1 + 1 is 3";
        });
        Assert.That(tested, Is.EqualTo(EnginePath.Portable));
    }
}
