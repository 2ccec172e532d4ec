using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: a receipt proves its transaction only if every rule of docs/SPEC.md, "Receipt", holds. Method: valid receipts
/// of a small ledger, each rule broken alone, and blocks that a quorum was brought to certify against the rules.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReceiptVerifierTests : IDisposable
{
    private static readonly EvidenceLedger Ledger = EvidenceLedger.Shared;
    private static readonly TestKey Clerk = TestLedger.AlphaClerk;

    private readonly RememberingVerifier _verifier = new();

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Verify_EveryTransactionOfTheLedger_IsProvenToItsOwnBlockAndToTheTip()
    {
        for (ulong position = 1; position <= EvidenceLedger.LastPosition; position++)
        {
            Receipt own = Ledger.ProvenToOwnBlock(position);
            AssertProven(own);
            if (own.Block.Header.Height != EvidenceLedger.TipHeight)
                AssertProven(Ledger.ProvenToTip(position));
        }
    }

    [Test]
    public void Verify_ValidReceipt_SaysWhoSignedWhatAndWhen()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        ProvenTransaction proven = AssertProven(receipt);
        Assert.That(proven.Transaction.Body.Register.Record.Id, Is.EqualTo("A-1"));
        Assert.That(proven.Header.Hash, Is.EqualTo(Ledger.Blocks[2].Header.Hash));
        Assert.That(proven.Genesis.ChainId, Is.EqualTo(Ledger.Genesis.ChainId));
        Assert.That((proven.Signer.Department, proven.Signer.OfficerId), Is.EqualTo(("alpha", "clerk")));
    }

    [Test]
    public void Verify_OfficerRevokedLater_ReceiptStillProvesWhatWasSignedBefore()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        OfficerKeyState entry = OfficerKeyState.Parser.ParseFrom(receipt.Signer.Value.Span);
        Assert.That(entry.Intervals.Single().LastHeight, Is.EqualTo(3), "the newest state knows of the revocation");
        ProvenTransaction proven = AssertProven(receipt);
        Assert.That(proven.Header.Height, Is.EqualTo(2));
    }

    [Test]
    public void Verify_KeyReplacedLater_ReceiptStillProvesWhatItSignedBefore()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.LastOfDeputy);
        OfficerKeyState entry = OfficerKeyState.Parser.ParseFrom(receipt.Signer.Value.Span);
        Assert.That(entry.Intervals.Single().LastHeight, Is.EqualTo(6), "the newest state knows of the other key");
        ProvenTransaction proven = AssertProven(receipt);
        Assert.That((proven.Header.Height, proven.Signer.OfficerId), Is.EqualTo((5UL, "deputy")));
    }

    [Test]
    public void Verify_SignedByAValidator_NamesTheDepartmentAndNoOfficer()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.SuspensionOfAlpha);
        Assert.That(AssertProven(receipt).Signer, Is.EqualTo(new SignerStatus("beta", null)));
        string file = System.Text.Encoding.UTF8.GetString(Ledger.FileOf(receipt, _verifier));
        Assert.That(file, Does.Contain("\"action\": \"suspend_leader\"").And.Not.Contain("\"officer\""));
    }

    [Test]
    public void Verify_AnotherGenesisDigest_IsRefused() => AssertRefused(
        Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk), ReceiptFailureKind.WrongGenesis, Sha256.Hash("another"u8));

    [Test]
    public void Verify_GenesisBodyThatBreaksARule_IsRefusedThoughItsDigestIsTrusted()
    {
        byte[] body = new GenesisBody { FormatVersion = 1 }.ToByteArray();
        AssertRefused(
            Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk) with { GenesisBody = body },
            ReceiptFailureKind.InvalidGenesis, DomainTag.Hash(DomainTag.Genesis, body));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Verify_CertificateThatIsNotExactlyAQuorumsOverThisHeader_IsRefused(bool later)
    {
        BlockHeader header = later ? Ledger.Blocks[^1].Header : Ledger.Blocks[2].Header;
        Certificate good = EvidenceLedger.Certify(header);
        void Refused(Certificate certificate, CertificateFailure because)
        {
            Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
            var block = new CertifiedBlock(header, certificate);
            receipt = later
                ? receipt with { Signer = receipt.Signer with { Later = block } }
                : receipt with { Block = block };
            ReceiptFailure failure = AssertRefused(receipt, ReceiptFailureKind.InvalidCertificate);
            Assert.That(failure.Message, Does.Contain($"({because})"));
            Assert.That(failure.Message, Does.Contain(later ? "the later block" : "the block"));
        }
        Refused(EvidenceLedger.Certify(header, signers: [0, 1]), CertificateFailure.WrongSignatureCount);
        Refused(EvidenceLedger.Certify(header, signers: [0, 1, 2, 3]), CertificateFailure.WrongSignatureCount);
        Certificate prepared = EvidenceLedger.Certify(header, VoteType.Prepare);
        Refused(prepared, CertificateFailure.WrongType);
        Refused(prepared with { Type = VoteType.Commit }, CertificateFailure.BadSignature);
        Refused(good with { View = 1 }, CertificateFailure.BadSignature);
        Refused(good with { Height = good.Height + 1 }, CertificateFailure.WrongHeight);
        Refused(good with { Epoch = 1 }, CertificateFailure.WrongEpoch);
        Refused(EvidenceLedger.Certify(Ledger.Blocks[3].Header), CertificateFailure.WrongBlock);
        IReadOnlyList<ValidatorSignature> s = good.Signatures;
        Refused(good with { Signatures = [s[0], s[0], s[2]] }, CertificateFailure.UnorderedValidators);
        Refused(good with { Signatures = [s[1], s[0], s[2]] }, CertificateFailure.UnorderedValidators);
        Refused(good with { Signatures = [s[0], s[1], s[2] with { Validator = 4 }] }, CertificateFailure.UnknownValidator);
        Refused(good with { Signatures = [s[0], s[1], s[2] with { Validator = 2 }] }, CertificateFailure.BadSignature);
    }

    [Test]
    public void Verify_CertificateOfALaterView_IsAsGoodAsAnyOther()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        BlockHeader header = receipt.Block.Header;
        Certificate another = EvidenceLedger.Certify(header, view: 7, signers: [1, 2, 3]);
        AssertProven(receipt with { Block = new CertifiedBlock(header, another) });
    }

    [Test]
    public void Verify_PositionOutsideTheBlock_IsRefused()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        foreach (ulong position in (ulong[])[0, 3, 6, ulong.MaxValue])
            AssertRefused(receipt with { Position = position }, ReceiptFailureKind.WrongBlock);
        AssertRefused(receipt with { Position = 5 }, ReceiptFailureKind.InvalidInclusion);
    }

    [Test]
    public void Verify_InclusionPathThatIsNotTheOne_IsRefused()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        Digest[] path = [.. receipt.InclusionPath];
        Assert.That(path, Is.Not.Empty);
        Digest[][] others = [[], path[..^1], [.. path, path[0]], [.. path.Reverse()], [Digest.Zero, .. path[1..]]];
        foreach (Digest[] other in others)
            AssertRefused(receipt with { InclusionPath = other }, ReceiptFailureKind.InvalidInclusion);
    }

    [Test]
    public void Verify_AnotherEnvelope_IsRefused()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        AssertRefused(receipt with { Envelope = Ledger.Leaves[2][1] }, ReceiptFailureKind.InvalidInclusion);
        AssertRefused(receipt with { Envelope = new byte[] { 1, 2, 3 } }, ReceiptFailureKind.InvalidTransaction);
        AssertRefused(receipt with { Envelope = default }, ReceiptFailureKind.InvalidTransaction);
        byte[] elsewhere = Envelope.Signed(
            Envelope.Body(Digest.Zero, Clerk.Public, Actions.Register("A-1"), TestLedger.StartMs), Clerk);
        AssertRefused(receipt with { Envelope = elsewhere }, ReceiptFailureKind.InvalidTransaction);
    }

    [Test]
    public void Verify_QuorumCertifiedAnEnvelopeThatTheOfficerDidNotSign_IsRefused()
    {
        TransactionBody body = Envelope.Body(
            Ledger.Genesis.ChainId, Clerk.Public, Actions.Register("A-9"), TestLedger.StartMs);
        byte[] value = Value(new OfficerInterval { Department = "alpha", OfficerId = "clerk" });
        AssertProven(Ledger.Collude(Envelope.Signed(body, Clerk), value, 7, TestLedger.StartMs));
        AssertRefused(
            Ledger.Collude(Envelope.Signed(body, TestLedger.Spare), value, 7, TestLedger.StartMs),
            ReceiptFailureKind.InvalidSignature);
    }

    [Test]
    public void Verify_SignersEntryThatIsNotInThatState_IsRefused()
    {
        Receipt receipt = Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk);
        SignerProof signer = receipt.Signer;
        SignerProof[] others =
        [
            signer with { Value = default },
            signer with { Value = (byte[])[.. signer.Value.ToArray(), 0] },
            signer with { Path = [] },
            signer with { Path = [.. signer.Path.Reverse()] },
            signer with { Path = [.. signer.Path, Digest.Zero] },
            signer with { Path = [.. Enumerable.Repeat(signer.Path[0], 300)] },
            signer with { Later = null },
            signer with { Later = Ledger.Blocks[4] },
            Ledger.ProvenToOwnBlock(EvidenceLedger.FirstOfClerk).Signer with { Later = Ledger.Blocks[^1] },
            Ledger.ProvenToTip(8).Signer,
        ];
        foreach (SignerProof other in others)
            AssertRefused(receipt with { Signer = other }, ReceiptFailureKind.InvalidSignerProof);
    }

    [Test]
    public void Verify_LaterBlockThatIsNotLater_IsRefused()
    {
        Receipt own = Ledger.ProvenToOwnBlock(6);
        foreach (int height in (int[])[2, 3])
        {
            ReceiptFailure failure = AssertRefused(
                own with { Signer = own.Signer with { Later = Ledger.Blocks[height] } },
                ReceiptFailureKind.InvalidSignerProof);
            Assert.That(failure.Message, Does.Contain("earlier"));
        }
    }

    /// <summary>The interval against block 10 at the ledger's start time; offsets are milliseconds from that.</summary>
    [TestCase(0UL, 0UL, null, null, true)]
    [TestCase(10UL, 0UL, null, null, true)]
    [TestCase(11UL, 0UL, null, null, false, Description = "enrolled only later")]
    [TestCase(0UL, 10UL, null, null, true)]
    [TestCase(0UL, 9UL, null, null, false, Description = "revoked before")]
    [TestCase(0UL, 0UL, 0, null, true)]
    [TestCase(0UL, 0UL, 1, null, false, Description = "not valid yet")]
    [TestCase(0UL, 0UL, null, 1, true)]
    [TestCase(0UL, 0UL, null, 0, false, Description = "valid no longer")]
    public void Verify_OfficersInterval_MustCoverTheBlock(ulong first, ulong last, int? from, int? until, bool covers)
    {
        var interval = new OfficerInterval
        {
            Department = "alpha",
            OfficerId = "clerk",
            FirstHeight = first,
            LastHeight = last,
            ValidFromMs = from is null ? 0 : TestLedger.StartMs + (ulong)from,
            ValidUntilMs = until is null ? 0 : TestLedger.StartMs + (ulong)until,
        };
        byte[] envelope = Ledger.Sign(Clerk, Actions.Register("A-9"));
        Receipt receipt = Ledger.Collude(envelope, Value(interval), 10, TestLedger.StartMs);
        if (covers)
            AssertProven(receipt);
        else
            AssertRefused(receipt, ReceiptFailureKind.SignerNotAuthorised);
        // A second interval is another enrolment: one that covers is enough, and is the one that is named.
        var second = new OfficerInterval
        {
            Department = "beta",
            OfficerId = "other",
            FirstHeight = 10,
            LastHeight = 10,
        };
        ProvenTransaction proven = AssertProven(
            Ledger.Collude(envelope, Value(interval, second), 10, TestLedger.StartMs));
        Assert.That(proven.Signer.Department, Is.EqualTo(covers ? "alpha" : "beta"));
    }

    [Test]
    public void Verify_KeyThatNeverWasAnOfficers_IsRefused() => AssertRefused(
        Ledger.Collude(Ledger.Sign(Clerk, Actions.Register("A-9")), Value(), 10, TestLedger.StartMs),
        ReceiptFailureKind.SignerNotAuthorised);

    [Test]
    public void Verify_QuorumCertifiedAStateThatCannotBeRead_IsRefusedAndDoesNotThrow() => AssertRefused(
        Ledger.Collude(Ledger.Sign(Clerk, Actions.Register("A-9")), [0xff, 0xff], 10, TestLedger.StartMs),
        ReceiptFailureKind.InvalidSignerProof);

    private ProvenTransaction AssertProven(Receipt receipt)
    {
        ProvenTransaction? proven =
            ReceiptVerifier.Verify(receipt, Ledger.Genesis.ChainId, _verifier, out ReceiptFailure? failure);
        Assert.That(proven, Is.Not.Null, $"position {receipt.Position}: {failure}");
        Assert.That(failure, Is.Null);
        return proven!;
    }

    private ReceiptFailure AssertRefused(Receipt receipt, ReceiptFailureKind kind, Digest? genesisDigest = null)
    {
        ProvenTransaction? proven = ReceiptVerifier.Verify(
            receipt, genesisDigest ?? Ledger.Genesis.ChainId, _verifier, out ReceiptFailure? failure);
        Assert.That(proven, Is.Null);
        Assert.That(failure?.Kind, Is.EqualTo(kind), failure?.Message);
        return failure!;
    }

    private static byte[] Value(params OfficerInterval[] intervals) => StateValue.Encode(
        StateKey.OfficerKey(Clerk.Public),
        new OfficerKeyState { PublicKey = ByteString.CopyFrom(Clerk.Public.Span), Intervals = { intervals } });
}
