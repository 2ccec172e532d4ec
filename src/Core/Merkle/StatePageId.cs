using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>The place of a page of 8 levels in the state tree.</summary>
/// <param name="Depth">Bits above the page: 0, 8, ... 248.</param>
/// <param name="Prefix">The first <paramref name="Depth"/> bits of every key below the page; the rest is zero.</param>
public readonly record struct StatePageId(int Depth, Digest Prefix);
