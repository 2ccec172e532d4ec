using GovChain.Consensus;
using GovChain.Core.Cryptography;

namespace GovChain.Tests.Simulation;

/// <summary>How far a validator can be trusted.</summary>
internal enum NodeKind
{
    /// <summary>Crashes and comes back, and keeps what it synced.</summary>
    Honest,

    /// <summary>Honest, but its journal is lost, damaged or replaced by an old one; counts toward f.</summary>
    Forgetful,

    /// <summary>Does what it likes with its own key.</summary>
    Hostile,
}

/// <summary>
/// One validator: the production core and a driver with a simulated disk. The driver holds what must wait for the
/// journal, signs, builds, checks and stores, each after a while, and loses all that is not durable in a crash.
/// </summary>
internal sealed partial class SimulatedNode
{
    private readonly World _world;
    private readonly int _clockOffsetMs;
    private readonly MessageVerifier _verifier;
    private readonly ConsensusConfig _config;
    private readonly Adversary? _adversary;
    private readonly Queue<ConsensusInput> _inputs = [];
    private readonly List<(ulong Index, Action Action)> _held = [];
    private int _incarnation;
    private int _crashAfter = -1;
    private int _restartUs;
    private bool _mayCrash = true;
    private bool _stepping;
    private bool _syncing;
    private (ulong Height, uint View, ulong DueUs) _timer;

    public SimulatedNode(World world, int index, NodeKind kind, int clockOffsetMs)
    {
        _world = world;
        _clockOffsetMs = clockOffsetMs;
        Index = index;
        Kind = kind;
        Ledger = new SimulatedLedger(world.Chain.Genesis);
        _config = new ConsensusConfig(
            Ledger.Tip.Block.Header.ChainId, 0, world.Keys.Set, index, world.Scenario.Parameters);
        _verifier = new MessageVerifier(_config, world.Keys);
        if (kind == NodeKind.Hostile)
            _adversary = new Adversary(world, this, _config);
    }

    public int Index { get; }

    public NodeKind Kind { get; }

    public SimulatedLedger Ledger { get; }

    public SimulatedJournal Journal { get; } = new();

    public ConsensusCore? Core { get; private set; }

    public bool IsUp => Core is not null;

    private ulong UtcMs => (ulong)((long)_world.UtcMs + _clockOffsetMs);

    /// <summary>Crashes after so many more effects, somewhere inside a step, and comes back after a while.</summary>
    public void CrashSoon(int effects, int restartUs)
    {
        if (!IsUp || !_mayCrash)
            return;
        _restartUs = restartUs;
        _crashAfter = effects;
        if (effects == 0)
            Crash();
    }

    public void NoMoreCrashes()
    {
        _mayCrash = false;
        _crashAfter = -1;
    }

    public void Restart()
    {
        if (IsUp)
            return;
        _incarnation++;
        JournalContents journal = Journal.Open();
        foreach (JournalEntry entry in Journal.Entries)
        {
            foreach (SimTransaction t in entry.Bodies)
                _bodies[t.LeafHash] = t;
        }
        StoredBlock tip = Ledger.Tip;
        Core = new ConsensusCore(_config, tip.Block.Header, tip.Certificate, tip.Leader, journal);
        _world.Trace(Index, 1, []);
        Feed(new Start(_world.Rng.Next()));
        Later(_world.Rng.Between(1_000, 1_000_000), StatusTick);
    }

    public void Receive(int from, Frame frame)
    {
        if (!IsUp)
            return;
        switch (frame)
        {
            case ConsensusFrame f:
                ReceiveConsensus(from, f.Bytes);
                break;
            case GossipFrame f:
                AddToPool(f.Transaction);
                break;
            case BodyRequest f:
                ServeBodies(from, f);
                break;
            case BodyResponse f:
                TakeBodies(f);
                break;
            case BlockRequest f:
                ServeBlocks(from, f);
                break;
            case BlockResponse f:
                TakeBlocks(f);
                break;
        }
    }

