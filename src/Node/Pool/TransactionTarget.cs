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
        if (RecordActions.ChangeOf(body) is { } change)
            return new TransactionTarget(StateKey.Record(change.Record.Type, change.Record.Id), change.ExpectedVersion);
        return body.DefineType is { } type
            ? new TransactionTarget(StateKey.RecordType(type.Type), type.ExpectedVersion)
            : null;
    }

    /// <summary>The records that the transaction names besides its target.</summary>
    public static IReadOnlyList<StateKey> NamedBy(TransactionBody body) =>
        RecordActions.ChangeOf(body) is { } change && change.Successors.Count + change.Links.Count > 0
            ? [.. change.Successors.Concat(change.Links.Select(static l => l.Record)).Select(static r => StateKey.Record(r.Type, r.Id))]
            : [];

    /// <summary>The record type that the transaction names, or null.</summary>
    public static string? TypeOf(TransactionBody body) =>
        RecordActions.ChangeOf(body)?.Record.Type ?? body.DefineType?.Type;
}
