using System.Numerics;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// Checks inclusion and consistency paths of the log tree. Throws on no input and hashes at most
/// <see cref="PathLengthMax"/> pairs.
/// </summary>
public static class LogVerifier
{
    /// <summary>
    /// Longest path there can be: 64 levels above a leaf of the largest log, and for consistency the leaf itself.
    /// </summary>
    public const int PathLengthMax = 65;

    /// <summary>
    /// RFC 9162 section 2.1.3.2: is this leaf at <paramref name="index"/> in the tree of that size and root?
    /// </summary>
    public static LogProofFailure VerifyInclusion(
        Digest leafHash, ulong index, ulong size, ReadOnlySpan<Digest> path, Digest root)
    {
        if (index >= size)
            return LogProofFailure.IndexOutsideTree;
        if (path.Length > PathLengthMax)
            return LogProofFailure.PathTooLong;
        ulong node = index, last = size - 1;
        Digest hash = leafHash;
        foreach (ref readonly Digest sibling in path)
        {
            if (last == 0)
                return LogProofFailure.PathTooLong;
            if ((node & 1) != 0 || node == last)
            {
                hash = LogHash.Node(sibling, hash);
                ClimbToRightChild(ref node, ref last);
            }
            else
            {
                hash = LogHash.Node(hash, sibling);
            }
            node >>= 1;
            last >>= 1;
        }
        if (last != 0)
            return LogProofFailure.PathTooShort;
        return hash == root ? LogProofFailure.None : LogProofFailure.WrongRoot;
    }

    /// <summary>
    /// RFC 9162 section 2.1.4.2: is the tree of the old size and root the beginning of the one of
    /// the new size and root?
    /// </summary>
    public static LogProofFailure VerifyConsistency(
        ulong oldSize, ulong newSize, Digest oldRoot, Digest newRoot, ReadOnlySpan<Digest> path)
    {
        if (oldSize == 0)
            return LogProofFailure.OldTreeEmpty;
        if (oldSize > newSize)
            return LogProofFailure.OldTreeLarger;
        if (path.Length > PathLengthMax)
            return LogProofFailure.PathTooLong;
        if (oldSize == newSize)
            return !path.IsEmpty ? LogProofFailure.PathTooLong
                : oldRoot != newRoot ? LogProofFailure.WrongRoot
                : LogProofFailure.None;
        if (path.IsEmpty)
            return LogProofFailure.PathTooShort;

        int complete = BitOperations.TrailingZeroCount(oldSize);
        ulong node = (oldSize - 1) >> complete, last = (newSize - 1) >> complete;
        Digest oldHash, newHash;
        if (BitOperations.IsPow2(oldSize)) // the old tree is a subtree of the new one, so the path leaves its root out
        {
            oldHash = newHash = oldRoot;
        }
        else
        {
            oldHash = newHash = path[0];
            path = path[1..];
        }
        foreach (ref readonly Digest sibling in path)
        {
            if (last == 0)
                return LogProofFailure.PathTooLong;
            if ((node & 1) != 0 || node == last)
            {
                oldHash = LogHash.Node(sibling, oldHash);
                newHash = LogHash.Node(sibling, newHash);
                ClimbToRightChild(ref node, ref last);
            }
            else
            {
                newHash = LogHash.Node(newHash, sibling);
            }
            node >>= 1;
            last >>= 1;
        }
        if (last != 0)
            return LogProofFailure.PathTooShort;
        return oldHash != oldRoot ? LogProofFailure.WrongOldRoot
            : newHash != newRoot ? LogProofFailure.WrongRoot
            : LogProofFailure.None;
    }

    /// <summary>A node at the right edge without a right neighbour stands, unhashed, for its parent too.</summary>
    private static void ClimbToRightChild(ref ulong node, ref ulong last)
    {
        while ((node & 1) == 0 && node != 0)
        {
            node >>= 1;
            last >>= 1;
        }
    }
}
