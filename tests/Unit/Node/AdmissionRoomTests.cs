using GovChain.Client.Keys;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// docs/PROTOCOL.md, "Fair shares": what admission says before a signature is verified. Method: its threads are not running, so that
/// what it takes stays in the queue.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AdmissionRoomTests : IDisposable
{
    private const int Places = 3;
    private const ulong ValidMs = 30_000;

    private readonly SnapshotBed _bed = new(blocks: 2, records: 1);
    private readonly CountingVerifier _verifier = new();
    private readonly BatchVerifier _batch;
    private readonly Admission _admission;
    private readonly PlatformSigner _stranger = PlatformSigner.Create();
    private readonly AheadClock _time = new();

    public AdmissionRoomTests()
    {
        _batch = new BatchVerifier(_verifier, threads: 1);
        var pool = new TransactionPool(new PoolOptions(), departments: 4, _bed.Tip);
        _admission = new Admission(
            new AdmissionOptions { PendingBytesMax = Places * AdmissionOptions.PlaceBytes }, _bed.Head, pool,
            new EnvelopeVerifier(pool, new BlockBodies(), _batch), _time, new OutcomeMemory(10), new TicketOffice(), static _ => { }, static () => { });
    }

    public void Dispose()
    {
        _batch.Dispose();
        _verifier.Dispose();
        _stranger.Dispose();
        _bed.Dispose();
    }

    [Test]
    public async Task StrangersFillTheRoom_AClerkHasItsPlace_AndTheYoungestOfTheirsIsToldToComeAgain()
    {
        SubmissionTicket[] theirs = [.. Enumerable.Range(0, Places).Select(i => Submit(Strange($"s-{i}")))];
        Assert.That(theirs.Select(static t => t.Result.IsCompleted), Is.All.False);
        Assert.That((await Submit(Strange("too-many")).Result).Rejection?.Code, Is.EqualTo(RejectionCode.PoolFull));

        SubmissionTicket clerk = Submit(_bed.Ledger.Change("new", 0, validMs: ValidMs));

        Assert.That((await theirs[^1].Result).Rejection?.Code, Is.EqualTo(RejectionCode.PoolFull));
        Assert.That(theirs[..^1].Append(clerk).Select(static t => t.Result.IsCompleted), Is.All.False);
        Assert.That(_admission.PendingCount, Is.EqualTo(Places));

        Task running = _admission.RunAsync();
        Assert.That((await clerk.Result).IsFinal, Is.False, "it is in the pool");
        Assert.That((await theirs[0].Result).Rejection?.Code, Is.EqualTo(RejectionCode.UnknownSigner));
        _admission.Stop();
        await running;
        Assert.That(_admission.PendingCount, Is.Zero);
    }

    [Test]
    public async Task WhatTheLedgerHas_IsAnsweredWithoutAPlace_WhateverTheSignature()
    {
        byte[] recorded;
        using (LedgerSnapshot view = _bed.Head.OpenSnapshot())
            recorded = view.GetBlock(_bed.Tip).Leaves[0].ToArray();
        foreach (byte[] again in new[] { recorded, TestLedger.WithGarbageSignature(recorded) })
            Assert.That((await Submit(again).Result).Location?.Height, Is.EqualTo(_bed.Tip));
        Assert.That(_admission.PendingCount, Is.Zero);
        Assert.That(_verifier.AskedAbout(TestLedger.IdOf(recorded)), Is.Zero);
    }

    [Test]
    public async Task ExpiredByTheClockAlone_WhatNoBlockCanChangeIsFinal_AndTheRestMayStillCommit()
    {
        byte[] outrun = _bed.Ledger.Change("L-1-0", 0, validMs: ValidMs), open = _bed.Ledger.Change("new", 0, validMs: ValidMs);
        _time.Ahead = TimeSpan.FromHours(1);
        Task running = _admission.RunAsync();
        SubmissionResult refused = await Submit(outrun).Result, waits = await Submit(open).Result;
        Assert.That((refused.IsFinal, refused.Rejection?.Code), Is.EqualTo((true, (RejectionCode?)RejectionCode.VersionConflict)));
        Assert.That((waits.IsFinal, waits.Rejection?.Code), Is.EqualTo((false, (RejectionCode?)RejectionCode.Expired)));
        _admission.Stop();
        await running;
    }

    [Test]
    public async Task PlaceAtTheDoor_IsProvenByWhatIsNewAndVerified_NotByAForgeryOrACopy()
    {
        var proven = new List<string>();
        byte[] envelope = _bed.Ledger.Change("new", 0, validMs: ValidMs);
        SubmissionTicket forged = Submit(TestLedger.WithGarbageSignature(envelope), _ => proven.Add("a forgery"));
        SubmissionTicket brought = Submit(envelope, proven.Add), copied = Submit(envelope, _ => proven.Add("a copy on its way"));
        Task running = _admission.RunAsync();
        await Task.WhenAll(forged.Result, brought.Result, copied.Result);
        Assert.That((await forged.Result).Rejection?.Code, Is.EqualTo(RejectionCode.InvalidSignature));
        Assert.That((await Submit(envelope, _ => proven.Add("a copy of what waits")).Result).IsFinal, Is.False);
        Assert.That((await Submit(Strange("s"), _ => proven.Add("a stranger")).Result).IsFinal);
        byte[] refused = _bed.Ledger.Change("L-1-0", 0, validMs: ValidMs);
        Assert.That((await Submit(refused, _ => proven.Add("what is refused")).Result).IsFinal);
        _admission.Stop();
        await running;
        Assert.That(proven, Is.EqualTo((string[])[TestLedger.DepartmentId(0)]));
    }

    private byte[] Strange(string id) => _bed.Ledger.Sign(_stranger, body => body.Annul = new RecordChange
    {
        Record = new RecordName { Type = TestLedger.Type, Id = id },
        ExpectedVersion = 1,
        Reason = "test",
    }, ValidMs);

    private SubmissionTicket Submit(byte[] envelope, Action<string>? proven = null)
    {
        Transaction transaction = TransactionDecoder.TryDecode(envelope, _bed.Ledger.Genesis.ChainId, out Rejection? rejection)
            ?? throw new AssertionException(rejection!.Message);
        var ticket = new SubmissionTicket(transaction.Id, untilFinal: false, DateTimeOffset.UnixEpoch, proven: proven);
        _admission.Submit(transaction, TestLedger.DepartmentId(0), "10.0.0.1", ticket);
        return ticket;
    }

    /// <summary>The system's clock, ahead by as much as the test says.</summary>
    private sealed class AheadClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
