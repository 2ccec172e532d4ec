using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>What a batch of changes does to the state tree, computed but not stored.</summary>
/// <param name="NewRoot">The root after the changes.</param>
/// <param name="ChangedPages">Each touched page once, with its new encoding.</param>
public sealed record StateUpdate(Digest NewRoot, IReadOnlyList<(StatePageId Id, byte[] Bytes)> ChangedPages);
