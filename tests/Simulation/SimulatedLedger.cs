using System.Buffers.Binary;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>A client's transaction: a number; one with the top bit set is invalid everywhere.</summary>
internal readonly record struct SimTransaction(ulong Id)
{
    private const ulong InvalidFlag = 1UL << 63;

    public bool IsValid => (Id & InvalidFlag) == 0;

    public Digest LeafHash
    {
        get
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, Id);
            return Sha256.Hash(0x00, bytes);
        }
    }

    public static SimTransaction Invalid(ulong id) => new(id | InvalidFlag);
}

/// <summary>A block as it stands on a simulated disk.</summary>
internal sealed record StoredBlock(
    ProposedBlock Block, Certificate? Certificate, IReadOnlyList<SimTransaction> Transactions, LeaderRun Leader);

/// <summary>
/// What the simulator needs from a ledger: build a block, check one, store one. All of it survives a crash.
/// </summary>
internal interface ISimulatedLedger
{
    StoredBlock Tip { get; }

    IReadOnlyList<StoredBlock> Blocks { get; }

    bool Contains(SimTransaction transaction);

    /// <summary>A block of the transactions that are valid now; null when none is.</summary>
    (ProposedBlock Block, List<SimTransaction> Transactions)? Build(
        IEnumerable<SimTransaction> candidates, int proposer, ulong utcMs);

    BlockFault Check(ProposedBlock block, IReadOnlyList<SimTransaction> transactions);

    void Store(ProposedBlock block, Certificate certificate, IReadOnlyList<SimTransaction> transactions);
}

/// <summary>A hash-chained log of numbers: the smallest ledger with a log root, a state root and invalid blocks.</summary>
internal sealed class HashChainLedger : ISimulatedLedger
{
    private readonly List<StoredBlock> _blocks = [];
    private readonly HashSet<ulong> _ids = [];

    public HashChainLedger(ValidatorSet set)
    {
        var header = new BlockHeader
        {
            ChainId = Sha256.Hash("simulated chain"u8),
            Height = 0,
            ParentHash = default,
            Epoch = 0,
            ValidatorSetHash = set.Hash,
            NextValidatorSetHash = set.Hash,
            TimestampMs = 1_000_000,
            Proposer = BlockHeader.NoProposer,
            LogSizeBefore = 0,
            LogSizeAfter = 1,
            LogRoot = Sha256.Hash("log"u8),
            StateRoot = Sha256.Hash("state"u8),
            ParametersHash = default,
        };
        _blocks.Add(new StoredBlock(new ProposedBlock(header, []), null, [], LeaderRun.Genesis));
    }

    public StoredBlock Tip => _blocks[^1];

    public IReadOnlyList<StoredBlock> Blocks => _blocks;

    public bool Contains(SimTransaction transaction) => _ids.Contains(transaction.Id);

    public (ProposedBlock Block, List<SimTransaction> Transactions)? Build(
        IEnumerable<SimTransaction> candidates, int proposer, ulong utcMs)
    {
        var chosen = new List<SimTransaction>();
        foreach (SimTransaction t in candidates)
        {
            if (t.IsValid && !Contains(t) && chosen.Count < 8)
                chosen.Add(t);
        }
        if (chosen.Count == 0)
            return null;
        Digest[] leaves = [.. chosen.Select(t => t.LeafHash)];
        BlockHeader tip = Tip.Block.Header;
        ulong time = Math.Max(utcMs, tip.TimestampMs + 1);
        return (new ProposedBlock(Execute(tip, leaves, (ushort)proposer, time), leaves), chosen);
    }

    public BlockFault Check(ProposedBlock block, IReadOnlyList<SimTransaction> transactions)
    {
        BlockHeader expected = Execute(
            Tip.Block.Header, block.LeafHashes, block.Header.Proposer, block.Header.TimestampMs);
        if (expected.LogRoot != block.Header.LogRoot)
            return BlockFault.WrongLeaves;
        var seen = new HashSet<ulong>();
        foreach (SimTransaction t in transactions)
        {
            if (!t.IsValid || Contains(t) || !seen.Add(t.Id))
                return BlockFault.InvalidTransaction;
        }
        if (expected.StateRoot != block.Header.StateRoot)
            return BlockFault.WrongState;
        return expected.Hash == block.Hash ? BlockFault.None : BlockFault.WrongHeader;
    }

    public void Store(ProposedBlock block, Certificate certificate, IReadOnlyList<SimTransaction> transactions)
    {
        foreach (SimTransaction t in transactions)
            _ids.Add(t.Id);
        _blocks.Add(new StoredBlock(block, certificate, transactions, Tip.Leader.After(block.Header.Proposer)));
    }

    public static BlockHeader Execute(BlockHeader tip, IReadOnlyList<Digest> leaves, ushort proposer, ulong timeMs)
    {
        Digest log = tip.LogRoot;
        Digest state = tip.StateRoot;
        foreach (Digest leaf in leaves)
        {
            log = Sha256.HashNode(1, log, leaf);
            state = Sha256.HashNode(2, state, leaf);
        }
        return new BlockHeader
        {
            ChainId = tip.ChainId,
            Height = tip.Height + 1,
            ParentHash = tip.Hash,
            Epoch = tip.Epoch,
            ValidatorSetHash = tip.NextValidatorSetHash,
            NextValidatorSetHash = tip.NextValidatorSetHash,
            TimestampMs = timeMs,
            Proposer = proposer,
            LogSizeBefore = tip.LogSizeAfter,
            LogSizeAfter = tip.LogSizeAfter + (ulong)leaves.Count,
            LogRoot = log,
            StateRoot = Sha256.HashNode(3, state, new Digest(
                [.. BitConverter.GetBytes((ulong)proposer), .. new byte[24]])),
            ParametersHash = tip.ParametersHash,
        };
    }
}
