using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Accusations;
using GovChain.Node.Alarms;
using GovChain.Node.Auditing;
using GovChain.Node.Consensus;
using GovChain.Node.Gateway;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Reads;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Node.Tracing;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node;

/// <summary>
/// A running node: ledger, pool, admission, consensus and catch-up, put together and started in order. What comes from
/// peers goes in through <see cref="IPeerHandler"/>, what comes from clients through <see cref="Gateway"/>.
/// </summary>
/// <remarks>
/// Owns the vote journal; store, directory, signer and network are the host's, and outlive it. After
/// <see cref="Fatal"/> completes nothing leaves the node any more, and the host ends the process.
/// </remarks>
internal sealed partial class NodeRuntime : IAsyncDisposable
{
    /// <summary>A block should take no more than this part of the first timeout.</summary>
    private const double TimeoutParts = 2;

    private const int GossipAgainMax = 500;

    private const string SelfAuditSubject = "self-audit";

    // Answers to those whose transaction is in the epoch's last block are on their way.
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(20);

    private readonly ILogger _log;
    private readonly DataDirectory _directory;
    private readonly LedgerHead _ledger;
    private readonly VoteJournal _journal;
    private readonly TransactionPool _pool;
    private readonly OutcomeMemory _outcomes;
    private readonly TicketOffice _tickets = new();
    private readonly Admission _admission;
    private readonly ConsensusDriver _driver;
    private readonly MessageIntake _intake;
    private readonly LedgerSources _sources;
    private readonly BlockSync _sync;
    private readonly SnapshotSync _snapshots;
    private readonly SnapshotShelf _shelf;
    private readonly BlockFill _fill;
    private readonly Func<LedgerGap?> _gap;
    private readonly NodeStatus _status;
    private readonly LeaderWatch _leaderWatch;
    private readonly LeaderReports _leaderReports;
    private readonly EvidenceReports _evidenceReports;
    private readonly ReadRootReports _readRoots;
    private readonly NodeMetrics _metrics;
    private readonly StorageMetrics _storageMetrics;
    private readonly AlarmBoard _alarms;
    private readonly AlarmWatch _watch;
    private readonly PeerProgress _progress;
    private readonly ValidatorSet _validators;
    private readonly int _index;
    private readonly string? _keyReplaced;
    private readonly string? _votesOfOthers;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _waiting;
    private readonly CancellationTokenSource _stopping = new();
    private readonly BatchVerifier _batch;
    private readonly IPeerNetwork _network;
    private readonly TimeProvider _time;
    private readonly ulong _forwardAfterMs;
    private readonly ulong _salvageTip;
    private readonly SelfAudit? _selfAudit;
    private readonly string _self;
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _epochEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ulong _startedMs;
    private readonly AccusationDesk _evidence;
    private readonly ReadRegister _reads;
    private Task _work = Task.CompletedTask;
    private Task _housekeeping = Task.CompletedTask; // the driver's thread begins it; read elsewhere once that has ended

