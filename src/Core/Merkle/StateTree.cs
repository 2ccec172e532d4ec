using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// The state tree: a binary Merkle tree over 32-byte keys and value digests in which a leaf stands at the shallowest
/// depth at which its key's prefix is unique, so that equal contents always have equal roots.
/// </summary>
/// <remarks>
/// Keys are never deleted: a record that ends gets a value that says so. Nodes are kept in pages of 8 levels, read and
/// written by the caller. Each page that is read is checked in full against the hash that its parent, or the root,
/// holds; updates may keep the upper ones for each other (<see cref="StatePageCache"/>). The format is in the section "State tree" of the specification.
/// </remarks>
public static partial class StateTree
{
    /// <summary>Root of the tree without leaves: 32 zero bytes.</summary>
    public static Digest EmptyRoot => StateHash.Empty;

    /// <summary>
    /// Adds and replaces values in one pass: each page concerned is read once and given back once. Nothing is written,
    /// so further updates can be computed on a <see cref="StatePageOverlay"/>.
    /// </summary>
    /// <param name="pages">The pages of the tree with this root.</param>
    /// <param name="root">Root of the tree before.</param>
    /// <param name="changes">Keys, ascending and distinct, and their new value digests.</param>
    /// <exception cref="ArgumentException">The keys are not strictly ascending.</exception>
    /// <exception cref="CorruptPageException">A stored page is damaged.</exception>
    public static StateUpdate Update(
        IStatePageReader pages, Digest root, IReadOnlyList<(Digest Key, Digest ValueDigest)> changes)
    {
        for (int i = 1; i < changes.Count; i++)
            ThrowUnlessAscending(changes[i - 1].Key, changes[i].Key);
        return changes.Count == 0 ? new StateUpdate(root, []) : new StateUpdater(pages, changes).Run(root);
    }

    /// <summary>The path to where the key leads, as <see cref="StateVerifier"/> checks it.</summary>
    /// <exception cref="CorruptPageException">A stored page is damaged.</exception>
    public static StatePath Prove(IStatePageReader pages, Digest root, Digest key)
    {
        if (root == EmptyRoot)
            return new StatePath(StatePathKind.AbsenceEmpty, default);
        var page = new StatePage();
        var siblings = new List<Digest>();
        StatePageId id = StatePageId.Root;
        for (Digest expected = root; ;)
        {
            page.Read(pages, id, expected);
            byte keyByte = key.Span[id.Depth / 8];
            int end = page.Find(keyByte);
            for (int level = 1; StatePage.Place(keyByte, level - 1) != end; level++)
                siblings.Add(page.Hash(StatePage.Place(keyByte, level) ^ 1));
            switch (page.Kind(end))
            {
                case StateNodeKind.Empty:
                    return new StatePath(StatePathKind.AbsenceEmpty, siblings.ToArray());
                case StateNodeKind.Leaf when page.Key(end) == key:
                    return new StatePath(StatePathKind.Presence, siblings.ToArray());
                case StateNodeKind.Leaf:
                    return new StatePath(
                        StatePathKind.AbsenceOtherLeaf, siblings.ToArray(), page.Key(end), page.Value(end));
                default:
                    expected = page.Hash(end);
                    id = id.Child(keyByte);
                    break;
            }
        }
    }

    /// <summary>
    /// Decodes one page strictly and computes its root, for checks of stored or received pages. Throws on no bytes.
    /// </summary>
    public static StatePageFailure CheckPage(StatePageId id, ReadOnlySpan<byte> bytes, out Digest root)
    {
        var page = new StatePage();
        StatePageFailure failure = page.Decode(id, bytes);
        root = failure == StatePageFailure.None ? page.Root : StateHash.Empty;
        return failure;
    }

    /// <summary>
    /// Root over leaves in key order, in one pass and constant memory. For the auditor: shares nothing with the pages.
    /// </summary>
    /// <exception cref="ArgumentException">The keys are not strictly ascending.</exception>
    public static Digest BuildRoot(IEnumerable<(Digest Key, Digest ValueDigest)> sortedLeaves)
    {
        // Complete subtrees left of the way from the root to the current leaf, by the depth of their roots.
        Span<Digest> left = stackalloc Digest[8 * Digest.Size + 1];
        left.Clear();
        using IEnumerator<(Digest Key, Digest ValueDigest)> leaves = sortedLeaves.GetEnumerator();
        if (!leaves.MoveNext())
            return EmptyRoot;
        (Digest Key, Digest ValueDigest) current = leaves.Current;
        for (int depthBefore = 0; ;) // the depth at which the current key parts from the one before; 0: it is the first
        {
            bool last = !leaves.MoveNext();
            (Digest Key, Digest ValueDigest) next = last ? default : leaves.Current;
            if (!last)
                ThrowUnlessAscending(current.Key, next.Key);
            int depthAfter = last ? 0 : KeyBits.CommonPrefix(current.Key, next.Key) + 1;
            Digest hash = StateHash.Leaf(current.Key, current.ValueDigest);
            for (int depth = Math.Max(depthBefore, depthAfter); depth > depthAfter; depth--)
            {
                hash = current.Key.Bit(depth - 1) == 0
                    ? StateHash.Inner(hash, StateHash.Empty)
                    : StateHash.Inner(left[depth], hash);
                left[depth] = StateHash.Empty;
            }
            if (last)
                return hash;
            left[depthAfter] = hash;
            depthBefore = depthAfter;
            current = next;
        }
    }

    private static void ThrowUnlessAscending(in Digest key, in Digest next)
    {
        if (key.CompareTo(next) >= 0)
            throw new ArgumentException($"State keys must be strictly ascending; {next} follows {key}.");
    }
}
