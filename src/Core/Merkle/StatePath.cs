using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>What stands in the state tree where a key leads.</summary>
public enum StatePathKind
{
    /// <summary>The key's own leaf.</summary>
    Presence = 0,

    /// <summary>Nothing: the key is not in the tree.</summary>
    AbsenceEmpty = 1,

    /// <summary>The leaf of another key, which is alone below there: the key is not in the tree.</summary>
    AbsenceOtherLeaf = 2,
}

/// <summary>The way from the root of the state tree to where a key leads.</summary>
/// <param name="Kind">What stands there.</param>
/// <param name="Siblings">
/// The subtrees that the way leaves aside, from the root downwards; 32 zero bytes for empty ones.
/// </param>
/// <param name="OtherLeafKey">The other leaf's key; all zero for the other kinds.</param>
/// <param name="OtherLeafValueDigest">The other leaf's value digest; all zero for the other kinds.</param>
public sealed record StatePath(
    StatePathKind Kind,
    ReadOnlyMemory<Digest> Siblings,
    Digest OtherLeafKey = default,
    Digest OtherLeafValueDigest = default);

/// <summary>Why a state path proves nothing.</summary>
public enum StateProofFailure
{
    /// <summary>The path proves what it should.</summary>
    None = 0,

    /// <summary>A path of presence where absence is claimed, or the reverse, or of no known kind.</summary>
    WrongKind = 1,

    /// <summary>More than 256 siblings.</summary>
    PathTooLong = 2,

    /// <summary>
    /// The lowest sibling is empty, but what stands there is no subtree of two leaves: no tree looks like this.
    /// </summary>
    NotCompact = 3,

    /// <summary>The other leaf is the key's own.</summary>
    OtherLeafIsKey = 4,

    /// <summary>The other leaf's key does not lead to where the path ends.</summary>
    OtherLeafOutOfPlace = 5,

    /// <summary>Another leaf is given though the path is not of that kind.</summary>
    OtherLeafUnexpected = 6,

    /// <summary>The path does not lead to the root.</summary>
    WrongRoot = 7,
}
