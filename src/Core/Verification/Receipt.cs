using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Core.Verification;

/// <summary>A header with the certificate that makes it final.</summary>
public sealed record CertifiedBlock(BlockHeader Header, Certificate Certificate);

/// <summary>
/// That the signer's key stood in the state: its value with the path to the state root of the receipt's own block, or of
/// a later certified one.
/// </summary>
/// <param name="Value">The officer key's state value, as it is hashed.</param>
/// <param name="Path">Sibling hashes, from the root downwards.</param>
/// <param name="Later">The later block whose state root the path leads to; null: the receipt's own block.</param>
public sealed record SignerProof(ReadOnlyMemory<byte> Value, IReadOnlyList<Digest> Path, CertifiedBlock? Later);

/// <summary>The end of an epoch: the block whose header names the next set, and how that differs from the one before.</summary>
/// <param name="Block">The last block that the old set certifies.</param>
/// <param name="Department">The department that came, left or has another key.</param>
/// <param name="NewKey">The key that it votes with from now on; null: it left.</param>
public sealed record EpochEnd(CertifiedBlock Block, string Department, PublicKey? NewKey);

/// <summary>
/// All that proves, offline and trusting nobody, that a transaction is on the ledger: what was signed, where it stands,
/// who certified it, and who the signer was (docs/SPEC.md, "Receipt"). Holds what a file says; whether it is true is
/// <see cref="ReceiptVerifier"/>'s to say.
/// </summary>
/// <param name="GenesisBody">The ledger's beginning; its digest is what the reader must know.</param>
/// <param name="Envelope">The exact bytes that were submitted.</param>
/// <param name="Position">The leaf's index in the log.</param>
/// <param name="InclusionPath">From the leaf upwards, to the log root of <paramref name="Block"/>.</param>
/// <param name="Block">The block that holds the position.</param>
/// <param name="Signer">The officer or the department that signed.</param>
/// <param name="Epochs">From the founding departments to those who certified the newest header in the receipt, in order.
/// </param>
public sealed record Receipt(
    ReadOnlyMemory<byte> GenesisBody,
    ReadOnlyMemory<byte> Envelope,
    ulong Position,
    IReadOnlyList<Digest> InclusionPath,
    CertifiedBlock Block,
    SignerProof Signer,
    IReadOnlyList<EpochEnd> Epochs);
