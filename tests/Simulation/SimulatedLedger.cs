using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <summary>A client's transaction, and whether some state can make it valid.</summary>
internal sealed record SimTransaction(VerifiedTransaction Verified, bool IsValid)
{
    public Digest Id => Verified.Transaction.Id;

    public Digest LeafHash => Verified.Transaction.LeafHash;
}

/// <summary>A block as it stands on a simulated disk.</summary>
internal sealed record StoredBlock(
    ProposedBlock Block, Certificate? Certificate, IReadOnlyList<SimTransaction> Transactions, LeaderRun Leader);

/// <summary>The ledger all validators begin with, and its clients: an administrator in each department.</summary>
internal sealed class SimulatedChain
{
    private const ulong ExpiryMs = 30 * 60_000;

    private readonly SimulatedKeys _keys;
    private ulong _transactions;

    public SimulatedChain(SimulatedKeys keys, ulong createdAtMs, ConsensusParameters consensus)
    {
        _keys = keys;
        Parameters parameters = LedgerParameters.CreateDefault();
        parameters.BlockTransactionsMax = consensus.BlockTransactionsMax;
        var body = new GenesisBody
        {
            FormatVersion = 1,
            NetworkName = "simulation",
            CreatedAtMs = createdAtMs,
            Nonce = ByteString.CopyFrom(new byte[Limits.NonceBytes]),
            Parameters = parameters,
            ProtocolVersion = 1,
        };
        for (int i = 0; i < keys.Set.Count; i++)
        {
            body.Departments.Add(new GenesisDepartment
            {
                Id = keys.Set[i].Department,
                Names = { new LocalizedText { Language = "en", Text = keys.Set[i].Department } },
                ValidatorKey = ByteString.CopyFrom(keys.Set[i].Key.Span),
                Endpoint = $"{keys.Set[i].Department}.example:7001",
                Administrators =
                {
                    new GenesisOfficer { OfficerId = "admin", PublicKey = ByteString.CopyFrom(keys.Officer(i).Span) },
                },
            });
        }
        Genesis = Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message);
    }

    public Genesis Genesis { get; }

    /// <summary>An administrator defines a type nobody else defines; an invalid one expects a version that never is.
    /// </summary>
    public SimTransaction NewTransaction(int department, ulong utcMs, bool valid)
    {
        ulong number = ++_transactions;
        byte[] nonce = new byte[Limits.NonceBytes];
        BinaryPrimitives.WriteUInt64BigEndian(nonce, number);
        byte[] body = new TransactionBody
        {
            FormatVersion = 1,
            Algorithm = 1,
            ChainId = ByteString.CopyFrom(Genesis.ChainId.Span),
            Signer = ByteString.CopyFrom(_keys.Officer(department).Span),
            Nonce = ByteString.CopyFrom(nonce),
            ExpiresAtMs = utcMs + ExpiryMs,
            DefineType = new DefineType
            {
                Type = $"type-{number}",
                ExpectedVersion = valid ? 0UL : 7UL,
                Titles = { new LocalizedText { Language = "en", Text = "Type" } },
            },
        }.ToByteArray();
        Signature signature = _keys.SignAsOfficer(department, DomainTag.Hash(DomainTag.Transaction, body));
        byte[] envelope = new SignedTransaction
        {
            Body = ByteString.CopyFrom(body),
            Signature = ByteString.CopyFrom(signature.Span),
        }.ToByteArray();
        Transaction transaction = TransactionDecoder.TryDecode(envelope, Genesis.ChainId, out var rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
        VerifiedTransaction verified = VerifiedTransaction.VerifyAll([transaction], _keys)[0]
            ?? throw new InvalidOperationException("The officer's signature does not verify.");
        return new SimTransaction(verified, valid);
    }
}

/// <summary>One validator's ledger, executed by the production executor; all of it survives a crash.</summary>
internal sealed class SimulatedLedger
{
    private readonly List<StoredBlock> _blocks = [];
    private InMemoryLedger _ledger;
    private readonly ValidatorSet _set;
    private readonly HashSet<Digest> _ids = [];

