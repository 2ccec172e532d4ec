using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Pool;

/// <summary>The versioned thing that a transaction changes: a record, or a record type.</summary>
/// <param name="Key">Its place in the state.</param>
/// <param name="ExpectedVersion">The version that the transaction follows.</param>
internal readonly record struct TransactionTarget(StateKey Key, ulong ExpectedVersion)
{
    /// <summary>The target, or null for an action on something without versions.</summary>
    public static TransactionTarget? Of(Transaction transaction)
    {
        TransactionBody body = transaction.Body;
        return body.ActionCase switch
        {
            TransactionBody.ActionOneofCase.Register => OfRecord(body.Register),
            TransactionBody.ActionOneofCase.Amend => OfRecord(body.Amend),
            TransactionBody.ActionOneofCase.Annul => OfRecord(body.Annul),
            TransactionBody.ActionOneofCase.DefineType =>
                new TransactionTarget(StateKey.RecordType(body.DefineType.Type), body.DefineType.ExpectedVersion),
            _ => null,
        };
    }

    /// <summary>The record type that the transaction names, or null.</summary>
    public static string? TypeOf(TransactionBody body) => body.ActionCase switch
    {
        TransactionBody.ActionOneofCase.Register => body.Register.Record.Type,
        TransactionBody.ActionOneofCase.Amend => body.Amend.Record.Type,
        TransactionBody.ActionOneofCase.Annul => body.Annul.Record.Type,
        TransactionBody.ActionOneofCase.DefineType => body.DefineType.Type,
        _ => null,
    };

    private static TransactionTarget OfRecord(RecordChange change) =>
        new(StateKey.Record(change.Record.Type, change.Record.Id), change.ExpectedVersion);
}
