using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: many pages and values at once, and the tree in pieces, give what one after the other gives. Method: beside the page
/// read alone, the leaves enumerated, the twin's list.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StateTreeBulkTests
{
    private readonly MemoryPages _pages = new();

    [Test]
    public void Pieces_OfTreesOfEverySizeTo2000_HoldEveryLeafOnce()
    {
        Digest root = StateTree.EmptyRoot;
        for (int size = 0; size < 2_000; size++)
        {
            StatePageLinks top = StateTree.Cut(_pages, root);
            Assert.That(CountLeaves(top), Is.EqualTo(size), $"size {size}");
            Assert.That(top.Root, Is.EqualTo(root));
            root = _pages.Update(root, [(NaiveState.Random(size), NaiveState.Random(-size))]);
        }
    }

    [Test]
    public void Pieces_OfKeysWithLongSharedPrefixes_HoldEveryLeafOnce() =>
        Gen.Select(Gen.Int, Gen.Int[1, 300]).Sample((seed, count) =>
        {
            var pages = new MemoryPages();
            Digest root = pages.Update(StateTree.EmptyRoot, NaiveState.Leaves(NaiveState.CloseKeys(new Random(seed), count)));
            StatePageLinks top = StateTree.Cut(pages, root);
            Assert.That(CountLeaves(top, pages), Is.EqualTo(count));
            Assert.That(top.Children.Select(static piece => piece.Id.Prefix), Is.Ordered);
        }, iter: 30);

    [Test]
    public void Pieces_OfATreeWithADamagedOrMissingPage_NameIt()
    {
        Digest root = _pages.Update(StateTree.EmptyRoot, NaiveState.Leaves(Enumerable.Range(0, 1_500).Select(NaiveState.Random)));
        var random = new Random(1);
        StatePageId[] ids = [.. _pages.Pages.Keys.OrderBy(static id => id.ToString())];
        Assert.That(ids, Has.Some.Matches<StatePageId>(static id => id.Depth == 16));
        foreach (StatePageId id in ids.Where((_, i) => i == 0 || i % 5 == 0))
        {
            byte[] right = _pages.Pages[id];
            byte[] wrong = [.. right];
            wrong[random.Next(wrong.Length)] ^= (byte)(1 << random.Next(8));
            _pages.Pages[id] = wrong;
            CorruptPageException damaged = Assert.Throws<CorruptPageException>(() => CountLeaves(StateTree.Cut(_pages, root)))!;
            Assert.That(damaged.Page, Is.EqualTo(id));
            _pages.Pages.Remove(id);
            CorruptPageException missing = Assert.Throws<CorruptPageException>(() => CountLeaves(StateTree.Cut(_pages, root)))!;
            Assert.That((missing.Page, missing.Failure), Is.EqualTo((id, StatePageFailure.Missing)));
            _pages.Pages[id] = right;
        }
        Assert.That(CountLeaves(StateTree.Cut(_pages, root)), Is.EqualTo(1_500));
    }

    [Test]
    public void ReadLinks_AnyNumberOfPagesSomeOfThemRubbish_EqualsEachAlone() =>
        Gen.Select(Gen.Int, Gen.Int[0, 300], Gen.Int[1, 6]).Sample((seed, count, oneIn) =>
        {
            var random = new Random(seed);
            (StatePageId Id, ReadOnlyMemory<byte> Bytes)[] given = [.. Enumerable.Range(0, count).Select(_ =>
            {
                (StatePageId id, byte[] bytes) = Grown.Value[random.Next(Grown.Value.Length)];
                if (random.Next(oneIn) != 0)
                    return (id, new ReadOnlyMemory<byte>(bytes));
                byte[] other = [.. bytes[..random.Next(1, bytes.Length + 1)]];
                other[random.Next(other.Length)] ^= (byte)random.Next(256);
                return (id, other);
            })];
            StatePageReading[] readings = StateTree.ReadLinks(given);
            Assert.That(readings, Has.Length.EqualTo(count));
            for (int i = 0; i < count; i++)
            {
                StatePageFailure failure = StateTree.CheckPage(given[i].Id, given[i].Bytes.Span, out Digest root);
                StatePageReading alone = StateTree.ReadLinks([given[i]])[0];
                Assert.That(readings[i].Failure, Is.EqualTo(failure));
                Assert.That(readings[i].Links?.Root ?? StateHash.Empty, Is.EqualTo(root));
                Assert.That(readings[i].Links?.Leaves, Is.EqualTo(alone.Links?.Leaves));
                Assert.That(readings[i].Links?.Children, Is.EqualTo(alone.Links?.Children));
            }
        }, iter: 60);

    [Test]
    public void Holds_AnyOfTheLeaves_AndNothingElse()
    {
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(NaiveState.CloseKeys(new Random(2), 120));
        var kept = new MemoryPages(new StatePageCache());
        Digest root = kept.Update(StateTree.EmptyRoot, leaves);
        Gen.Select(Gen.Int, Gen.Int[1, 120]).Sample((seed, count) =>
        {
            var random = new Random(seed);
            List<(Digest Key, Digest Value)> some = [.. leaves.OrderBy(_ => random.Next()).Take(count).OrderBy(static l => l.Key)];
            Assert.That(StateTree.Holds(kept, root, some));
            int which = random.Next(count);
            List<(Digest Key, Digest Value)> altered = [.. some];
            altered[which] = (some[which].Key, Sha256.Hash(some[which].Value.Span));
            Assert.That(StateTree.Holds(kept, root, altered), Is.False);
            Digest stranger = NaiveState.Random(random.Next());
            Assert.That(StateTree.Holds(kept, root, [.. some.Append((Key: stranger, some[which].Value)).OrderBy(static l => l.Key)]), Is.False);
            Assert.That(StateTree.Holds(kept, root, some)); // what was looked at is not kept for what it is not
        }, iter: 20, threads: 1);
        Assert.That(StateTree.Holds(kept, root, []));
    }

    private static Lazy<(StatePageId Id, byte[] Bytes)[]> Grown { get; } = new(static () =>
    {
        var pages = new MemoryPages();
        Digest root = pages.Update(StateTree.EmptyRoot, NaiveState.Leaves(Enumerable.Range(0, 700).Select(NaiveState.Random)));
        pages.Update(root, NaiveState.Leaves(NaiveState.CloseKeys(new Random(3), 60)));
        return [.. pages.Pages.Select(static p => (p.Key, p.Value))];
    });

    private ulong CountLeaves(StatePageLinks top, MemoryPages? pages = null) => top.Children.Aggregate(
        (ulong)top.Leaves, (sum, piece) => sum + StateTree.CountLeaves(pages ?? _pages, piece.Id, piece.Root));
}
