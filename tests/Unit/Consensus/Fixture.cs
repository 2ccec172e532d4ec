using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Tests.Simulation;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>Validators with keys, a genesis header, and signed messages of any of them for height 1.</summary>
internal sealed class Fixture
{
    public Fixture(int validators)
    {
        Keys = new SimulatedKeys(validators, 42);
        Genesis = Header(null, 0, 1_000, BlockHeader.NoProposer, 1);
    }

    public SimulatedKeys Keys { get; }

    public BlockHeader Genesis { get; }

    public int Count => Keys.Set.Count;

    public int Quorum => Keys.Set.QuorumSize;

    public static Digest ChainId => Sha256.Hash("chain"u8);

    public ConsensusConfig Config(int self) => new(ChainId, 0, Keys.Set, self, new ConsensusParameters());

    /// <summary>All of them, beginning with one.</summary>
    public LeaderOrder Leaders(int first = 0) => new([.. Enumerable.Range(0, Count)], first);

    /// <summary>A block on <paramref name="parent"/> that differs by <paramref name="salt"/>.</summary>
    public ProposedBlock Block(int proposer = 0, byte salt = 0, BlockHeader? parent = null, int transactions = 1)
    {
        parent ??= Genesis;
        return new ProposedBlock(
            Header(parent, salt, parent.TimestampMs + 100, (ushort)proposer, parent.LogSizeAfter + (ulong)transactions),
            [.. Enumerable.Repeat(Sha256.Hash([salt]), transactions)]);
    }

    public ProposeMessage Propose(ProposedBlock block, uint view, int leader, Justification? justification = null) =>
        new(view, (ushort)leader, Sign(leader, VoteType.Propose, block.Header.Height, view, block.Hash), block,
            justification);

    public VoteMessage Vote(VoteType type, Digest hash, int signer, uint view = 0, ulong height = 1) =>
        new(type, 0, height, view, hash, (ushort)signer, Sign(signer, type, height, view, hash));

    public Certificate Certificate(VoteType type, ProposedBlock block, uint view = 0, int? signers = null) =>
        new(type, 0, block.Header.Height, view, block.Hash,
            [.. Enumerable.Range(0, signers ?? Quorum).Select(i => new ValidatorSignature(
                (ushort)i, Sign(i, type, block.Header.Height, view, block.Hash)))]);

    public ViewChangeMessage ViewChange(int signer, uint view, Certificate? prepared = null)
    {
        var payload = new ViewChangePayload(
            (ushort)signer, prepared?.View ?? -1L, prepared?.BlockHash ?? Digest.Zero, default);
        Vote vote = JustificationRules.VoteOf(Config(0), 1, view, payload);
        return new ViewChangeMessage(
            0, 1, view, payload with { Signature = Keys.Sign(signer, vote.SigningDigest()) }, prepared);
    }

    public Justification Justification(uint view, params Certificate?[] prepared) => JustificationRules.Build(
        [.. Enumerable.Range(0, Quorum).Select(i => ViewChange(i, view, prepared.ElementAtOrDefault(i)))], Quorum)!;

    public MessageFailure Verify(ConsensusMessage message, int from = 0, ulong tip = 0) =>
        new MessageVerifier(Config(0), Keys).Verify(from, message, tip, out _);

    private Signature Sign(int signer, VoteType type, ulong height, uint view, Digest hash) =>
        Keys.Sign(signer, new Vote(type, ChainId, 0, height, view, hash).SigningDigest());

    private BlockHeader Header(BlockHeader? parent, byte salt, ulong timeMs, ushort proposer, ulong logSize) => new()
    {
        ChainId = ChainId,
        Height = parent is null ? 0 : parent.Height + 1,
        ParentHash = parent?.Hash ?? default,
        Epoch = 0,
        ValidatorSetHash = Keys.Set.Hash,
        NextValidatorSetHash = Keys.Set.Hash,
        TimestampMs = timeMs,
        Proposer = proposer,
        LogSizeBefore = parent?.LogSizeAfter ?? 0,
        LogSizeAfter = logSize,
        LogRoot = Sha256.Hash([salt]),
        StateRoot = default,
        ParametersHash = default,
    };
}
