using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// Checks paths in the state tree. Throws on no input and hashes at most <see cref="PathLengthMax"/> pairs and a leaf.
/// </summary>
public static class StateVerifier
{
    /// <summary>Siblings on the longest path: one for each bit of a key.</summary>
    public const int PathLengthMax = 8 * Digest.Size;

    /// <summary>Does the tree with this root give this value to the key?</summary>
    public static StateProofFailure VerifyPresence(Digest root, Digest key, Digest valueDigest, StatePath path)
    {
        if (path.Kind != StatePathKind.Presence)
            return StateProofFailure.WrongKind;
        if (path.OtherLeafKey != Digest.Zero || path.OtherLeafValueDigest != Digest.Zero)
            return StateProofFailure.OtherLeafUnexpected;
        return VerifyWay(root, key, StateHash.Leaf(key, valueDigest), path.Siblings.Span);
    }

    /// <summary>Is the key not in the tree with this root?</summary>
    public static StateProofFailure VerifyAbsence(Digest root, Digest key, StatePath path)
    {
        switch (path.Kind)
        {
            case StatePathKind.AbsenceEmpty:
                if (path.OtherLeafKey != Digest.Zero || path.OtherLeafValueDigest != Digest.Zero)
                    return StateProofFailure.OtherLeafUnexpected;
                return VerifyWay(root, key, StateHash.Empty, path.Siblings.Span);
            case StatePathKind.AbsenceOtherLeaf:
                if (path.OtherLeafKey == key)
                    return StateProofFailure.OtherLeafIsKey;
                if (KeyBits.CommonPrefix(key, path.OtherLeafKey) < path.Siblings.Length)
                    return StateProofFailure.OtherLeafOutOfPlace;
                Digest leaf = StateHash.Leaf(path.OtherLeafKey, path.OtherLeafValueDigest);
                return VerifyWay(root, key, leaf, path.Siblings.Span);
            default:
                return StateProofFailure.WrongKind;
        }
    }

    /// <summary>Hashes from a leaf or an empty place up to the root.</summary>
    private static StateProofFailure VerifyWay(Digest root, Digest key, Digest lowest, ReadOnlySpan<Digest> siblings)
    {
        if (siblings.Length > PathLengthMax)
            return StateProofFailure.PathTooLong;
        if (!siblings.IsEmpty && siblings[^1] == StateHash.Empty)
            return StateProofFailure.NotCompact;
        Digest hash = lowest;
        for (int depth = siblings.Length - 1; depth >= 0; depth--)
            hash = key.Bit(depth) == 0
                ? StateHash.Inner(hash, siblings[depth])
                : StateHash.Inner(siblings[depth], hash);
        return hash == root ? StateProofFailure.None : StateProofFailure.WrongRoot;
    }
}
