using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// A department whose disk was wiped joins three others by snapshot: real rules, disks, signatures and votes in one process.
/// The ledger's older blocks were made beforehand, two seconds apart, under an expiry horizon of a minute.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotJoinTests : IDisposable
{
    private const int Blocks = 90;
    private static readonly NodeRuntimeOptions Options = new() { SnapshotLag = 20 };

    private readonly SnapshotBed _bed = new(Blocks, records: 3);
    private readonly LoopbackNetwork _wires = new();
    private readonly ShiftedClock _clock;
    private readonly TestNode[] _nodes;

    public SnapshotJoinTests()
    {
        _clock = new ShiftedClock { Ahead = TimeSpan.FromMilliseconds(_bed.Head.Tip.TimestampMs - (double)NowMs()) };
        _nodes = [.. Enumerable.Range(0, 4).Select(i => new TestNode(_bed.Ledger, i, _bed.PathOf($"n{i}"), _wires, _clock))];
    }

    public void Dispose() => _bed.Dispose();

    [TearDown]
    public async Task Stop()
    {
        foreach (TestNode node in _nodes)
            await node.DisposeAsync();
    }

    [Test]
    public async Task WipedNode_JoinsBySnapshot_SaysWhatItLacks_AndIsFilledIn()
    {
        for (int i = 0; i < 3; i++)
            _bed.CopyTo(_nodes[i].Path);
        for (int i = 0; i < 3; i++)
            await _nodes[i].StartAsync(Options);
        byte[] old = Change("late", 0, validMs: 4_000);
        await _nodes[0].CommitAsync(old); // after the snapshot
        _wires.GivesBlocks = (department, first) => department != TestLedger.DepartmentId(3) || first > Blocks / 2;

        TestNode wiped = _nodes[3];
        await wiped.StartAsync(Options);
        await wiped.Runtime.SnapshotReady.WaitAsync(TimeSpan.FromSeconds(30));
        await wiped.StopAsync();
        await wiped.StartAsync(Options);
        await wiped.UntilAsync(s => s.Height == _nodes[0].Height, "it is level");
        GetStatusResponse status = wiped.Gateway.GetStatus();
        Assert.That(status.WholeFromHeight, Is.GreaterThan(1).And.LessThan(Blocks));
        Assert.That(status.FilledToHeight, Is.Zero);
        await wiped.UntilAsync(s => s.Voting, "the others have said that it forgot nothing");

        await CheckGapAsync(wiped.Gateway, status.WholeFromHeight);
        byte[] firstRecord = EnvelopeAt(2, 0), unknown = Change("unknown", 0, validMs: 4_000);
        _clock.Ahead += TimeSpan.FromSeconds(5);
        foreach (byte[] expired in new[] { firstRecord, unknown })
        {
            TransactionOutcome outcome = await wiped.SubmitAsync(expired, WaitFor.Committed);
            // The clock alone ends nothing: the unknown one may come in time elsewhere, by the newest header.
            Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.Pending));
            Assert.That(outcome.Rejection.Code, Is.EqualTo(expired == firstRecord ? "NOT_YET_AVAILABLE" : "EXPIRED"));
        }
        await _nodes[1].CommitAsync(Change("beside", 0));
        await wiped.UntilAsync(s => s.Height == _nodes[1].Height, "it takes part meanwhile");
        Assert.That((await wiped.SubmitAsync(unknown)).Rejection.Code, Is.EqualTo("NOT_YET_AVAILABLE"));

        _wires.GivesBlocks = static (_, _) => true;
        await wiped.UntilAsync(s => s.WholeFromHeight == 0, "all is filled in");
        Assert.That((await wiped.SubmitAsync(firstRecord)).Status, Is.EqualTo(TransactionStatus.CommittedDurably));
        Assert.That((await wiped.SubmitAsync(unknown)).Status, Is.EqualTo(TransactionStatus.Expired));
        await wiped.CommitAsync(Change("by-the-joiner", 0));
        await wiped.StopAsync();
        AuditReport audit = await DirectoryAudit.RunAsync(wiped.Path, null, _bed.Ledger.Genesis, null, CancellationToken.None);
        Assert.That(audit.Ok, $"{audit.FirstProblem}");
        Assert.That(audit.Findings, Is.Empty);
    }

    /// <summary>Its votes were never lost, so it need not abstain: the journal is carried over what the snapshot spared.</summary>
    [Test]
    public async Task LaggingNode_WithItsJournal_VotesAtOnce_AndIsStoppedWhileFillingIn()
    {
        for (int i = 0; i < 3; i++)
            _bed.CopyTo(_nodes[i].Path);
        TestNode lagging = _nodes[3];
        await lagging.StartAsync(Options); // alone, from genesis
        await lagging.StopAsync();
        for (int i = 0; i < 3; i++)
            await _nodes[i].StartAsync(Options);
        _wires.GivesBlocks = (department, first) => department != TestLedger.DepartmentId(3) || first > Blocks / 2;
        await lagging.StartAsync(Options);
        await lagging.Runtime.SnapshotReady.WaitAsync(TimeSpan.FromSeconds(30));
        await lagging.StopAsync();
        await lagging.StartAsync(Options);
        // No block is made meanwhile: a node that abstained would never come back.
        await lagging.UntilAsync(
            s => s.Voting && s.AbstainingBecause.Length == 0 && s.Height == _nodes[0].Height, "it votes");
        await _nodes[0].StopAsync();
        await _nodes[1].CommitAsync(Change("with-its-vote", 0));
        await lagging.StopAsync();

        AuditReport audit = await DirectoryAudit.RunAsync(lagging.Path, null, _bed.Ledger.Genesis, null, CancellationToken.None);
        Assert.That(audit.Ok, Is.False);
        Assert.That(audit.FirstProblem, Is.Null);
        Assert.That(audit.Incomplete, Does.Contain("whole from block").And.Contain("still being filled in (0 of"));
        Assert.That(audit.Findings, Is.Empty);
        _wires.GivesBlocks = static (_, _) => true;
        await lagging.StartAsync(Options);
        await lagging.UntilAsync(s => s.WholeFromHeight == 0, "all is filled in");
    }

    [Test]
    public async Task WipedNode_OverTheRealNetwork_JoinsBySnapshot()
    {
        var wires = new TlsWires(_bed.Ledger);
        for (int i = 3; i >= 0; i--) // whoever is dialled gets its port first
            _nodes[i] = new TestNode(_bed.Ledger, i, _bed.PathOf($"tls{i}"), wires, _clock);
        for (int i = 0; i < 3; i++)
            _bed.CopyTo(_nodes[i].Path);
        for (int i = 3; i >= 0; i--)
            await _nodes[i].StartAsync(Options);
        await _nodes[3].Runtime.SnapshotReady.WaitAsync(TimeSpan.FromSeconds(30));
        await _nodes[3].StopAsync();
        await _nodes[3].StartAsync(Options);
        await _nodes[3].UntilAsync(s => s.Height == _nodes[0].Height && s.WholeFromHeight == 0, "it is level, and all is filled in");
    }

    [Test]
    public async Task NodeThatIsNear_FetchesBlocks()
    {
        for (int i = 0; i < 3; i++)
        {
            _bed.CopyTo(_nodes[i].Path);
            await _nodes[i].StartAsync(Options);
        }
        await _nodes[3].StartAsync(new NodeRuntimeOptions { SnapshotLag = Blocks + 50 });
        await _nodes[3].UntilAsync(s => s.Height >= Blocks, "it is level");
        Assert.That(_nodes[3].Runtime.SnapshotReady.IsCompleted, Is.False);
        Assert.That(_nodes[3].Gateway.GetStatus().WholeFromHeight, Is.Zero);
    }

    private async Task CheckGapAsync(ILedgerGateway gateway, ulong wholeFrom)
    {
        Assert.That(gateway.GetBlock(wholeFrom).Envelopes, Is.Not.Empty);
        NotYet(() => gateway.GetBlock(wholeFrom - 1));
        NotYet(() => gateway.GetHeader(1));
        NotYet(() => gateway.GetConsistencyProof(1, 0));
        NotYet(() => gateway.GetReceipt(TestLedger.IdOf(EnvelopeAt(2, 0)).ToString()));
        NotYet(() => gateway.GetTransaction(TestLedger.IdOf(EnvelopeAt(2, 0)).ToString()));
        NotYet(() => gateway.GetRecordHistory(new GetRecordHistoryRequest { Type = TestLedger.Type, Id = "amended", PageSize = 10 }));
        NotYet(() => gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "L-2-1" }));
        LedgerRequestException refusal = (await Assert.ThrowsAsync<LedgerRequestException>(async () =>
        {
            await foreach (CommittedTransaction _ in gateway.SubscribeAsync(1, CancellationToken.None))
                return;
        }))!;
        Assert.That(refusal.Code, Is.EqualTo(LedgerErrorCode.NotYetAvailable));
        Assert.That(gateway.GetRecord(new GetRecordRequest { Type = TestLedger.Type, Id = "amended" }).Record.State.Version, Is.EqualTo(Blocks - 2));
        Assert.That(gateway.GetRecordHistory(new GetRecordHistoryRequest { Type = TestLedger.Type, Id = "late", PageSize = 10 }).Versions,
            Has.Count.EqualTo(1));
        Assert.That(gateway.GetReceipt(TestLedger.IdOf(EnvelopeAt(wholeFrom + 1, 0)).ToString()).Length, Is.GreaterThan(0));
        Assert.That(gateway.GetStateProof((uint)StateKind.Record, StateKey.Record(TestLedger.Type, "L-2-1").Id.ToArray()).Proof.Value,
            Is.Not.Empty, "the state is whole");
    }

    private static void NotYet(Action read)
    {
        LedgerRequestException refusal = Assert.Throws<LedgerRequestException>(() => read())!;
        Assert.That(refusal.Code, Is.EqualTo(LedgerErrorCode.NotYetAvailable), refusal.Message);
        Assert.That(refusal.Message, Does.Contain("whole from block"));
    }

    private byte[] Change(string id, ulong expected, ulong validMs = 30_000) =>
        _bed.Ledger.Change(id, expected, "{}", (ulong)_clock.Ahead.TotalMilliseconds + validMs);

    private byte[] EnvelopeAt(ulong height, int index)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        return view.GetBlock(height).Leaves[index].ToArray();
    }

    private static ulong NowMs() => (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
