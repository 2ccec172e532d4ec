using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>One pass of sorted changes over the pages of the state tree.</summary>
internal sealed class StateUpdater(
    IStatePageReader pages, IReadOnlyList<(Digest Key, Digest ValueDigest)> sortedChanges)
{
    private readonly (Digest Key, Digest Value)[] _changes = [.. sortedChanges];
    private readonly StatePage?[] _open = new StatePage?[Digest.Size]; // by depth: one page of each on the way down
    private readonly List<(StatePageId, byte[])> _changed = [];

    /// <summary>Applies the changes; called once.</summary>
    public StateUpdate Run(Digest root)
    {
        Digest newRoot = UpdatePage(StatePageId.Root, root, carried: null, 0, _changes.Length);
        return new StateUpdate(newRoot, _changed);
    }

    /// <summary>
    /// Applies the changes [from, to) to a page and those below, and returns its new root. The page is new if its old
    /// root is the empty one; then it may begin with a leaf that had its place to itself so far.
    /// </summary>
    private Digest UpdatePage(StatePageId id, Digest oldRoot, (Digest Key, Digest Value)? carried, int from, int to)
    {
        StatePage page = _open[id.Depth / 8] ??= new StatePage();
        if (oldRoot != StateHash.Empty)
            page.Read(pages, id, oldRoot);
        else
            page.Clear(id);
        if (carried is (Digest key, Digest value))
            page.SetLeaf(StatePage.RootPlace, key, value);
        Apply(page, id, StatePage.RootPlace, 0, from, to);
        page.Rehash();
        if (page.Root != oldRoot)
            _changed.Add((id, page.Encode()));
        return page.Root;
    }

    private void Apply(StatePage page, StatePageId id, int place, int level, int from, int to)
    {
        if (from == to)
            return;
        StateNodeKind kind = page.Kind(place);
        bool ownPlace = to - from == 1 && (kind == StateNodeKind.Empty
            || (kind == StateNodeKind.Leaf && page.Key(place) == _changes[from].Key));
        if (ownPlace)
        {
            page.SetLeaf(place, _changes[from].Key, _changes[from].Value);
        }
        else if (level < StatePage.Levels)
        {
            page.Open(place, level);
            int middle = FirstWithBit(id.Depth + level, from, to);
            Apply(page, id, 2 * place, level + 1, from, middle);
            Apply(page, id, 2 * place + 1, level + 1, middle, to);
        }
        else
        {
            Digest oldRoot = kind == StateNodeKind.Child ? page.Hash(place) : StateHash.Empty;
            (Digest, Digest)? carried = kind == StateNodeKind.Leaf ? (page.Key(place), page.Value(place)) : null;
            page.SetChild(place, UpdatePage(id.Child((byte)place), oldRoot, carried, from, to));
        }
    }

    /// <summary>First of the changes [from, to) whose key has this bit; they share all bits before it.</summary>
    private int FirstWithBit(int bit, int from, int to)
    {
        while (from < to)
        {
            int middle = (from + to) / 2;
            if (_changes[middle].Key.Bit(bit) == 0)
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }
}
