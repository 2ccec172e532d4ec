namespace GovChain.Core.Merkle;

/// <summary>Why bytes are not the page of the state tree that belongs in a place.</summary>
public enum StatePageFailure
{
    /// <summary>They are.</summary>
    None = 0,

    /// <summary>Nothing is stored there.</summary>
    Missing = 1,

    /// <summary>The first byte is not the version of the page encoding.</summary>
    UnknownVersion = 2,

    /// <summary>The bytes end within a node.</summary>
    Truncated = 3,

    /// <summary>A node begins with a byte that is no kind of node.</summary>
    UnknownKind = 4,

    /// <summary>
    /// An inner node at the bottom edge, or a child page's root above it or below the greatest depth.
    /// </summary>
    WrongLevel = 5,

    /// <summary>A leaf whose key does not lead to where it stands.</summary>
    LeafOutOfPlace = 6,

    /// <summary>
    /// A page, a child page or an inner node with fewer than two leaves below, the root page of one leaf aside.
    /// </summary>
    NotCompact = 7,

    /// <summary>Bytes follow the last node.</summary>
    TrailingBytes = 8,

    /// <summary>Well formed, but its root is not the hash that the parent holds.</summary>
    WrongRoot = 9,
}
