using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using GovChain.Tests.Unit.Peers;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a node whose line takes longer for a range of blocks than anybody waits gets its blocks all the same. Method: peers of whose blocks only a few
/// come in time, and a clock that goes on by what is waited for.
/// </summary>
public sealed class SlowLineTests
{
    private const int Blocks = 80, InTime = 7;
    private const long TimeoutUs = 10_000_000;

    private readonly SkippingClock _clock = new();
    private readonly PeerProgress _progress = new();
    private SnapshotBed _bed = null!;
    private ScriptedPeers _peers = null!;
    private LedgerSources _sources = null!;
    private int _inVain;

    private ValidatorSet Validators => _bed.Ledger.Genesis.Validators;

    [SetUp]
    public void MakeLine()
    {
        _inVain = 0;
        _bed = new SnapshotBed(Blocks, records: 1);
        _peers = new ScriptedPeers(_bed);
        _sources = new LedgerSources(Validators, _peers);
        for (int i = 1; i <= 3; i++)
        {
            _peers.TwistBlocks(i, (_, answer) =>
            {
                bool comes = answer.Blocks.Count <= InTime;
                _clock.Us += comes ? TimeoutUs / InTime * answer.Blocks.Count : TimeoutUs;
                _inVain += comes ? 0 : 1;
                return comes ? answer : null;
            });
        }
    }

    [TearDown]
    public void RemoveLine() => _bed.Dispose();

    [Test]
    public async Task Node_CatchesUp()
    {
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("behind"), _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var ledger = new LedgerHead(store);
        using var batch = new BatchVerifier(_bed.Verifier, threads: 1);
        var pool = new TransactionPool(new PoolOptions(), departments: 4, height: 0);
        Exception? fatal = null;
        var sync = new BlockSync(
            Validators, ledger, _sources, new(), _peers, _bed.Verifier, new EnvelopeVerifier(pool, new BlockBodies(), batch),
            (block, certificate) =>
            {
                ledger.Append(block, certificate);
                return Task.FromResult(true);
            },
            _progress, _clock, e => fatal = e, salvage: null);
        Task work = Task.Run(sync.RunAsync);
        sync.Request(new NeedBlocks(Blocks, Hint: 1));
        await PeerBed.UntilAsync(() => ledger.Tip.Height == Blocks || fatal is not null, "all blocks");
        sync.Stop();
        await work;
        Assert.That((ledger.Tip.Height, fatal), Is.EqualTo(((ulong)Blocks, (Exception?)null)));
        Assert.That(_inVain, Is.LessThanOrEqualTo(3 * HalvingsUntilInTime), "so many halvings of each");
    }

    [Test]
    public async Task Node_FillsInWhatASnapshotSparedIt()
    {
        var history = new ValidatorHistory(Validators, null);
        await JoinAsync(history);
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("joined"), _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        Assert.That(store.Gap!.Base.Height, Is.GreaterThan(4 * InTime));
        var fill = new BlockFill(
            _bed.Ledger.Genesis, history, directory, store, _sources, _peers, _bed.Verifier, _progress, _clock, static () => 0, NullLogger.Instance);
        Task work = Task.Run(fill.RunAsync);
        await PeerBed.UntilAsync(() => work.IsCompleted, "all blocks");
        fill.Stop();
        await work;
        Assert.That(store.Gap, Is.Null);
        Assert.That(_inVain, Is.LessThanOrEqualTo(3 * HalvingsUntilInTime));
    }

    /// <summary>By a snapshot, over a line that was faster.</summary>
    private async Task JoinAsync(ValidatorHistory history)
    {
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("joined"), _bed.Ledger.Genesis.ChainId);
        using (LedgerStore empty = LedgerStore.Open(directory))
            empty.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var peers = new SnapshotPeers(_sources, new ScriptedPeers(_bed), _progress, _clock);
        await peers.FindAsync(0, CancellationToken.None);
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        var fetch = new SnapshotFetch(_bed.Ledger.Genesis, history, _bed.Verifier, peers, assembly, Blocks);
        Assert.That(await fetch.RunAsync(CancellationToken.None), Is.Null);
        assembly.Complete(new DurableTip(0, _bed.Ledger.Genesis.Block.Header.Hash));
    }

    private static int HalvingsUntilInTime => (int)Math.Ceiling(Math.Log2((double)CatchUp.RangeBlocks / InTime));

    /// <summary>Whoever waits has waited.</summary>
    private sealed class SkippingClock : TimeProvider
    {
        private long _us;

        public long Us
        {
            get => Volatile.Read(ref _us);
            set => Volatile.Write(ref _us, value);
        }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => Us;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan)
                return base.CreateTimer(callback, state, dueTime, period);
            Us += (long)dueTime.TotalMicroseconds;
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
