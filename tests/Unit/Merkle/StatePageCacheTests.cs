using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>Goal: what updates keep for each other changes no root, page or verdict. Method: beside an update that keeps nothing.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StatePageCacheTests
{
    private const int Keys = 4_000;

    private readonly MemoryPages _plain = new();
    private readonly MemoryPages _kept = new(new StatePageCache());
    private readonly List<(Digest Key, Digest Value)> _leaves = NaiveState.Leaves(Enumerable.Range(0, Keys).Select(NaiveState.Random));

    [Test]
    public void Update_BlockAfterBlock_GivesTheRootsAndPagesOfOneThatKeepsNothing()
    {
        Digest plain = _plain.Update(StateTree.EmptyRoot, _leaves[..3_000]);
        Digest kept = _kept.Update(StateTree.EmptyRoot, _leaves[..3_000]);
        var random = new Random(5);
        for (int block = 0; block < 40; block++)
        {
            List<(Digest, Digest)> changes = Changes(random, block);
            plain = _plain.Update(plain, changes);
            kept = _kept.Update(kept, changes);
            Assert.That(kept, Is.EqualTo(plain), $"block {block}");
        }
        Assert.That(_kept.Pages.OrderBy(p => p.Key.ToString()), Is.EqualTo(_plain.Pages.OrderBy(p => p.Key.ToString())));
        Assert.That(StateLeaves.Of(_kept, kept), Is.EqualTo(StateLeaves.Of(_plain, plain)));
    }

    [Test]
    public void Update_AfterAnother_ReadsNoPageAgain()
    {
        Digest root = _kept.Update(StateTree.EmptyRoot, _leaves);
        _kept.Reads.Clear();
        _kept.Update(root, Changes(new Random(6), 0));
        Assert.That(_kept.Reads.Keys.Where(static id => id.Depth <= 16), Is.Empty);
    }

    /// <summary>One byte's keys, so that what hangs on one page is several times what is kept there.</summary>
    [Test]
    public void Update_OfMoreThanIsKept_ReadsSomePagesAgainAndGivesTheRootsAndPagesOfOneThatKeepsNothing()
    {
        const int crowd = 12_000;
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(Enumerable.Range(0, crowd)
            .Select(static i => new Digest([7, .. NaiveState.Random(i).Span[1..]])));
        Digest kept = _kept.Update(StateTree.EmptyRoot, leaves), plain = _plain.Update(StateTree.EmptyRoot, leaves);
        var random = new Random(12);
        int looked = 0;
        _kept.Reads.Clear();
        for (int block = 0; block < 30; block++)
        {
            List<(Digest, Digest)> changes =
                [.. Enumerable.Range(0, 40).Select(_ => random.Next(crowd)).Distinct().Order()
                    .Select(i => (leaves[i].Key, NaiveState.Random(1_000_000 + 1_000 * block + i)))];
            kept = _kept.Update(kept, changes);
            plain = _plain.Update(plain, changes);
            looked += changes.Count;
            Assert.That(kept, Is.EqualTo(plain), $"block {block}");
        }
        Assert.That(_kept.Pages.OrderBy(p => p.Key.ToString()), Is.EqualTo(_plain.Pages.OrderBy(p => p.Key.ToString())));
        Assert.That(_kept.Reads.Where(static r => r.Key.Depth == 16).Sum(static r => r.Value), Is.InRange(looked / 10, 9 * looked / 10));
    }

    [Test]
    public void Below_PagesOfEverySize_KeepsTheNewestWithinTheBound()
    {
        var below = new StatePagesBelow();
        var random = new Random(13);
        var newest = new Dictionary<int, byte[]>();
        for (int round = 0; round < 5_000; round++)
        {
            int place = StatePage.Edge + random.Next(StatePage.Edge);
            byte[] encoding = new byte[random.Next(100) == 0 ? StatePagesBelow.BytesMax : random.Next(1, 6_000)];
            random.NextBytes(encoding);
            Digest hash = NaiveState.Random(round);
            below.Put(place, encoding, [hash]);
            newest[place] = encoding;
            long memory = 0;
            foreach ((int at, byte[] expected) in newest)
            {
                KeptStatePage page = below.At(at);
                memory += page.Memory?.Length ?? 0;
                if (page.Memory is not null)
                    Assert.That(page.Encoding.SequenceEqual(expected), Is.True, $"round {round}, place {at}");
            }
            Assert.That(memory, Is.LessThanOrEqualTo(StatePagesBelow.BytesMax), $"round {round}");
            Assert.That(below.At(place).Memory is not null, Is.EqualTo(encoding.Length < StatePagesBelow.BytesMax), $"round {round}");
            if (encoding.Length < StatePagesBelow.BytesMax)
                Assert.That(below.At(place).Hashes[0], Is.EqualTo(hash), $"round {round}");
        }
        Assert.That(newest.Keys.Count(at => below.At(at).Memory is not null), Is.GreaterThan(100));
    }

    [Test]
    public void Update_OfOneThatWasGivenUp_IsNotTakenForThatOfAnother()
    {
        Digest root = _kept.Update(StateTree.EmptyRoot, _leaves), plain = _plain.Update(StateTree.EmptyRoot, _leaves);
        StateTree.Update(_kept, root, Changes(new Random(7), 1)); // proposed, never stored
        List<(Digest, Digest)> changes = Changes(new Random(8), 2);
        Assert.That(_kept.Update(root, changes), Is.EqualTo(_plain.Update(plain, changes)));
        Assert.That(_kept.Pages.OrderBy(p => p.Key.ToString()), Is.EqualTo(_plain.Pages.OrderBy(p => p.Key.ToString())));
    }

    /// <summary>A proposal is executed while another one is: each update works on pages of its own.</summary>
    [Test]
    public void Update_WithinAnother_LeavesBothTheRootsOfTheirOwn()
    {
        Digest root = _kept.Update(StateTree.EmptyRoot, _leaves), plain = _plain.Update(StateTree.EmptyRoot, _leaves);
        List<(Digest, Digest)> outer = [.. Changes(new Random(10), 5), (_leaves[^1].Key, NaiveState.Random(-1))];
        List<(Digest, Digest)> inner = [.. Changes(new Random(10), 6), (_leaves[^1].Key, NaiveState.Random(-2))];
        // Given up: the pages on the way to the last key are read again, while all before them are kept.
        StateTree.Update(_kept, root, [(_leaves[^1].Key, NaiveState.Random(-3))]);
        int reads = ReadsOf(outer);
        Assert.That(reads, Is.InRange(1, 10));
        for (int at = 1; at <= reads; at++)
        {
            StateTree.Update(_kept, root, [(_leaves[^1].Key, NaiveState.Random(-3))]);
            int left = at;
            Digest? within = null;
            var pages = new Interrupted(_kept, () => within = --left == 0 ? StateTree.Update(_kept, root, inner).NewRoot : within);
            Digest around = StateTree.Update(pages, root, outer).NewRoot;
            Assert.That(within, Is.EqualTo(StateTree.Update(_plain, plain, inner).NewRoot), $"within read {at} of {reads}");
            Assert.That(around, Is.EqualTo(StateTree.Update(_plain, plain, outer).NewRoot), $"around read {at} of {reads}");
            _kept.Update(root, _leaves); // kept again as stored
        }

        int ReadsOf(List<(Digest, Digest)> changes)
        {
            int count = 0;
            StateTree.Update(new Interrupted(_kept, () => count++), root, changes);
            _kept.Update(root, _leaves);
            return count;
        }
    }

    [Test]
    public void Update_EndedByADamagedPage_LeavesNothingHalfDone()
    {
        Digest root = _kept.Update(StateTree.EmptyRoot, _leaves), plain = _plain.Update(StateTree.EmptyRoot, _leaves);
        List<(Digest, Digest)> changes = Changes(new Random(9), 3);
        StateTree.Update(_kept, root, Changes(new Random(9), 4)); // given up, so that pages are read again
        _kept.Reads.Clear();
        StateTree.Update(_kept, root, changes);
        StatePageId last = _kept.Reads.Keys.Last(static id => id.Depth == 16); // others were worked on before it
        byte[] whole = _kept.Pages[last];
        _kept.Pages[last] = [.. whole[..^1], (byte)(whole[^1] ^ 1)];
        Assert.Throws<CorruptPageException>(() => StateTree.Update(_kept, root, changes));
        _kept.Pages[last] = whole;
        Assert.That(_kept.Update(root, changes), Is.EqualTo(_plain.Update(plain, changes)));
        Assert.That(_kept.Pages.OrderBy(p => p.Key.ToString()), Is.EqualTo(_plain.Pages.OrderBy(p => p.Key.ToString())));
    }

    /// <summary>A kept page gives out a slot for every leaf that ever stood in it: the most that there can be.</summary>
    [Test]
    public void Update_EveryPlaceOfAKeptPageBecomesALeafThenAChild_OneByOne_EqualsTwin()
    {
        var random = new Random(11);
        var leaves = new SortedDictionary<Digest, Digest>();
        Digest root = StateTree.EmptyRoot;
        for (int round = 0; round < 3; round++)
        {
            int[] places = [.. Enumerable.Range(0, 256)];
            random.Shuffle(places);
            foreach (int place in places)
            {
                byte[] key = NaiveState.Random(random.Next()).ToArray();
                key[0] = (byte)place;
                leaves[new Digest(key)] = NaiveState.Random(place);
                root = _kept.Update(root, [(new Digest(key), NaiveState.Random(place))]);
            }
            Assert.That(root, Is.EqualTo(NaiveState.Root([.. leaves.Select(static l => (l.Key, l.Value))])), $"round {round}");
        }
        Assert.That(StateLeaves.Of(_kept, root), Is.EqualTo(leaves.Select(static l => (l.Key, l.Value))));
    }

    [Test]
    public void Update_BatchesOfEveryShape_EqualTwin_KeptOrNot()
    {
        var leaves = new SortedDictionary<Digest, Digest>();
        Digest plain = StateTree.EmptyRoot, kept = StateTree.EmptyRoot;
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] busy = NaiveState.Random(12).ToArray();
        foreach (string shape in new[] { "one", "crowd", "none", "neighbours", "spread", "crowd", "same again", "neighbours", "one", "crowd" })
        {
            IEnumerable<Digest> keys = shape switch
            {
                "none" => [],
                "one" => [NaiveState.Random(random.Next())],
                "spread" => Enumerable.Range(0, 500).Select(_ => NaiveState.Random(random.Next())),
                "same again" => leaves.Keys,
                "neighbours" => leaves.Keys.Take(200).ToList().Select(LastBitTurned), // apart in the last of 256 bits
                _ => Enumerable.Range(0, 1_500).Select(_ => new Digest([.. busy[..2], .. NaiveState.Random(random.Next()).Span[2..]])),
            };
            List<(Digest Key, Digest Value)> changes = NaiveState.Leaves(keys.Distinct(), random.Next());
            foreach ((Digest key, Digest value) in changes)
                leaves[key] = value;
            plain = _plain.Update(plain, changes);
            kept = _kept.Update(kept, changes.ToArray());
            Assert.That(plain, Is.EqualTo(NaiveState.Root([.. leaves.Select(static l => (l.Key, l.Value))])), shape);
            Assert.That(kept, Is.EqualTo(plain), shape);
        }
        Assert.That(_kept.Pages.OrderBy(p => p.Key.ToString()), Is.EqualTo(_plain.Pages.OrderBy(p => p.Key.ToString())));

        static Digest LastBitTurned(Digest key) => new([.. key.Span[..31], (byte)(key.Span[31] ^ 1)]);
    }

    [Test]
    public void Spare_MoreThanAreKept_AreLetGo()
    {
        var cache = new StatePageCache();
        var page = new StatePage();
        for (int i = 0; i < 100; i++)
            cache.PutSpare(page);
        Assert.That(Enumerable.Range(0, 100).Count(_ => cache.TakeSpare() is not null), Is.EqualTo(64));
    }

    [Test]
    public void Overlay_KeepsForTheLedgerBelowIt()
    {
        Assert.That(new StatePageOverlay(_kept).Cache, Is.SameAs(_kept.Cache));
    }

    /// <summary>New values for some keys, and some keys that may be new.</summary>
    private List<(Digest, Digest)> Changes(Random random, int block) =>
        [.. Enumerable.Range(0, 60).Select(_ => random.Next(Keys)).Distinct().Order()
            .Select(i => (_leaves[i].Key, NaiveState.Random(1_000_000 + 1_000 * block + i)))];

    /// <summary>Pages, and what happens when one of them is read.</summary>
    private sealed class Interrupted(MemoryPages pages, Action read) : IStatePageReader
    {
        public StatePageCache? Cache => pages.Cache;

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id)
        {
            read();
            return pages.TryGetPage(id);
        }
    }
}
