using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Pool;

namespace GovChain.Tests.Simulation;

/// <content>The production pool and the rules at its door.</content>
internal sealed partial class SimulatedNode
{
    private static readonly PoolOptions Options = new()
    {
        CountMax = 200,
        BytesMax = 256 * 1024,
        HeldMax = 100,
        ChainMax = 64,
    };

    // In production many more.
    private const int GossipAgainMax = 16;

    private TransactionPool _pool;
    private ulong _workPausedUntilUs;
    private bool _hasWork;

    /// <summary>A client of this node hands in an envelope.</summary>
    public void Submit(Transaction transaction)
    {
        if (!IsUp || Ledger.Contains(transaction.Id))
            return;
        var frame = new EnvelopesFrame([transaction.Envelope]);
        if (TakeIn(frame.Read(_stage)[0].Verified!, Index, isOwn: true) && _adversary is not { Hoards: true })
            Transmit(Send.ToAll, frame);
    }

    /// <summary>What the pool held leaves it; the clients will ask again.</summary>
    public void EmptyPool()
    {
        _pool = NewPool();
        _leaderWatch = NewLeaderWatch();
        TellWork();
    }

    private TransactionPool NewPool() => new(Options, _stage.Scenario.Validators, Ledger.Height);

    private void TakeGossip(int from, EnvelopesFrame gossip)
    {
        foreach ((_, VerifiedTransaction? verified) in gossip.Read(_stage))
        {
            if (verified is not null)
                TakeIn(verified, from, isOwn: false);
        }
    }

    /// <summary>Whether it is in the pool now and was not before.</summary>
    private bool TakeIn(VerifiedTransaction transaction, int from, bool isOwn)
    {
        var state = new StateOverlay(Ledger.View);
        BlockHeader tip = Ledger.Tip.Header;
        ulong timeMs = Math.Max(UtcMs, tip.TimestampMs + 1);
        Rejection? rejection = TransactionRules.Check(state, transaction.Transaction, tip.Height + 1, timeMs);
        if (AdmissionRules.Refuses(isOwn, rejection))
            return false;
        string department = Authority.DepartmentOf(state, transaction.Transaction.Signer);
        var entry = new PoolEntry(transaction, department, _stage.Keys.Set[from].Department, UtcMs);
        PoolOffer[] offers = [AdmissionRules.Offer(state, entry, rejection)];
        var answers = new PoolAnswer[1];
        if (!_pool.TryAdd(tip.Height, offers, answers))
            throw new InvariantException("pool", $"node {Index}: the pool is not at height {tip.Height}");
        TellWork();
        return answers[0] == PoolAnswer.Added;
    }

    private List<VerifiedTransaction> TakeCandidates() =>
        _pool.TakeCandidates(long.MaxValue, (int)_config.Parameters.BlockTransactionsMax, _config.Parameters.PlaceBytes);

    private void OnCommitted(ExecutedBlock block)
    {
        var state = new StateOverlay(Ledger.View);
        ulong timeMs = Math.Max(UtcMs, block.Header.TimestampMs + 1);
        _pool.OnCommitted(block, t => TransactionRules.Check(state, t, block.Header.Height + 1, timeMs));
        _hasWork = false;
        _workPausedUntilUs = 0;
    }

    private void SweepPool()
    {
        _pool.Sweep(Ledger.Tip.Header.TimestampMs, UtcMs);
        GossipAgain();
        TellWork();
    }

    /// <summary>Others may have been down, cut off or without room when it came from a client here.</summary>
    private void GossipAgain()
    {
        if (!_stage.Scenario.Snapshots)
            return;
        List<ReadOnlyMemory<byte>> waiting = _pool.TakeForGossip(
            _stage.Keys.Set[Index].Department, UtcMs, _config.Parameters.ForwardTimeoutMs, GossipAgainMax);
        if (waiting.Count > 0)
            Transmit(Send.ToAll, new EnvelopesFrame(waiting));
    }

    /// <summary>What the pool offered was all refused: a moment, or leader and pool ask each other for ever.</summary>
    private void PauseWork()
    {
        _hasWork = false;
        _workPausedUntilUs = _stage.NowUs + WorkPauseUs;
        Later(WorkPauseUs, TellWork);
    }

    /// <summary>The core forgets the work at every block and empty proposal; it is told again while there is some.</summary>
    private void TellWork()
    {
        bool hasWork = _pool.ReadyCount > 0 && _stage.NowUs >= _workPausedUntilUs;
        if (hasWork == _hasWork || !IsUp)
            return;
        _hasWork = hasWork;
        Feed(new WorkChanged(hasWork));
    }
}
