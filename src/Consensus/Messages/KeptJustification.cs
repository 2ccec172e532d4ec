using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Why a block could be proposed in a view above 0, as a node accepted it: kept, since nothing else says who could have let
/// two blocks be decided in two views (docs/SPEC.md, "Kept justification").
/// </summary>
/// <param name="ChainId">The ledger.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Height">The height.</param>
/// <param name="View">The view, 1 or more.</param>
/// <param name="BlockHash">The block proposed.</param>
/// <param name="Justification">The reason.</param>
public sealed record KeptJustification(
    Digest ChainId, ulong Epoch, ulong Height, uint View, Digest BlockHash, Justification Justification);
