using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>Where and when a transaction is judged, and by whom it was signed.</summary>
/// <param name="Height">The block's height.</param>
/// <param name="TimeMs">The block's time.</param>
/// <param name="Position">The transaction's position in the log, if it is accepted.</param>
/// <param name="TransactionId">The transaction's id.</param>
/// <param name="Signer">The officer's interval that covers this block.</param>
internal readonly record struct TransactionContext(
    ulong Height, ulong TimeMs, ulong Position, Digest TransactionId, OfficerInterval Signer)
{
    /// <summary>The signer's department.</summary>
    public string Department => Signer.Department;
}
