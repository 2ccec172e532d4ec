using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: an admission and its removal bring the set of an earlier epoch back, hash for hash, and nothing that was signed in the one
/// epoch counts in the other. Real signatures. docs/PROTOCOL.md, "Membership".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RepeatedSetTest : IDisposable
{
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501);

    private readonly CertifiedLedger _ledger = new(Gamma);
    private readonly PlatformSignatureVerifier _verifier = new();

    public RepeatedSetTest()
    {
        TestKey[] both = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin];
        _ledger.Commit(TestLedger.AlphaAdmin, Actions.Define());
        _ledger.Commit(TestLedger.AlphaAdmin, Approve(_ledger.Chain, Admit("gamma", Gamma, GammaAdmin), Gamma, both));
        _ledger.Commit(TestLedger.AlphaAdmin, Approve(_ledger.Chain, Remove("gamma", 1), null, both));
        _ledger.Commit(TestLedger.BetaAdmin, Actions.Define("second"));
    }

    private ValidatorSet Founders => _ledger.Genesis.Validators;

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Audit_ACertificateThatNamesTheEarlierEpochOfTheSameSet_ProvesNothing()
    {
        BlockHeader header = _ledger.Blocks[^1].Header;
        Assert.That((header.Epoch, header.ValidatorSetHash), Is.EqualTo((2UL, Founders.Hash)), "the set of epoch 0 is back");
        Assert.That(_ledger.Audit(_ledger.Raw, _verifier).Problem, Is.Null);
        List<RawBlock> forged = [.. _ledger.Raw];
        forged[^1] = forged[^1] with { Certificate = _ledger.Certify(header, Founders, epoch: 0).ToBytes() };
        AuditProblem problem = _ledger.Audit(forged, _verifier).Problem!;
        Assert.That((problem.Height, problem.Where, problem.Found), Is.EqualTo((header.Height, "certificate", "WrongEpoch")));
        // The same signatures under the later epoch's name.
        Certificate earlier = _ledger.Certify(header, Founders, epoch: 0);
        var renamed = new Certificate(VoteType.Commit, 2, earlier.Height, earlier.View, earlier.BlockHash, earlier.Signatures);
        Assert.That(CertificateVerifier.Verify(header, renamed, Founders, _verifier), Is.EqualTo(CertificateFailure.BadSignature));
    }

    [Test]
    public void Receipt_ThatPassesOverTheEpochsBetween_IsRefused()
    {
        Assert.That(ReceiptVerifier.Verify(_ledger.ReceiptOf(4, _ledger.Ends), _ledger.Chain, _verifier, out ReceiptFailure? none), Is.Not.Null);
        Assert.That(none, Is.Null);
        foreach (EpochEnd[] ends in new EpochEnd[][] { [], [_ledger.Ends[0]], [_ledger.Ends[1]] })
        {
            Assert.That(ReceiptVerifier.Verify(_ledger.ReceiptOf(4, ends), _ledger.Chain, _verifier, out ReceiptFailure? failure), Is.Null);
            Assert.That(failure!.Kind, Is.EqualTo(ReceiptFailureKind.InvalidEpochs));
        }
    }

    [Test]
    public void Messages_OfTheEarlierEpoch_AreNotHeardInTheLaterOne()
    {
        var config = new ConsensusConfig(_ledger.Chain, 2, Founders, 0, new ConsensusParameters());
        var verifier = new MessageVerifier(config, _verifier);
        ulong tip = _ledger.Blocks[^1].Header.Height;
        Digest hash = Sha256.Hash("a block"u8);
        foreach (VoteType type in new[] { VoteType.Prepare, VoteType.Commit })
        {
            Signature earlier = Sign(new Vote(type, _ledger.Chain, 0, tip + 1, 0, hash));
            Signature now = Sign(new Vote(type, _ledger.Chain, 2, tip + 1, 0, hash));
            Assert.That(Verify(new VoteMessage(type, 0, tip + 1, 0, hash, 1, earlier)), Is.EqualTo(MessageFailure.WrongEpoch));
            Assert.That(Verify(new VoteMessage(type, 2, tip + 1, 0, hash, 1, earlier)), Is.EqualTo(MessageFailure.BadSignature));
            Assert.That(Verify(new VoteMessage(type, 2, tip + 1, 0, hash, 1, now)), Is.EqualTo(MessageFailure.None));
        }

        MessageFailure Verify(VoteMessage message) => verifier.Verify(1, message, tip, out _);
        static Signature Sign(Vote vote) => TestLedger.BetaValidator.Sign(vote.SigningDigest());
    }
}
