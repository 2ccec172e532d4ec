using GovChain.Consensus;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots", Votes: when a journal goes on over a snapshot, and when its node must abstain.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JournalBridgeTest
{
    private const ulong From = 10, SnapshotHeight = 40;

    private readonly List<BlockHeader> _headers = Chain();

    /// <summary>The node goes on until it stops: what it stored after the snapshot was complete left marks of its own.</summary>
    [Test]
    public void Journal_OfTheLedgersTime_GoesOn([Values(From - 1, From, From + 1, SnapshotHeight - 1)] ulong newest) =>
        Assert.That(MarkOver(newest - 1, newest), Is.EqualTo(new StoredMark(SnapshotHeight, Header(SnapshotHeight).Hash)));

    [Test]
    public void Journal_OlderThanTheLedger_OrAsNewAsTheSnapshot_DoesNot(
        [Values(From - 2, 1UL, SnapshotHeight, SnapshotHeight + 1)] ulong newest) =>
        Assert.That(MarkOver(newest), Is.Null);

    [Test]
    public void Journal_WithoutRecords_DoesNot() => Assert.That(MarkOver(), Is.Null);

    [Test]
    public void Abstention_GoesOn()
    {
        var mark = new StoredMark(From, Header(From).Hash, new Abstention(AbstainReason.Amnesia, 77));
        byte[]? over = JournalBridge.MarkOver([JournalCodec.Encode(mark)], From, Header(SnapshotHeight));
        Assert.That(JournalCodec.TryDecode(over!), Is.EqualTo(mark with { Height = SnapshotHeight, HeaderHash = Header(SnapshotHeight).Hash }));
    }

    private JournalRecord? MarkOver(params ulong[] marks) =>
        JournalBridge.MarkOver([.. marks.Select(h => JournalBridge.MarkOf(Header(h)))], From, Header(SnapshotHeight)) is { } mark
            ? JournalCodec.TryDecode(mark) : null;

    private BlockHeader Header(ulong height) => _headers[(int)height];

    private static List<BlockHeader> Chain()
    {
        var fixture = new Fixture(4);
        var headers = new List<BlockHeader> { fixture.Genesis };
        while (headers.Count <= (int)SnapshotHeight + 1)
            headers.Add(fixture.Block(parent: headers[^1]).Header);
        return headers;
    }
}
