using GovChain.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Snapshots;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// How many snapshots a node holds, and for how long, whatever it is asked (docs/PROTOCOL.md, "Snapshots").
/// </summary>
[TestFixture]
public sealed class SnapshotShelfTests
{
    private const ulong SpacingMs = 1_000; // so that every multiple lies in a minute of its own

    private static readonly TimeSpan Fetch = TimeSpan.FromMilliseconds(SnapshotRules.FetchMs);

    [Test]
    public void Heights_AreTheSameEverywhere_AndTheNewestTwoAreKept()
    {
        using var bed = new SnapshotBed(2);
        using var shelf = new SnapshotShelf(new Clock());
        LedgerHead head = bed.Head;
        Assert.That(shelf.Held(head), Is.EqualTo(new ulong[] { 2 }), "none since the start: the tip");
        while (head.Tip.Height < 3 * SnapshotShelf.Spacing + 5)
            shelf.Look(head = bed.Extend(1, SpacingMs));
        Assert.That(shelf.Held(head), Is.EqualTo(new[] { 2 * SnapshotShelf.Spacing, 3 * SnapshotShelf.Spacing }));
        using LedgerSnapshot view = shelf.TryTake(2 * SnapshotShelf.Spacing)!;
        Assert.That(view.TipHeight, Is.EqualTo(2 * SnapshotShelf.Spacing), "and it has not moved");
    }

    /// <summary>At five blocks a second multiples of 64 are thirteen seconds apart. One that has just started takes the same.</summary>
    [Test]
    public void Heights_OfManyBlocks_AreOneInAMinute_TheSameEverywhere()
    {
        const ulong fastMs = 200;
        using var bed = new SnapshotBed(2);
        using var shelf = new SnapshotShelf(new Clock());
        using var late = new SnapshotShelf(new Clock());
        LedgerHead head = bed.Head;
        var minutes = new List<ulong>();
        for (ulong newest = 0; minutes.Count < 3;)
        {
            shelf.Look(head = bed.Extend(1, fastMs));
            if (head.Tip.Height > SnapshotShelf.Spacing)
                late.Look(head);
            if (head.Tip.Height < SnapshotShelf.Spacing || shelf.Held(head)[^1] == newest)
                continue;
            newest = shelf.Held(head)[^1];
            Assert.That(newest, Is.EqualTo(head.Tip.Height));
            minutes.Add(head.Tip.TimestampMs / 60_000);
        }
        Assert.That(minutes, Is.Unique);
        Assert.That(late.Held(head)[^1], Is.EqualTo(shelf.Held(head)[^1]));
    }

    [Test]
    public void Leases_AreTwoAtMost_AndEndWhoeverAsks()
    {
        using var bed = new SnapshotBed(2);
        var clock = new Clock();
        using var shelf = new SnapshotShelf(clock);
        LedgerHead head = bed.Head;
        void To(ulong height)
        {
            while (head.Tip.Height < height)
                shelf.Look(head = bed.Extend(1, SpacingMs));
        }
        To(2 * SnapshotShelf.Spacing);
        Assert.That(Takes(shelf, 64) && Takes(shelf, 128));
        To(4 * SnapshotShelf.Spacing);
        Assert.That(Takes(shelf, 192), Is.False, "both are taken");
        Assert.That(shelf.Held(head), Is.EqualTo(new ulong[] { 64, 128 }), "new askers share them");
        clock.Advance(Fetch * 0.6);
        Assert.That(shelf.Held(head), Is.Empty, "nobody new begins with less than the whole time");
        clock.Advance(Fetch * 0.8);
        Assert.That(Takes(shelf, 64), "who has begun goes on");
        clock.Advance(Fetch * 0.1);
        Assert.That(Takes(shelf, 64) || Takes(shelf, 128), Is.False, "asking does not make it longer");
        Assert.That(shelf.Held(head), Is.EqualTo(new ulong[] { 192, 256 }));
        Assert.That(Takes(shelf, 256));
        clock.Advance(Fetch * 0.6);
        Assert.That(shelf.Held(head), Is.EqualTo(new ulong[] { 192 }), "one that was asked for so long ago is given to nobody new");
    }

    private static bool Takes(SnapshotShelf shelf, ulong height)
    {
        using LedgerSnapshot? view = shelf.TryTake(height);
        return view is not null;
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
