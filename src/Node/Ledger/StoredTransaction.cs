using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Ledger;

/// <summary>A transaction read back from the ledger: it was decoded and judged before it got there.</summary>
/// <param name="Envelope">The leaf.</param>
/// <param name="Body">The parsed body.</param>
/// <param name="Id">The transaction id.</param>
internal sealed record StoredTransaction(ReadOnlyMemory<byte> Envelope, TransactionBody Body, Digest Id)
{
    /// <summary>Parses a leaf that is not the genesis leaf.</summary>
    public static StoredTransaction Parse(ReadOnlyMemory<byte> leaf)
    {
        ReadOnlySpan<byte> body = SignedTransaction.Parser.ParseFrom(leaf.Span).Body.Span;
        return new StoredTransaction(
            leaf, TransactionBody.Parser.ParseFrom(body), DomainTag.Hash(DomainTag.Transaction, body));
    }

    /// <summary>The change of a record, with its name in interfaces, or null for another action.</summary>
    public (RecordChange Change, string Action)? RecordAction => RecordActions.ChangeOf(Body) is { } change
        ? (change, Body.ActionCase.ToString().ToLowerInvariant())
        : null;
}
