using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>The actions of a record's life: changes, and what becomes of those that were submitted for approval.</summary>
public static class RecordActions
{
    /// <summary>The change of a record that a body asks for; null for any other action.</summary>
    public static RecordChange? ChangeOf(TransactionBody body) => body.ActionCase switch
    {
        TransactionBody.ActionOneofCase.Register => body.Register,
        TransactionBody.ActionOneofCase.Amend => body.Amend,
        TransactionBody.ActionOneofCase.Annul => body.Annul,
        TransactionBody.ActionOneofCase.Supersede => body.Supersede,
        TransactionBody.ActionOneofCase.Reinstate => body.Reinstate,
        TransactionBody.ActionOneofCase.Transfer => body.Transfer,
        _ => null,
    };

    /// <summary>The record that a body changes, or whose submission it decides; null for any other action.</summary>
    public static RecordName? RecordOf(TransactionBody body) =>
        ChangeOf(body)?.Record ?? body.Approve?.Record ?? body.Refuse?.Record;

    /// <summary>The version that a body, once it stands on the ledger, has made of which record; null if it makes none, as a submission.
    /// </summary>
    public static (RecordName Record, ulong Version)? VersionMadeBy(TransactionBody body)
    {
        if (body.Approve is { } approval)
            return (approval.Record, approval.ExpectedVersion + 1);
        return ChangeOf(body) is { ApproveUntilMs: 0 } change ? (change.Record, change.ExpectedVersion + 1) : null;
    }

    /// <summary>What the version that such an action makes says of the record.</summary>
    public static RecordStatus StatusAfter(TransactionBody.ActionOneofCase action) => action switch
    {
        TransactionBody.ActionOneofCase.Annul => RecordStatus.Annulled,
        TransactionBody.ActionOneofCase.Supersede => RecordStatus.Superseded,
        _ => RecordStatus.InForce,
    };

    /// <summary>Whether such an action brings a payload; one that does not leaves the record the payload that it has.</summary>
    public static bool HasPayload(TransactionBody.ActionOneofCase action) =>
        action is TransactionBody.ActionOneofCase.Register or TransactionBody.ActionOneofCase.Amend;
}
