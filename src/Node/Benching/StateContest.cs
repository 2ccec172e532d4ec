using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Node.Benching;

/// <summary>
/// A block's changes to the state tree - 2,000 values, half of them of new keys, in a tree of 1,000,000 keys - beside
/// <see cref="SimpleStateTree"/>, as it stands in memory and with each node checked that is read. Ours checks every page.
/// </summary>
internal sealed class StateContest
{
    /// <summary>Names of figures: microseconds a change.</summary>
    public const string Tree = "state tree, 2,000 changes in 1,000,000 keys", Simple = "state tree, simple, in memory",
        SimpleChecked = "state tree, simple, nodes checked";

    private const int Keys = 1_000_000, Changes = 2_000;

    private readonly Pages _pages = new();
    private readonly (Digest Key, Digest ValueDigest)[] _changes;
    private readonly SimpleStateTree _simple;
    private readonly Digest _root, _expected;

    private StateContest()
    {
        (Digest Key, Digest ValueDigest)[] state = Ascending(Keys);
        StateUpdate built = StateTree.Update(_pages, StateTree.EmptyRoot, state);
        _pages.Store(built);
        _root = built.NewRoot;
        _simple = SimpleStateTree.Of(state);
        Require(_simple.Hash, _root);
        var changed = new Dictionary<Digest, Digest>(Changes);
        foreach ((Digest key, Digest value) in Ascending(Changes / 2))
            changed[key] = value;
        while (changed.Count < Changes)
            changed[state[RandomNumberGenerator.GetInt32(Keys)].Key] = Random();
        _changes = [.. changed.Select(static c => (c.Key, c.Value)).OrderBy(static c => c.Key)];
        _expected = StateTree.Update(_pages, _root, _changes).NewRoot;
    }

    /// <summary>Adds the contenders; makes the trees, which takes some seconds and half a gigabyte.</summary>
    public static void AddTo(Contest contest)
    {
        var trees = new StateContest();
        contest.Add(Tree, trees.Update);
        contest.Add(Simple, () => trees.UpdateSimple(checks: false));
        contest.Add(SimpleChecked, () => trees.UpdateSimple(checks: true));
    }

    private int Update()
    {
        Require(StateTree.Update(_pages, _root, _changes).NewRoot, _expected);
        return Changes;
    }

    private int UpdateSimple(bool checks)
    {
        SimpleStateTree tree = _simple;
        foreach ((Digest key, Digest value) in _changes)
            tree = tree.With(key, value, checks);
        Require(tree.Hash, _expected);
        return Changes;
    }

    private static (Digest Key, Digest ValueDigest)[] Ascending(int count)
    {
        (Digest, Digest)[] leaves = [.. Enumerable.Range(0, count).Select(static _ => (Random(), Random()))];
        Array.Sort(leaves, static (a, b) => a.Item1.CompareTo(b.Item1));
        return leaves;
    }

    private static Digest Random()
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        System.Random.Shared.NextBytes(bytes);
        return new Digest(bytes);
    }

    // Who gives another root would look fast.
    private static void Require(Digest root, Digest expected)
    {
        if (root != expected)
            throw new InvalidOperationException("The two state trees have different roots.");
    }

    private sealed class Pages : IStatePageReader
    {
        private readonly Dictionary<StatePageId, byte[]> _stored = [];

        public void Store(StateUpdate update)
        {
            foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
                _stored[id] = bytes;
        }

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => _stored.TryGetValue(id, out byte[]? bytes) ? bytes : null;
    }
}