    /// <summary>Puts a node together on its data directory; nothing runs before <see cref="StartAsync"/>.</summary>
    /// <exception cref="FatalNodeException">The signer's key is no validator's of this ledger.</exception>
    /// <exception cref="StorageException">Ledger or journal cannot be used.</exception>
    /// <exception cref="UnexecutableVersionException">The ledger goes on by a protocol version that this node does not execute.</exception>
    public NodeRuntime(
        DataDirectory directory,
        LedgerStore store,
        Genesis genesis,
        IReadOnlyList<GenesisSignature> genesisSignatures,
        ISigner signer,
        IPeerNetwork network,
        NodeRuntimeOptions options,
        TimeProvider time,
        ISignatureVerifier verifier,
        ILogger<NodeRuntime> log)
    {
        (_log, _directory, _network, _time) = (log, directory, network, time);
        if (store.IsEmpty)
            store.Append(genesis.Block, certificate: null);
        _ledger = new LedgerHead(store, options.NewestVersion);
        if (_ledger.End is { } end)
            throw end;
        _metrics = new NodeMetrics(time);
        _startedMs = time.NowMs();
        _alarms = new AlarmBoard(time, log);
        _storageMetrics = new StorageMetrics(directory, store);
        ValidatorHistory history = LedgerMembers.Of(genesis, store).History;
        ValidatorSet validators = _validators = history.Acting;
        int self = _index = validators.IndexOf(signer.PublicKey);
        _self = history.DepartmentOf(signer.PublicKey) ?? options.Observer ?? throw NoValidator(signer.PublicKey);
        _salvageTip = options.Salvage?.TipHeight ?? 0;
        Parameters parameters = ReadParameters();
        _forwardAfterMs = parameters.ForwardTimeoutMs;
        var config = new ConsensusConfig(
            genesis.ChainId, history.Epoch, validators, self, JournalLoader.ParametersOf(parameters));
        var bodies = new BlockBodies();
        (_journal, JournalContents journal) = JournalLoader.Open(directory, _ledger.Tip, bodies);
        _votesOfOthers = self < 0 ? null : JournalOwner.ExplainOthers(directory.Root, journal.Records, history, signer.PublicKey);
        _evidence = new AccusationDesk(EvidenceStore.Open(directory), history, _alarms, log, OnFatal);
        _reads = ReadRegister.Open(directory, _alarms, log);
        var core = new ConsensusCore(
            config, _ledger.Tip, _ledger.TipCertificate, _ledger.NextLeaders, journal, _evidence.Held);

        _batch = new BatchVerifier(verifier, options.Admission.VerifyThreads, _metrics);
        PeerProgress progress = _progress = new PeerProgress();
        LedgerSources sources = _sources = new LedgerSources(validators, network);
        _pool = new TransactionPool(options.Pool, validators.Count, _ledger.Tip.Height);
        var envelopes = new EnvelopeVerifier(_pool, bodies, _batch);
        _outcomes = new OutcomeMemory(options.Pool.OutcomesMax);
        _admission = new Admission(
            options.Admission, _ledger, _pool, envelopes, time, _outcomes, _tickets, network.BroadcastGossip,
            () => _driver!.WorkAdded());
        var assembler = new BodyAssembler(
            genesis.ChainId, sources, _pool, _admission, bodies, envelopes, network, time);
        var sizer = new BlockSizer(parameters.BaseTimeoutMs / TimeoutParts, (int)parameters.BlockTransactionsMax);
        var workshop = new BlockWorkshop(
            validators, (ushort)Math.Max(self, 0), _ledger, _pool, bodies, assembler, sizer, time, _metrics);
        var events = new DriverEvents(
            OnStored, m => progress.Sent(self, m, time.NowMs()), OnRefused, n => _sync!.Request(n), OnAlarm, OnAbstention, OnViewLeft, r => _leaderReports!.Add(r),
            _evidence.Accuse, _evidence.Keep, () => _epochEnded.TrySetResult(), OnTick, OnFatal);
        _driver = new ConsensusDriver(
            core, history, _journal, signer, _ledger, _pool, bodies, workshop, sizer, network, time, _metrics, events);
        var ownTransactions = new ProtocolTransactions(
            new TransactionFactory(genesis.ChainId, signer), _self, _admission, time, parameters.ExpiryHorizonMs);
        _leaderWatch = new LeaderWatch(validators, self, config.Parameters, _pool);
        _evidenceReports = new EvidenceReports(
            history, self, _ledger, ownTransactions, time, parameters.ForwardTimeoutMs, log);
        _readRoots = new ReadRootReports(
            _self, directory, () => _reads.End, _ledger, ownTransactions, _alarms, time, new ReadRootPlan(options.ReadRootEvery), log);
        _leaderReports = new LeaderReports(validators, _ledger, ownTransactions, time, parameters.ForwardTimeoutMs, log);
        _intake = new MessageIntake(
            validators, new MessageVerifier(config, verifier), () => _ledger.Tip.Height, _driver.Deliver, time, progress,
            (department, height) => _sync!.Follow(department, height));
        _snapshots = new SnapshotSync(
            genesis, history, directory, _ledger, sources, network, verifier, progress, time,
            options.Salvage is null ? options.SnapshotLag : 0, log);
        _sync = new BlockSync(
            validators, _ledger, sources, options.Known, network, verifier, envelopes, _driver.StoreAsync, progress, time, OnFatal, options.Salvage, _snapshots);
        _fill = new BlockFill(
            genesis, history, directory, store, sources, network, verifier, progress, time, () => _sync.Lag, log);
        _shelf = new SnapshotShelf(time);
        _gap = () => store.Gap;
        _keyReplaced = ExplainReplacement(history, signer.PublicKey);
        _status = new NodeStatus(genesis, history, _self, _ledger, _pool, network, sources, progress, _alarms, time)
        {
            IsObserver = self < 0,
            KeyReplaced = _keyReplaced,
            Standing = () => _driver.Standing,
            Evidence = () => _evidence.Held,
            Lag = () => _sync.Lag,
            Snapshot = () => _snapshots.Progress,
            Gap = _gap,
            Started = options.Started ?? time.GetTimestamp(),
        };
        Gateway = new LedgerGateway(
            genesis, genesisSignatures, _self, _ledger, _pool, _admission, _tickets, _outcomes, _reads, verifier, _status, _metrics, _alarms, time,
            _stopping.Token, log);
        PeerHandler = new PeerHandler(
            _ledger, _pool, bodies, _admission, _intake, _driver, new SnapshotServer(_shelf, _ledger), e => _alarms.Raise(NodeAlarm.LedgerDamaged, e.Message));
        if (options.SelfAuditBytesPerSecond > 0)
        {
            _selfAudit = new SelfAudit(directory.Root, genesis.ChainId, history, verifier,
                options.SelfAuditBytesPerSecond, options.SelfAuditPause, OnSelfAudit);
        }
        _watch = new AlarmWatch(_alarms, options.Alarms, WatchedBy(options), time);
        Observe(options);
        _waiting = options.Waiting;
    }

