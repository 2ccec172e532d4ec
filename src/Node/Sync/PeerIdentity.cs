using GovChain.Core.Cryptography;

namespace GovChain.Node.Sync;

/// <summary>Who a peer is, in whichever epoch: numbers are given out anew in each.</summary>
/// <param name="Department">The department.</param>
/// <param name="Key">The key under which it has its vote; null where it has none.</param>
internal readonly record struct PeerIdentity(string Department, PublicKey? Key);
