using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>Certificates, view changes and justifications: what is believed, and why the rest is not.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class VerificationTest
{
    private readonly Fixture _four = new(4);

    [Test]
    public void Certificate_EachForgery_HasItsReason()
    {
        ProposedBlock block = _four.Block();
        Certificate good = _four.Certificate(VoteType.Commit, block);
        ValidatorSignature[] s = [.. good.Signatures];
        Assert.That(Verify(good), Is.EqualTo(CertificateFailure.None));
        Assert.That(Verify(_four.Certificate(VoteType.Prepare, block)), Is.EqualTo(CertificateFailure.WrongType));
        Assert.That(Verify(_four.Certificate(VoteType.Prepare, block) with { Type = VoteType.Commit }),
            Is.EqualTo(CertificateFailure.BadSignature), "Prepares passed off as Commits");
        Assert.That(Verify(good with { Epoch = 1 }), Is.EqualTo(CertificateFailure.WrongEpoch));
        Assert.That(Verify(good with { Height = 2 }), Is.EqualTo(CertificateFailure.WrongHeight));
        Assert.That(Verify(good with { View = 1 }), Is.EqualTo(CertificateFailure.BadSignature));
        Assert.That(Verify(good with { BlockHash = Digest.Zero }), Is.EqualTo(CertificateFailure.WrongBlock));
        Assert.That(Verify(good with { Signatures = [s[0], s[1]] }), Is.EqualTo(CertificateFailure.WrongSignatureCount));
        Assert.That(Verify(_four.Certificate(VoteType.Commit, block, signers: 4)),
            Is.EqualTo(CertificateFailure.WrongSignatureCount), "one too many");
        Assert.That(Verify(good with { Signatures = [s[0], s[0], s[1]] }),
            Is.EqualTo(CertificateFailure.UnorderedValidators));
        Assert.That(Verify(good with { Signatures = [s[1], s[0], s[2]] }),
            Is.EqualTo(CertificateFailure.UnorderedValidators));
        Assert.That(Verify(good with { Signatures = [s[0], s[1], s[2] with { Validator = 4 }] }),
            Is.EqualTo(CertificateFailure.UnknownValidator));
        Assert.That(Verify(good with { Signatures = [s[0], s[1], s[2] with { Validator = 3 }] }),
            Is.EqualTo(CertificateFailure.BadSignature), "another's signature");
        Assert.That(CertificateVerifier.Verify(block.Header, good, new Fixture(5).Keys.Set, _four.Keys),
            Is.EqualTo(CertificateFailure.WrongValidatorSet));

        CertificateFailure Verify(Certificate c) =>
            CertificateVerifier.Verify(block.Header, c, _four.Keys.Set, _four.Keys);
    }

    [Test]
    public void Justification_WithoutPrepared_AllowsAFreshBlock()
    {
        ProposeMessage m = _four.Propose(_four.Block(1), 1, 1, _four.Justification(1));
        Assert.That(_four.Verify(m, 1), Is.EqualTo(MessageFailure.None));
        Assert.That(m.IsFresh, Is.True);
    }

    [Test]
    public void Justification_WithPrepared_AllowsTheHighestOnly()
    {
        ProposedBlock older = _four.Block(salt: 1);
        ProposedBlock newer = _four.Block(salt: 2);
        Certificate low = _four.Certificate(VoteType.Prepare, older, 0);
        Certificate high = _four.Certificate(VoteType.Prepare, newer, 1);
        Justification j = _four.Justification(2, low, high, null);
        Assert.That(j.Prepared, Is.EqualTo(high));
        Assert.That(Check(newer, j), Is.EqualTo(MessageFailure.None));
        Assert.That(Check(older, j), Is.EqualTo(MessageFailure.BadJustification), "not the highest");
        Assert.That(Check(older, j with { Prepared = low }), Is.EqualTo(MessageFailure.BadJustification));
        Assert.That(Check(_four.Block(salt: 3), j with { Prepared = null }),
            Is.EqualTo(MessageFailure.BadJustification), "the certificate dropped");
        Assert.That(Check(newer, j with { Prepared = high with { Height = 9 } }),
            Is.EqualTo(MessageFailure.BadCertificate));

        MessageFailure Check(ProposedBlock block, Justification justification) =>
            _four.Verify(_four.Propose(block, 2, 2, justification), 2);
    }

    [Test]
    public void Justification_NotExactlyAQuorumForThisView_IsRefused()
    {
        Justification j = _four.Justification(1);
        ViewChangePayload[] p = [.. j.ViewChanges];
        Assert.That(Check(0, null), Is.EqualTo(MessageFailure.None));
        Assert.That(Check(0, j), Is.EqualTo(MessageFailure.BadJustification), "view 0 needs none");
        Assert.That(Check(1, null), Is.EqualTo(MessageFailure.BadJustification));
        Assert.That(Check(2, j), Is.EqualTo(MessageFailure.BadSignature), "signed for view 1");
        Assert.That(Check(1, new Justification(p[..2], null)), Is.EqualTo(MessageFailure.BadJustification));
        Assert.That(Check(1, new Justification([p[0], p[0], p[1]], null)), Is.EqualTo(MessageFailure.BadJustification));
        Assert.That(Check(1, new Justification([p[0], p[1], p[2] with { Signer = 9 }], null)),
            Is.EqualTo(MessageFailure.UnknownValidator));

        MessageFailure Check(uint view, Justification? justification) =>
            _four.Verify(_four.Propose(_four.Block((int)view), view, (int)view, justification), (int)view);
    }

    [Test]
    public void ViewChange_ThatClaimsMoreThanItProves_IsRefused()
    {
        Certificate prepared = _four.Certificate(VoteType.Prepare, _four.Block());
        ViewChangeMessage good = _four.ViewChange(2, 1, prepared);
        Assert.That(_four.Verify(good, 2), Is.EqualTo(MessageFailure.None));
        Assert.That(_four.Verify(good with { Prepared = null }, 2), Is.EqualTo(MessageFailure.BadViewChange));
        Assert.That(_four.Verify(_four.ViewChange(2, 1) with { Prepared = prepared }, 2),
            Is.EqualTo(MessageFailure.BadViewChange));
        Certificate late = _four.Certificate(VoteType.Prepare, _four.Block(), 1);
        Assert.That(_four.Verify(_four.ViewChange(2, 1, late), 2), Is.EqualTo(MessageFailure.BadViewChange),
            "prepared in a view it had promised not to vote in");
        Certificate weak = _four.Certificate(VoteType.Prepare, _four.Block(), signers: 2);
        Assert.That(_four.Verify(_four.ViewChange(2, 1, weak), 2), Is.EqualTo(MessageFailure.BadCertificate));
        Assert.That(_four.Verify(good with { Epoch = 1 }, 2), Is.EqualTo(MessageFailure.WrongEpoch));
    }

    [Test]
    public void Vote_OfAnotherSignerEpochOrChain_IsRefused()
    {
        VoteMessage good = _four.Vote(VoteType.Commit, Digest.Zero, 1);
        Assert.That(_four.Verify(good), Is.EqualTo(MessageFailure.None));
        Assert.That(_four.Verify(good with { Signer = 2 }), Is.EqualTo(MessageFailure.BadSignature));
        Assert.That(_four.Verify(good with { Type = VoteType.Prepare }), Is.EqualTo(MessageFailure.BadSignature));
        Assert.That(_four.Verify(good with { Signer = 4 }), Is.EqualTo(MessageFailure.UnknownValidator));
        Assert.That(_four.Verify(good with { Epoch = 7 }), Is.EqualTo(MessageFailure.WrongEpoch));
        Assert.That(_four.Verify(good, from: 4), Is.EqualTo(MessageFailure.UnknownValidator));
        var otherChain = new MessageVerifier(_four.Config(0) with { ChainId = Digest.Zero }, _four.Keys);
        Assert.That(otherChain.Verify(0, good, 0, out _), Is.EqualTo(MessageFailure.BadSignature));
        ProposeMessage proposal = _four.Propose(_four.Block(), 0, 0);
        Assert.That(otherChain.Verify(0, proposal, 0, out _), Is.EqualTo(MessageFailure.WrongChain));
    }
}
