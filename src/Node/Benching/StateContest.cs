using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Node.Benching;

/// <summary>
/// Block after block of changes to the state tree - 2,000 values each, half of them of new keys, in a tree that begins with
/// 1,000,000 keys - beside <see cref="SimpleStateTree"/>, as it stands in memory and with each node checked that is read. Ours
/// reads its pages and checks every one of them, but for the upper ones, which it keeps from block to block as a node does.
/// </summary>
internal sealed class StateContest
{
    /// <summary>Names of figures: microseconds a change.</summary>
    public const string Tree = "state tree, 2,000 changes in 1,000,000 keys", TreeAnew = "state tree, nothing kept in memory",
        Simple = "state tree, simple, in memory", SimpleChecked = "state tree, simple, nodes checked";

    private const int Keys = 1_000_000, Changes = 2_000;

    private readonly (Digest Key, Digest ValueDigest)[] _first = Ascending(new Random(0), Keys);
    private readonly List<Digest> _roots = []; // after each block, as the first contender to reach it found it

    /// <summary>Adds the contenders; makes the trees, which takes some seconds and half a gigabyte.</summary>
    public static void AddTo(Contest contest)
    {
        var trees = new StateContest();
        trees.AddOurs(contest, Tree, new StatePageCache());
        trees.AddOurs(contest, TreeAnew, null);
        SimpleStateTree first = SimpleStateTree.Of(trees._first);
        trees.AddSimple(contest, Simple, first, checks: false);
        trees.AddSimple(contest, SimpleChecked, first, checks: true);
    }

    private void AddOurs(Contest contest, string name, StatePageCache? cache)
    {
        var pages = new Pages(cache);
        StateUpdate newest = StateTree.Update(pages, StateTree.EmptyRoot, _first);
        (Digest Key, Digest ValueDigest)[] block = [];
        int height = 0;
        contest.Add(
            name,
            () =>
            {
                newest = StateTree.Update(pages, newest.NewRoot, block);
                return Held(height++, newest.NewRoot);
            },
            () =>
            {
                pages.Store(newest);
                block = Block(height);
            });
    }

    private void AddSimple(Contest contest, string name, SimpleStateTree tree, bool checks)
    {
        (Digest Key, Digest ValueDigest)[] block = [];
        int height = 0;
        contest.Add(
            name,
            () =>
            {
                foreach ((Digest key, Digest value) in block)
                    tree = tree.With(key, value, checks);
                return Held(height++, tree.Hash);
            },
            () => block = Block(height));
    }

    /// <summary>A block's changes: new keys, and new values for keys that were there at the beginning.</summary>
    private (Digest Key, Digest ValueDigest)[] Block(int height)
    {
        var random = new Random(1 + height);
        var changed = new Dictionary<Digest, Digest>(Changes);
        while (changed.Count < Changes / 2)
            changed[Digest(random)] = Digest(random);
        while (changed.Count < Changes)
            changed[_first[random.Next(Keys)].Key] = Digest(random);
        return [.. changed.Select(static c => (c.Key, c.Value)).OrderBy(static c => c.Key)];
    }

    // Who gives another root would look fast.
    private int Held(int height, Digest root)
    {
        if (height == _roots.Count)
            _roots.Add(root);
        return _roots[height] == root
            ? Changes
            : throw new InvalidOperationException("The state trees have different roots.");
    }

    private static (Digest Key, Digest ValueDigest)[] Ascending(Random random, int count)
    {
        (Digest, Digest)[] leaves = [.. Enumerable.Range(0, count).Select(_ => (Digest(random), Digest(random)))];
        Array.Sort(leaves, static (a, b) => a.Item1.CompareTo(b.Item1));
        return leaves;
    }

    private static Digest Digest(Random random)
    {
        Span<byte> bytes = stackalloc byte[Core.Cryptography.Digest.Size];
        random.NextBytes(bytes);
        return new Digest(bytes);
    }

    private sealed class Pages(StatePageCache? cache) : IStatePageReader
    {
        private readonly Dictionary<StatePageId, byte[]> _stored = [];

        public StatePageCache? Cache => cache;

        public void Store(StateUpdate update)
        {
            foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
                _stored[id] = bytes;
        }

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => _stored.TryGetValue(id, out byte[]? bytes) ? bytes : null;
    }
}