    /// <summary>Whether a timer the core set for this view of this height, and did not replace, has had its time.</summary>
    public bool TimerMayHaveFired(ulong height, uint view) =>
        _timer.Height == height && _timer.View == view && _world.NowUs >= _timer.DueUs;

    /// <summary>Sends as the network layer of this node would, past the core.</summary>
    public void Transmit(int to, byte[] bytes)
    {
        for (int peer = 0; peer < _world.Nodes.Length; peer++)
        {
            if (peer != Index && (to == Send.ToAll || to == peer))
                _world.Network.Send(Index, peer, new ConsensusFrame(bytes));
        }
    }

    public override string ToString() =>
        $"{Index} {Kind}{(IsUp ? "" : " down")} at ({Core?.Height}, {Core?.View}) abstains {Core?.Abstaining}";

    private void Feed(ConsensusInput input)
    {
        if (!IsUp)
            return;
        _inputs.Enqueue(input);
        if (_stepping)
            return;
        _stepping = true;
        var effects = new List<ConsensusEffect>();
        while (IsUp && _inputs.TryDequeue(out ConsensusInput? next))
        {
            effects.Clear();
            Core!.Step(next, effects);
            foreach (ConsensusEffect effect in effects)
            {
                if (_crashAfter > 0 && --_crashAfter == 0)
                    Crash();
                if (!IsUp)
                    break;
                Perform(effect);
            }
        }
        _stepping = false;
    }

    private void Perform(ConsensusEffect effect)
    {
        Prng rng = _world.Rng;
        switch (effect)
        {
            case AppendJournal e:
                Journal.Append(new JournalEntry(e.Index, e.Record, BodiesOf(e.Bodies)));
                _world.Trace(Index, 2, e.Record);
                if (Kind == NodeKind.Honest)
                    _world.Invariants.OnAppended(this, e.Record);
                if (JournalCodec.TryDecode(e.Record) is StoredMark)
                    _lastMark = e.Index;
                Sync();
                break;
            case PruneJournal e:
                WhenDurable(e.BelowIndex, () => Journal.Prune(e.BelowIndex));
                break;
            case Send e:
                WhenDurable(e.AfterJournal, () => SendNow(e));
                break;
            case RequestSignature e:
                Signature signature = _world.Keys.Sign(Index, e.Vote.SigningDigest());
                Later(rng.Between(50, 1_000), () => Feed(new Signed(e.RequestId, signature)));
                break;
            case SetTimer e:
                _timer = (e.Height, e.View, _world.NowUs + e.DelayMs * 1_000);
                Later((int)e.DelayMs * 1_000, () => Feed(new TimerFired(e.Height, e.View, e.Generation)));
                break;
            case BuildProposal e:
                Later(rng.Between(500, 20_000), () => Build(e));
                break;
            case CheckBlock e:
                Later(rng.Between(500, 10_000), () => CheckNow(e.Block, e.Hint, 0));
                break;
            case CommitBlock e:
                WhenDurable(e.AfterJournal, () => StartStoring(e.Block, e.Certificate));
                break;
            case FindSigner e:
                Later(rng.Between(200, 5_000), () => Feed(new SignerFound(e.To, e.Token, FindVote(e))));
                break;
            case NeedBlocks e:
                FetchBlocks(e.UpToHeight, e.Hint);
                break;
            case Fatal e when Kind == NodeKind.Honest:
                throw new InvariantException("fatal", $"node {Index}: {e.Reason}");
            case Alarm e when Kind == NodeKind.Honest:
                CheckAlarm(e);
                break;
        }
    }

    private void CheckAlarm(Alarm alarm)
    {
        bool expected = alarm.Code switch
        {
            AlarmCode.UntimelyProposal => true,
            AlarmCode.EquivocatingLeader or AlarmCode.InvalidProposal => _world.HasFaulty,
            _ => false,
        };
        if (!expected)
            throw new InvariantException("alarm", $"node {Index}: {alarm.Text}");
    }