    public SimulatedLedger(Genesis genesis)
    {
        _ledger = new InMemoryLedger(genesis);
        _set = genesis.Validators;
        _blocks.Add(new StoredBlock(new ProposedBlock(_ledger.Tip, []), null, [], ReadLeader()));
    }

    public StoredBlock Tip => _blocks[^1];

    public IReadOnlyList<StoredBlock> Blocks => _blocks;

    public bool Contains(Digest transactionId) => _ids.Contains(transactionId);

    /// <summary>A block of the candidates that are valid now; null when none is.</summary>
    public ProposedBlock? Build(IEnumerable<SimTransaction> candidates, int proposer, ulong utcMs)
    {
        BuiltBlock built = BlockExecutor.Build(
            _ledger, _set, Math.Max(utcMs, _ledger.Tip.TimestampMs + 1), (ushort)proposer,
            candidates.Select(t => t.Verified));
        return built.Block is { } block
            ? new ProposedBlock(block.Header, [.. block.Transactions.Select(t => t.Transaction.LeafHash)])
            : null;
    }

    public BlockFault Check(ProposedBlock block, IReadOnlyList<SimTransaction> transactions) =>
        Execute(block, transactions, out BlockFault fault) is null ? fault : BlockFault.None;

    /// <summary>Stores a block that passes its check; anything else is a fault of the driver or the core.</summary>
    public void Store(ProposedBlock block, Certificate certificate, IReadOnlyList<SimTransaction> transactions)
    {
        ExecutedBlock executed = Execute(block, transactions, out BlockFault fault)
            ?? throw new InvariantException("I2", $"a block to be stored at {block.Header.Height} fails: {fault}");
        _ledger.Apply(executed);
        foreach (SimTransaction t in transactions)
            _ids.Add(t.Id);
        _blocks.Add(new StoredBlock(block, certificate, transactions, ReadLeader()));
    }

    /// <summary>The directory of some time ago was put back: blocks above a height are gone.</summary>
    public void RollBack(Genesis genesis, int height)
    {
        StoredBlock[] kept = [.. _blocks.Skip(1).Take(Math.Max(height, 0))];
        _ledger = new InMemoryLedger(genesis);
        _blocks.RemoveRange(1, _blocks.Count - 1);
        _ids.Clear();
        foreach (StoredBlock block in kept)
            Store(block.Block, block.Certificate!, block.Transactions);
    }

    private ExecutedBlock? Execute(
        ProposedBlock block, IReadOnlyList<SimTransaction> transactions, out BlockFault fault)
    {
        // Leaf hashes are not signed: whether they belong to the header is asked first.
        if (LogAppend.Compute(_ledger.Frontier, _ledger, [.. block.LeafHashes]).NewRoot != block.Header.LogRoot)
        {
            fault = BlockFault.WrongLeaves;
            return null;
        }
        ExecutedBlock? executed = BlockExecutor.Check(
            _ledger, _set, block.Header, [.. transactions.Select(t => t.Verified)], out BlockFailure? failure);
        fault = failure?.Kind switch
        {
            null => BlockFault.None,
            BlockFailureKind.InvalidTransaction => BlockFault.InvalidTransaction,
            BlockFailureKind.TooManyBytes or BlockFailureKind.TooManyTransactions => BlockFault.TooLarge,
            BlockFailureKind.StateRoot => BlockFault.WrongState,
            _ => BlockFault.WrongHeader,
        };
        return executed;
    }

    private LeaderRun ReadLeader()
    {
        LeaderState? state = StateValue.Read<LeaderState>(_ledger, StateKey.Leader);
        return state is null || state.LastProposer.Length == 0
            ? LeaderRun.Genesis
            : new LeaderRun(_set.IndexOf(state.LastProposer), state.Run);
    }
}
