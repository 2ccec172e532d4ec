using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Who may read records of types that are not public (docs/SPEC.md, "Readers"). Each node goes by it at its own door, by the newest
/// state; of a transaction it is judged whether the signer's department may read the records that it names.
/// </summary>
public static class ReadRules
{
    private static readonly OfficerRole[] Roles = [OfficerRole.Clerk, OfficerRole.Approver, OfficerRole.RecordsOfficer, OfficerRole.Auditor];

    /// <summary>The departments whose officers may read records of a type: the owner, the approvers, the readers; none twice.</summary>
    public static IReadOnlyList<string> DepartmentsOf(RecordTypeState type) =>
        [.. new[] { type.Owner }.Concat(type.Approvers).Concat(type.Readers).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether an officer may read records of a type. Who has the role administrator alone manages officers and reads nothing.
    /// </summary>
    /// <param name="type">The type as it stands, public or not.</param>
    /// <param name="officer">Department and roles as they stand.</param>
    public static Rejection? Check(RecordTypeState type, OfficerInterval officer)
    {
        if (CheckDepartment(type, officer.Department) is { } rejection)
            return rejection;
        return type.PublicRead || Roles.Any(role => officer.Roles.Contains((uint)role))
            ? null
            : new Rejection(
                RejectionCode.NotPermitted,
                $"Reading records of type {type.Type} needs the role clerk, approver, records officer or auditor, none of which officer "
                + $"{officer.OfficerId} of {officer.Department} has. Ask an administrator of the department.",
                ("type", type.Type), ("department", officer.Department), ("officer", officer.OfficerId));
    }

    /// <summary>Whether officers of a department, some of them at least, may read records of a type. Says nothing of any record.</summary>
    internal static Rejection? CheckDepartment(RecordTypeState type, string department)
    {
        IReadOnlyList<string> departments = DepartmentsOf(type);
        return type.PublicRead || departments.Contains(department)
            ? null
            : new Rejection(
                RejectionCode.NotPermitted,
                $"Records of type {type.Type} are read by {string.Join(", ", departments)}; officers of {department} may not. "
                + $"Ask {type.Owner}, which owns the type.",
                ("type", type.Type), ("department", department), ("readers", string.Join(' ', departments)));
    }

    /// <summary>Whose key it is, or was last; null where the ledger knows no officer by it.</summary>
    /// <param name="state">The newest state.</param>
    /// <param name="key">The key.</param>
    /// <param name="timeMs">Now, UTC milliseconds.</param>
    /// <param name="rejection">Why it does not count now; null where it does.</param>
    public static OfficerInterval? Identify(ILedgerView state, PublicKey key, ulong timeMs, out Rejection? rejection)
    {
        var overlay = new StateOverlay(state);
        ulong next = state.Tip.Height + 1; // what a block changed about an officer counts from the next one on, and here at once
        rejection = Authority.Check(overlay, key, next, timeMs, out OfficerInterval? officer);
        return officer ?? overlay.Before<OfficerKeyState>(StateKey.OfficerKey(key))?.Intervals.LastOrDefault();
    }
}
