using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The upper pages of a state tree, decoded and checked, handed from one update to the next: nearly every block changes
/// nearly all of them, and each has 256 children to check.
/// </summary>
/// <remarks>
/// A page is found only by the hash that its parent, or the root, holds, so one of an update that was given up is never
/// taken for that of another. Who takes a page owns it; what is not put back is read and checked anew. The pages of depth
/// 0 and 8 are kept, 257 at most, some 50 KiB each; with each of depth 8 as much of what hangs on it as
/// <see cref="StatePagesBelow"/> holds, 160 MiB in all; and the memory of 64 others. Safe from any thread.
/// </remarks>
public sealed class StatePageCache
{
    private readonly object _gate = new();
    private readonly Dictionary<StatePageId, StatePage> _pages = [];
    private readonly Stack<StatePage> _spare = [];

    // What one update has open below the pages that are kept, nearly always at two depths.
    private const int SpareMax = 64;

    /// <summary>Whether the page is one of those that are kept.</summary>
    internal static bool Keeps(in StatePageId id) => id.Depth <= StatePage.Levels;

    /// <summary>Whether the page hangs on one of those and is kept with it.</summary>
    internal static bool KeepsBelow(in StatePageId id) => id.Depth == 2 * StatePage.Levels;

    /// <summary>Takes out the page if it is here and its root is this one; null otherwise.</summary>
    internal StatePage? TryTake(in StatePageId id, in Digest root)
    {
        lock (_gate)
            return _pages.TryGetValue(id, out StatePage? page) && page.Root == root && _pages.Remove(id) ? page : null;
    }

    /// <summary>Puts in a page, checked and with its hashes computed, in the place of an older one.</summary>
    internal void Put(in StatePageId id, StatePage page)
    {
        lock (_gate)
            _pages[id] = page;
    }

    /// <summary>A page's memory that an update is done with, whatever it holds; null where none is left.</summary>
    internal StatePage? TakeSpare()
    {
        lock (_gate)
            return _spare.TryPop(out StatePage? page) ? page : null;
    }

    /// <summary>Leaves the memory of a page that is not kept to the next update.</summary>
    internal void PutSpare(StatePage? page)
    {
        lock (_gate)
        {
            if (page is not null && _spare.Count < SpareMax)
                _spare.Push(page);
        }
    }
}
