using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// A ledger of four departments and fourteen blocks with everything signed and certified, from fixed keys, nonces and
/// times: its bytes come out the same each time. Alpha's clerk signs positions 4 to 6, is revoked at 7, in block 3;
/// alpha's deputy signs 8 and 11 and has another key from block 7 on; at 9, in block 4, beta's
/// validator suspends alpha as leader, at 10 delta's accuses gamma's; at 19 it submits for approval what alpha's approver approves at 20,
/// at 21 what it withdraws at 22, at 23 what waits;
/// the approver delegates at 25 to the administrator, who approves at 26 what was submitted at 24; at 27 alpha proposes a parameter and at 28 beta an endpoint, which it withdraws at 30; at 29 alpha votes
/// for its own, at 31 and 32 the others, and at 33 beta proposes anew; at 35 alpha's deputy
/// offers custody of B-2 and at 36 of B-1 to beta, whose approver accepts B-2 at 37.
/// </summary>
internal sealed class EvidenceLedger
{
    public const ulong FirstOfClerk = 4;
    public const ulong SuspensionOfAlpha = 9;
    public const ulong LastOfDeputy = 11;
    public const ulong Submission = 19;
    public const ulong Approval = 20;
    public const ulong Withdrawal = 22;
    public const ulong ApprovalOnBehalf = 26;
    public const ulong LastPosition = 37;
    public const ulong TipHeight = 14;

    /// <summary>Of alpha, beta, delta and gamma: the order of their ids.</summary>
    public static readonly TestKey[] Validators =
        [TestLedger.AlphaValidator, TestLedger.BetaValidator, new TestKey(301), new TestKey(302)];

    /// <summary>Alpha's, with the roles clerk and approver.</summary>
    public static readonly TestKey Approver = new(305);

    /// <summary>Beta's, with the role approver.</summary>
    public static readonly TestKey Receiver = new(306);

    /// <summary>Delta's and gamma's.</summary>
    public static readonly TestKey[] OtherAdministrators = [new TestKey(303), new TestKey(304)];

    private readonly TestLedger _ledger = new(AddDepartments);
    private readonly Dictionary<ulong, Receipt> _atOwnBlock = [];
    private byte _nonce;

