using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: the paged tree is the tree of its definition whatever the keys and however they came in. Method: a dumb twin.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StateTreeTests
{
    private readonly MemoryPages _pages = new();

    [Test]
    public void Root_OfNothing_IsZeroAndNeedsNoPage()
    {
        Assert.That(StateTree.EmptyRoot, Is.EqualTo(Digest.Zero));
        Assert.That(StateTree.Update(_pages, StateTree.EmptyRoot, []).NewRoot, Is.EqualTo(Digest.Zero));
        Assert.That(StateLeaves.Of(_pages, StateTree.EmptyRoot), Is.Empty);
        Assert.That(StateTree.BuildRoot([]), Is.EqualTo(Digest.Zero));
        Assert.That(_pages.Reads, Is.Empty);
    }

    [Test]
    public void Root_OfOneLeaf_IsTheLeafsHash()
    {
        (Digest Key, Digest Value) leaf = (NaiveState.Random(1), NaiveState.Random(2));
        Digest root = _pages.Update(StateTree.EmptyRoot, [leaf]);
        Assert.That(root, Is.EqualTo(StateHash.Leaf(leaf.Key, leaf.Value)));
        Assert.That(root, Is.EqualTo(NaiveState.Root([leaf])));
        Assert.That(_pages.Pages.Keys, Is.EqualTo(new[] { StatePageId.Root }));
    }

    [Test]
    public void Update_RandomKeysInRandomBatches_EqualsTwin() =>
        Gen.Select(Gen.Int, Gen.Int[1, 250].Array[1, 5]).Sample(
            (seed, batches) => CheckBatches(seed, batches, count =>
                [.. Enumerable.Range(0, count).Select(i => NaiveState.Random(seed ^ i))]), iter: 20);

    [Test]
    public void Update_KeysWithLongSharedPrefixes_EqualsTwin() =>
        Gen.Select(Gen.Int, Gen.Int[1, 20].Array[1, 6]).Sample(
            (seed, batches) => CheckBatches(seed, batches, count =>
                NaiveState.CloseKeys(new Random(seed), count)), iter: 30);

    [Test]
    public void Update_TwoKeysThatPartAtAnyBit_EqualsTwin([Values] bool together)
    {
        Digest key = NaiveState.Random(5);
        for (int bit = 0; bit < 256; bit++)
        {
            byte[] other = key.ToArray();
            other[bit / 8] ^= (byte)(0x80 >> bit % 8);
            List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves([key, new Digest(other)]);
            var pages = new MemoryPages();
            Digest root = together
                ? pages.Update(StateTree.EmptyRoot, leaves)
                : pages.Update(pages.Update(StateTree.EmptyRoot, leaves[..1]), leaves[1..]);
            Assert.That(root, Is.EqualTo(NaiveState.Root(leaves)), $"bit {bit}");
            Assert.That(StateTree.BuildRoot(leaves), Is.EqualTo(root));
            Assert.That(pages.Pages, Has.Count.EqualTo(bit / 8 + 1));
            CheckProofs(pages, root, leaves, key);
        }
    }

    [Test]
    public void Update_ManyKeys_ReadsAndWritesEachPageOnce()
    {
        List<(Digest Key, Digest Value)> leaves =
            NaiveState.Leaves(Enumerable.Range(0, 20_000).Select(NaiveState.Random));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        Assert.That(root, Is.EqualTo(StateTree.BuildRoot(leaves)));
        List<(Digest Key, Digest Value)> changes = NaiveState.Leaves(
            leaves.Where((_, i) => i % 40 == 0).Select(leaf => leaf.Key)
                .Concat(Enumerable.Range(30_000, 500).Select(NaiveState.Random)), salt: 7_000_000);
        _pages.Reads.Clear();
        StateUpdate update = StateTree.Update(_pages, root, changes);
        Assert.That(_pages.Reads.Values, Is.All.EqualTo(1));
        Assert.That(update.ChangedPages.Select(page => page.Id), Is.Unique);
        Assert.That(_pages.Reads.Keys, Is.SubsetOf(update.ChangedPages.Select(page => page.Id)));
        Dictionary<Digest, Digest> all = leaves.ToDictionary(leaf => leaf.Key, leaf => leaf.Value);
        foreach ((Digest key, Digest value) in changes)
            all[key] = value;
        Assert.That(update.NewRoot,
            Is.EqualTo(StateTree.BuildRoot(all.Select(p => (p.Key, p.Value)).OrderBy(p => p.Key))));
    }

    [Test]
    public void Update_OneOfManyPagesIsAnother_NamesItWhereverItStands()
    {
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(Enumerable.Range(0, 6_000).Select(NaiveState.Random));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        var older = new Dictionary<StatePageId, byte[]>(_pages.Pages);
        List<(Digest Key, Digest Value)> changes = NaiveState.Leaves(leaves.Select(l => l.Key), salt: 7_000_000);
        root = _pages.Update(root, changes);
        StatePageId[] ids = [.. older.Keys.Where(static id => id.Depth > 0).OrderBy(static id => id.ToString())];
        Assert.That(ids, Has.Length.GreaterThan(200));
        for (int i = 0; i < ids.Length; i += 7) // pages that were right before the last change
        {
            byte[] right = _pages.Pages[ids[i]];
            _pages.Pages[ids[i]] = older[ids[i]];
            CorruptPageException e = Assert.Throws<CorruptPageException>(() => StateTree.Update(_pages, root, leaves))!;
            Assert.That((e.Page, e.Failure), Is.EqualTo((ids[i], StatePageFailure.WrongRoot)));
            _pages.Pages[ids[i]] = right;
        }
    }

    [Test]
    public void Update_SameValuesAgain_ChangesNoPage()
    {
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(NaiveState.CloseKeys(new Random(3), 50));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        StateUpdate update = StateTree.Update(_pages, root, leaves);
        Assert.That(update.NewRoot, Is.EqualTo(root));
        Assert.That(update.ChangedPages, Is.Empty);
    }

    [Test]
    public void Update_InOneOrManySteps_GivesTheSamePages()
    {
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(NaiveState.CloseKeys(new Random(4), 120));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        var stepwise = new MemoryPages();
        Digest steps = StateTree.EmptyRoot;
        foreach ((Digest Key, Digest Value) leaf in leaves.OrderBy(leaf => leaf.Value))
            steps = stepwise.Update(steps, [leaf]);
        Assert.That(steps, Is.EqualTo(root));
        Assert.That(stepwise.Pages.OrderBy(p => p.Key.ToString()),
            Is.EqualTo(_pages.Pages.OrderBy(p => p.Key.ToString())));
    }

    [Test]
    public void Overlay_UnsavedUpdates_StackUpAndLeaveStorageAlone()
    {
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(NaiveState.CloseKeys(new Random(8), 90));
        Digest stored = _pages.Update(StateTree.EmptyRoot, leaves[..30]);
        int storedPages = _pages.Pages.Count;
        var overlay = new StatePageOverlay(_pages);
        StateUpdate first = StateTree.Update(overlay, stored, leaves[30..60]);
        overlay.Add(first);
        var second = new StatePageOverlay(overlay);
        second.Add(StateTree.Update(second, first.NewRoot, leaves[60..]));
        Assert.That(StateLeaves.Of(second, NaiveState.Root(leaves)), Is.EqualTo(leaves));
        Assert.That(StateLeaves.Of(overlay, first.NewRoot), Is.EqualTo(leaves[..60]));
        Assert.That(StateLeaves.Of(_pages, stored), Is.EqualTo(leaves[..30]));
        Assert.That(_pages.Pages, Has.Count.EqualTo(storedPages));
    }

    [Test]
    public void Keys_NotAscending_Throw()
    {
        (Digest, Digest) a = (NaiveState.Random(1), Digest.Zero), b = (NaiveState.Random(2), Digest.Zero);
        (Digest, Digest)[] wrong = a.Item1.CompareTo(b.Item1) < 0 ? [b, a] : [a, b];
        Assert.Multiple(() =>
        {
            Assert.That(() => StateTree.Update(_pages, Digest.Zero, wrong), Throws.ArgumentException);
            Assert.That(() => StateTree.Update(_pages, Digest.Zero, [a, a]), Throws.ArgumentException);
            Assert.That(() => StateTree.BuildRoot(wrong), Throws.ArgumentException);
            Assert.That(() => StateTree.BuildRoot([a, a]), Throws.ArgumentException);
        });
    }

    [Test]
    public void PageId_StorageKey_ReadsBackAndSortsByDepth()
    {
        Digest key = NaiveState.Random(9);
        StatePageId id = StatePageId.Root;
        for (int depth = 0; ; depth += 8)
        {
            byte[] stored = id.ToKey();
            Assert.That(stored, Has.Length.EqualTo(1 + depth / 8));
            Assert.That(StatePageId.TryParseKey(stored, out StatePageId read), Is.True);
            Assert.That(read, Is.EqualTo(id));
            Assert.That(StatePageId.TryParseKey([.. stored, 0], out _), Is.False);
            if (depth == 248)
                break;
            id = id.Child(key.Span[depth / 8]);
        }
        Assert.That(StatePageId.TryParseKey([], out _), Is.False);
        Assert.That(StatePageId.TryParseKey([32, .. key.Span], out _), Is.False);
    }

    private static void CheckBatches(int seed, int[] batches, Func<int, List<Digest>> makeKeys)
    {
        var random = new Random(seed);
        List<Digest> keys = makeKeys(batches.Sum());
        var expected = new SortedDictionary<Digest, Digest>();
        var pages = new MemoryPages();
        Digest root = StateTree.EmptyRoot;
        int used = 0;
        foreach (int batch in batches)
        {
            used += batch;
            List<(Digest Key, Digest Value)> changes = NaiveState.Leaves(
                keys.Take(used).OrderBy(_ => random.Next()).Take(batch), salt: random.Next());
            foreach ((Digest key, Digest value) in changes)
                expected[key] = value;
            root = pages.Update(root, changes);
        }
        List<(Digest Key, Digest Value)> leaves = [.. expected.Select(p => (p.Key, p.Value))];
        Assert.That(root, Is.EqualTo(NaiveState.Root(leaves)));
        Assert.That(StateTree.BuildRoot(leaves), Is.EqualTo(root));
        Assert.That(StateLeaves.Of(pages, root), Is.EqualTo(leaves));
        foreach (Digest key in keys.Where((_, i) => i % (1 + keys.Count / 40) == 0))
            CheckProofs(pages, root, leaves, key);
    }

    private static void CheckProofs(
        MemoryPages pages, Digest root, List<(Digest Key, Digest Value)> leaves, Digest key)
    {
        StatePath path = StateTree.Prove(pages, root, key);
        Assert.That(path.Siblings.ToArray(), Is.EqualTo(NaiveState.Siblings(leaves, key)));
        int index = leaves.FindIndex(leaf => leaf.Key == key);
        if (index >= 0)
        {
            Digest value = leaves[index].Value;
            Assert.That(StateVerifier.VerifyPresence(root, key, value, path), Is.EqualTo(StateProofFailure.None));
            Assert.That(StateVerifier.VerifyAbsence(root, key, path), Is.EqualTo(StateProofFailure.WrongKind));
        }
        else
        {
            Assert.That(path.Kind, Is.Not.EqualTo(StatePathKind.Presence));
            Assert.That(StateVerifier.VerifyAbsence(root, key, path), Is.EqualTo(StateProofFailure.None));
        }
    }
}
