using GovChain.Core.Cryptography;

namespace GovChain.Storage;

/// <summary>The newest block known to be on disk.</summary>
public readonly record struct DurableTip(ulong Height, Digest HeaderHash);
