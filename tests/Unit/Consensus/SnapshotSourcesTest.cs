using GovChain.Consensus;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Snapshots": whom to ask for blocks and parts.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotSourcesTest
{
    private const int Hostile = 1;
    private const long Second = 1_000_000, Timeout = 10 * Second, JustInTime = 9_900_000, Fetch = (long)SnapshotRules.FetchMs * 1_000;

    private readonly List<int> _named = [];
    private readonly List<int> _connected = [1, 2];
    private readonly SnapshotPlan _plan = new(lagMin: 1);
    private readonly SnapshotSources _sources;
    private long _us;

    private static SnapshotRequest Part => new() { Height = 640, Rows = new StateRowsWanted() };

    public SnapshotSourcesTest() =>
        _sources = new SnapshotSources(() => _connected, () => (ulong)_us / 1_000, (source, _) => _named.Add(source), _plan);

    /// <summary>One block in little less time than the other needs for sixty-four is no quick answer.</summary>
    [Test]
    public void Blocks_OneByOne_AreAskedForOnce()
    {
        var asked = new List<int>();
        for (int i = 0; i < 8; i++)
        {
            foreach (BlocksQuestion question in _sources.AskForBlocks(1).Cast<BlocksQuestion>())
            {
                asked.Add(question.Source);
                int blocks = question.Source == 1 ? 1 : CatchUp.RangeBlocks;
                question.TookUs = question.Source == 1 ? 19_000 : 20_000;
                question.Answer = new BlockRange(1, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), blocks)], 1_000, 0);
            }
        }
        Assert.That(asked, Is.EqualTo(new[] { 1, 2, 2, 2, 2, 2, 2, 2 }));
        Assert.That(_named, Is.Empty);
    }

    /// <summary>It lacks what a snapshot spared it, as it says, each time just before the time is over.</summary>
    [Test]
    public void Blocks_OfOneThatSaysLateThatItLacksThem_AreAskedForOnce()
    {
        var asked = new List<int>();
        for (ulong first = 1; first <= 8 * CatchUp.RangeBlocks; first += CatchUp.RangeBlocks)
        {
            foreach (BlocksQuestion question in _sources.AskForBlocks(first).Cast<BlocksQuestion>())
            {
                asked.Add(question.Source);
                bool lacks = question.Source == 1;
                question.TookUs = lacks ? 9_900_000 : 20_000;
                IEnumerable<FetchedBlock> blocks = Enumerable.Repeat(new FetchedBlock(default, default, []), lacks ? 0 : CatchUp.RangeBlocks);
                question.Answer = new BlockRange(first, [.. blocks], 1_000_000, WholeFrom: lacks ? 900_000ul : 0);
            }
        }
        Assert.That(asked, Is.EqualTo(new[] { 1, 2, 2, 2, 2, 2, 2, 2, 2 }));
        Assert.That(_named, Is.Empty);
    }

    /// <summary>This node's own line is cut for 20 s; before and after, all but one answer at once, and that one always just in time.</summary>
    [Test]
    public void Parts_AfterTheLineWasCut_AreAskedOfTheFastAgain()
    {
        const long begin = 15 * Second, end = begin + 20 * Second;
        const long lapse = (long)CatchUp.PassedOverMs * 1_000;
        int slow = 0;
        Find();
        while (_us < Fetch)
        {
            Ask(_sources.Ask(Part, static (_, _) => null), source =>
            {
                bool isCut = _us is >= begin and < end;
                slow += source == Hostile ? 1 : 0;
                return source == Hostile ? (JustInTime, true) : isCut ? (Timeout, false) : (20_000, true);
            });
        }
        Assert.That(slow, Is.InRange(2, 1 + (end - begin + lapse) / JustInTime), "once at first, and while no other answered");
    }

    /// <summary>On a line on which a part takes two seconds it costs a twentieth of the time at most.</summary>
    [Test]
    public void Parts_OfOneThatKeepsSilent_AreAskedForEverMoreRarely()
    {
        long lost = 0;
        Find();
        while (_us < Fetch)
        {
            Ask(_sources.Ask(Part, static (_, _) => null), source =>
            {
                lost += source == Hostile ? Timeout : 0;
                return source == Hostile ? (Timeout, false) : (2 * Second, true);
            });
        }
        Assert.That(lost, Is.InRange(2 * Timeout, Fetch / 20), "what seems cut may come back");
        Assert.That(_named, Is.Not.Empty.And.All.EqualTo(Hostile));
    }

    /// <summary>Whoever is stopped while it is asked is nobody's enemy. That others waited for a second makes it the last all the same.</summary>
    [Test]
    public void PartOrBlocks_OfOneWhoseStreamEnds_AreAnothers_AndItIsNotNamed(
        [Values] bool isPart, [Values(50_000, 1_500_000)] long tookUs, [Values] bool isThere)
    {
        Find();
        var asked = new List<int>();
        for (int i = 0; i < 2; i++)
        {
            Ask(isPart ? _sources.Ask(Part, static (_, _) => null) : _sources.AskForBlocks(1), source =>
            {
                asked.Add(source);
                bool gives = source != Hostile || i > 0;
                if (!gives && !isThere)
                    _connected.Remove(Hostile);
                return (gives ? 6 * Second : tookUs, gives);
            });
            if (!isThere && i == 0)
                _connected.Insert(0, Hostile);
        }
        bool isLast = isThere || tookUs >= CatchUp.LetWaitUs;
        Assert.That(asked, Is.EqualTo(isLast ? new[] { Hostile, 2, 2 } : [Hostile, 2, Hostile]));
        Assert.That(_named, isThere ? Is.EqualTo(new[] { Hostile }) : Is.Empty);
    }

    /// <summary>1 is remembered. Of the others one gives all values; for pages, and at the next attempt, whoever is not tried yet comes first.</summary>
    [Test]
    public void Values_OnceSomeWereMissing_AreAskedOfOne_AndOfThoseRememberedLast()
    {
        _connected.Add(3);
        _plan.LeaveUnconfirmed([1]);
        Find();
        Assert.That(Given(new SnapshotRequest { Height = Part.Height, Pages = new StatePagesWanted() }), Is.EqualTo(1));
        Assert.That(Values(), Is.EqualTo(2));
        Assert.That(Values(), Is.EqualTo(2), "it goes on");
        _connected.Remove(2);
        Assert.That(Values(), Is.EqualTo(3), "where it stops");
        _connected.Add(2);
        Assert.That(Values(), Is.EqualTo(2).Or.EqualTo(3));
        _connected.RemoveAll(static s => s != 1);
        Assert.That(Values(), Is.EqualTo(1), "nobody else is there");
        _connected.AddRange([2, 3, 4]);
        Find();
        Assert.That(Values(), Is.EqualTo(4));
        _plan.LeaveUnconfirmed([2, 3, 4]);
        _plan.LeaveUnconfirmed([1, 2, 4]);
        Assert.That(Values(), Is.EqualTo(3), "less often than the others");

        int Values() => Given(Part);

        int Given(SnapshotRequest request)
        {
            int given = -1;
            Ask(_sources.Ask(request, static (_, _) => null), source =>
            {
                given = source;
                return (Second, true);
            });
            return given;
        }
    }

    /// <summary>One alone offers the newest, which it does not give: it has its turn again when the others had theirs.</summary>
    [Test]
    public void Find_AfterASnapshotWasGivenUp_IsAnothers_UntilAllHadTheirTurn()
    {
        var plan = new SnapshotPlan(lagMin: 1);
        var found = new List<ulong?>();
        for (int i = 0; i < 4; i++)
        {
            SnapshotSources search = Search([1, 2, 3], plan);
            found.Add(search.Found);
            search.GiveUp(isProven: true);
        }
        Assert.That(found, Is.EqualTo(new ulong?[] { 800, 900, 800, 900 }), "two hold 800");
        Assert.That(Search([1, 2], new SnapshotPlan(lagMin: 1) { GivenUp = { 1 } }).Found, Is.EqualTo(800));
        Assert.That(Search([1, 2], new SnapshotPlan(lagMin: 1)).Found, Is.EqualTo(900));

        static SnapshotSources Search(int[] connected, SnapshotPlan plan)
        {
            var search = new SnapshotSources(() => connected, static () => 0, static (_, _) => { }, plan);
            foreach (OffersQuestion question in search.Find(0).Cast<OffersQuestion>())
            {
                for (int s = 0; s < question.Sources.Count; s++)
                    question.Answers[s] = new SnapshotResponse { Held = SnapshotRules.WriteHeld([question.Sources[s] == 1 ? 900ul : 800]) };
            }
            return search;
        }
    }

    /// <summary>What is offered can be gone when it is asked for; who says so again and again offers nothing.</summary>
    [Test]
    public void Find_OffersOfThoseWhoLetGoMeanwhile_CountOnceMore()
    {
        var found = new List<ulong?>();
        for (ulong height = 100; found.Count < 3; height += 100)
        {
            foreach (OffersQuestion question in _sources.Find(0).Cast<OffersQuestion>())
            {
                for (int s = 0; s < question.Sources.Count; s++)
                    question.Answers[s] = new SnapshotResponse { Held = SnapshotRules.WriteHeld([height]) };
            }
            found.Add(_sources.Found);
            foreach (PartQuestion question in _sources.Ask(new SnapshotRequest { Height = height }, static (_, _) => null).Cast<PartQuestion>())
                question.Answer = new SnapshotResponse { Height = height };
            Assert.That(_sources.WasGiven, Is.False);
            _sources.GiveUp(isProven: false);
        }
        Assert.That(found, Is.EqualTo(new ulong?[] { 100, 200, null }));
        Assert.That(_named, Is.Empty);
    }

    /// <summary>All hold one at the same height.</summary>
    private void Find()
    {
        foreach (OffersQuestion question in _sources.Find(0).Cast<OffersQuestion>())
        {
            for (int s = 0; s < question.Sources.Count; s++)
                question.Answers[s] = new SnapshotResponse { Held = SnapshotRules.WriteHeld([Part.Height]) };
        }
    }

    /// <summary>Answers questions, each by how long who is asked takes, and whether it gives what is asked for.</summary>
    private void Ask(IEnumerable<LedgerQuestion> questions, Func<int, (long TookUs, bool Gives)> answer)
    {
        foreach (LedgerQuestion question in questions)
        {
            var (part, blocks) = (question as PartQuestion, question as BlocksQuestion);
            (question.TookUs, bool gives) = answer(part?.Source ?? blocks!.Source);
            _us += question.TookUs;
            if (gives && part is not null)
                part.Answer = new SnapshotResponse { Height = part.Request.Height, LastRows = true };
            else if (gives)
                blocks!.Answer = new BlockRange(1, [.. Enumerable.Repeat(new FetchedBlock(default, default, []), blocks.Count)], 1_000, 0);
        }
    }
}
