using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Tracing;
using GovChain.Storage;

namespace GovChain.Node.Consensus;

/// <summary>
/// The one thread that owns the consensus core and the vote journal, and the only one that appends to the ledger. It
/// feeds the core all that has happened, makes what the core staged durable with one sync, and only then lets messages
/// and blocks out (docs/PROTOCOL.md, "Durable before sent").
/// </summary>
internal sealed partial class ConsensusDriver
{
    private const ulong StatusPeriodMs = 1_000;
    private const ulong WorkPauseMs = 50;

    private readonly ConsensusCore _core;
    private readonly ValidatorHistory _history;
    private readonly ValidatorSet _validators;
    private readonly VoteJournal _journal;
    private readonly ISigner _signer;
    private readonly LedgerHead _ledger;
    private readonly TransactionPool _pool;
    private readonly BlockBodies _bodies;
    private readonly BlockWorkshop _workshop;
    private readonly BlockSizer _sizer;
    private readonly IPeerNetwork _network;
    private readonly TimeProvider _time;
    private readonly NodeMetrics _metrics;
    private readonly DriverEvents _events;
    private readonly DriverInputs _posted = new();
    private readonly Queue<ConsensusInput> _inputs = new();
    private readonly List<ConsensusEffect> _effects = [];
    private readonly List<Send> _sends = [];
    private readonly Queue<CommitBlock> _commits = new();
    private readonly List<Task> _jobs = [];
    private readonly HashSet<int> _searching = [];
    private readonly Thread _thread;
    private CancellationTokenSource _height = new();
    private (SetTimer Timer, ulong DueMs)? _timer;
    private (ProposedBlock Block, long Since)? _ownProposal;
    private BlockTimeline _timeline;
    private ulong _durable;
    private ulong _statusDueMs;
    private ulong _workPausedUntilMs;
    private ConsensusStanding _standing;
    private bool _hasWork;
    private bool _unsynced;
    private bool _epochEnded;
    private volatile bool _stopping;

    public ConsensusDriver(
        ConsensusCore core,
        ValidatorHistory history,
        VoteJournal journal,
        ISigner signer,
        LedgerHead ledger,
        TransactionPool pool,
        BlockBodies bodies,
        BlockWorkshop workshop,
        BlockSizer sizer,
        IPeerNetwork network,
        TimeProvider time,
        NodeMetrics metrics,
        DriverEvents events)
    {
        _core = core;
        _history = history;
        _validators = history.Acting;
        _journal = journal;
        _signer = signer;
        _ledger = ledger;
        _pool = pool;
        _bodies = bodies;
        _workshop = workshop;
        _sizer = sizer;
        _network = network;
        _time = time;
        _metrics = metrics;
        _events = events;
        _timeline = new BlockTimeline(time);
        _durable = journal.DurableIndex;
        _standing = ConsensusStanding.Of(core);
        _thread = new Thread(Run) { Name = "consensus", IsBackground = true };
    }

    /// <summary>The view and leader of the height in progress, and whether this node votes, as of the last step.
    /// </summary>
    public ConsensusStanding Standing => Volatile.Read(ref _standing);

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Ends after what is going on; what is not durable by then was never said.</summary>
    public void Stop()
    {
        Abort();
        if (_thread.IsAlive)
            _thread.Join();
        _height.Cancel();
        // What builds or checks a block still reads the ledger.
        Task.WaitAll(_jobs);
    }

    /// <summary>Ends soon; does not wait.</summary>
    public void Abort()
    {
        _stopping = true;
        _posted.Close();
    }

    /// <summary>A verified message came in; <paramref name="taken"/> is called when the core is about to get it.</summary>
    public void Deliver(VerifiedMessage message, ulong utcMs, Action taken) => _posted.Post(() =>
    {
        taken();
        _inputs.Enqueue(new MessageReceived(message, utcMs));
    });

    /// <summary>Something was added to the pool.</summary>
    public void WorkAdded()
    {
        // The driver asks the pool itself at the end of each round, so it only has to be awake.
        if (!Volatile.Read(ref _hasWork))
            _posted.Post(static () => { });
    }

