using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A hostile validator: the production core runs inside it, and this decides what becomes of its messages and adds
/// others. It signs with its own key only.
/// </summary>
internal sealed class Adversary
{
    private const int MemoryMax = 64;

    private readonly World _world;
    private readonly SimulatedNode _node;
    private readonly ConsensusConfig _config;
    private readonly bool _equivocates;
    private readonly bool _votesForAll;
    private readonly bool _hidesPrepared;
    private readonly bool _dropsPrepared;
    private readonly bool _proposesInvalid;
    private readonly bool _garbage;
    private readonly bool _replays;
    private readonly int _silencePerMille;
    private readonly List<byte[]> _memory = [];
    private readonly HashSet<(ulong, uint, Digest)> _voted = [];

    public Adversary(World world, SimulatedNode node, ConsensusConfig config)
    {
        Prng rng = world.Rng;
        _world = world;
        _node = node;
        _config = config;
        _equivocates = rng.Chance(500);
        _votesForAll = rng.Chance(500);
        _hidesPrepared = rng.Chance(400);
        _dropsPrepared = rng.Chance(700);
        _proposesInvalid = rng.Chance(200);
        _garbage = rng.Chance(300);
        _replays = rng.Chance(300);
        _silencePerMille = rng.Chance(400) ? rng.Below(1_001) : 0;
        Withholds = rng.Chance(300);
    }

    /// <summary>Serves neither bodies nor blocks.</summary>
    public bool Withholds { get; }

    /// <summary>A stored block as this node serves it: sometimes with another's certificate or other leaves.</summary>
    public StoredBlock Spoil(StoredBlock block) => _world.Rng.Below(3) switch
    {
        0 when block.Transactions.Count > 0 => block with
        {
            Block = block.Block with { LeafHashes = [.. block.Block.LeafHashes.Select(_ => Digest.Zero)] },
        },
        1 => block with { Certificate = block.Certificate! with { Type = VoteType.Prepare } },
        _ => block,
    };

    public bool OnSend(int to, ConsensusMessage message)
    {
        Prng rng = _world.Rng;
        if (_garbage && rng.Chance(200))
            SendGarbage(message);
        if (_silencePerMille > 0 && rng.Chance(_silencePerMille))
            return false;
        switch (message)
        {
            case ProposeMessage m when m.IsFresh && _proposesInvalid && rng.Chance(300):
                _node.Transmit(to, Encode(Resign(m, WithOtherRoot(m.Block))));
                return false;
            case ProposeMessage m when m.IsFresh && _equivocates && rng.Chance(700):
                Equivocate(m);
                return false;
            case ProposeMessage { Justification: { Prepared: not null } j } m when _dropsPrepared
                && _node.Alternative(m.Block) is { } other:
                _node.Transmit(to, Encode(Resign(m, other) with { Justification = j with { Prepared = null } }));
                return false;
            case ViewChangeMessage m when _hidesPrepared:
                _node.Transmit(to, Encode(WithoutPrepared(m)));
                return false;
        }
        return true;
    }

    public void OnReceive(ConsensusMessage message)
    {
        if (_votesForAll && message is ProposeMessage p)
            VoteFor(p.Height, p.View, p.Block.Hash);
        if (_votesForAll && message is VoteMessage v)
            VoteFor(v.Height, v.View, v.BlockHash);
        if (!_replays)
            return;
        Prng rng = _world.Rng;
        if (_memory.Count < MemoryMax)
            _memory.Add(Encode(message));
        else if (rng.Chance(100))
            _memory[rng.Below(MemoryMax)] = Encode(message);
        if (rng.Chance(50))
            _node.Transmit(Send.ToAll, _memory[rng.Below(_memory.Count)]);
    }

    private static byte[] Encode(ConsensusMessage message) => ConsensusMessageCodec.Encode(message);

    /// <summary>One proposal to some, another to the others, and votes for either to either.</summary>
    private void Equivocate(ProposeMessage m)
    {
        if (_node.Alternative(m.Block) is not { } other)
            return;
        ProposeMessage second = Resign(m, other);
        for (int peer = 0; peer < _world.Nodes.Length; peer++)
        {
            if (peer == _node.Index)
                continue;
            ProposeMessage chosen = _world.Rng.Chance(500) ? m : second;
            _node.Transmit(peer, Encode(chosen));
        }
        VoteFor(m.Height, m.View, m.Block.Hash);
        VoteFor(m.Height, m.View, other.Hash);
    }

    private void VoteFor(ulong height, uint view, Digest hash)
    {
        if (!_voted.Add((height, view, hash)))
            return;
        foreach (VoteType type in new[] { VoteType.Prepare, VoteType.Commit })
        {
            var vote = new Vote(type, _config.ChainId, _config.Epoch, height, view, hash);
            _node.Transmit(Send.ToAll, Encode(new VoteMessage(
                type, _config.Epoch, height, view, hash, (ushort)_node.Index, Sign(vote))));
        }
    }

    private ProposeMessage Resign(ProposeMessage m, ProposedBlock block) => m with
    {
        Block = block,
        Signature = Sign(new Vote(
            VoteType.Propose, _config.ChainId, _config.Epoch, m.Height, m.View, block.Hash)),
    };

    private ProposedBlock WithOtherRoot(ProposedBlock block)
    {
        byte[] header = block.Header.ToBytes();
        // Some byte of the roots or the parameters hash, which stand at the end.
        header[^(1 + _world.Rng.Below(3 * Digest.Size))] ^= 1;
        return block with { Header = BlockHeader.TryRead(header)! };
    }

    private ViewChangeMessage WithoutPrepared(ViewChangeMessage m)
    {
        var bare = new ViewChangePayload((ushort)_node.Index, -1, Digest.Zero, default);
        Signature signature = Sign(JustificationRules.VoteOf(_config, m.Height, m.View, bare));
        return m with { Payload = bare with { Signature = signature }, Prepared = null };
    }

    private void SendGarbage(ConsensusMessage message)
    {
        Prng rng = _world.Rng;
        byte[] bytes = Encode(message);
        switch (rng.Below(5))
        {
            case 0:
                bytes[rng.Below(bytes.Length)] ^= (byte)(1 << rng.Below(8));
                break;
            case 1:
                bytes = bytes[..rng.Below(bytes.Length)];
                break;
            case 2:
                bytes = new byte[rng.Below(600)];
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)rng.Next();
                break;
            case 3:
                bytes = Encode(FarAway(message.Height + (ulong)rng.Below(1_000), (uint)rng.Next()));
                break;
            case 4 when message is VoteMessage v:
                bytes = Encode(v with { Signer = (ushort)rng.Below(_world.Nodes.Length) });
                break;
        }
        _node.Transmit(rng.Below(_world.Nodes.Length), bytes);
    }

    /// <summary>A well signed view change for a view, perhaps also a height, that nobody has come near.</summary>
    private ViewChangeMessage FarAway(ulong height, uint view)
    {
        var bare = new ViewChangePayload((ushort)_node.Index, -1, Digest.Zero, default);
        Signature signature = Sign(JustificationRules.VoteOf(_config, height, view, bare));
        return new ViewChangeMessage(_config.Epoch, height, view, bare with { Signature = signature }, null);
    }

    private Signature Sign(Vote vote) => _world.Keys.Sign(_node.Index, vote.SigningDigest());
}
