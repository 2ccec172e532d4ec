using System.CommandLine;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Cryptography;
using GovChain.Tests.Unit.Verification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: whoever chooses an engine gets that one or a reason with a way out that exists; it knows the departments that vote; and
/// where it lies, the runtime of now and the audit hear of it.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class NodeVerifierTests
{
    [TestCase(SignatureEngine.Auto)]
    [TestCase(SignatureEngine.Portable)]
    [TestCase(SignatureEngine.Platform)]
    public void Open_EveryChoice_Verifies(SignatureEngine choice)
    {
        using NodeVerifier verifier = NodeVerifier.Open(EngineChoice.OfNode(choice), oneIn: 1);
        Assert.That(verifier.Verifier.VerifyOne(GuardedVerifierTests.Signed(1)), Is.True);
        Assert.That(verifier.Verifier.VerifyOne(GuardedVerifierTests.Signed(2) with { Digest = Sha256.Hash([9]) }), Is.False);
        Assert.That(verifier.Name, choice == SignatureEngine.Auto ? Is.EqualTo($"{EnginePaths.Best}") : Is.EqualTo($"{choice}"));
    }

    [Test]
    public void Open_EngineThatFailsItsSelfTest_IsRefusedWithAWayOutThatIsThere()
    {
        (EngineChoice Choice, string WayOut)[] cases =
        [
            (EngineChoice.OfNode(SignatureEngine.Portable), "set signatureEngine to \"Platform\""),
            (EngineChoice.OfCommand(SignatureEngine.Portable), "give --engine Platform"),
            (EngineChoice.Fixed, "on another machine"),
        ];
        foreach ((EngineChoice choice, string wayOut) in cases)
        {
            EnginePath? tested = null;
            CommandException refused = Assert.Throws<CommandException>(() => NodeVerifier.Open(choice, oneIn: 1, path =>
            {
                tested = path;
                return "the vector of the test";
            }))!;
            Assert.That(CommandRunner.Explain(refused).Reason, Is.EqualTo("SIGNATURE_ENGINE_UNUSABLE"));
            Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Configuration));
            Assert.That(refused.Message, Does.Contain("the vector of the test").And.Contain(wayOut));
            Assert.That(tested, Is.EqualTo(choice == EngineChoice.Fixed ? EnginePaths.Best : EnginePath.Portable));
        }
    }

    [Test]
    public void Open_Platform_IsTheWayOutOfAFailedSelfTest()
    {
        using NodeVerifier verifier = NodeVerifier.Open(EngineChoice.OfCommand(SignatureEngine.Platform), oneIn: 1, static _ => "all wrong");
        Assert.That(verifier.Verifier, Is.InstanceOf<PlatformSignatureVerifier>());
    }

    [Test]
    public void ForFile_AnySignature_IsAskedOfEngineAndPlatform()
    {
        using NodeVerifier both = NodeVerifier.ForFile(), platform = NodeVerifier.ForFile(EngineChoice.OfNode(SignatureEngine.Platform));
        foreach (NodeVerifier verifier in (NodeVerifier[])[both, platform])
        {
            Assert.That(verifier.Verifier.VerifyOne(GuardedVerifierTests.Signed(1)), Is.True);
            Assert.That(verifier.Verifier.VerifyOne(GuardedVerifierTests.Signed(2) with { Digest = Sha256.Hash([9]) }), Is.False);
        }
        Assert.That((both.Verifier as GuardedVerifier)?.Compared, Is.EqualTo(2));
        Assert.That((both.Name, platform.Name), Is.EqualTo(("Portable", "Platform")));
        Assert.That(platform.Verifier, Is.InstanceOf<PlatformSignatureVerifier>(), "the setting that does without the engine's verdicts");
    }

    [Test]
    public void BeginEpoch_AfterChanges_TheDepartmentsThatVoteHaveTables_AndNoFormerOnes()
    {
        var founding = new ValidatorHistory(new ValidatorSet([Department("a", 1), Department("b", 2), Department("c", 3)]), null);
        ValidatorHistory second = founding.With([Left("a", 1), Left("b", 2), Joined("d", 4)]);
        using NodeVerifier verifier = NodeVerifier.Open(EngineChoice.OfNode(SignatureEngine.Portable), oneIn: 1);

        verifier.BeginEpoch(second, static _ => { });
        Assert.That(verifier.Enrolled, Is.EqualTo(2), "c and d; a and b have left");

        verifier.BeginEpoch(second.With([Joined("e", 5)]), static _ => { });
        Assert.That(verifier.Enrolled, Is.EqualTo(3), "e as well");
    }

    [Test]
    public void BeginEpoch_Again_OnlyTheRuntimeOfNowIsStopped()
    {
        var history = new ValidatorHistory(new ValidatorSet([Department("a", 1)]), null);
        var stopped = new List<string>();
        using NodeVerifier verifier = new(new GuardedVerifier(new GuardedVerifierTests.Liar(accepts: false), "the liar", oneIn: 1, "wait"), engine: null);
        verifier.BeginEpoch(history, _ => stopped.Add("of before"));
        verifier.BeginEpoch(history, _ => stopped.Add("of now"));

        Assert.Throws<FatalNodeException>(() => verifier.Verifier.VerifyOne(GuardedVerifierTests.Signed(1)));
        Assert.That(stopped, Is.EqualTo(new[] { "of now" }));
    }

    [Test]
    public async Task Audit_EnginesDisagreeBehindAProblem_TheDisagreementIsTold()
    {
        const int damaged = 2;
        EvidenceLedger ledger = EvidenceLedger.Shared;
        List<RawBlock> blocks = ledger.RawBlocks();
        Signature behind = ledger.Blocks[damaged + 1].Certificate.Signatures[0].Signature;
        blocks[damaged] = blocks[damaged] with { Header = new byte[3] };
        using GuardedVerifier verifier = new(new LiesAbout(behind), "the liar", oneIn: 1, "wait");

        await Assert.ThatAsync(
            () => ChainAudit.RunAsync(
                "test", ledger.Genesis, (ulong)blocks.Count - 1, (height, _) => Task.FromResult(blocks[(int)height]),
                proven: null, progress: null, verifier, CancellationToken.None),
            Throws.InstanceOf<FatalNodeException>());
    }

    [TestCase(new string[0], SignatureEngine.Auto)]
    [TestCase(new[] { "--engine", "Avx2" }, SignatureEngine.Avx2)]
    [TestCase(new[] { "--engine", "Platform" }, SignatureEngine.Platform)]
    public void Audit_EngineOption_IsTheSettingsChoice(string[] arguments, SignatureEngine expected)
    {
        ParseResult parsed = CommandRunner.Parse(AuditCommand.Create(), ["--data", "x", .. arguments]);
        Assert.That(parsed.Errors, Is.Empty);
        Assert.That(parsed.GetValue<SignatureEngine>("--engine"), Is.EqualTo(expected));
    }

    [TestCase("7")]
    [TestCase("OpenSSL")]
    public void Audit_EngineThatIsNone_IsRefused(string engine)
    {
        ParseResult parsed = CommandRunner.Parse(AuditCommand.Create(), ["--data", "x", "--engine", engine]);
        Assert.That(parsed.Errors, Is.Not.Empty);
    }

    private static Validator Department(string id, int key) => new(id, EcdsaTwin.PublicKeyOf(key));

    private static MembershipEntry Joined(string id, int key) => new() { Department = id, NewKey = Bytes(key) };

    private static MembershipEntry Left(string id, int key) => new() { Department = id, OldKey = Bytes(key) };

    private static ByteString Bytes(int key) => ByteString.CopyFrom(EcdsaTwin.PublicKeyOf(key).Span);

    private sealed class LiesAbout(Signature signature) : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
        {
            using PlatformSignatureVerifier platform = new();
            platform.Verify(checks, results);
            for (int i = 0; i < checks.Length; i++)
                results[i] ^= checks[i].Signature == signature;
        }
    }
}
