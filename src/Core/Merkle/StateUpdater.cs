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
    // An array is not copied: a copy of thousands of changes would be large enough to hasten the collector's full rounds.
    private readonly (Digest Key, Digest Value)[] _changes = sortedChanges as (Digest, Digest)[] ?? [.. sortedChanges];
    private readonly List<(StatePageId, byte[])> _changed = [];
    private readonly StatePageCache? _cache = pages.Cache;
    private readonly OpenPages?[] _open = new OpenPages[Digest.Size]; // by depth, on the way down
    private readonly ReadOnlyMemory<byte>?[] _read = new ReadOnlyMemory<byte>?[OpenMax];
    private readonly KeptStatePage[] _below = new KeptStatePage[OpenMax];

    // So many pages of a depth are worked on together: few passes of lanes are half empty then. Decoded they are 1.6 MiB, of
    // which pages with few nodes use little.
    private const int OpenMax = 32;

    /// <summary>Applies the changes; called once.</summary>
    public StateUpdate Run(Digest root)
    {
        Span<PageChange> all = [new PageChange(StatePageId.Root, root, Parent: 0, Place: 0, 0, _changes.Length)];
        UpdatePages(all, parents: null);
        foreach (OpenPages? open in _open)
        {
            foreach (StatePage? page in open?.Pages ?? [])
                _cache?.PutSpare(page);
        }
        return new StateUpdate(all[0].NewRoot, _changed);
    }

    /// <summary>Applies changes to pages of one depth and to those below, and fills in the new roots.</summary>
    private void UpdatePages(Span<PageChange> changes, OpenPages? parents)
    {
        for (; changes.Length > OpenMax; changes = changes[OpenMax..])
            UpdateTogether(changes[..OpenMax], parents);
        if (!changes.IsEmpty)
            UpdateTogether(changes, parents);
    }

    private void UpdateTogether(Span<PageChange> changes, OpenPages? parents)
    {
        OpenPages opened = _open[changes[0].Id.Depth / 8] ??= new OpenPages();
        ReadOnlySpan<StatePage> open = Open(opened, changes, parents);
        opened.Below.Clear();
        for (int i = 0; i < changes.Length; i++)
        {
            ref PageChange change = ref changes[i];
            if (parents?.Pages[change.Parent] is { } parent && parent.Kind(change.Place) == StateNodeKind.Leaf)
                open[i].SetLeaf(StatePage.RootPlace, parent.Key(change.Place), parent.Value(change.Place));
            Apply(opened, i, change.Id, StatePage.RootPlace, 0, change.From, change.To);
        }
        Span<PageChange> below = CollectionsMarshal.AsSpan(opened.Below);
        UpdatePages(below, opened);
        if (StatePageCache.Keeps(changes[0].Id))
        {
            foreach (StatePage page in open)
                page.Prefetch();
        }
        foreach (ref PageChange child in below)
            open[child.Parent].SetChild(child.Place, child.NewRoot);
        StatePage.Rehash(open);
        for (int i = 0; i < changes.Length; i++)
        {
            ref PageChange change = ref changes[i];
            change.NewRoot = open[i].Root;
            if (change.NewRoot != change.OldRoot)
                _changed.Add((change.Id, Encode(open[i], change, parents)));
            if (!StatePageCache.Keeps(change.Id) || _cache is null)
                continue;
            _cache.Put(change.Id, open[i]);
            opened.Pages[i] = null;
        }
    }

    /// <summary>A page's encoding, which the page above keeps, too, if it is kept itself.</summary>
    private byte[] Encode(StatePage page, in PageChange change, OpenPages? parents)
    {
        if (_cache is null || !StatePageCache.KeepsBelow(change.Id))
            return page.Encode();
        StatePage parent = parents!.Pages[change.Parent]!;
        return page.EncodeToKeep(parent.Below ??= new StatePagesBelow(), change.Place);
    }

    /// <summary>The pages as they are stored, each checked, now or by the update that kept it; new ones empty.</summary>
    private ReadOnlySpan<StatePage> Open(OpenPages opened, ReadOnlySpan<PageChange> changes, OpenPages? parents)
    {
        Span<StatePage?> open = opened.Pages.AsSpan(0, changes.Length);
        for (int i = 0; i < changes.Length; i++)
        {
            ref readonly PageChange change = ref changes[i];
            (_read[i], _below[i]) = (null, default);
            if (StatePageCache.Keeps(change.Id) && _cache?.TryTake(change.Id, change.OldRoot) is { } kept)
            {
                open[i] = kept;
                kept.Prefetch();
                continue;
            }
            open[i] ??= _cache?.TakeSpare() ?? new StatePage();
            if (change.IsNew)
                open[i]!.Clear(change.Id);
            else if (parents?.Pages[change.Parent]?.Below?.At(change.Place) is { Memory: not null } below)
                (_below[i] = below).Prefetch();
            else
                _read[i] = Fetched(change.Id);
        }
        for (int i = 0; i < changes.Length; i++)
        {
            ref readonly PageChange change = ref changes[i];
            if (_below[i].Memory is not null)
                open[i]!.Load(change.Id, _below[i]);
            else if (_read[i] is { } bytes)
                open[i]!.Load(change.Id, bytes.Span);
        }
        ReadOnlySpan<StatePage> loaded = open!;
        StatePage.Rehash(loaded);
        for (int i = 0; i < changes.Length; i++)
        {
            if (!changes[i].IsNew)
                loaded[i].Check(changes[i].OldRoot);
        }
        return loaded;
    }

    /// <summary>A stored page, on its way into the cache while the others are looked up.</summary>
    private ReadOnlyMemory<byte> Fetched(in StatePageId id)
    {
        ReadOnlyMemory<byte> bytes = pages.TryGetPage(id) ?? throw new CorruptPageException(id, StatePageFailure.Missing);
        CacheLines.Prefetch(bytes.Span);
        return bytes;
    }

    /// <summary>Applies the changes [from, to), which belong below a place of an open page.</summary>
    private void Apply(OpenPages opened, int index, in StatePageId id, int place, int level, int from, int to)
    {
        StatePage page = opened.Pages[index]!;
        for (; to - from > 1 && level < StatePage.Levels; level++)
        {
            page.Open(place, level);
            int middle = FirstWithBit(id.Depth + level, from, to);
            if (middle == from)
            {
                place = 2 * place + 1;
                continue;
            }
            Apply(opened, index, id, 2 * place, level + 1, from, middle);
            place = 2 * place + 1;
            from = middle;
        }
        if (to - from > 1)
            AddBelow(opened, index, id, place, from, to);
        else if (from < to)
            ApplyOne(opened, index, id, place, level, from);
    }

    private void ApplyOne(OpenPages opened, int index, in StatePageId id, int place, int level, int which)
    {
        StatePage page = opened.Pages[index]!;
        ref readonly (Digest Key, Digest Value) change = ref _changes[which];
        byte keyByte = change.Key.Span[id.Depth / 8];
        for (; ; place = StatePage.Place(keyByte, ++level))
        {
            StateNodeKind kind = page.Kind(place);
            if (kind == StateNodeKind.Empty || (kind == StateNodeKind.Leaf && page.Key(place) == change.Key))
            {
                page.SetLeaf(place, change.Key, change.Value);
                return;
            }
            if (level == StatePage.Levels)
            {
                AddBelow(opened, index, id, place, which, which + 1);
                return;
            }
            page.Open(place, level);
        }
    }

    private static void AddBelow(OpenPages opened, int index, in StatePageId id, int place, int from, int to)
    {
        StatePage page = opened.Pages[index]!;
        Digest oldRoot = page.Kind(place) == StateNodeKind.Child ? page.Hash(place) : StateHash.Empty;
        opened.Below.Add(new PageChange(id.Child((byte)place), oldRoot, index, place, from, to));
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
    /// What is to become of a page: the changes [From, To). The page is new if its old root is the empty one; then it begins
    /// with the leaf that has its place in the parent to itself, if one has.
    /// </summary>
    /// <param name="Id">Which page.</param>
    /// <param name="OldRoot">What its parent holds.</param>
    /// <param name="Parent">The parent's number among the pages that are open.</param>
    /// <param name="Place">The place in the parent that awaits the new root.</param>
    /// <param name="From">First change.</param>
    /// <param name="To">After the last.</param>
    private record struct PageChange(StatePageId Id, Digest OldRoot, int Parent, int Place, int From, int To)
    {
        public readonly bool IsNew => OldRoot == StateHash.Empty;

        public Digest NewRoot { get; set; }
    }

    /// <summary>The pages of a depth that are open, and what is to become of those below them.</summary>
    private sealed class OpenPages
    {
        public StatePage?[] Pages { get; } = new StatePage?[OpenMax];

        public List<PageChange> Below { get; } = [];
    }
}
