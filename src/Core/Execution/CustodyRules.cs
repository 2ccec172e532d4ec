using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Custody: whose record it is. The type's owner has it until it is transferred; the custodian's clerks change the record, and its
/// approvers where the type names none. A transfer is submitted by the custodian and comes about when the receiver approves it.
/// </summary>
internal static class CustodyRules
{
    /// <summary>The department whose record it is, or is to be.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="record">The record; null where there is none yet.</param>
    public static string Of(RecordTypeState type, RecordState? record) =>
        record is { Custodian.Length: > 0 } ? record.Custodian : type.Owner;

    /// <summary>What the record's next version says of its custodian: nothing, if that is the type's owner.</summary>
    public static string After(StateOverlay state, RecordChange change, RecordState? current)
    {
        string custodian = change.Receiver.Length > 0 ? change.Receiver : current?.Custodian ?? "";
        return custodian == TypeOf(state, change.Record).Owner ? "" : custodian;
    }

    /// <summary>Whether a department may change the record. Who has custody is told to those who may read it.</summary>
    public static Rejection? Require(RecordTypeState type, RecordState? current, RecordName record, string department)
    {
        string custodian = Of(type, current);
        return custodian == department
            ? null
            : ReadRules.CheckDepartment(type, department) ?? new Rejection(
                RejectionCode.NotPermitted,
                (custodian == type.Owner ? $"Records of type {type.Type} belong" : $"Custody of {RecordRules.NameOf(record)} belongs")
                + $" to {custodian}; an officer of {department} may not change the record.",
                ("type", record.Type),
                ("owner", custodian),
                ("department", department));
    }

    /// <summary>Whether custody of a record, which is there, may be offered to a department.</summary>
    public static Rejection? CheckReceiver(StateOverlay state, RecordName record, RecordState current, string receiver)
    {
        RecordTypeState type = TypeOf(state, record);
        if (state.Before<DepartmentState>(StateKey.Department(receiver)) is not { RemovedHeight: 0 })
        {
            return new Rejection(
                RejectionCode.UnknownReceiver,
                $"The ledger has no department {receiver} that could take {RecordRules.NameOf(record)}. Check its id.",
                ("receiver", receiver));
        }
        return Of(type, current) != receiver
            ? CheckReading(type, receiver)
            : new Rejection(
                RejectionCode.AlreadyCustodian,
                $"Department {receiver} has custody of {RecordRules.NameOf(record)} already. Nothing is to be done.",
                ("type", record.Type),
                ("recordId", record.Id),
                ("receiver", receiver));
    }

    /// <summary>The same of what a change that waited would make, as far as it may have become otherwise: who is to have the record may
    /// read it.</summary>
    public static Rejection? CheckReading(RecordTypeState type, RecordState? current, RecordState proposed) =>
        Of(type, current) == Of(type, proposed) ? null : CheckReading(type, Of(type, proposed));

    private static Rejection? CheckReading(RecordTypeState type, string receiver) =>
        type.PublicRead || ReadRules.DepartmentsOf(type).Contains(receiver)
            ? null
            : new Rejection(
                RejectionCode.ReceiverCannotRead,
                $"Officers of {receiver} may not read records of type {type.Type}, so they cannot take care of one. "
                + $"Have {type.Owner} define the type with {receiver} among its readers first.",
                ("type", type.Type),
                ("receiver", receiver));

    /// <summary>The type of a record that may be changed: it is there.</summary>
    private static RecordTypeState TypeOf(StateOverlay state, RecordName record) =>
        state.Before<RecordTypeState>(StateKey.RecordType(record.Type))!;
}
