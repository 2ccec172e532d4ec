using System.Numerics;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;

namespace GovChain.Tests.Merkle;

/// <summary>What stands in a stored state tree, page after page.</summary>
internal static class StateLeaves
{
    /// <summary>All leaves in key order, each page checked as it is reached.</summary>
    /// <exception cref="CorruptPageException">A stored page is damaged; thrown while enumerating.</exception>
    public static IEnumerable<(Digest Key, Digest ValueDigest)> Of(IStatePageReader pages, Digest root)
    {
        if (root == StateTree.EmptyRoot)
            yield break;
        var openPages = new StatePage?[Digest.Size]; // by depth: the pages from the root to the current leaf
        var open = new Stack<(StatePageId Id, int Next)>();
        Open(StatePageId.Root, root);
        while (open.TryPop(out (StatePageId Id, int Next) at))
        {
            StatePage page = openPages[at.Id.Depth / 8]!;
            int place = page.Find((byte)at.Next);
            int after = at.Next + (StatePage.Edge >> BitOperations.Log2((uint)place));
            if (after < StatePage.Edge)
                open.Push((at.Id, after));
            if (page.Kind(place) == StateNodeKind.Leaf)
                yield return (page.Key(place), page.Value(place));
            else if (page.Kind(place) == StateNodeKind.Child)
                Open(at.Id.Child((byte)at.Next), page.Hash(place));
        }

        void Open(StatePageId id, Digest expected)
        {
            (openPages[id.Depth / 8] ??= new StatePage()).Read(pages, id, expected);
            open.Push((id, 0));
        }
    }
}
