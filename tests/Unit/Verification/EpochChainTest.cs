using System.Text.Json;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: who knows the genesis digest alone follows the validators through an admission, a replaced key and a removal; audits
/// and receipts hold across them, and nothing forged does. Real signatures.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class EpochChainTest : IDisposable
{
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501), NewBeta = new(502);

    private readonly CertifiedLedger _ledger = new(Gamma, NewBeta);
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly EpochEnd[] _ends;

    public EpochChainTest()
    {
        TestKey[] both = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin];
        _ledger.Commit(TestLedger.AlphaAdmin, Actions.Define());
        _ledger.Commit(TestLedger.AlphaAdmin, Approve(Chain, Admit("gamma", Gamma, GammaAdmin), Gamma, both));
        _ledger.Commit(TestLedger.BetaAdmin, Actions.Define("second"));
        _ledger.Commit(GammaAdmin, Approve(Chain, Replace("beta", NewBeta, 1), NewBeta, both));
        _ledger.Commit(TestLedger.BetaAdmin, Approve(Chain, Remove("alpha", 2), null, both));
        _ledger.Commit(GammaAdmin, Actions.Define("third"));
        _ends = _ledger.Ends;
    }

    private Digest Chain => _ledger.Chain;

    private ValidatorHistory History => _ledger.History;

    private List<CertifiedBlock> Blocks => _ledger.Blocks;

    private List<RawBlock> Raw => _ledger.Raw;

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Audit_AcrossThreeChanges_FindsEverythingInOrder()
    {
        ChainAuditor auditor = _ledger.Audit(Raw, _verifier);
        Assert.That(auditor.Problem, Is.Null);
        Assert.That(auditor.Validators.Members.Select(v => v.Department), Is.EqualTo(new[] { "beta", "gamma" }));
        Assert.That(auditor.Ledger.Tip.Epoch, Is.EqualTo(3));
    }

    [Test]
    public void Audit_ABlockCertifiedByTheSetBefore_IsFound()
    {
        // Below, the departments of the set before are all in this one, too.
        for (int height = 5; height <= Blocks.Count; height++)
        {
            BlockHeader header = Blocks[height - 1].Header;
            ValidatorSet before = History.OfEpoch(header.Epoch - 1)!;
            List<RawBlock> forged = [.. Raw];
            forged[height] = forged[height] with { Certificate = _ledger.Certify(header, before).ToBytes() };
            AuditProblem? problem = _ledger.Audit(forged, _verifier).Problem;
            Assert.That((problem?.Height, problem?.Where), Is.EqualTo(((ulong?)height, "certificate")));
        }
    }

    [Test]
    public void Follow_FromGenesis_GivesEverySet()
    {
        IReadOnlyList<ValidatorSet> sets = EpochChain.Follow(_ledger.Genesis, _ends, _verifier, out string? problem)!;
        Assert.That(problem, Is.Null);
        Assert.That(sets.Select(s => s.Hash), Is.EqualTo(Enumerable.Range(0, 4).Select(e => History.OfEpoch((ulong)e)!.Hash)));
    }

    [Test]
    public void Follow_WhatWasForged_ProvesNothing()
    {
        (string What, EpochEnd[] Ends)[] forgeries =
        [
            ("one is missing", [_ends[0], _ends[2]]),
            ("the first is missing", _ends[1..]),
            ("another order", [_ends[1], _ends[0], _ends[2]]),
            ("one twice", [_ends[0], _ends[0], .. _ends[1..]]),
            ("another key", [_ends[0] with { NewKey = new TestKey(999).Public }, .. _ends[1..]]),
            ("another department", [_ends[0] with { Department = "delta" }, .. _ends[1..]]),
            ("no department's id", [_ends[0] with { Department = "Ünd" }, .. _ends[1..]]),
            ("a key that another has", [_ends[0] with { NewKey = TestLedger.AlphaValidator.Public }, .. _ends[1..]]),
            ("removed, not admitted", [_ends[0] with { NewKey = null }, .. _ends[1..]]),
            ("admitted, not removed", [.. _ends[..2], _ends[2] with { NewKey = TestLedger.AlphaValidator.Public }]),
            ("a header that ends no epoch", [new EpochEnd(Blocks[0], "gamma", Gamma.Public), .. _ends[1..]]),
            ("certified by the new set", [_ends[0] with { Block = Recertified(_ends[0], 1) }, .. _ends[1..]]),
            ("certified by the set before", [.. _ends[..2], _ends[2] with { Block = Recertified(_ends[2], 1) }]),
        ];
        foreach ((string what, EpochEnd[] ends) in forgeries)
        {
            Assert.That(EpochChain.Follow(_ledger.Genesis, ends, _verifier, out string? problem), Is.Null, what);
            Assert.That(problem, Is.Not.Null, what);
        }
    }

    [Test]
    public void Verify_ReceiptsOfEveryEpoch_HoldFromTheGenesisDigestAlone()
    {
        for (ulong height = 1; height <= (ulong)Blocks.Count; height++)
        {
            byte[] file = FileOf(height, _ends);
            ProvenTransaction? proven = ReceiptVerifier.Verify(file, Chain, _verifier, out ReceiptFailure? failure);
            Assert.That(failure, Is.Null, failure?.Message);
            Assert.That(proven!.Validators.Hash, Is.EqualTo(History.At(height).Hash));
        }
        foreach (EpochEnd[] other in new EpochEnd[][] { [], _ends[..2], [.. _ends, _ends[2]] })
        {
            Receipt short_ = _ledger.ReceiptOf(1, other);
            Assert.That(ReceiptVerifier.Verify(short_, Chain, _verifier, out ReceiptFailure? failure), Is.Null);
            Assert.That(failure!.Kind, Is.EqualTo(ReceiptFailureKind.InvalidEpochs));
        }
    }

    /// <summary>What departments that have left can make with their old keys, in a receipt that shows that they had left.</summary>
    [Test]
    public void Verify_ABlockOfASetWhoseEpochHadEnded_IsRefused()
    {
        ValidatorSet founders = History.OfEpoch(0)!;
        foreach (ulong height in new ulong[] { 2, 5 })
        {
            ReceiptVerifier.Verify(ForgedBy(founders, height), Chain, _verifier, out ReceiptFailure? failure);
            Assert.That(failure?.Kind, Is.EqualTo(ReceiptFailureKind.InvalidEpochs), $"height {height}");
        }
        Receipt before = ForgedBy(History.OfEpoch(1)!, 1);
        Assert.That(ReceiptVerifier.Verify(before, Chain, _verifier, out ReceiptFailure? early), Is.Null);
        Assert.That(early!.Kind, Is.EqualTo(ReceiptFailureKind.InvalidEpochs));
    }

    [Test]
    public void Verify_AFileOfAnotherSpelling_OrWithoutAChange_IsRefused()
    {
        string text = System.Text.Encoding.UTF8.GetString(FileOf(6, _ends));
        foreach (string other in new[]
        {
            text.Replace($"\"newKey\": \"{Gamma.Public}\"", $"\"newKey\": \"{Gamma.Public.ToString().ToUpperInvariant()}\"", StringComparison.Ordinal),
            text.Replace("\"department\": \"alpha\",\n      \"lastBlock\"", "\"lastBlock\"", StringComparison.Ordinal),
            text.Replace("\"newKey\"", "\"newkey\"", StringComparison.Ordinal),
        })
        {
            Assert.That(other, Is.Not.EqualTo(text));
            Assert.That(ReceiptVerifier.Verify(System.Text.Encoding.UTF8.GetBytes(other), Chain, _verifier, out _), Is.Null);
        }
    }

    /// <summary>The same ledger for verifiers of other makes: docs/vectors/epochs.json.</summary>
    [Test]
    public void Vectors_AreTheseBlocksAndReceipts()
    {
        static string Base64(ReadOnlyMemory<byte> bytes) => Convert.ToBase64String(bytes.Span);
        var vectors = new
        {
            genesisDigest = Chain.ToString(),
            genesisBody = Base64(_ledger.Genesis.Bytes),
            blocks = Raw.Select((b, height) => new
            {
                header = Base64(b.Header),
                certificate = Base64(b.Certificate),
                envelopes = height == 0 ? [] : b.Leaves.Select(Base64).ToArray(),
            }),
            wrongCertificates = Enumerable.Range(5, Blocks.Count - 4).Select(height => new
            {
                height,
                certificate = Base64(_ledger.Certify(Blocks[height - 1].Header, History.OfEpoch(Blocks[height - 1].Header.Epoch - 1)!).ToBytes()),
            }),
            outsideTheirEpoch = new[] { ForgedBy(History.OfEpoch(0)!, 2), ForgedBy(History.OfEpoch(0)!, 5), ForgedBy(History.OfEpoch(1)!, 1) }
                .Select(r => Base64(Written(r))),
            receipts = Enumerable.Range(1, Blocks.Count).Select(height => new { height, file = Base64(FileOf((ulong)height, _ends)) }),
        };
        Repository.Hold("docs/vectors/epochs.json", JsonSerializer.Serialize(vectors, Layout) + "\n");
    }

    private static readonly JsonSerializerOptions Layout =
        new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private byte[] FileOf(ulong height, EpochEnd[] ends)
    {
        Receipt receipt = _ledger.ReceiptOf(height, ends);
        ProvenTransaction proven = ReceiptVerifier.Verify(receipt, Chain, _verifier, out ReceiptFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message);
        return ReceiptCodec.Write(receipt, proven);
    }

    /// <summary>A receipt whose block has all that the height's has, but is of another epoch, whose set certified it.</summary>
    private Receipt ForgedBy(ValidatorSet set, ulong height)
    {
        ulong epoch = (ulong)Enumerable.Range(0, 4).First(e => History.OfEpoch((ulong)e)!.Hash == set.Hash);
        BlockHeader genuine = Blocks[(int)height - 1].Header;
        var header = new BlockHeader
        {
            ChainId = genuine.ChainId,
            Height = genuine.Height,
            ParentHash = genuine.ParentHash,
            Epoch = epoch,
            ValidatorSetHash = set.Hash,
            NextValidatorSetHash = set.Hash,
            TimestampMs = genuine.TimestampMs,
            Proposer = genuine.Proposer,
            LogSizeBefore = genuine.LogSizeBefore,
            LogSizeAfter = genuine.LogSizeAfter,
            LogRoot = genuine.LogRoot,
            StateRoot = genuine.StateRoot,
            ParametersHash = genuine.ParametersHash,
        };
        return _ledger.ReceiptOf(height, _ends) with { Block = new CertifiedBlock(header, _ledger.Certify(header, set)) };
    }

    /// <summary>A receipt's file, whether it proves anything or not.</summary>
    private byte[] Written(Receipt receipt)
    {
        Transaction transaction = TransactionDecoder.TryDecode(receipt.Envelope, Chain, out _)!;
        SignerStatus status = SignerStatus.At(OfficerKeyState.Parser.ParseFrom(receipt.Signer.Value.Span), transaction.IsProtocol, receipt.Block.Header)!;
        return ReceiptCodec.Write(receipt, new ProvenTransaction(
            _ledger.Genesis, transaction, receipt.Position, receipt.Block.Header, status, History.OfEpoch(receipt.Block.Header.Epoch)!));
    }

    private CertifiedBlock Recertified(EpochEnd end, ulong epoch) =>
        end.Block with { Certificate = _ledger.Certify(end.Block.Header, History.OfEpoch(epoch)!) };
}
