namespace GovChain.Core.Merkle;

/// <summary>Why an inclusion or consistency path proves nothing.</summary>
public enum LogProofFailure
{
    /// <summary>The path proves what it should.</summary>
    None = 0,

    /// <summary>The leaf's index is not below the tree's size.</summary>
    IndexOutsideTree = 1,

    /// <summary>Consistency with the empty tree says nothing.</summary>
    OldTreeEmpty = 2,

    /// <summary>The old tree is larger than the new one.</summary>
    OldTreeLarger = 3,

    /// <summary>The path has fewer hashes than these sizes call for.</summary>
    PathTooShort = 4,

    /// <summary>The path has more hashes than these sizes call for.</summary>
    PathTooLong = 5,

    /// <summary>The path does not lead to the root of the (new) tree.</summary>
    WrongRoot = 6,

    /// <summary>The path does not lead to the root of the old tree.</summary>
    WrongOldRoot = 7,
}
