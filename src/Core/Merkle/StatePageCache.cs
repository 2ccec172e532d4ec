using System.Diagnostics.CodeAnalysis;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The upper pages of a state tree, decoded and checked, handed from one update to the next: nearly every block changes
/// nearly all of them, and each has 256 children to check.
/// </summary>
/// <remarks>
/// A page is found only by the hash that its parent, or the root, holds, so one of an update that was given up is never
/// taken for that of another. Who takes a page owns it; what is not put back is read and checked anew. The pages of depth
/// 0 and 8 are kept, 257 at most, some 50 KiB each. Safe from any thread.
/// </remarks>
public sealed class StatePageCache
{
    private readonly object _gate = new();
    private readonly Dictionary<StatePageId, StatePage> _pages = [];

    /// <summary>Whether the page is one of those that are kept.</summary>
    internal static bool Keeps(StatePageId id) => id.Depth <= StatePage.Levels;

    /// <summary>Takes out the page if it is here and its root is this one.</summary>
    internal bool TryTake(StatePageId id, in Digest root, [NotNullWhen(true)] out StatePage? page)
    {
        lock (_gate)
            return _pages.TryGetValue(id, out page) && page.Root == root && _pages.Remove(id);
    }

    /// <summary>Puts in a page, checked and with its hashes computed, in the place of an older one.</summary>
    internal void Put(StatePageId id, StatePage page)
    {
        lock (_gate)
            _pages[id] = page;
    }
}
