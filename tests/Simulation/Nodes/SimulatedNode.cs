using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Pool;

namespace GovChain.Tests.Simulation;

/// <summary>
/// One process of a validator: the production core, pool, executor and journal, and a driver with a simulated disk. The
/// driver holds what must wait for the journal, signs, builds, checks and stores, each after a while, and loses all that
/// is not durable in a crash.
/// </summary>
internal sealed partial class SimulatedNode
{
    private const ulong StatusPeriodUs = 1_000_000;

    private readonly Stage _stage;
    private readonly NodeClock _clock;
    private MessageVerifier _verifier;
    private ConsensusConfig _config;
    private readonly Adversary? _adversary;
    private readonly Queue<ConsensusInput> _inputs = [];
    private int _incarnation;
    private int _crashAfterEffects = -1;
    private bool _stepping;
    private (ulong Height, uint View, ulong DueUs) _timer;

    public SimulatedNode(Stage stage, int slot, int index, NodeKind kind, NodeClock clock)
    {
        _stage = stage;
        _clock = clock;
        Slot = slot;
        Index = index;
        Kind = kind;
        Ledger = new SimulatedLedger(stage.Chain.Genesis);
        Disk = new SimulatedDisk(stage.Rng, stage.Scenario, stage.Faults);
        _config = NewConfig();
        _verifier = new MessageVerifier(_config, stage.Keys);
        _pool = NewPool();
        _following = NewFollowing();
        _leaderWatch = NewLeaderWatch();
        _reports = NewReports();
        _plan = NewPlan();
        _shelf = NewShelf();
        if (kind == NodeKind.Hostile)
            _adversary = new Adversary(stage, this);
    }

    /// <summary>Which process this is; its validator's index, or behind all of them for the second of twins.</summary>
    public int Slot { get; }

    /// <summary>Which validator this is.</summary>
    public int Index { get; }

    public NodeKind Kind { get; }

    public SimulatedLedger Ledger { get; }

    public SimulatedDisk Disk { get; }

    /// <summary>Null while the process is down.</summary>
    public ConsensusCore? Core { get; private set; }

    public bool IsUp => Core is not null;

    /// <summary>Its disk has lost something since it last knew of a loss.</summary>
    public bool IsUnawareOfLoss { get; private set; }

    /// <summary>It has been told of votes it had forgotten.</summary>
    public bool WasTold { get; private set; }

    /// <summary>Its wall clock is wrong.</summary>
    public bool HasJumped => _clock.HasJumped;

    private ulong UtcMs => _clock.Wall(_stage.UtcMs);

    /// <summary>The process starts, if it is down.</summary>
    public void Start()
    {
        if (IsUp)
            return;
        _incarnation++;
        FinishInstall();
        if (DiesBeforeMark())
        {
            _stage.Died(this);
            return;
        }
        _config = NewConfig();
        _verifier = new MessageVerifier(_config, _stage.Keys);
        ForgetCatchUp();
        ForgetLeaders();
        if (OpenJournal() is not { } journal)
        {
            _stage.Died(this);
            return;
        }
        StoredBlock tip = Ledger.Tip;
        Core = new ConsensusCore(_config, tip.Header, tip.Certificate, _stage.LeadersAfter(tip), journal, _evidence);
        _stage.Trace(Slot, 1, []);
        _stage.Chart?.Event(this, 'S', $"starts at height {tip.Height} with {journal.Records.Count} journal records");
        _stage.Invariants.OnStarted(this);
        Feed(new Start(_stage.Rng.Next()));
        if (!IsUp)
            return;
        WakeLater((ulong)_stage.Rng.Between(1_000, 1_000_000), StatusTick, isStatus: true);
        BeginFilling();
    }

    /// <summary>What the core is told of the epoch of the next block.</summary>
    public ConsensusConfig Config => _config;

    /// <summary>The key that this validator signs with; its founding one while it has no vote.</summary>
    public PublicKey Key => _config.IsObserver ? _stage.Keys.Set[Index].Key : _config.Validators[Index].Key;

    /// <summary>Sets are beginnings of one list of departments, so an index means the same validator in all.</summary>
    private ConsensusConfig NewConfig()
    {
        ValidatorHistory history = Ledger.History;
        return new ConsensusConfig(
            _stage.Chain.ChainId, history.Epoch, history.Acting,
            Index < history.Acting.Count ? Index : ConsensusConfig.Observer, _stage.Scenario.Parameters);
    }

    /// <summary>Another core goes on with the next epoch, from what is on the disk.</summary>
    private void BeginEpoch()
    {
        _stage.Chart?.Event(this, 'E', $"epoch {Ledger.History.Epoch} begins");
        BeginAnew();
    }

    /// <summary>Another core goes on from what is on the disk, in the same process.</summary>
    private void BeginAnew()
    {
        _stage.Invariants.OnForgot(this);
        Core = null;
        _incarnation++;
        FinishStoringByChance();
        TransactionPool pool = _pool;
        ForgetMemory();
        if (_install is null)
            _pool = pool;
        Start();
        TellWork();
    }

    /// <summary>Dies after so many more effects, somewhere inside a step.</summary>
    public void CrashAfterEffects(int effects) => _crashAfterEffects = effects;