    /// <summary>The node for the services.</summary>
    public ILedgerGateway Gateway { get; }

    /// <summary>The node for the peer network.</summary>
    public IPeerHandler PeerHandler { get; }

    /// <summary>Rounds of the self-audit since the start.</summary>
    public long SelfAudits => _selfAudit?.Rounds ?? 0;

    /// <summary>Blocks stored that came out of a damaged ledger.</summary>
    public ulong Salvaged => _sync.Salvaged;

    /// <summary>
    /// Completes with the height when a snapshot is ready: the host stops the node, opens the directory again, which puts the
    /// snapshot in place, and starts it.
    /// </summary>
    public Task<ulong> SnapshotReady => _snapshots.Installed;

    /// <summary>
    /// Completes when the validators have changed: this runtime takes no further part, and another one goes on from the same
    /// directory.
    /// </summary>
    public Task EpochEnded => _epochEnded.Task;

    /// <summary>Completes when the node had to stop, with the reason.</summary>
    public Task<Exception> Fatal => _fatal.Task;

    /// <summary>Stops the node for a reason that was found outside it; the first reason counts.</summary>
    public void Fail(Exception reason) => OnFatal(reason);

    /// <summary>Begins to take part.</summary>
    public Task StartAsync()
    {
        _metrics.Begin();
        _log.Started(_self, _ledger.Tip.Height, _ledger.ChainId.ToString(), RoleOf(_driver.Standing, _validators));
        if (_keyReplaced is not null)
            _alarms.Raise(NodeAlarm.KeyReplaced, _keyReplaced);
        _work = Task.WhenAll(
            Guard(_admission.RunAsync()), Guard(_intake.RunAsync()), Guard(Task.Run(_sync.RunAsync)),
            Guard(Task.Run(_fill.RunAsync)));
        _driver.Start();
        _selfAudit?.Start();
        if (_waiting.Count > 0)
            _admission.OfferGossip(_self, _waiting);
        if (_salvageTip > _ledger.Tip.Height)
            _sync.Request(new NeedBlocks(_salvageTip, Hint: -1));
        return Task.CompletedTask;
    }

    /// <summary>
    /// Begins to stop: submissions are refused with a hint to come back, and those that were taken are finished. Returns when
    /// all have their answer, or the time is over; then the other departments have been told once more of what still waits.
    /// </summary>
    /// <returns>Transactions that somebody still waits for.</returns>
    public async Task<int> DrainAsync(TimeSpan patience)
    {
        long begun = _time.GetTimestamp();
        _status.Stopping();
        await _stopping.CancelAsync();
        _log.Draining(_tickets.WaitingCount, _pool.Count);
        while ((_tickets.WaitingCount > 0 || _admission.PendingCount > 0) && !_fatal.Task.IsCompleted
            && _time.GetElapsedTime(begun) < patience)
            await Task.Delay(DrainStep, _time);
        List<ReadOnlyMemory<byte>> waiting = _pool.TakeForGossip(_self, _time.NowMs(), 0, GossipAgainMax);
        if (waiting.Count > 0)
            _network.BroadcastGossip(waiting);
        return _tickets.WaitingCount;
    }

