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

    private readonly TestLedger _ledger = new();
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly Dictionary<PublicKey, TestKey> _validators = new[]
    {
        TestLedger.AlphaValidator, TestLedger.BetaValidator, Gamma, NewBeta,
    }.ToDictionary(k => k.Public);

    private readonly List<CertifiedBlock> _blocks = [];
    private readonly List<RawBlock> _raw = [];
    private readonly EpochEnd[] _ends;
    private byte _nonce;

    public EpochChainTest()
    {
        TestKey[] both = [TestLedger.AlphaAdmin, TestLedger.BetaAdmin];
        _raw.Add(new RawBlock(_ledger.Genesis.Block.Header.ToBytes(), default, [_ledger.Genesis.Leaf]));
        Commit(TestLedger.AlphaAdmin, Actions.Define());
        Commit(TestLedger.AlphaAdmin, Approve(Chain, Admit("gamma", Gamma, GammaAdmin), Gamma, both));
        Commit(TestLedger.BetaAdmin, Actions.Define("second"));
        Commit(GammaAdmin, Approve(Chain, Replace("beta", NewBeta, 1), NewBeta, both));
        Commit(TestLedger.BetaAdmin, Approve(Chain, Remove("alpha", 2), null, both));
        Commit(GammaAdmin, Actions.Define("third"));
        _ends = [.. EpochChain.Of(History.Changes, h => _blocks[(int)h - 1])];
    }

    private Digest Chain => _ledger.Genesis.ChainId;

    private ValidatorHistory History => ValidatorHistory.Of(_ledger.Genesis, _ledger.State);

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Audit_AcrossThreeChanges_FindsEverythingInOrder()
    {
        ChainAuditor auditor = Audit(_raw);
        Assert.That(auditor.Problem, Is.Null);
        Assert.That(auditor.Validators.Members.Select(v => v.Department), Is.EqualTo(new[] { "beta", "gamma" }));
        Assert.That(auditor.Ledger.Tip.Epoch, Is.EqualTo(3));
    }

    [Test]
    public void Audit_ABlockCertifiedByTheSetBefore_IsFound()
    {
        // Below, the departments of the set before are all in this one, too.
        for (int height = 5; height <= _blocks.Count; height++)
        {
            BlockHeader header = _blocks[height - 1].Header;
            ValidatorSet before = History.OfEpoch(header.Epoch - 1)!;
            List<RawBlock> forged = [.. _raw];
            forged[height] = forged[height] with { Certificate = Certify(header, before).ToBytes() };
            AuditProblem? problem = Audit(forged).Problem;
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
            ("a header that ends no epoch", [new EpochEnd(_blocks[0], "gamma", Gamma.Public), .. _ends[1..]]),
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
        for (ulong height = 1; height <= (ulong)_blocks.Count; height++)
        {
            byte[] file = FileOf(height, _ends);
            ProvenTransaction? proven = ReceiptVerifier.Verify(file, Chain, _verifier, out ReceiptFailure? failure);
            Assert.That(failure, Is.Null, failure?.Message);
            Assert.That(proven!.Validators.Hash, Is.EqualTo(History.At(height).Hash));
        }
        foreach (EpochEnd[] other in new EpochEnd[][] { [], _ends[..2], [.. _ends, _ends[2]] })
        {
            Receipt short_ = Of(1, other);
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
            blocks = _raw.Select((b, height) => new
            {
                header = Base64(b.Header),
                certificate = Base64(b.Certificate),
                envelopes = height == 0 ? [] : b.Leaves.Select(Base64).ToArray(),
            }),
            wrongCertificates = Enumerable.Range(5, _blocks.Count - 4).Select(height => new
            {
                height,
                certificate = Base64(Certify(_blocks[height - 1].Header, History.OfEpoch(_blocks[height - 1].Header.Epoch - 1)!).ToBytes()),
            }),
            outsideTheirEpoch = new[] { ForgedBy(History.OfEpoch(0)!, 2), ForgedBy(History.OfEpoch(0)!, 5), ForgedBy(History.OfEpoch(1)!, 1) }
                .Select(r => Base64(Written(r))),
            receipts = Enumerable.Range(1, _blocks.Count).Select(height => new { height, file = Base64(FileOf((ulong)height, _ends)) }),
        };
        Repository.Hold("docs/vectors/epochs.json", JsonSerializer.Serialize(vectors, Layout) + "\n");
    }

    private static readonly JsonSerializerOptions Layout =
        new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private byte[] FileOf(ulong height, EpochEnd[] ends)
    {
        Receipt receipt = Of(height, ends);
        ProvenTransaction proven = ReceiptVerifier.Verify(receipt, Chain, _verifier, out ReceiptFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message);
        return ReceiptCodec.Write(receipt, proven);
    }

    private Receipt Of(ulong height, EpochEnd[] ends)
    {
        CertifiedBlock block = _blocks[(int)height - 1], tip = _blocks[^1];
        ReadOnlyMemory<byte> envelope = _raw[(int)height].Leaves[0];
        Transaction transaction = TransactionDecoder.TryDecode(envelope, Chain, out _)!;
        StateKey key = StateKey.OfficerKey(transaction.Signer);
        var nodes = new TileLogNodeSource(_ledger.State, block.Header.LogSizeAfter);
        return new Receipt(
            _ledger.Genesis.Bytes, envelope, block.Header.LogSizeBefore,
            LogProofs.Inclusion(nodes, block.Header.LogSizeBefore, block.Header.LogSizeAfter), block,
            new SignerProof(
                _ledger.State.GetState(key)!.Value, StateTree.Prove(_ledger.State, tip.Header.StateRoot, key.TreeKey).Siblings.ToArray(),
                block == tip ? null : tip),
            ends);
    }

    /// <summary>A receipt whose block has all that the height's has, but is of another epoch, whose set certified it.</summary>
    private Receipt ForgedBy(ValidatorSet set, ulong height)
    {
        ulong epoch = (ulong)Enumerable.Range(0, 4).First(e => History.OfEpoch((ulong)e)!.Hash == set.Hash);
        BlockHeader genuine = _blocks[(int)height - 1].Header;
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
        return Of(height, _ends) with { Block = new CertifiedBlock(header, Certify(header, set)) };
    }

    /// <summary>A receipt's file, whether it proves anything or not.</summary>
    private byte[] Written(Receipt receipt)
    {
        Transaction transaction = TransactionDecoder.TryDecode(receipt.Envelope, Chain, out _)!;
        SignerStatus status = SignerStatus.At(OfficerKeyState.Parser.ParseFrom(receipt.Signer.Value.Span), transaction.IsProtocol, receipt.Block.Header)!;
        return ReceiptCodec.Write(receipt, new ProvenTransaction(
            _ledger.Genesis, transaction, receipt.Block.Header, status, History.OfEpoch(receipt.Block.Header.Epoch)!));
    }

    private CertifiedBlock Recertified(EpochEnd end, ulong epoch) =>
        end.Block with { Certificate = Certify(end.Block.Header, History.OfEpoch(epoch)!) };

    private ChainAuditor Audit(List<RawBlock> raw)
    {
        var auditor = new ChainAuditor(_ledger.Genesis);
        for (int height = 0; height < raw.Count; height++)
            auditor.Add(PreparedBlock.Prepare((ulong)height, raw[height], _ledger.Genesis, _verifier));
        return auditor;
    }

    private void Commit(TestKey signer, TransactionBody action)
    {
        ValidatorSet acting = History.Acting;
        TransactionBody body = Envelope.Body(Chain, signer.Public, action, _ledger.NextTimeMs + 60_000);
        body.Nonce = Google.Protobuf.ByteString.CopyFrom([.. new byte[15], _nonce++]);
        byte[] envelope = Envelope.Signed(body, signer);
        BlockHeader header = _ledger.Commit([_ledger.Verified(envelope)]).Header;
        var block = new CertifiedBlock(header, Certify(header, acting));
        _blocks.Add(block);
        _raw.Add(new RawBlock(header.ToBytes(), block.Certificate.ToBytes(), [envelope]));
    }

    private Certificate Certify(BlockHeader header, ValidatorSet set)
    {
        Digest digest = new Vote(VoteType.Commit, Chain, header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        return new Certificate(
            VoteType.Commit, header.Epoch, header.Height, 0, header.Hash,
            [.. Enumerable.Range(set.Count - set.QuorumSize, set.QuorumSize).Select(i => new ValidatorSignature((ushort)i, _validators[set[i].Key].Sign(digest)))]);
    }
}