    private EvidenceLedger()
    {
        Blocks.Add(new CertifiedBlock(Genesis.Block.Header, NoCertificate));
        Leaves.Add([Genesis.Leaf]);
        TestKey administrator = TestLedger.AlphaAdmin;
        TestKey clerk = TestLedger.AlphaClerk;
        TestKey deputy = TestLedger.Spare;
        Commit(
            (administrator, Actions.Define()),
            (administrator, Actions.Enrol("clerk", clerk, OfficerRole.Clerk)),
            (administrator, Actions.Enrol("deputy", deputy, OfficerRole.Clerk)));
        Commit((clerk, Actions.Register("A-1", content: "{\"名称\":\"北京市\"}")), (clerk, Actions.Register("A-2")));
        Commit((clerk, Actions.Amend("A-1", 1)), (administrator, Actions.Revoke("clerk")));
        Commit(
            (deputy, Actions.Register("B-1")),
            (Validators[1], Actions.Suspend(Genesis.ChainId, 3, 0, Validators[1..])),
            (Validators[2], Actions.Accuse(Genesis.ChainId, Validators[3], 3)));
        Commit((deputy, Actions.Annul("A-2", 1)));
        Commit((administrator, Actions.Rotate("deputy", TestLedger.OtherSpare)), (administrator, Strict()));
        Commit(
            (TestLedger.OtherSpare, Actions.Reinstate("A-2", 2)),
            (TestLedger.OtherSpare, Actions.Linked(Actions.Register("B-2"), ("licence", "A-1", 2), ("licence", "B-1", 0))),
            (TestLedger.OtherSpare, Actions.Supersede("A-1", 2, ("licence", "A-2"), ("licence", "B-1"))));
        TransactionBody fourEyes = Actions.Define("visa");
        fourEyes.DefineType.FourEyes = true;
        Commit((administrator, fourEyes), (administrator, Actions.Enrol("approver", Approver, OfficerRole.Clerk, OfficerRole.Approver)));
        byte[] approved = Submit("C-2"), withdrawn = Submit("C-3"), waiting = Submit("C-4"), another = Submit("C-5");
        Commit([
            approved, Sign(Approver, Actions.Approve("C-2", 0, IdOf(approved))),
            withdrawn, Sign(TestLedger.OtherSpare, Actions.Refuse("C-3", IdOf(withdrawn))),
            waiting, another, Sign(Approver, Actions.Delegate("admin", _ledger.NextTimeMs + 60_000)),
        ]);
        Commit((administrator, Actions.OnBehalfOf(Actions.Approve("C-5", 0, IdOf(another)), "approver")));
        byte[] adopted = Sign(administrator, Proposals.Propose(Genesis.ChainId, Proposals.Set(new Parameters { LeaderBlocksMax = 7 })));
        byte[] withdrawnToo = Sign(TestLedger.BetaAdmin, Proposals.Propose(Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")));
        byte[] open = Sign(TestLedger.BetaAdmin, Proposals.Propose(Genesis.ChainId, Proposals.Move("beta", "beta.example:7998")));
        Commit([
            adopted, withdrawnToo,
            Sign(administrator, Proposals.Vote("alpha", IdOf(adopted), true)), Sign(TestLedger.BetaAdmin, Proposals.Withdraw(IdOf(withdrawnToo))),
        ]);
        Commit([
            Sign(TestLedger.BetaAdmin, Proposals.Vote("alpha", IdOf(adopted), true)), Sign(OtherAdministrators[0], Proposals.Vote("alpha", IdOf(adopted), true)),
            open,
        ]);
        byte[] transfer = Sign(TestLedger.OtherSpare, Actions.Transfer("B-2", 1, "beta", _ledger.NextTimeMs + 60_000));
        byte[] offer = Sign(TestLedger.OtherSpare, Actions.Transfer("B-1", 1, "beta", _ledger.NextTimeMs + 60_000));
        Commit([Sign(TestLedger.BetaAdmin, Actions.Enrol("approver", Receiver, OfficerRole.Clerk, OfficerRole.Approver)), transfer, offer]);
        Commit((Receiver, Actions.Approve("B-2", 1, IdOf(transfer))));
        Adopted = IdOf(adopted);
        Offered = IdOf(offer);
        Open = IdOf(open);
        Waiting = IdOf(waiting);
        Approved = IdOf(approved);
    }

    /// <summary>The submission of C-4, which nobody has decided, and that of C-2, which was approved.</summary>
    public Digest Waiting { get; }

    /// <inheritdoc cref="Waiting"/>
    public Digest Approved { get; }

    /// <summary>The transfer of B-1, which beta may still accept.</summary>
    public Digest Offered { get; }

    /// <summary>The proposal of alpha, which was adopted, and that of beta, on which nobody has voted.</summary>
    public Digest Adopted { get; }

    /// <inheritdoc cref="Adopted"/>
    public Digest Open { get; }

    public static EvidenceLedger Shared { get; } = new();

    public Genesis Genesis => _ledger.Genesis;

    public InMemoryLedger State => _ledger.State;

    /// <summary>By height; block 0 has no certificate and carries an empty one here.</summary>
    public List<CertifiedBlock> Blocks { get; } = [];

    /// <summary>By height.</summary>
    public List<IReadOnlyList<ReadOnlyMemory<byte>>> Leaves { get; } = [];

    private static Certificate NoCertificate => new(VoteType.Commit, 0, 0, 0, Digest.Zero, []);

    /// <summary>A receipt whose signer is proven to the block that holds the position.</summary>
    public Receipt ProvenToOwnBlock(ulong position) => _atOwnBlock[position];

    /// <summary>A receipt whose signer is proven to the newest block.</summary>
    public Receipt ProvenToTip(ulong position)
    {
        Receipt own = _atOwnBlock[position];
        return own with { Signer = Prove(SignerOf(own.Envelope), Blocks[^1]) };
    }

    /// <summary>The canonical file of a receipt that is valid.</summary>
    public byte[] FileOf(Receipt receipt, ISignatureVerifier verifier) => ReceiptCodec.Write(
        receipt,
        ReceiptVerifier.Verify(receipt, Genesis.ChainId, verifier, out ReceiptFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message));

    /// <summary>The blocks as they would be stored.</summary>
    public List<RawBlock> RawBlocks() =>
    [
        .. Blocks.Select((block, height) => new RawBlock(
            block.Header.ToBytes(), height == 0 ? default : block.Certificate.ToBytes(), Leaves[height])),
    ];

    /// <summary>Signatures of the given validators, by default a quorum, over the header.</summary>
    public static Certificate Certify(
        BlockHeader header, VoteType type = VoteType.Commit, uint view = 0, params int[] signers)
    {
        Digest digest = new Vote(type, header.ChainId, header.Epoch, header.Height, view, header.Hash).SigningDigest();
        int[] indexes = signers.Length == 0 ? [0, 1, 3] : signers;
        return new Certificate(
            type, header.Epoch, header.Height, view, header.Hash,
            [.. indexes.Select(i => new ValidatorSignature((ushort)i, Validators[i].Sign(digest)))]);
    }

    /// <summary>An envelope with the next nonce.</summary>
    public byte[] Sign(TestKey signer, TransactionBody action)
    {
        TransactionBody body = Envelope.Body(Genesis.ChainId, signer.Public, action, _ledger.NextTimeMs + 60_000);
        body.Nonce = ByteString.CopyFrom([.. new byte[15], _nonce++]);
        return Envelope.Signed(body, signer);
    }

    /// <summary>
    /// A receipt of a block that no honest department would certify but a quorum did: one leaf, and a state of one
    /// value, the signer's.
    /// </summary>
    public Receipt Collude(byte[] envelope, byte[] signerValue, ulong height, ulong timestampMs)
    {
        BlockHeader model = Blocks[^1].Header;
        StateKey key = StateKey.OfficerKey(SignerOf(envelope));
        var header = new BlockHeader
        {
            ChainId = model.ChainId,
            Height = height,
            ParentHash = model.Hash,
            Epoch = model.Epoch,
            ValidatorSetHash = model.ValidatorSetHash,
            NextValidatorSetHash = model.NextValidatorSetHash,
            TimestampMs = timestampMs,
            Proposer = 0,
            LogSizeBefore = 0,
            LogSizeAfter = 1,
            LogRoot = LogHash.Leaf(envelope),
            StateRoot = StateTree.BuildRoot([(key.TreeKey, Sha256.Hash(signerValue))]),
            ParametersHash = model.ParametersHash,
        };
        return new Receipt(
            Genesis.Bytes, envelope, 0, [], new CertifiedBlock(header, Certify(header)),
            new SignerProof(signerValue, [], null), []);
    }

    /// <summary>The block after the tip with transactions that a quorum certified whatever the rules say of them. Its roots are none:
    /// rules come first.</summary>
    public RawBlock Collude(params (TestKey Signer, TransactionBody Action)[] actions)
    {
        ReadOnlyMemory<byte>[] envelopes = [.. actions.Select(a => (ReadOnlyMemory<byte>)Sign(a.Signer, a.Action))];
        BlockHeader tip = Blocks[^1].Header;
        var header = new BlockHeader
        {
            ChainId = tip.ChainId,
            Height = tip.Height + 1,
            ParentHash = tip.Hash,
            Epoch = tip.Epoch,
            ValidatorSetHash = tip.ValidatorSetHash,
            NextValidatorSetHash = tip.NextValidatorSetHash,
            TimestampMs = tip.TimestampMs + 1_000,
            Proposer = 0,
            LogSizeBefore = tip.LogSizeAfter,
            LogSizeAfter = tip.LogSizeAfter + (ulong)envelopes.Length,
            LogRoot = Digest.Zero,
            StateRoot = Digest.Zero,
            ParametersHash = LedgerParameters.Hash(State.GetState(StateKey.Parameters)!.Value.Span),
        };
        return new RawBlock(header.ToBytes(), Certify(header).ToBytes(), envelopes);
    }

    /// <summary>A registration by the deputy, for approval.</summary>
    private byte[] Submit(string id) => Sign(TestLedger.OtherSpare, Actions.Submitted(Actions.Register(id), _ledger.NextTimeMs + 60_000));

    private Digest IdOf(byte[] envelope) => TransactionDecoder.TryDecode(envelope, Genesis.ChainId, out _)!.Id;

    private void Commit(params (TestKey Signer, TransactionBody Action)[] actions) => Commit([.. actions.Select(a => Sign(a.Signer, a.Action))]);

    private void Commit(byte[][] envelopes)
    {
        BlockHeader header = _ledger.Commit(envelopes.Select(_ledger.Verified)).Header;
        var block = new CertifiedBlock(header, Certify(header));
        Blocks.Add(block);
        Leaves.Add([.. envelopes.Select(e => (ReadOnlyMemory<byte>)e)]);
        for (int i = 0; i < envelopes.Length; i++)
        {
            ulong position = header.LogSizeBefore + (ulong)i;
            Digest[] path = LogProofs.Inclusion(
                new TileLogNodeSource(State, header.LogSizeAfter), position, header.LogSizeAfter);
            SignerProof signer = Prove(SignerOf(envelopes[i]), block) with { Later = null };
            _atOwnBlock.Add(position, new Receipt(Genesis.Bytes, envelopes[i], position, path, block, signer, []));
        }
    }

    /// <summary>The signer's entry with its path to the newest block, which is the given one.</summary>
    private SignerProof Prove(PublicKey signer, CertifiedBlock tip)
    {
        StateKey key = StateKey.OfficerKey(signer);
        StatePath path = StateTree.Prove(State, State.Tip.StateRoot, key.TreeKey);
        return new SignerProof(State.GetState(key)!.Value, path.Siblings.ToArray(), tip);
    }

    private PublicKey SignerOf(ReadOnlyMemory<byte> envelope) =>
        TransactionDecoder.TryDecode(envelope, Genesis.ChainId, out _)!.Signer;

    /// <summary>The type's second version: links lead to what is in force.</summary>
    private static TransactionBody Strict()
    {
        TransactionBody action = Actions.Define(expected: 1);
        action.DefineType.LinksInForce = true;
        return action;
    }

    /// <summary>Makes it four departments.</summary>
    public static void AddDepartments(GenesisBody body)
    {
        foreach ((string id, int i) in new[] { ("delta", 0), ("gamma", 1) })
        {
            GenesisDepartment department = body.Departments[1].Clone();
            department.Id = id;
            department.Endpoint = $"{id}.example:7001";
            department.ValidatorKey = ByteString.CopyFrom(Validators[2 + i].Public.Span);
            department.Administrators[0].PublicKey = ByteString.CopyFrom(OtherAdministrators[i].Public.Span);
            body.Departments.Add(department);
        }
    }
}
