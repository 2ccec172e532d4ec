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
/// Goal: a node that goes through many epochs pays once for a department that holds it up, not once in each. Method: a ledger of several epochs, each followed
/// by a <see cref="BlockSync"/> of its own, and a clock that moves with answers and between epochs.
/// </summary>
public sealed class EpochCatchUpTests
{
    private const int Hostile = 1, Epochs = 3;
    private const long WaitUs = 9_900_000, HonestUs = 20_000; // just in time

    private readonly PaceClock _pace = new();
    private SnapshotBed _bed = null!;
    private ScriptedPeers _peers = null!;

    [SetUp]
    public void MakeLedger()
    {
        _bed = new SnapshotBed(40, records: 1, changes: true);
        _peers = new ScriptedPeers(_bed);
    }

    [TearDown]
    public void RemoveLedger() => _bed.Dispose();

    /// <summary>It says that it is far ahead, and each time, late, that it lacks what a snapshot spared it.</summary>
    [Test]
    public async Task OneThatHoldsUp_IsAskedOnce_NotOnceInEachEpoch()
    {
        int held = 0;
        _peers.TwistBlocks(Hostile, (first, _) =>
        {
            held++;
            _pace.Us += WaitUs;
            return new BlockRangeResponse { FirstHeight = first, TipHeight = 1_000_000, WholeFrom = 900_000 };
        });
        foreach (int honest in new[] { 2, 3 })
        {
            _peers.TwistBlocks(honest, (_, answer) =>
            {
                _pace.Us += HonestUs;
                return answer;
            });
        }
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("behind"), _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        store.Append(_bed.Ledger.Genesis.Block, certificate: null);
        var known = new BlockSources<PeerIdentity>();
        for (ulong epoch = 0; epoch < Epochs; epoch++)
        {
            ValidatorSet validators = LedgerMembers.Of(_bed.Ledger.Genesis, store).History.Acting;
            await FollowToTheEndAsync(validators, new LedgerHead(store), known);
            _pace.Us += 1_500 * (long)CatchUp.PassedOverMs; // whoever was passed over is not any more
        }
        Assert.That(LedgerMembers.Of(_bed.Ledger.Genesis, store).History.Epoch, Is.EqualTo(Epochs));
        Assert.That(held, Is.EqualTo(1));
    }

    [Test]
    public void Identity_IsTheSameUnderAnotherNumber_AndNotUnderAnotherKeyOrWithoutAVote()
    {
        IReadOnlyList<Validator> all = _bed.Ledger.Genesis.Validators.Members;
        var otherKey = new Validator(all[1].Department, all[0].Key);
        PeerIdentity first = IdentityOf(all, 1);
        Assert.That(IdentityOf([.. all.Skip(1)], 1), Is.EqualTo(first));
        Assert.That(IdentityOf([all[2], otherKey], 1), Is.Not.EqualTo(first));
        Assert.That(IdentityOf([all[2], all[3]], 1), Is.Not.EqualTo(first).And.EqualTo(IdentityOf([all[3]], 1)));

        PeerIdentity IdentityOf(IEnumerable<Validator> validators, int department)
        {
            var sources = new LedgerSources(new ValidatorSet(validators), _peers);
            return sources.IdentityOf(sources.NumberOf(TestLedger.DepartmentId(department)));
        }
    }

    private async Task FollowToTheEndAsync(ValidatorSet validators, LedgerHead ledger, BlockSources<PeerIdentity> known)
    {
        using var batch = new BatchVerifier(_bed.Verifier, threads: 1);
        var pool = new TransactionPool(new PoolOptions(), departments: validators.Count, height: 0);
        Exception? fatal = null;
        var sync = new BlockSync(
            validators, ledger, new LedgerSources(validators, _peers), known, _peers, _bed.Verifier,
            new EnvelopeVerifier(pool, new BlockBodies(), batch),
            (block, certificate) =>
            {
                ledger.Append(block, certificate);
                return Task.FromResult(true);
            },
            new PeerProgress(), _pace, e => fatal = e, salvage: null);
        for (int i = 1; i <= 3; i++)
            sync.Follow(TestLedger.DepartmentId(i), 1_000_000);
        Task work = Task.Run(sync.RunAsync);
        await PeerBed.UntilAsync(() => ledger.Tip.NextValidatorSetHash != validators.Hash || fatal is not null, "the epoch's end");
        sync.Stop();
        await work;
        Assert.That(fatal, Is.Null);
    }
}
