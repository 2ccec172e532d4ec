using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>The actions that make a record's next version: its life.</summary>
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
        _ => null,
    };

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
