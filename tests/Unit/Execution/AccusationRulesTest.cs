using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Execution;

/// <summary>docs/SPEC.md, "Execution", 9: evidence on the ledger, each offence once, and nobody accused by what proves nothing.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AccusationRulesTest
{
    private readonly TestLedger _ledger = new();

    private Digest Chain => _ledger.Genesis.ChainId;

    [Test]
    public void Accuse_AnOffence_StandsInTheDepartmentsEntryOnce()
    {
        TransactionBody action = Actions.Accuse(Chain, TestLedger.BetaValidator, 1);
        Evidence evidence = Evidence.TryRead(action.Accuse.Evidence.Span)!;
        ExecutedBlock block = _ledger.Commit((TestLedger.AlphaValidator, action));
        ProvenOffence offence = Beta.Offences.Single();
        Assert.That(offence, Is.EqualTo(new ProvenOffence
        {
            Height = 1,
            Kind = 1,
            Type = (uint)VoteType.Commit,
            EvidenceId = ByteString.CopyFrom(evidence.Id.Span),
            Position = block.Header.LogSizeBefore,
        }));
        Assert.That(AccusationRules.Find(new StateOverlay(_ledger.State), evidence), Is.EqualTo(offence));
        Assert.That(Refused(TestLedger.BetaValidator, action), Is.EqualTo(RejectionCode.AlreadyProven), "whoever submits it");
        Rejection rejection = _ledger.Try(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 1))!;
        Assert.That((rejection.Code, rejection.IsPermanent), Is.EqualTo((RejectionCode.AlreadyProven, true)));
        Assert.That(Refused(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 2)), Is.Null, "another height");
        Assert.That(Refused(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 1, VoteType.Prepare)), Is.Null);
    }

    [Test]
    public void Accuse_TwiceInOneBlock_TheSecondIsLeftOut()
    {
        BuiltBlock built = _ledger.Build(
            _ledger.Make(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 1)),
            _ledger.Make(TestLedger.BetaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 1)));
        Assert.That(built.LeftOut.Single().Rejection.Code, Is.EqualTo(RejectionCode.AlreadyProven));
    }

    [Test]
    public void Accuse_SixtyFourOffences_AreAllThatIsKept()
    {
        for (ulong height = 1; height <= AccusationRules.OffencesMax; height += 8)
        {
            _ledger.Commit([.. Enumerable.Range(0, 8).Select(i => (
                TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, height + (ulong)i)))]);
        }
        Assert.That(Beta.Offences, Has.Count.EqualTo(AccusationRules.OffencesMax));
        Assert.That(AccusationRules.HasRoom(new StateOverlay(_ledger.State), "beta"), Is.False);
        Assert.That(Refused(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.BetaValidator, 99)),
            Is.EqualTo(RejectionCode.AlreadyProven));
        Assert.That(Refused(TestLedger.BetaValidator, Actions.Accuse(Chain, TestLedger.AlphaValidator, 1)), Is.Null, "of another there is room");
    }

    [Test]
    public void Accuse_OfAKeyWithoutAVote_OrByAnOfficer_IsRefused()
    {
        Assert.That(Refused(TestLedger.AlphaValidator, Actions.Accuse(Chain, TestLedger.AlphaAdmin, 1)), Is.EqualTo(RejectionCode.InvalidProof));
        Assert.That(Refused(TestLedger.AlphaAdmin, Actions.Accuse(Chain, TestLedger.BetaValidator, 1)), Is.EqualTo(RejectionCode.UnknownSigner));
    }

    [Test]
    public void Decode_WhatIsNoEvidenceOfThisLedger_IsAnInvalidField()
    {
        TransactionBody good = Actions.Accuse(Chain, TestLedger.BetaValidator, 1);
        byte[] bytes = good.Accuse.Evidence.ToByteArray();
        foreach (byte[] bad in new[] { [], bytes[1..], [.. bytes, 0], [0, 2, .. bytes[2..]],
            Actions.Accuse(Sha256.Hash("else"u8), TestLedger.BetaValidator, 1).Accuse.Evidence.ToByteArray() })
        {
            var body = new TransactionBody { Accuse = new Accuse { Evidence = ByteString.CopyFrom(bad) } };
            TransactionDecoder.TryDecode(
                Envelope.Unsigned(Envelope.Body(Chain, TestLedger.AlphaValidator.Public, body, 1)), Chain, out Rejection? rejection);
            Assert.That(rejection?.Code, Is.EqualTo(RejectionCode.InvalidField), $"{bad.Length} bytes");
            Assert.That(rejection!.Facts.First(f => f.Name == "field").Value, Is.EqualTo("accuse.evidence"));
        }
    }

    [Test]
    public void Verify_AVoteThatTheAccusedDidNotSign_IsRefusedWithTheEnvelope()
    {
        Assert.That(IsVerified(Actions.Accuse(Chain, TestLedger.BetaValidator, 1)), Is.True);
        TransactionBody framed = Actions.Accuse(Chain, TestLedger.BetaValidator, 1);
        byte[] bytes = framed.Accuse.Evidence.ToByteArray();
        TestLedger.AlphaValidator.Public.Span.CopyTo(bytes.AsSpan(35));
        framed.Accuse.Evidence = ByteString.CopyFrom(bytes);
        Assert.That(IsVerified(framed), Is.False, "two signatures of another");
    }

    private DepartmentState Beta => new StateOverlay(_ledger.State).Before<DepartmentState>(StateKey.Department("beta"))!;

    private RejectionCode? Refused(TestKey signer, TransactionBody action) => _ledger.Try(signer, action)?.Code;

    private bool IsVerified(TransactionBody action)
    {
        TransactionBody body = Envelope.Body(Chain, TestLedger.AlphaValidator.Public, action, 1);
        Transaction transaction = TransactionDecoder.TryDecode(
            Envelope.Signed(body, TestLedger.AlphaValidator), Chain, out Rejection? rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
        using var verifier = new PlatformSignatureVerifier();
        return VerifiedTransaction.VerifyAll([transaction], verifier)[0] is not null;
    }
}
