using System.Text;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Four validators at height 1, of which 0 is hostile; who leads which view; and the blocks: the hostile one has two, each honest one
/// its own, the only one that it would build.
/// </summary>
internal sealed class ModelWorld
{
    public const int Validators = 4;

    /// <summary>The hostile validator.</summary>
    public const int Hostile = 0;

    /// <summary>Two of the hostile one, then one of each honest one.</summary>
    public const int Blocks = 5;

    public const ulong NowMs = 1_700_000_001_000;

    private const ulong GenesisMs = 1_700_000_000_000;

    private readonly SimulatedKeys _keys = new(Validators, 1);
    private readonly MessageVerifier[] _verifiers;
    private readonly ProposedBlock[] _blocks;
    private readonly Dictionary<Digest, int> _numbers = [];

    /// <param name="leaders">Who leads view 0, 1 ...; afterwards 1, 2, 3 and the hostile one.</param>
    public ModelWorld(IReadOnlyList<int> leaders)
    {
        Leaders = leaders;
        Order = new LeaderOrder([.. leaders, 1, 2, 3, Hostile], 0);
        var chain = new SimulatedChain(_keys, GenesisMs, Scenario.WithoutFaults(Validators));
        ChainId = chain.ChainId;
        Tip = chain.Genesis.Block.Header;
        _verifiers = [.. Enumerable.Range(0, Validators).Select(i => new MessageVerifier(ConfigOf(i), _keys))];
        _blocks = [.. Enumerable.Range(0, Blocks).Select(BlockOf)];
        for (int i = 0; i < Blocks; i++)
            _numbers.Add(_blocks[i].Hash, i);
    }

    public IReadOnlyList<int> Leaders { get; }

    public int Views => Leaders.Count;

    public LeaderOrder Order { get; }

    public Digest ChainId { get; }

    public BlockHeader Tip { get; }

    public ISignatureVerifier Keys => _keys;

    public ValidatorSet Set => _keys.Set;

    /// <summary>The product's own Q.</summary>
    public int QuorumSize => Set.QuorumSize;

    public static string NameOf(int block) => block < 0 ? "none" : $"{(char)('A' + block)}";

    /// <summary>The block that an honest validator builds.</summary>
    public static int OwnBlock(int validator) => validator + 1;

    public static ConsensusParameters Parameters { get; } = new();

    public ConsensusConfig ConfigOf(int self) => new(ChainId, 0, _keys.Set, self, Parameters);

    public ProposedBlock Block(int number) => _blocks[number];

    public int NumberOf(Digest hash) => _numbers.TryGetValue(hash, out int number) ? number : -1;

    public Digest HashOf(int block) => block < 0 ? Digest.Zero : _blocks[block].Hash;

    public Signature Sign(int signer, in Vote vote) => _keys.Sign(signer, vote.SigningDigest());

    public Vote VoteOf(Said said) => new(
        said.Type, ChainId, 0, 1, (uint)said.View, HashOf(said.Block), said.PreparedView);

    public VoteMessage VoteMessageOf(Said said) => new(
        said.Type, 0, 1, (uint)said.View, HashOf(said.Block), (ushort)said.Signer, Sign(said.Signer, VoteOf(said)));

    /// <summary>The message as its receiver takes it; null where the product's verification refuses it.</summary>
    /// <param name="to">The receiver, where that matters: what others remember of it must bear its own signature.</param>
    public VerifiedMessage? Verify(int from, ConsensusMessage message, int to = Hostile)
    {
        _verifiers[to].Verify(from, message, 0, out VerifiedMessage? verified);
        return verified;
    }

    private ProposedBlock BlockOf(int number)
    {
        var header = new BlockHeader
        {
            ChainId = ChainId,
            Height = 1,
            ParentHash = Tip.Hash,
            Epoch = 0,
            ValidatorSetHash = Set.Hash,
            NextValidatorSetHash = Set.Hash,
            TimestampMs = NowMs,
            Proposer = (ushort)Math.Max(0, number - 1),
            LogSizeBefore = Tip.LogSizeAfter,
            LogSizeAfter = Tip.LogSizeAfter + 1,
            LogRoot = Sha256.Hash(Encoding.UTF8.GetBytes($"block {number}")),
            StateRoot = default,
            ParametersHash = Tip.ParametersHash,
        };
        return new ProposedBlock(header, [Sha256.Hash(Encoding.UTF8.GetBytes($"leaf {number}"))]);
    }
}
