using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: no damaged or foreign page is ever used. Method: damage each byte; feed the decoder rubbish; one encoding
/// only.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StatePageTests
{
    private readonly MemoryPages _pages = new();

    [Test]
    public void Read_AnyByteOfAnyPageDamaged_NamesThePage()
    {
        (Digest root, Dictionary<StatePageId, Digest> roots) = GrowTree();
        var page = new StatePage();
        foreach ((StatePageId id, byte[] bytes) in _pages.Pages)
        {
            page.Read(_pages, id, roots[id]);
            for (int i = 0; i < bytes.Length; i++)
            {
                byte flip = (byte)(1 << i % 8);
                bytes[i] ^= flip;
                Assert.That(() => page.Read(_pages, id, roots[id]),
                    Throws.TypeOf<CorruptPageException>().With.Property("Page").EqualTo(id), $"byte {i}");
                bytes[i] ^= flip;
            }
        }
        Assert.That(roots[StatePageId.Root], Is.EqualTo(root));
    }

    [Test]
    public void EveryUseOfTheTree_WithDamagedOrMissingPage_Throws()
    {
        (Digest root, _) = GrowTree();
        List<(Digest Key, Digest Value)> leaves = [.. StateLeaves.Of(_pages, root)];
        foreach ((StatePageId id, byte[] bytes) in _pages.Pages.ToList())
        {
            Digest below = leaves.Find(leaf =>
                leaf.Key.Span[..(id.Depth / 8)].SequenceEqual(id.Prefix.Span[..(id.Depth / 8)])).Key;
            _pages.Pages[id] = [.. bytes[..^1], (byte)(bytes[^1] ^ 1)];
            AssertAllThrow(id, below);
            _pages.Pages.Remove(id);
            AssertAllThrow(id, below);
            _pages.Pages[id] = bytes;
        }

        void AssertAllThrow(StatePageId id, Digest key)
        {
            Assert.That(PageNamedBy(() => StateLeaves.Of(_pages, root).Count()), Is.EqualTo(id));
            Assert.That(PageNamedBy(() => StateTree.Prove(_pages, root, key)), Is.EqualTo(id));
            Assert.That(PageNamedBy(() => StateTree.Update(_pages, root, [(key, Digest.Zero)])), Is.EqualTo(id));
        }

        static StatePageId? PageNamedBy(Action use) => Assert.Throws<CorruptPageException>(use)?.Page;
    }

    [Test]
    public void Read_OlderVersionOfPage_IsWrongRoot()
    {
        Digest a = NaiveState.Random(1), b = NaiveState.Random(2);
        Digest root = _pages.Update(_pages.Update(StateTree.EmptyRoot, [(a, a)]), [(b, b)]);
        byte[] old = _pages.Pages[StatePageId.Root];
        root = _pages.Update(root, [(b, a)]);
        _pages.Pages[StatePageId.Root] = old;
        Assert.That(() => StateTree.Prove(_pages, root, a), Throws.TypeOf<CorruptPageException>()
            .With.Property("Failure").EqualTo(StatePageFailure.WrongRoot));
    }

    [Test]
    public void Decode_EachMalformation_IsNamed()
    {
        byte[] zeroKey = new byte[32], highKey = [0x80, .. new byte[31]], nextKey = [0x01, .. new byte[31]];
        byte[] value = NaiveState.Random(1).ToArray();
        byte[] low = [1, .. zeroKey, .. value], high = [1, .. highKey, .. value];
        byte[] highBelow = [1, 0, .. highKey[..31], .. value]; // the right leaf of a page at depth 8
        byte[] twoLeaves = [1, 2, .. low, .. high];
        StatePageId child = StatePageId.Root.Child(0), deepest = child;
        while (deepest.Depth < 248)
            deepest = deepest.Child(0);
        byte[] toEdge = [1, 2, 2, 2, 2, 2, 2, 2, 2]; // inner nodes along the left edge, down to a place at the bottom
        byte[] emptyRights = new byte[8];
        Assert.Multiple(() =>
        {
            Assert.That(Decode(twoLeaves), Is.EqualTo(StatePageFailure.None));
            Assert.That(Decode([1, .. low]), Is.EqualTo(StatePageFailure.None), "the root page of one leaf");
            Assert.That(Decode([.. toEdge, 3, .. value, .. emptyRights]), Is.EqualTo(StatePageFailure.None));
            Assert.That(Decode([]), Is.EqualTo(StatePageFailure.Truncated));
            Assert.That(Decode([1]), Is.EqualTo(StatePageFailure.Truncated));
            for (int length = 1; length < twoLeaves.Length; length++)
                Assert.That(Decode(twoLeaves[..length]), Is.EqualTo(StatePageFailure.Truncated), $"{length} bytes");
            Assert.That(Decode([2, .. twoLeaves[1..]]), Is.EqualTo(StatePageFailure.UnknownVersion));
            Assert.That(Decode([1, 4]), Is.EqualTo(StatePageFailure.UnknownKind));
            Assert.That(Decode([1, 3, .. value]), Is.EqualTo(StatePageFailure.WrongLevel),
                "a child page above the edge");
            Assert.That(Decode([.. toEdge, 2]), Is.EqualTo(StatePageFailure.WrongLevel), "an inner node at the edge");
            Assert.That(Decode([.. toEdge, 3, .. value, .. emptyRights], deepest),
                Is.EqualTo(StatePageFailure.WrongLevel), "a child page below the last bit");
            Assert.That(Decode([1, 2, .. high, .. low]), Is.EqualTo(StatePageFailure.LeafOutOfPlace));
            Assert.That(Decode([1, 2, .. low, .. low]), Is.EqualTo(StatePageFailure.LeafOutOfPlace));
            Assert.That(Decode([1, 2, .. low, .. highBelow], child), Is.EqualTo(StatePageFailure.None));
            Assert.That(Decode([1, 2, 1, .. nextKey, .. value, .. highBelow], child),
                Is.EqualTo(StatePageFailure.LeafOutOfPlace), "a leaf of another page");
            Assert.That(Decode([1, 0]), Is.EqualTo(StatePageFailure.NotCompact), "a page without leaves");
            Assert.That(Decode([1, .. low], child), Is.EqualTo(StatePageFailure.NotCompact),
                "one leaf in a child page");
            Assert.That(Decode([1, 2, 0, 0]), Is.EqualTo(StatePageFailure.NotCompact));
            Assert.That(Decode([1, 2, .. low, 0]), Is.EqualTo(StatePageFailure.NotCompact));
            Assert.That(Decode([1, 2, 0, .. high]), Is.EqualTo(StatePageFailure.NotCompact));
            Assert.That(Decode([.. toEdge, 3, .. new byte[32], .. emptyRights]),
                Is.EqualTo(StatePageFailure.NotCompact));
            Assert.That(Decode([.. twoLeaves, 0]), Is.EqualTo(StatePageFailure.TrailingBytes));
        });

        static StatePageFailure Decode(byte[] bytes, StatePageId id = default) => StateTree.CheckPage(id, bytes, out _);
    }

    [Test]
    public void Decode_RandomBytes_NeverThrows() =>
        Gen.Select(Gen.Byte[0, 4].Array[0, 80], Gen.Byte.Array[0, 80], Gen.Int[0, 31]).Sample((kinds, rest, depth) =>
            Fuzz(new StatePageId(8 * depth, Digest.Zero), [1, .. kinds, .. rest]), iter: 20_000);

    [Test]
    public void Decode_MutatedPages_NeverThrowsAndAcceptsCanonicalOnly()
    {
        GrowTree();
        (StatePageId Id, byte[] Bytes)[] pages = [.. _pages.Pages.Select(p => (p.Key, p.Value))];
        Gen.Select(Gen.Int[0, pages.Length - 1], Gen.Int[0, 20_000], Gen.Byte, Gen.Int[0, 3]).Sample(
            (which, position, value, how) =>
            {
                (StatePageId id, byte[] bytes) = pages[which];
                int at = position % bytes.Length;
                Fuzz(id, how switch
                {
                    0 => [.. bytes[..at], value, .. bytes[(at + 1)..]],
                    1 => [.. bytes[..at], .. bytes[(at + 1)..]],
                    2 => [.. bytes[..at], value, .. bytes[at..]],
                    _ => bytes[..at],
                });
            }, iter: 20_000);
    }

    /// <summary>
    /// The decoder's fuzz target: any bytes are refused with a reason or are the one encoding of a page.
    /// </summary>
    private static void Fuzz(StatePageId id, byte[] bytes)
    {
        var page = new StatePage();
        if (page.Decode(id, bytes) == StatePageFailure.None)
            Assert.That(page.Encode(), Is.EqualTo(bytes));
    }

    /// <summary>A tree with full, thin and deep pages; with the root that each page must have.</summary>
    private (Digest Root, Dictionary<StatePageId, Digest> Roots) GrowTree()
    {
        List<Digest> keys = NaiveState.CloseKeys(new Random(21), 30);
        keys.AddRange(Enumerable.Range(0, 60).Select(NaiveState.Random));
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(keys);
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        var roots = new Dictionary<StatePageId, Digest>();
        foreach (StatePageId id in _pages.Pages.Keys)
            roots[id] = NaiveState.Root([.. leaves.Where(leaf =>
                leaf.Key.Span[..(id.Depth / 8)].SequenceEqual(id.Prefix.Span[..(id.Depth / 8)]))], id.Depth);
        return (root, roots);
    }
}
