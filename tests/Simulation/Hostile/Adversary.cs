using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A hostile validator: the production core runs inside it, and this decides what becomes of its messages and adds
/// others. It signs with its own key only.
/// </summary>
internal sealed partial class Adversary
{
    private const int MemoryMax = 64;

    private readonly Stage _stage;
    private readonly SimulatedNode _node;
    private ConsensusConfig Config => _node.Config;
    private readonly HashSet<FaultKind> _habits = [];
    private readonly List<ConsensusFrame> _memory = [];
    private readonly HashSet<(ulong, uint, Digest)> _voted = [];
    private readonly int _silencePerMille;
    private readonly int _spared;

    public Adversary(Stage stage, SimulatedNode node)
    {
        _stage = stage;
        _node = node;
        for (FaultKind kind = FaultKind.Equivocation; kind < FaultKind.Twin; kind++)
        {
            bool isPlan = stage.Scenario.IsAttack && (kind is FaultKind.DroppedPrepared or FaultKind.VotesForAll);
            if (stage.Scenario.Has(kind) && (isPlan || stage.Rng.Chance(600)))
                _habits.Add(kind);
        }
        if (stage.Scenario.Snapshots)
            _lie = ChooseLie();
        _silencePerMille = stage.Rng.Below(1_001);
        _spared = stage.Rng.Below(stage.Scenario.Validators);
    }

    /// <summary>Serves neither bodies nor blocks.</summary>
    public bool Withholds => _habits.Contains(FaultKind.Withholding);

    /// <summary>A message that the core inside wants to send; false: it does not go out as it is.</summary>
    public bool OnSend(int to, ConsensusMessage message)
    {
        // Who has a plan spoils it by nothing else.
        if (_stage.Scenario.IsAttack && message is ProposeMessage planned && SendUnbound(to, planned))
            return false;
        if (Dares(FaultKind.Garbage, 200))
            SendGarbage(message);
        if (Dares(FaultKind.FarAway, 50))
            Send(Consensus.Send.ToAll, FarAway(message.Height));
        if (Dares(FaultKind.ClaimedAhead, 100))
            ClaimAhead(Consensus.Send.ToAll);
        if (Dares(FaultKind.Mutation, 300))
            Send(to, Mutate(message));
        if (Dares(FaultKind.Silence, _silencePerMille))
            return false;
        if (message is ProposeMessage proposal && SendOther(to, proposal))
            return false;
        if (message is ViewChangeMessage change && Dares(FaultKind.HiddenPrepared, 700))
        {
            Send(to, WithoutPrepared(change));
            return false;
        }
        if (message is ViewChangeMessage claim && Dares(FaultKind.BadCertificate, 500))
        {
            Send(to, WithMadeUp(claim));
            return false;
        }
        if (message is StatusMessage status && Dares(FaultKind.LyingStatus, 500))
        {
            Send(to, Lie(status));
            return false;
        }
        if (to == Consensus.Send.ToAll && Dares(FaultKind.SelectiveSending, 500))
        {
            for (int peer = 0; peer < _stage.Scenario.Validators; peer++)
            {
                if (peer != _spared && _stage.Rng.Chance(500))
                    Send(peer, message);
            }
            return false;
        }
        return true;
    }

    /// <summary>A message has come in.</summary>
    public void OnReceive(ConsensusMessage message)
    {
        if (_habits.Contains(FaultKind.VotesForAll))
        {
            if (message is ProposeMessage p)
                VoteFor(p.Height, p.View, p.Block.Hash);
            if (message is VoteMessage v)
                VoteFor(v.Height, v.View, v.BlockHash);
        }
        CollectPrepares(message);
        if (!_habits.Contains(FaultKind.Replay))
            return;
        if (_memory.Count < MemoryMax)
            _memory.Add(Frame(message));
        else if (_stage.Rng.Chance(100))
            _memory[_stage.Rng.Below(MemoryMax)] = Frame(message);
        if (Dares(FaultKind.Replay, 50))
            _node.Transmit(Consensus.Send.ToAll, _memory[_stage.Rng.Below(_memory.Count)]);
    }

    private static ConsensusFrame Frame(ConsensusMessage message) => new(ConsensusMessageCodec.Encode(message));

    /// <summary>Whether it does it this time; counted.</summary>
    private bool Dares(FaultKind kind, int perMille)
    {
        if (!_habits.Contains(kind) || !_stage.Rng.Chance(perMille))
            return false;
        _stage.Faults.Add(kind);
        return true;
    }

    private void Send(int to, ConsensusMessage message)
    {
        if (message is ViewChangeMessage m && m.Payload.Signer == _node.Index)
            _stage.Invariants.OnViewAsked(_node.Index, m.Height, m.View);
        _node.Transmit(to, Frame(message));
    }

    private Signature Sign(VoteType type, ulong height, uint view, Digest hash) =>
        Sign(new Vote(type, Config.ChainId, Config.Epoch, height, view, hash));

    private Signature Sign(Vote vote) => _stage.Keys.SignWith(_node.Key, _node.Index, vote.SigningDigest());

    private void VoteFor(ulong height, uint view, Digest hash)
    {
        if (!_voted.Add((height, view, hash)))
            return;
        _stage.Faults.Add(FaultKind.VotesForAll);
        foreach (VoteType type in new[] { VoteType.Prepare, VoteType.Commit })
        {
            Send(Consensus.Send.ToAll, new VoteMessage(
                type, Config.Epoch, height, view, hash, (ushort)_node.Index, Sign(type, height, view, hash)));
        }
    }

    private ViewChangeMessage ViewChange(ulong height, uint view, Certificate? prepared)
    {
        var payload = new ViewChangePayload(
            (ushort)_node.Index, prepared?.View ?? -1L, prepared?.BlockHash ?? Digest.Zero, default);
        Signature signature = Sign(JustificationRules.VoteOf(Config, height, view, payload));
        return new ViewChangeMessage(Config.Epoch, height, view, payload with { Signature = signature }, prepared);
    }

    private ViewChangeMessage WithoutPrepared(ViewChangeMessage m) => ViewChange(m.Height, m.View, null);

    /// <summary>A well signed view change for a view, perhaps also a height, that nobody has come near.</summary>
    private ViewChangeMessage FarAway(ulong height) => ViewChange(
        height + (ulong)_stage.Rng.Below(1_000), Math.Max(1, (uint)_stage.Rng.Next()), null);

    private StatusMessage Lie(StatusMessage status)
    {
        IReadOnlyList<StoredBlock> blocks = _node.Ledger.Blocks;
        StoredBlock old = blocks[_stage.Rng.Below(blocks.Count)] ?? _node.Ledger.Tip;
        return _stage.Rng.Below(3) switch
        {
            0 => status with { View = (uint)_stage.Rng.Next() },
            1 => status with { Tip = old.Certificate is { } c ? new DecidedMessage(old.Header, c) : null },
            _ => status with { Tip = status.Tip is { } tip ? MutateDecided(tip) : null },
        };
    }
}
