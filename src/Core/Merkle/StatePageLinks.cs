using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>What hangs on one page of the state tree.</summary>
/// <param name="Root">The hash of the page's root, computed from all of its bytes.</param>
/// <param name="Leaves">Leaves that stand in the page itself.</param>
/// <param name="Children">The pages below, in key order, each with the root that it must have.</param>
public sealed record StatePageLinks(Digest Root, int Leaves, IReadOnlyList<(StatePageId Id, Digest Root)> Children);
