using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Pool;

/// <summary>The thing of which a transaction makes the next version: a record, or a record type.</summary>
/// <param name="Key">Its place in the state.</param>
/// <param name="ExpectedVersion">The version that the transaction follows.</param>
internal readonly record struct TransactionTarget(StateKey Key, ulong ExpectedVersion)
{
    /// <summary>The target, or null for an action that makes no version, as a submission.</summary>
    public static TransactionTarget? Of(Transaction transaction)
    {
        TransactionBody body = transaction.Body;
        if (RecordActions.VersionMadeBy(body) is { } made)
            return new TransactionTarget(StateKey.Record(made.Record.Type, made.Record.Id), made.Version - 1);
        return body.DefineType is { } type
            ? new TransactionTarget(StateKey.RecordType(type.Type), type.ExpectedVersion)
            : null;
    }

    /// <summary>What the transaction rests on besides its target: records that it names, the submission that it makes or decides, and
    /// the record that it would change if that were approved.</summary>
    public static IReadOnlyList<StateKey> NamedBy(TransactionBody body)
    {
        if (RecordActions.RecordOf(body) is not { } record)
            return [];
        RecordChange? change = RecordActions.ChangeOf(body);
        if (change is { ApproveUntilMs: 0, Successors.Count: 0, Links.Count: 0 })
            return [];
        var named = new List<StateKey>();
        if (change is not null)
            named.AddRange(change.Successors.Concat(change.Links.Select(static l => l.Record)).Select(static r => StateKey.Record(r.Type, r.Id)));
        if (change is not { ApproveUntilMs: 0 })
            named.AddRange([StateKey.Record(record.Type, record.Id), StateKey.Submission(record.Type, record.Id)]);
        return named;
    }

    /// <summary>The record type that the transaction names, or null.</summary>
    public static string? TypeOf(TransactionBody body) =>
        RecordActions.RecordOf(body)?.Type ?? body.DefineType?.Type;
}