    private void SendNow(Send e)
    {
        byte[] bytes = ConsensusMessageCodec.Encode(e.Message);
        _world.Trace(Index, 3, bytes);
        if (Kind == NodeKind.Honest)
            _world.Invariants.OnSent(this, e.Message);
        else if (e.Message is ViewChangeMessage m)
            _world.Invariants.OnViewAsked(Index, m.Height, m.View);
        if (Kind == NodeKind.Forgetful && Core!.Abstaining != AbstainReason.None
            && e.Message is ProposeMessage or VoteMessage or ViewChangeMessage)
            throw new InvariantException("abstain", $"node {Index} abstains and sends {e.Message.GetType().Name}");
        if (_adversary is null || _adversary.OnSend(e.To, e.Message))
            Transmit(e.To, bytes);
    }

    private void ReceiveConsensus(int from, byte[] bytes)
    {
        if (ConsensusMessageCodec.TryDecode(bytes, out ConsensusMessage? message) != DecodeFailure.None
            || _verifier.Verify(from, message!, Ledger.Tip.Block.Header.Height, out VerifiedMessage? verified)
                != MessageFailure.None)
        {
            if (!_world.HasHostile)
                throw new InvariantException("codec", $"node {Index} refuses what honest node {from} sent");
            return;
        }
        _world.Trace(Index, 4, bytes);
        _adversary?.OnReceive(message!);
        Feed(new MessageReceived(verified!, UtcMs));
    }

    private void StatusTick()
    {
        Feed(new StatusDue());
        _world.Invariants.CheckBounds(this);
        Later(1_000_000, StatusTick);
    }

    private void Sync()
    {
        if (_syncing)
            return;
        _syncing = true;
        ulong upTo = 0;
        Later(0, () => upTo = Journal.Last);
        Later(_world.Rng.Between(100, 3_000), () =>
        {
            _syncing = false;
            ulong before = Journal.Durable;
            Journal.SyncedUpTo(upTo);
            NoteDurable(before);
            Release();
            if (Journal.Last > Journal.Durable)
                Sync();
        });
    }

    private void NoteDurable(ulong before)
    {
        if (Kind != NodeKind.Honest)
            return;
        foreach (JournalEntry entry in Journal.Entries)
        {
            if (entry.Index > before && entry.Index <= Journal.Durable)
                _world.Invariants.OnDurable(Index, entry.Record);
        }
    }

    private void WhenDurable(ulong index, Action action)
    {
        if (index <= Journal.Durable)
            action();
        else
            _held.Add((index, action));
    }

    private void Release()
    {
        for (int i = 0; i < _held.Count; i++)
        {
            if (_held[i].Index > Journal.Durable)
                continue;
            Action action = _held[i].Action;
            _held.RemoveAt(i--);
            action();
        }
    }

    private void Crash()
    {
        _world.Fault();
        _world.Trace(Index, 5, []);
        Core = null;
        _incarnation++;
        _crashAfter = -1;
        ulong before = Journal.Durable;
        Journal.Crash(_world.Rng);
        NoteDurable(before);
        FinishStoringByChance();
        _inputs.Clear();
        _held.Clear();
        _syncing = false;
        _timer = default;
        ForgetMemory();
        if (Kind == NodeKind.Forgetful)
            SpoilJournal();
        int incarnation = _incarnation;
        _world.After(_restartUs, () =>
        {
            if (_incarnation == incarnation)
                Restart();
        });
    }

    private void SpoilJournal()
    {
        switch (_world.Rng.Below(6))
        {
            case 3:
                Journal.Wipe();
                Ledger.RollBack(_world.Chain.Genesis, 0);
                break;
            case 4:
                Journal.RollBack(_world.Rng.Below(30));
                Ledger.RollBack(_world.Chain.Genesis, Ledger.Blocks.Count - 1 - _world.Rng.Below(4));
                break;
            case 0:
                Journal.Wipe();
                break;
            case 1:
                Journal.DamageInterior();
                break;
            case 2:
                Journal.RollBack(_world.Rng.Below(30));
                break;
        }
    }

    /// <summary>Does something later, unless the node has crashed by then.</summary>
    private void Later(int delayUs, Action action)
    {
        int incarnation = _incarnation;
        _world.After(delayUs, () =>
        {
            if (_incarnation == incarnation && IsUp)
                action();
        });
    }
}
