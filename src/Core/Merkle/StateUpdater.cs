using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// One pass of sorted changes over the pages of the state tree: down, some pages of a depth at once, each read and checked, and
/// up again.
/// </summary>
/// <remarks>Pages that are open together are hashed together, so that the few nodes near a page's root fill lanes, too.</remarks>
internal sealed class StateUpdater(
    IStatePageReader pages, IReadOnlyList<(Digest Key, Digest ValueDigest)> sortedChanges)
{
    private readonly (Digest Key, Digest Value)[] _changes = [.. sortedChanges];
    private readonly List<(StatePageId, byte[])> _changed = [];

    // By depth: the pages that are open on the way down.
    private readonly StatePage[]?[] _open = new StatePage[Digest.Size][];

    // So many pages of a depth are worked on together: their roots fill a pass of lanes, they are some 800 KiB.
    private const int OpenMax = 16;

    /// <summary>Applies the changes; called once.</summary>
    public StateUpdate Run(Digest root)
    {
        Span<PageChange> all = [new PageChange(StatePageId.Root, root, Parent: 0, Place: 0, Carried: null, 0, _changes.Length)];
        UpdatePages(all);
        return new StateUpdate(all[0].NewRoot, _changed);
    }

    /// <summary>Applies changes to pages of one depth and to those below, and fills in the new roots.</summary>
    private void UpdatePages(Span<PageChange> changes)
    {
        for (; changes.Length > OpenMax; changes = changes[OpenMax..])
            UpdateTogether(changes[..OpenMax]);
        if (!changes.IsEmpty)
            UpdateTogether(changes);
    }

    private void UpdateTogether(Span<PageChange> changes)
    {
        ReadOnlySpan<StatePage> open = OpenPages(changes);
        var below = new List<PageChange>();
        for (int i = 0; i < changes.Length; i++)
        {
            if (changes[i].Carried is (Digest key, Digest value))
                open[i].SetLeaf(StatePage.RootPlace, key, value);
            Apply(new Target(open[i], changes[i].Id, i, below), StatePage.RootPlace, 0, changes[i].From, changes[i].To);
        }
        UpdatePages(CollectionsMarshal.AsSpan(below));
        foreach (PageChange child in below)
            open[child.Parent].SetChild(child.Place, child.NewRoot);
        StatePage.Rehash(open);
        for (int i = 0; i < changes.Length; i++)
        {
            changes[i].NewRoot = open[i].Root;
            if (open[i].Root != changes[i].OldRoot)
                _changed.Add((changes[i].Id, open[i].Encode()));
            KeptFor(changes[i].Id)?.Put(changes[i].Id, open[i]);
        }
    }

    /// <summary>The pages as they are stored, each checked, now or by the update that kept it; new ones empty.</summary>
    private ReadOnlySpan<StatePage> OpenPages(ReadOnlySpan<PageChange> changes)
    {
        ref StatePage[]? atDepth = ref _open[changes[0].Id.Depth / 8];
        if (atDepth is null || atDepth.Length < changes.Length)
            atDepth = [.. atDepth ?? [], .. Enumerable.Range(atDepth?.Length ?? 0, changes.Length).Select(static _ => new StatePage())];
        for (int i = 0; i < changes.Length; i++)
        {
            PageChange change = changes[i];
            if (KeptFor(change.Id) is { } cache)
            {
                if (cache.TryTake(change.Id, change.OldRoot, out StatePage? kept))
                {
                    atDepth[i] = kept;
                    continue;
                }
                atDepth[i] = new StatePage(); // the one before was put into the cache
            }
            if (change.IsNew)
                atDepth[i].Clear(change.Id);
            else
                atDepth[i].Load(pages, change.Id);
        }
        ReadOnlySpan<StatePage> open = atDepth.AsSpan(0, changes.Length);
        StatePage.Rehash(open);
        for (int i = 0; i < changes.Length; i++)
        {
            if (!changes[i].IsNew)
                open[i].Check(changes[i].OldRoot);
        }
        return open;
    }

    private StatePageCache? KeptFor(StatePageId id) => StatePageCache.Keeps(id) ? pages.Cache : null;

    private void Apply(Target target, int place, int level, int from, int to)
    {
        if (from == to)
            return;
        StatePage page = target.Page;
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
            int middle = FirstWithBit(target.Id.Depth + level, from, to);
            Apply(target, 2 * place, level + 1, from, middle);
            Apply(target, 2 * place + 1, level + 1, middle, to);
        }
        else
        {
            Digest oldRoot = kind == StateNodeKind.Child ? page.Hash(place) : StateHash.Empty;
            (Digest, Digest)? carried = kind == StateNodeKind.Leaf ? (page.Key(place), page.Value(place)) : null;
            target.Below.Add(new PageChange(target.Id.Child((byte)place), oldRoot, target.Index, place, carried, from, to));
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

    /// <summary>
    /// What is to become of a page: the changes [From, To). The page is new if its old root is the empty one; then it may begin
    /// with a leaf that had its place to itself so far.
    /// </summary>
    /// <param name="Id">Which page.</param>
    /// <param name="OldRoot">What its parent holds.</param>
    /// <param name="Parent">The parent's number among the pages that are open.</param>
    /// <param name="Place">The place in the parent that awaits the new root.</param>
    /// <param name="Carried">The leaf that stood there.</param>
    /// <param name="From">First change.</param>
    /// <param name="To">After the last.</param>
    private record struct PageChange(
        StatePageId Id, Digest OldRoot, int Parent, int Place, (Digest Key, Digest Value)? Carried, int From, int To)
    {
        public readonly bool IsNew => OldRoot == StateHash.Empty;

        public Digest NewRoot { get; set; }
    }

    /// <summary>A page that changes are applied to, and where those for pages below are left.</summary>
    private readonly record struct Target(StatePage Page, StatePageId Id, int Index, List<PageChange> Below);
}
