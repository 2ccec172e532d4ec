using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using GovChain.Tests.Unit.Peers;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: one that is followed, or asked alone at first, costs a wait and not catch-up (docs/PROTOCOL.md, "Catch-up"). Method: a node at genesis, a hostile and an
/// honest peer, and a clock that moves with their answers alone, so that no time of the machine decides anything.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FollowedPeerTests : IAsyncDisposable
{
    private const int Hostile = 1, Honest = 2;
    private const long WaitUs = 9_900_000; // just in time

    private readonly SnapshotBed _bed = new(30, records: 1);
    private readonly PaceClock _pace = new();
    private readonly PeerProgress _progress = new();
    private readonly ScriptedPeers _peers;
    private readonly DataDirectory _directory;
    private readonly LedgerStore _store;
    private readonly LedgerHead _ledger;
    private readonly BatchVerifier _batch;
    private BlockSync? _sync;
    private SnapshotSync? _snapshots;
    private Task? _work;
    private Exception? _fatal;

    public FollowedPeerTests()
    {
        _peers = new ScriptedPeers(_bed);
        _directory = DataDirectory.Open(_bed.PathOf("node"), _bed.Ledger.Genesis.ChainId);
        _store = LedgerStore.Open(_directory);
        _store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        _ledger = new LedgerHead(_store);
        _batch = new BatchVerifier(_bed.Verifier, threads: 1);
        _peers.Disconnect(3);
    }

    public async ValueTask DisposeAsync()
    {
        _sync!.Stop();
        await _work!;
        _batch.Dispose();
        _store.Dispose();
        _directory.Dispose();
        _bed.Dispose();
        Assert.That(_fatal, Is.Null);
    }

    /// <summary>It is there again with each answer of the other, and says that it is far ahead.</summary>
    [Test]
    public async Task HangingUpJustBeforeTheTimeIsOver_IsNotFollowedAgainForTenSeconds([Values] bool hangsUp)
    {
        int held = 0;
        _peers.TwistBlocks(Hostile, (_, _) =>
        {
            held++;
            _pace.Us += WaitUs;
            if (hangsUp)
                _peers.Disconnect(Hostile);
            return null;
        });
        _peers.TwistBlocks(Honest, (_, answer) =>
        {
            _pace.Us += 1_000;
            _peers.Connect(Hostile);
            Follow(Hostile, 1_000_000);
            while (answer.Blocks.Count > 1)
                answer.Blocks.RemoveAt(1);
            return answer;
        });
        Begin(snapshotLag: 0);
        Follow(Hostile, 1_000_000);
        Follow(Honest, _bed.Tip);
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == _bed.Tip, "all blocks");
        Assert.That(held, Is.EqualTo(1), "thirty answers of the other take no ten seconds");
        Assert.That(_progress.Of(Hostile).LastComplaint, hangsUp ? Is.Null : Is.EqualTo("did not answer a request for blocks"));
    }

    /// <summary>A process that was stopped and started again is nobody's enemy.</summary>
    [Test]
    public async Task StreamThatEndsAtOnce_IsFollowedAgain()
    {
        bool gone = false;
        _peers.TwistBlocks(Hostile, (_, answer) =>
        {
            if (gone)
                return answer;
            gone = true;
            _peers.Disconnect(Hostile);
            _peers.Connect(Honest);
            return null;
        });
        _peers.TwistBlocks(Honest, (_, _) =>
        {
            _peers.Connect(Hostile);
            Follow(Hostile, _bed.Tip);
            return new BlockRangeResponse();
        });
        Begin(snapshotLag: 0);
        Follow(Hostile, _bed.Tip);
        Follow(Honest, _bed.Tip);
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == _bed.Tip, "all blocks");
        Assert.That(_progress.Of(Hostile).LastComplaint, Is.Null);
    }

    /// <summary>It gives each block, truly, as soon as there is one, and says that there are a million more: however it ends, the node is level
    /// with the others meanwhile and takes what clients submit.</summary>
    [Test]
    public async Task NewestBlocks_AndWordOfMore_LeaveTheNodeLevel([Values] bool hangsUp)
    {
        ulong lagMax = 0;
        bool ended = false;
        _peers.TwistBlocks(Hostile, (_, answer) =>
        {
            lagMax = Math.Max(lagMax, _ledger.Tip.Height == 0 ? 0 : _sync!.Lag);
            answer.TipHeight = 1_000_000;
            while (answer.Blocks.Count > 1)
                answer.Blocks.RemoveAt(1);
            if (answer.Blocks.Count > 0)
                return answer;
            if (hangsUp)
                _peers.Disconnect(Hostile);
            Volatile.Write(ref ended, true);
            return null;
        });
        Begin(snapshotLag: 0);
        Follow(Hostile, 1_000_000);
        await PeerBed.UntilAsync(() => Volatile.Read(ref ended) && _sync!.Lag == 0, "its word counts no more");
        Assert.That(_ledger.Tip.Height, Is.EqualTo(_bed.Tip));
        Assert.That(lagMax, Is.EqualTo(CatchUp.LagMax), "one more, and submissions would be refused and no block filled in");
    }

    /// <summary>It withholds what it says it has: nobody looks for a snapshot because of it. Where it says that it lacks the blocks below a
    /// snapshot, one search is made, and none upon its word for a while.</summary>
    [Test]
    public async Task ClaimAndOffer_ThatLeadToNothing_CostOneSearchAtMost([Values] bool fillsIn)
    {
        int searches = 0, asked = 0;
        _peers.TwistBlocks(Hostile, (first, _) =>
        {
            asked++;
            _pace.Us += WaitUs;
            return new BlockRangeResponse { FirstHeight = first, TipHeight = 1_000_000, WholeFrom = fillsIn ? 900_000ul : 0 };
        });
        _peers.Twist(Hostile, (request, _) =>
        {
            _pace.Us += WaitUs;
            if (request.PartCase != SnapshotRequest.PartOneofCase.None)
                return null;
            searches++;
            return new SnapshotResponse { Held = SnapshotRules.WriteHeld([990_000, 990_001]) };
        });
        _peers.Twist(Honest, static (_, _) => new SnapshotResponse());
        _peers.TwistBlocks(Honest, (_, answer) =>
        {
            _pace.Us += 3 * 11_000_000; // slower a block, and the other is not passed over any more when it says so again
            Follow(Hostile, 1_000_000);
            while (answer.Blocks.Count > 3)
                answer.Blocks.RemoveAt(3);
            return answer;
        });
        Begin(snapshotLag: 10_000);
        Follow(Hostile, 1_000_000);
        Follow(Honest, _bed.Tip);
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == _bed.Tip, "all blocks");
        Assert.That(asked, Is.GreaterThan(5));
        Assert.That(searches, fillsIn ? Is.InRange(1, 1 + _pace.Us / 1_000 / (long)SnapshotPlan.PauseMs) : Is.Zero);
    }

    /// <summary>It is connected first and has no snapshot, but all blocks. The other, which has one, comes a moment later.</summary>
    [Test]
    public async Task OneWithoutASnapshot_ThatIsThereFirst_DoesNotKeepTheNodeFromThatOfAnother()
    {
        int offers = 0;
        _peers.Disconnect(Honest);
        _peers.Twist(Hostile, (_, _) =>
        {
            _peers.Connect(Honest);
            return new SnapshotResponse();
        });
        _peers.Twist(Honest, (request, answer) =>
        {
            offers += request.PartCase == SnapshotRequest.PartOneofCase.None ? 1 : 0;
            return answer;
        });
        foreach (int peer in new[] { Hostile, Honest })
        {
            _peers.TwistBlocks(peer, (_, answer) =>
            {
                _pace.Us += 1_000 * (long)SnapshotPlan.PauseWithoutOfferMs / 5; // the pause after a search is over after five blocks
                while (answer.Blocks.Count > 1)
                    answer.Blocks.RemoveAt(1);
                return answer;
            });
        }
        Begin(snapshotLag: 10);
        _sync!.Request(new NeedBlocks(_bed.Tip, Hostile));
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == _bed.Tip || _snapshots!.Installed.IsCompleted, "blocks or a snapshot");
        Assert.That(offers, Is.Positive, "asked again what it holds");
    }

    private void Begin(ulong snapshotLag)
    {
        ValidatorSet validators = _bed.Ledger.Genesis.Validators;
        var sources = new LedgerSources(validators, _peers);
        var pool = new TransactionPool(new PoolOptions(), departments: 4, height: 0);
        _snapshots = new SnapshotSync(
            _bed.Ledger.Genesis, new ValidatorHistory(validators, null), _directory, _ledger, sources, _peers, _bed.Verifier, _progress, _pace,
            snapshotLag, NullLogger.Instance);
        _sync = new BlockSync(
            validators, _ledger, sources, new(), _peers, _bed.Verifier, new EnvelopeVerifier(pool, new BlockBodies(), _batch),
            (block, certificate) =>
            {
                _ledger.Append(block, certificate);
                return Task.FromResult(true);
            },
            _progress, _pace, e => _fatal = e, salvage: null, _snapshots);
        _work = Task.Run(_sync.RunAsync);
    }

    private void Follow(int department, ulong height) => _sync!.Follow(TestLedger.DepartmentId(department), height);
}