    /// <summary>
    /// After the end of an epoch: answers all who wait, those whose transaction is not in a block with "pending", and gives out
    /// what they submitted, for the next one.
    /// </summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> HandOverAsync()
    {
        await DrainAsync(HandOverPatience);
        _tickets.Close();
        return _pool.TakeForGossip(_self, ulong.MaxValue, 0, int.MaxValue);
    }

    /// <summary>Stops taking part: nothing is begun any more, what is durable stays.</summary>
    public async Task StopAsync()
    {
        _status.Stopping();
        if (_selfAudit is not null)
            await _selfAudit.StopAsync();
        _sync.Stop();
        _fill.Stop();
        _intake.Stop();
        _admission.Stop();
        _driver.Stop();
        await _housekeeping; // the last tick's: the ledger it reads is closed after this
        await _work;
        await _evidence.StopAsync();
        _tickets.Close();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _shelf.Dispose();
        _batch.Dispose();
        _journal.Dispose();
        _reads.Dispose();
        _storageMetrics.Dispose();
        _metrics.Dispose();
        _stopping.Dispose();
    }

    private static FatalNodeException NoValidator(PublicKey key) => new(
        $"The key {key.ToShortString()} is no department's validator key on this ledger. Check the key and the "
        + "genesis file in the configuration.");

    private Parameters ReadParameters()
    {
        using LedgerSnapshot view = _ledger.OpenSnapshot();
        return new StateOverlay(view).Parameters;
    }

    private void OnStored(ExecutedBlock block, BlockTimeline timeline)
    {
        _log.Stored(block.Header.Height, block.Transactions.Count);
        _shelf.Look(_ledger);
        LookAtTerms(block);
        ThreadPool.UnsafeQueueUserWorkItem(
            static s => s.Tickets.AnswerCommitted(s.Block.Header, s.Block.Transactions, s.Timeline),
            (Tickets: _tickets, Block: block, Timeline: timeline), preferLocal: false);
    }

    private void OnRefused(IReadOnlyList<PoolExit> exits)
    {
        if (exits.Count == 0)
            return;
        _outcomes.Add(exits);
        _tickets.AnswerRefused(exits, _ledger.Tip.TimestampMs);
    }

    private void OnTick()
    {
        if (_housekeeping.IsCompleted)
            _housekeeping = Task.Run(KeepHouse);
    }

    /// <summary>
    /// Expiry, and telling the others again of what they have not put into a block: whoever was not connected, or had
    /// no room, when a transaction came, hears of it so.
    /// </summary>
    private void KeepHouse()
    {
        try
        {
            // The first tick comes after the core's first journal records, which say it, are durable.
            if (_directory.IsRestored)
                _directory.ForgetRestored();
            _watch.Look();
            _shelf.Sweep();
            ulong nowMs = _time.NowMs();
            OnRefused(_pool.Sweep(_ledger.Tip.TimestampMs, nowMs));
            List<ReadOnlyMemory<byte>> waiting = _pool.TakeForGossip(_self, nowMs, _forwardAfterMs, GossipAgainMax);
            if (waiting.Count > 0)
                _network.BroadcastGossip(waiting);
            if (_pool.ReadyCount > 0)
                _driver.WorkAdded();
            WatchLeader(_driver.Standing);
            // Of a quorum one is honest and says how far the ledger is; of fewer perhaps none is. And a view that fails may lack just the
            // one whose new key the ledger here does not name.
            if (_sources.ValidatorsConnected + (_index < 0 ? 0 : 1) < _validators.QuorumSize || _driver.Standing.View > 0)
                _sync.AskUnheard();
            if (_index < 0)
                return; // reports are signed by a key with a vote
            _ = Guard(_leaderReports.LookAsync());
            _ = Guard(_evidenceReports.LookAsync(_evidence.Held));
            _ = Guard(_readRoots.LookAsync());
        }
        catch (Exception e)
        {
            OnFatal(e);
        }
    }

    private void OnFatal(Exception exception)
    {
        if (!_fatal.TrySetResult(exception))
            return;
        // What the disk, the token or the rules refuse is said in the message; only of a fault of the program the place is of use.
        _log.Fatal(exception is StorageException or TokenException or FatalNodeException or UnexecutableVersionException ? null : exception, exception.Message);
        _status.Failed(exception.Message);
        _status.Stopping();
        _driver.Abort();
    }

    private async Task Guard(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
        {
            OnFatal(e);
        }
    }
}