    /// <summary>The leader passes a transaction over.</summary>
    public void Complain(Complaint complaint) => _posted.Post(() => _inputs.Enqueue(complaint));

    /// <summary>A stream to a peer came up: tell it soon where this node stands.</summary>
    public void PeerConnected() => _posted.Post(() => _statusDueMs = 0);

    /// <summary>
    /// Stores a block that catch-up brought, executed on the tip and under a verified certificate. False if the ledger
    /// has moved on meanwhile.
    /// </summary>
    public Task<bool> StoreAsync(Core.Execution.ExecutedBlock block, Certificate certificate)
    {
        var stored = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = _posted.Post(() =>
        {
            bool next = block.Header.ParentHash == _ledger.Tip.Hash;
            if (next)
            {
                SyncJournal(); // the mark of the block before
                Store(block, certificate);
            }
            stored.SetResult(next);
        });
        if (!posted)
            stored.SetResult(false);
        return stored.Task;
    }

    private void Run()
    {
        var spare = new List<Action>();
        try
        {
            _inputs.Enqueue(new Start(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8))));
            Settle();
            while (!_stopping)
            {
                List<Action> posted = _posted.Take(spare, UntilDue());
                foreach (Action action in posted)
                    action();
                posted.Clear();
                spare = posted;
                FireDue();
                Settle();
            }
            _inputs.Enqueue(new Drain());
            Settle();
        }
        catch (Exception e)
        {
            Abort();
            _events.Fatal(e);
        }
    }

    /// <summary>Steps, syncs, sends and commits until nothing is left to do.</summary>
    private void Settle()
    {
        do
        {
            do
            {
                Drain();
                SyncJournal();
                ReleaseSends();
            }
            while (TryCommit());
            TellWork();
        }
        while (_inputs.Count > 0);
        ConsensusStanding before = _standing;
        var standing = ConsensusStanding.Of(_core);
        Volatile.Write(ref _standing, standing);
        if (standing.Abstention != before.Abstention)
            _events.Abstention(standing.Abstention);
        if (!_epochEnded || _stopping)
            return;
        // All that the core appended is durable by now, and nothing of the next height has been signed.
        Abort();
        _events.EpochEnded();
    }

    private void Drain()
    {
        while (_inputs.TryDequeue(out ConsensusInput? input))
        {
            _effects.Clear();
            _core.Step(input, _effects);
            foreach (ConsensusEffect effect in _effects)
                Apply(effect);
        }
    }

    private void SyncJournal()
    {
        if (!_unsynced)
            return;
        _unsynced = false;
        long started = Stopwatch.GetTimestamp();
        _journal.Sync();
        _metrics.JournalSynced(Stopwatch.GetElapsedTime(started));
        _durable = _journal.DurableIndex;
    }

    /// <summary>The core forgets the work at every block and empty proposal; it is told again while there is some.</summary>
    private void TellWork()
    {
        bool hasWork = _pool.ReadyCount > 0 && _time.MonotonicMs() >= _workPausedUntilMs;
        if (hasWork == _hasWork)
            return;
        Volatile.Write(ref _hasWork, hasWork);
        _inputs.Enqueue(new WorkChanged(hasWork));
    }

    private TimeSpan UntilDue()
    {
        ulong nowMs = _time.MonotonicMs();
        ulong dueMs = _statusDueMs;
        if (_timer is { } timer)
            dueMs = Math.Min(dueMs, timer.DueMs);
        if (_workPausedUntilMs > nowMs)
            dueMs = Math.Min(dueMs, _workPausedUntilMs);
        return dueMs <= nowMs ? TimeSpan.Zero : TimeSpan.FromMilliseconds(dueMs - nowMs);
    }

    private void FireDue()
    {
        ulong nowMs = _time.MonotonicMs();
        if (_timer is { } due && due.DueMs <= nowMs)
        {
            _timer = null;
            _inputs.Enqueue(new TimerFired(due.Timer.Height, due.Timer.View, due.Timer.Generation));
        }
        if (_statusDueMs <= nowMs)
        {
            _statusDueMs = nowMs + StatusPeriodMs;
            _inputs.Enqueue(new StatusDue());
            _events.Tick();
        }
    }
}
