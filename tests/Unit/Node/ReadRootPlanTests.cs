using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node.Reads;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Goal: docs/PROTOCOL.md, "Read-log roots": a root a day where there are new entries, at once where the log is another one or has very
/// many, never sooner than the ledger takes it, and none where nothing is new. Method: every combination on both sides of each bound.</summary>
public sealed class ReadRootPlanTests
{
    private const ulong Posted = 1_800_000_000_000, Hour = 3_600_000, Day = 24 * Hour;

    private static readonly ReadRootPlan Daily = new(TimeSpan.FromDays(1));

    [Test]
    public void Due_InEveryState_IsWhatTheTableSays(
        [Values(0UL, 1UL, ReadRootPlan.EntriesMax - 1, ReadRootPlan.EntriesMax)] ulong news,
        [Values(0UL, Hour - 1, Hour, Day - 1, Day)] ulong agoMs, [Values] bool isHeld)
    {
        const ulong Covered = 40;
        ulong entries = isHeld ? Covered + news : news;
        ReadLogStanding log = Standing(entries, Root(7, Covered), isHeld);
        PostReadRoot? due = Daily.Due(log, Posted + agoMs);
        bool expected = news > 0 && (agoMs >= Day || (agoMs >= Hour && (!isHeld || news >= ReadRootPlan.EntriesMax)));
        Assert.That(due, expected ? Is.EqualTo(new PostReadRoot
        {
            Number = 8,
            FirstEntry = isHeld ? Covered + 1 : 1,
            LastEntry = entries,
            Head = ByteString.CopyFrom(log.End.Head.Span),
        }) : Is.Null);
        Assert.That(log.Uncovered, Is.EqualTo(news));
    }

    [Test]
    public void Due_WithoutARoot_ComesWithTheFirstEntry()
    {
        Assert.That(Daily.Due(Standing(0, null), Posted), Is.Null);
        Assert.That(Daily.Due(Standing(1, null), 0)!.Number, Is.EqualTo(1));
    }

    [Test]
    public void Due_WithAClockBehindTheLedger_Waits() =>
        Assert.That(Daily.Due(Standing(9, Root(1, 4)), Posted - Day), Is.Null);

    [Test]
    public void Due_MoreOftenThanTheLedgerTakes_ComesAsOftenAsThat()
    {
        var hasty = new ReadRootPlan(TimeSpan.Zero);
        Assert.That(hasty.Due(Standing(9, Root(1, 4)), Posted + Hour - 1), Is.Null);
        Assert.That(hasty.Due(Standing(9, Root(1, 4)), Posted + Hour), Is.Not.Null);
    }

    [Test]
    public void Overdue_CountsFromTheDayOrFromTheFirstEntry_WhicheverIsLater()
    {
        ReadLogStanding log = Standing(9, Root(1, 4));
        Assert.That(Daily.IsOverdue(log, Posted + Hour, Posted + 2 * Day - 1), Is.False);
        Assert.That(Daily.IsOverdue(log, Posted + Hour, Posted + 2 * Day), Is.True);
        Assert.That(Daily.IsOverdue(log, Posted + 9 * Day, Posted + 10 * Day - 1), Is.False, "after quiet days the first entry counts");
        Assert.That(Daily.IsOverdue(log, Posted + 9 * Day, Posted + 10 * Day), Is.True);
        Assert.That(Daily.IsOverdue(Standing(4, Root(1, 4)), Posted, Posted + 99 * Day), Is.False, "nothing is new");
        Assert.That(Daily.IsOverdue(Standing(1, null), Posted, Posted + Day - 1), Is.False);
        Assert.That(Daily.IsOverdue(Standing(1, null), Posted, Posted + Day), Is.True);
    }

    private static ReadLogStanding Standing(ulong entries, ReadRootState? newest, bool isHeld = true) =>
        new(newest, isHeld, new ReadChain(entries, Sha256.Hash([(byte)entries])));

    private static ReadRootState Root(ulong number, ulong last) =>
        new() { Department = "alpha", Number = number, Log = 1, FirstEntry = 1, LastEntry = last, RecordedAtMs = Posted };
}
