using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>Gives the hashes of complete subtrees of a log.</summary>
public interface ILogNodeSource
{
    /// <summary>
    /// Root of the complete subtree over the leaves [index * 2^level, (index + 1) * 2^level). Level 0 is the leaf
    /// hashes. Asked only for subtrees that lie wholly within the log.
    /// </summary>
    Digest GetNode(int level, ulong index);
}
