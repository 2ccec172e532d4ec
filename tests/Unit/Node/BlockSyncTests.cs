using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using GovChain.Tests.Unit.Peers;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: whoever gives a block that nobody certified is named and passed over, and nobody else. Method: a node at genesis, peers of which some lie, and a
/// clock that stands, so that nobody's time is ever over.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BlockSyncTests : IAsyncDisposable
{
    private const int Tip = 3;

    private readonly SnapshotBed _bed = new(Tip, records: 1);
    private readonly StoppedClock _clock = new();
    private readonly PeerProgress _progress = new();
    private readonly ScriptedPeers _peers;
    private readonly DataDirectory _directory;
    private readonly LedgerStore _store;
    private readonly LedgerHead _ledger;
    private readonly BatchVerifier _batch;
    private readonly BlockSync _sync;
    private readonly Task _work;
    private Exception? _fatal;

    public BlockSyncTests()
    {
        _peers = new ScriptedPeers(_bed);
        _directory = DataDirectory.Open(_bed.PathOf("node"), _bed.Ledger.Genesis.ChainId);
        _store = LedgerStore.Open(_directory);
        _store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        _ledger = new LedgerHead(_store);
        _batch = new BatchVerifier(_bed.Verifier, threads: 1);
        ValidatorSet validators = _bed.Ledger.Genesis.Validators;
        var pool = new TransactionPool(new PoolOptions(), departments: 4, height: 0);
        _sync = new BlockSync(
            validators, _ledger, new LedgerSources(validators, _peers), new(), _peers, _bed.Verifier, new EnvelopeVerifier(pool, new BlockBodies(), _batch),
            (block, certificate) =>
            {
                _ledger.Append(block, certificate);
                return Task.FromResult(true);
            },
            _progress, _clock, e => _fatal = e, salvage: null);
        _work = Task.Run(_sync.RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _sync.Stop();
        await _work;
        _batch.Dispose();
        _store.Dispose();
        _directory.Dispose();
        _bed.Dispose();
        Assert.That(_fatal, Is.Null);
    }

    [Test]
    public async Task Followed_ThatLies_IsNamed_AndNotFollowedAgain_WhateverItSays()
    {
        int lies = 0;
        Lies(1, () => Interlocked.Increment(ref lies));
        _sync.Follow(TestLedger.DepartmentId(1), Tip);
        await PeerBed.UntilAsync(() => Volatile.Read(ref lies) > 0, "it is followed");
        _sync.Follow(TestLedger.DepartmentId(1), Tip); // it would be the first to be asked: all are equally fast
        _sync.Follow(TestLedger.DepartmentId(2), Tip);
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == Tip, "the other gives all blocks");
        Assert.That(lies, Is.EqualTo(1));
        Assert.That(_progress.Of(1).Complaint, Does.StartWith("sent block 1 under a certificate that proves nothing"));
        Assert.That(_progress.Of(2).LastComplaint, Is.Null);
    }

    [Test]
    public async Task Blocks_WhereAllLie_AreAskedForOnceOfEach_AndThenAfterAPause()
    {
        int lies = 0;
        for (int i = 1; i <= 3; i++)
            Lies(i, () => Interlocked.Increment(ref lies));
        _sync.Request(new NeedBlocks(Tip, Hint: 1));
        await PeerBed.UntilAsync(() => _clock.Pauses > 0 || Volatile.Read(ref lies) > 4, "the first is asked again");
        Assert.That((lies, _clock.Pauses), Is.EqualTo((4, 1)), "three, and the one asked last once more");
        Assert.That(_ledger.Tip.Height, Is.Zero);
    }

    /// <summary>A process that is stopped and started again is nobody's enemy, where it is asked as where it is followed.</summary>
    [Test]
    public async Task Asked_ThatIsStoppedMeanwhile_IsNotNamed()
    {
        const int stopped = 2;
        _peers.TwistBlocks(stopped, (_, _) =>
        {
            _peers.Disconnect(stopped);
            return null;
        });
        _sync.Request(new NeedBlocks(Tip, Hint: stopped));
        await PeerBed.UntilAsync(() => _ledger.Tip.Height == Tip, "the others give all blocks");
        Assert.That(_peers.Connections.Any(static c => !c.IsConnected), "it was asked");
        Assert.That(_progress.Of(stopped).LastComplaint, Is.Null);
    }

    /// <summary>A true header over other people's envelopes, of which a frame holds a hundred thousand. Where their number is wrong, they are
    /// not even read.</summary>
    [Test]
    public void Envelopes_ThatAreNotTheBlocks_CostNoSignatureToVerify([Values(-1, 0, 2_000)] int more)
    {
        FetchedBlock block = LedgerPeers.Read(_bed.Blocks(1, 1)).Blocks[0];
        ReadOnlyMemory<byte>[] others = [.. Enumerable.Range(0, block.Envelopes.Count + more).Select(
            i => more == 0 ? _bed.Ledger.Change($"O-{i}", 0) : [])];
        var catchUp = new CatchUp(_bed.Ledger.Genesis.ChainId, _bed.Ledger.Genesis.Validators, _bed.Verifier);
        IReadOnlyList<CertifiedBlock> chain = catchUp.Believe(1, [block with { Envelopes = others }], out _);
        Assert.That(
            catchUp.Execute(_store.Current, chain[0], static _ => throw new AssertionException("signatures are verified"), out string? complaint), Is.Null);
        Assert.That(complaint, Is.EqualTo("sent a body of block 1 that is not the certified one"));
    }

    /// <summary>A department gives blocks, the first of them under a certificate that nobody signed.</summary>
    private void Lies(int department, Action told) => _peers.TwistBlocks(department, (_, answer) =>
    {
        byte[] certificate = answer.Blocks[0].Certificate.ToByteArray();
        certificate[^1] ^= 1;
        answer.Blocks[0].Certificate = ByteString.CopyFrom(certificate);
        told();
        return answer;
    });

    /// <summary>A pause never ends.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        private int _pauses;

        public int Pauses => Volatile.Read(ref _pauses);

        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _pauses);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
