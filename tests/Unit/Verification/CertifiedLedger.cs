using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Verification;

/// <summary>A <see cref="TestLedger"/> whose blocks those who act certify, with real signatures, across changes of the validators.
/// </summary>
internal sealed class CertifiedLedger
{
    private readonly Dictionary<PublicKey, TestKey> _validators;
    private readonly TestLedger _ledger = new();
    private byte _nonce;

    /// <summary>A ledger that has its genesis only.</summary>
    /// <param name="newcomers">The validator keys that changes will bring.</param>
    public CertifiedLedger(params TestKey[] newcomers)
    {
        TestKey[] keys = [TestLedger.AlphaValidator, TestLedger.BetaValidator, .. newcomers];
        _validators = keys.ToDictionary(k => k.Public);
        Raw.Add(new RawBlock(_ledger.Genesis.Block.Header.ToBytes(), default, [_ledger.Genesis.Leaf]));
    }

    public Genesis Genesis => _ledger.Genesis;

    public Digest Chain => Genesis.ChainId;

    public ILedgerView State => _ledger.State;

    public ValidatorHistory History => ValidatorHistory.Of(Genesis, State);

    /// <summary>Block 1 at index 0.</summary>
    public List<CertifiedBlock> Blocks { get; } = [];

    /// <summary>Block 0 at index 0.</summary>
    public List<RawBlock> Raw { get; } = [];

    /// <summary>The ends of all epochs so far.</summary>
    public EpochEnd[] Ends => [.. EpochChain.Of(History.Changes, h => Blocks[(int)h - 1])];

    /// <summary>A block of one transaction.</summary>
    public void Commit(TestKey signer, TransactionBody action)
    {
        ValidatorSet acting = History.Acting;
        TransactionBody body = Envelope.Body(Chain, signer.Public, action, _ledger.NextTimeMs + 60_000);
        body.Nonce = Google.Protobuf.ByteString.CopyFrom([.. new byte[15], _nonce++]);
        byte[] envelope = Envelope.Signed(body, signer);
        BlockHeader header = _ledger.Commit([_ledger.Verified(envelope)]).Header;
        var block = new CertifiedBlock(header, Certify(header, acting));
        Blocks.Add(block);
        Raw.Add(new RawBlock(header.ToBytes(), block.Certificate.ToBytes(), [envelope]));
    }

    /// <summary>A commit certificate of the last quorum of a set, for the header's epoch or another.</summary>
    public Certificate Certify(BlockHeader header, ValidatorSet set, ulong? epoch = null)
    {
        Digest digest = new Vote(VoteType.Commit, Chain, epoch ?? header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        return new Certificate(
            VoteType.Commit, epoch ?? header.Epoch, header.Height, 0, header.Hash,
            [.. Enumerable.Range(set.Count - set.QuorumSize, set.QuorumSize)
                .Select(i => new ValidatorSignature((ushort)i, _validators[set[i].Key].Sign(digest)))]);
    }

    /// <summary>An audit of these blocks, from the genesis on.</summary>
    public ChainAuditor Audit(IReadOnlyList<RawBlock> raw, ISignatureVerifier verifier)
    {
        var auditor = new ChainAuditor(Genesis);
        for (int height = 0; height < raw.Count; height++)
            auditor.Add(PreparedBlock.Prepare((ulong)height, raw[height], Genesis, verifier));
        return auditor;
    }

    /// <summary>The receipt of a block's transaction under the newest block, with these ends of epochs.</summary>
    public Receipt ReceiptOf(ulong height, EpochEnd[] ends)
    {
        CertifiedBlock block = Blocks[(int)height - 1], tip = Blocks[^1];
        ReadOnlyMemory<byte> envelope = Raw[(int)height].Leaves[0];
        Transaction transaction = TransactionDecoder.TryDecode(envelope, Chain, out _)!;
        StateKey key = StateKey.OfficerKey(transaction.Signer);
        var nodes = new TileLogNodeSource(State, block.Header.LogSizeAfter);
        return new Receipt(
            Genesis.Bytes, envelope, block.Header.LogSizeBefore,
            LogProofs.Inclusion(nodes, block.Header.LogSizeBefore, block.Header.LogSizeAfter), block,
            new SignerProof(
                State.GetState(key)!.Value, StateTree.Prove(State, tip.Header.StateRoot, key.TreeKey).Siblings.ToArray(),
                block == tip ? null : tip),
            ends);
    }
}
