using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Verification;

/// <summary>A <see cref="TestLedger"/> whose blocks those who act certify, with real signatures, across changes of the validators; and
/// what they certify against the rules.</summary>
internal sealed class CertifiedLedger
{
    private readonly Dictionary<PublicKey, TestKey> _validators;
    private readonly TestLedger _ledger;
    private byte _nonce;

    /// <summary>A ledger that has its genesis only.</summary>
    /// <param name="newcomers">The validator keys that changes will bring.</param>
    public CertifiedLedger(params TestKey[] newcomers)
        : this(null, newcomers)
    {
    }

    /// <summary>The same of another genesis.</summary>
    /// <param name="genesis">Changes it.</param>
    /// <param name="others">The validator keys beside alpha's and beta's, of the genesis and those that changes will bring.</param>
    public CertifiedLedger(Action<GenesisBody>? genesis, params TestKey[] others)
    {
        TestKey[] keys = [TestLedger.AlphaValidator, TestLedger.BetaValidator, .. others];
        _validators = keys.ToDictionary(k => k.Public);
        _ledger = new TestLedger(genesis);
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

    /// <summary>The time of the next block.</summary>
    public ulong NextTimeMs => _ledger.NextTimeMs;

    /// <summary>A block of one transaction.</summary>
    public void Commit(TestKey signer, TransactionBody action) => Commit(Sign(signer, action));

    /// <summary>A block of these, all of which must be valid.</summary>
    public void Commit(params byte[][] envelopes)
    {
        ValidatorSet acting = History.Acting;
        BlockHeader header = _ledger.Commit(envelopes.Select(_ledger.Verified)).Header;
        var block = new CertifiedBlock(header, Certify(header, acting));
        Blocks.Add(block);
        Raw.Add(new RawBlock(header.ToBytes(), block.Certificate.ToBytes(), [.. envelopes.Select(e => (ReadOnlyMemory<byte>)e)]));
    }

    /// <summary>An envelope with the next nonce.</summary>
    public byte[] Sign(TestKey signer, TransactionBody action, ulong? expiresAtMs = null) =>
        Envelope.Signed(Body(signer, action, expiresAtMs), signer);

    /// <summary>Its body.</summary>
    public TransactionBody Body(TestKey signer, TransactionBody action, ulong? expiresAtMs = null)
    {
        TransactionBody body = Envelope.Body(Chain, signer.Public, action, expiresAtMs ?? _ledger.NextTimeMs + 60_000);
        body.Nonce = Google.Protobuf.ByteString.CopyFrom([.. new byte[15], _nonce++]);
        return body;
    }

    /// <summary>The id of a transaction.</summary>
    public Digest IdOf(byte[] envelope) => TransactionDecoder.TryDecode(envelope, Chain, out _)!.Id;

    /// <summary>The block after the newest with these leaves, certified whatever they are. Its log is theirs, its state that of the block
    /// before.</summary>
    public RawBlock Collude(params byte[][] leaves)
    {
        LogAppend log = LogAppend.Compute(State.Frontier, State, [.. leaves.Select(l => LogHash.Leaf(l))]);
        BlockHeader header = NextHeader(log, State.Tip.StateRoot);
        return new RawBlock(
            header.ToBytes(), Certify(header, History.Acting).ToBytes(), [.. leaves.Select(l => (ReadOnlyMemory<byte>)l)]);
    }

    /// <summary>The same as a node stores it that executes what its rules forbid: with what the transaction would write.</summary>
    public (ExecutedBlock Block, Certificate Certificate) Collude(byte[] envelope, RecordState written)
    {
        VerifiedTransaction transaction = _ledger.Verified(envelope);
        LogAppend log = LogAppend.Compute(State.Frontier, State, [transaction.Transaction.LeafHash]);
        StateKey key = StateKey.Record(written.Record.Type, written.Record.Id);
        StateChange[] changes = [new StateChange(key, StateValue.Encode(key, written))];
        StateUpdate state = StateTree.Update(State, State.Tip.StateRoot, StateRoots.LeavesOf(changes));
        BlockHeader header = NextHeader(log, state.NewRoot);
        RecordVersionEntry[] records = [new RecordVersionEntry(key, written.Version, State.Tip.LogSizeAfter)];
        return (new ExecutedBlock(header, [transaction], log, state, changes, records), Certify(header, History.Acting));
    }

    /// <summary>The honest blocks as nodes store them, from the genesis on.</summary>
    public IEnumerable<(ExecutedBlock Block, Certificate? Certificate)> Stored() =>
        _ledger.Blocks.Select((block, i) => (block, (Certificate?)Blocks[i].Certificate)).Prepend((Genesis.Block, null));

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

    private BlockHeader NextHeader(LogAppend log, Digest stateRoot)
    {
        BlockHeader tip = State.Tip;
        return new BlockHeader
        {
            ChainId = Chain,
            Height = tip.Height + 1,
            ParentHash = tip.Hash,
            Epoch = tip.NextEpoch,
            ValidatorSetHash = tip.NextValidatorSetHash,
            NextValidatorSetHash = tip.NextValidatorSetHash,
            TimestampMs = _ledger.NextTimeMs,
            Proposer = 0,
            LogSizeBefore = tip.LogSizeAfter,
            LogSizeAfter = log.NewSize,
            LogRoot = log.NewRoot,
            StateRoot = stateRoot,
            ParametersHash = LedgerParameters.Hash(State.GetState(StateKey.Parameters)!.Value.Span),
        };
    }
}
