using GovChain.Consensus;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node.Snapshots;
using GovChain.Tests.Unit.Peers;
using GovChain.Tests.Unit.Records;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Goal: who is slow is known as slow, whatever it is asked. Method: answers for which the clock goes on by a known time.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LedgerPeersTests : IDisposable
{
    private const int Asked = 1;
    private const long Us = 20_000;

    private readonly SnapshotBed _bed = new(2, records: 1);
    private readonly PaceClock _clock = new();

    public void Dispose() => _bed.Dispose();

    [Test]
    public async Task Question_TookAsLongAsItsAnswer([Values("blocks", "part", "offers", "bodies")] string what)
    {
        var network = new ScriptedPeers(_bed) { OnRequest = () => _clock.Us += Us };
        LedgerQuestion question = what switch
        {
            "blocks" => new BlocksQuestion(Asked, firstHeight: 1),
            "part" => new PartQuestion(Asked, new SnapshotRequest { Head = new SnapshotHeadWanted() }),
            "offers" => new OffersQuestion([Asked]),
            _ => new BodiesQuestion(Asked, height: 1, []),
        };
        await new LedgerPeers(new LedgerSources(_bed.Ledger.Genesis.Validators, network), network, _clock)
            .AskAsync(question, CancellationToken.None);
        Assert.That(question.TookUs, Is.EqualTo(Us));
    }

    /// <summary>One of four is hostile. The others answer at once, and it not before it is too late.</summary>
    [Test]
    public async Task Offers_OfWhoHoldsItsOwnBack_AreNotWaitedFor([Values(false, true)] bool comes)
    {
        const int late = 2;
        var held = new TaskCompletionSource();
        var time = new HeldTime(LedgerPeers.LateOffers);
        var network = new ScriptedPeers(_bed) { Before = d => d == TestLedger.DepartmentId(late) ? held.Task : Task.CompletedTask };
        var question = new OffersQuestion([1, late, 3]);
        Task asked = new LedgerPeers(new LedgerSources(_bed.Ledger.Genesis.Validators, network), network, time)
            .AskAsync(question, CancellationToken.None);
        await PeerBed.UntilAsync(() => time.IsHeld, "two answers");
        Assert.That(asked.IsCompleted, Is.False);
        if (comes)
            held.SetResult();
        else
            time.EndHeld();
        await asked;
        Assert.That(question.Answers.Select(static a => a is not null), Is.EqualTo(new[] { true, comes, true }));
    }
}
