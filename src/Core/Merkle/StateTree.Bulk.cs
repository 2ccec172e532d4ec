using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>What the bytes of a page turned out to be.</summary>
/// <param name="Failure">Why they are no page; none where they are one.</param>
/// <param name="Links">What hangs on it; null where they are none.</param>
public readonly record struct StatePageReading(StatePageFailure Failure, StatePageLinks? Links);

// Many pages and many values at once, in chunks that know nothing of each other: whoever has several processors gives each
// of them some, and puts together what comes back in the order of the chunks.
public static partial class StateTree
{
    // Enough that the few nodes of small pages fill lanes, in 1.6 MiB of memory, which serves several times in a read.
    private const int OpenTogether = 32, ReadAtOnce = 8 * OpenTogether;

    /// <summary>
    /// Decodes pages strictly and says what hangs on each: how a tree is fetched page by page, each checked against the hash
    /// that the page above holds. Throws on no bytes. Some are hashed together, so that many at a time are cheaper.
    /// </summary>
    /// <param name="pages">Which pages the bytes are said to be, and the bytes; in any order, of any places.</param>
    /// <returns>As many, in the same order.</returns>
    public static StatePageReading[] ReadLinks(IReadOnlyList<(StatePageId Id, ReadOnlyMemory<byte> Bytes)> pages)
    {
        var readings = new StatePageReading[pages.Count];
        var open = new StatePage[Math.Min(pages.Count, OpenTogether)];
        var which = new int[open.Length];
        for (int next = 0; next < pages.Count;)
        {
            int count = 0;
            for (; next < pages.Count && count < open.Length; next++)
            {
                StatePageFailure failure = (open[count] ??= new StatePage()).DecodeNodes(pages[next].Id, pages[next].Bytes.Span);
                if (failure == StatePageFailure.None)
                    which[count++] = next;
                else
                    readings[next] = new StatePageReading(failure, null);
            }
            StatePage.Rehash(open.AsSpan(0, count));
            for (int i = 0; i < count; i++)
                readings[which[i]] = new StatePageReading(StatePageFailure.None, LinksOf(open[i], pages[which[i]].Id));
        }
        return readings;
    }

    /// <summary>
    /// Cuts the tree below its uppermost page into subtrees, in key order: at most 256, of about one size, as keys are hashes.
    /// </summary>
    /// <param name="pages">The pages of the tree with this root.</param>
    /// <param name="root">Its root.</param>
    /// <returns>The root of each, and how many leaves stand above them all.</returns>
    /// <exception cref="CorruptPageException">The uppermost page is damaged.</exception>
    public static StatePageLinks Cut(IStatePageReader pages, Digest root) =>
        root == EmptyRoot ? new StatePageLinks(root, 0, []) : ReadChecked(pages, [(StatePageId.Root, root)])[0];

    /// <summary>Reads every page of a subtree and checks it against what the page above it holds.</summary>
    /// <param name="pages">The pages of the tree.</param>
    /// <param name="id">The subtree's uppermost page.</param>
    /// <param name="root">The hash that is held for it.</param>
    /// <returns>How many leaves there are.</returns>
    /// <exception cref="CorruptPageException">A stored page is damaged.</exception>
    public static ulong CountLeaves(IStatePageReader pages, StatePageId id, Digest root)
    {
        ulong leaves = 0;
        var wanted = new List<(StatePageId Id, Digest Root)> { (id, root) };
        while (wanted.Count > 0) // the deepest first, so that few wait
        {
            int count = Math.Min(wanted.Count, ReadAtOnce);
            List<(StatePageId Id, Digest Root)> read = wanted.GetRange(wanted.Count - count, count);
            wanted.RemoveRange(wanted.Count - count, count);
            foreach (StatePageLinks page in ReadChecked(pages, read))
            {
                leaves += (ulong)page.Leaves;
                wanted.AddRange(page.Children);
            }
        }
        return leaves;
    }

    /// <summary>Whether the tree gives each of these keys this value: putting them in would change nothing.</summary>
    /// <param name="pages">The pages of the tree with this root.</param>
    /// <param name="root">Its root.</param>
    /// <param name="leaves">Keys, ascending and distinct, and their value digests.</param>
    /// <exception cref="ArgumentException">The keys are not strictly ascending.</exception>
    /// <exception cref="CorruptPageException">A stored page is damaged.</exception>
    public static bool Holds(IStatePageReader pages, Digest root, IReadOnlyList<(Digest Key, Digest ValueDigest)> leaves) =>
        Update(pages, root, leaves).NewRoot == root;

    private static StatePageLinks[] ReadChecked(IStatePageReader pages, List<(StatePageId Id, Digest Root)> wanted)
    {
        StatePageReading[] readings = ReadLinks(wanted.ConvertAll(w =>
            (w.Id, pages.TryGetPage(w.Id) ?? throw new CorruptPageException(w.Id, StatePageFailure.Missing))));
        return
        [
            .. readings.Select((reading, i) =>
                reading.Links is not { } page ? throw new CorruptPageException(wanted[i].Id, reading.Failure)
                : page.Root != wanted[i].Root ? throw new CorruptPageException(wanted[i].Id, StatePageFailure.WrongRoot)
                : page),
        ];
    }

    private static StatePageLinks LinksOf(StatePage page, in StatePageId id)
    {
        int leaves = 0;
        var children = new List<(StatePageId, Digest)>();
        for (int at = 0; at < StatePage.Edge;)
        {
            int place = page.Find((byte)at);
            if (page.Kind(place) == StateNodeKind.Leaf)
                leaves++;
            else if (page.Kind(place) == StateNodeKind.Child)
                children.Add((id.Child((byte)at), page.Hash(place)));
            at += StatePage.Edge >> BitOperations.Log2((uint)place); // places at the bottom edge that stand below this one
        }
        return new StatePageLinks(page.Root, leaves, children);
    }
}