    /// <summary>From now on clock and disk behave, and it dies no more.</summary>
    public void Heal()
    {
        _crashAfterEffects = -1;
        _diesInstalling = false;
        Disk.PowerFailsIn = -1;
        Disk.Failing = null;
        _clock.JumpTo(0);
    }

    public void JumpClock(int ms)
    {
        _clock.JumpTo(ms);
        _stage.Chart?.Event(this, 'T', ms == 0 ? "clock set right" : $"clock jumps by {ms} ms");
    }

    public void Receive(int from, Frame frame)
    {
        if (!IsUp)
            return;
        switch (frame)
        {
            case ConsensusFrame f:
                ReceiveConsensus(from, f);
                break;
            case EnvelopesFrame f:
                TakeGossip(from, f);
                break;
            case BodyRequest f:
                ServeBodies(from, f);
                break;
            case BlockRequest f:
                ServeBlocks(from, f);
                break;
            case BodyResponse f:
                Take(f.Id, f);
                break;
            case BlockResponse f:
                Take(f.Id, f);
                break;
            case SnapshotAsk f:
                ServeSnapshot(from, f);
                break;
            case SnapshotGiven f:
                Take(f.Id, f);
                break;
        }
    }

    /// <summary>Whether a timer the core set for this view of this height, and did not replace, has had its time.</summary>
    public bool TimerMayHaveFired(ulong height, uint view) =>
        _timer.Height == height && _timer.View == view && _stage.NowUs >= _timer.DueUs;

    /// <summary>Sends as the network layer of this node would, past the core.</summary>
    public void Transmit(int to, Frame frame)
    {
        for (int peer = 0; peer < _stage.Scenario.Validators; peer++)
        {
            if (peer != Index && (to == Send.ToAll || to == peer))
                _stage.Send(this, peer, frame);
        }
    }

    public override string ToString() =>
        $"{Slot} {Kind}{(IsUp ? "" : " down")} at ({Core?.Height}, {Core?.View})"
        + (Core is { Abstaining: not AbstainReason.None } ? $" abstains: {Core.Abstaining}" : "")
        + (Core is { IsRecalling: true } ? " recalling" : "");

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
            _stage.Step(Core!, next, effects);
            IsUnawareOfLoss &= Core!.Abstaining == AbstainReason.None;
            WasTold |= Core.Abstaining == AbstainReason.Amnesia;
            foreach (ConsensusEffect effect in effects)
            {
                if (_crashAfterEffects > 0 && --_crashAfterEffects == 0)
                    Crash(FaultKind.CrashInStep);
                if (!IsUp)
                    break;
                Perform(effect);
            }
        }
        _stepping = false;
    }

    private void ReceiveConsensus(int from, ConsensusFrame frame)
    {
        MessageFailure failure = MessageFailure.None;
        VerifiedMessage? verified = null;
        ConsensusMessage? message = frame.Message;
        if (message is RecallResponse answer && Kind == NodeKind.Twin)
            message = answer with { Newest = null }; // or it would learn of the other and never vote
        if (message is null
            || (failure = _verifier.Verify(from, message, Ledger.Height, out verified)) != MessageFailure.None)
        {
            bool otherEpoch = _stage.Scenario.Changes && failure is (MessageFailure.WrongEpoch or MessageFailure.UnknownValidator);
            if (_stage.Of(from)[0].Kind is NodeKind.Honest or NodeKind.Forgetful && !otherEpoch)
                throw new InvariantException("codec", $"node {Index} refuses what honest node {from} sent: {failure}, {message}");
            _stage.OnRefused(this, failure);
            // Of a later epoch, perhaps: what its blocks say is to be seen.
            if (failure == MessageFailure.WrongEpoch && message!.Height > Ledger.Height + 1 && from < _config.Validators.Count)
                Follow(message.Height - 1, from);
            _stage.Chart?.Event(this, 'x', $"refuses a message of {from}: {(message is null ? "unreadable" : failure)}");
            return;
        }
        _stage.Trace(Slot, 4, frame.Bytes);
        _adversary?.OnReceive(message);
        _stage.Invariants.OnVerified(this, message);
        Feed(new MessageReceived(verified!, UtcMs));
    }

    private void StatusTick()
    {
        int incarnation = _incarnation;
        Feed(new StatusDue());
        if (!IsUp)
            return;
        SweepPool();
        if (_incarnation != incarnation)
            return; // an epoch ended meanwhile; the new core has its own ticks
        WatchLeader();
        SendReports();
        if (!IsUp)
            return;
        CopyDiskByChance();
        _stage.Invariants.CheckBounds(this);
        _stage.Invariants.CheckEvidence(this);
        WakeLater(StatusPeriodUs, StatusTick, isStatus: true);
    }

    /// <summary>Does something later, unless the node has died by then.</summary>
    private void Later(ulong delayUs, Action action) => _stage.After(delayUs, IfStillUp(action));

    private void WakeLater(ulong delayUs, Action action, bool isStatus) =>
        _stage.Wake(this, delayUs, IfStillUp(action), isStatus);

    private Action IfStillUp(Action action)
    {
        int incarnation = _incarnation;
        return () =>
        {
            if (_incarnation == incarnation && IsUp)
                action();
        };
    }
}
