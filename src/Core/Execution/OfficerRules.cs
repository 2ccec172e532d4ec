using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Enrolling and revoking officers and replacing their keys: an administrator of the same department. Acts from the next block
/// on; a key serves once, ever; a department keeps at least one administrator.
/// </summary>
internal static class OfficerRules
{
    public static Outcome Enrol(StateOverlay state, in TransactionContext at, EnrolOfficer enrolment)
    {
        PublicKey key = Parse(enrolment.PublicKey);
        StateKey officerKey = StateKey.Officer(at.Department, enrolment.OfficerId);
        OfficerState? officer = state.Current<OfficerState>(officerKey);
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Enrolling an officer")
            ?? CheckTimes(state, enrolment)
            ?? RequireNoKey(at, enrolment.OfficerId, officer)
            ?? RequireUnused(state, key);
        if (rejection is not null)
            return rejection;
        var interval = new OfficerInterval
        {
            Department = at.Department,
            OfficerId = enrolment.OfficerId,
            Roles = { enrolment.Roles },
            FirstHeight = at.Height + 1,
            ValidFromMs = enrolment.ValidFromMs,
            ValidUntilMs = enrolment.ValidUntilMs,
        };
        ulong enrolledHeight = state.Protocol.Version >= ProtocolVersions.DelegationsEndWithEnrolments ? at.Height : 0;
        StateWrite keyWrite = OpenKey(key, interval), officerWrite = GiveKey(officerKey, interval, key, officer?.Keys ?? 0, enrolledHeight);
        return IsAdministrator(interval)
            ? Outcome.Accept(keyWrite, officerWrite, CountAdministrator(Department(state, at.Department), added: true))
            : Outcome.Accept(keyWrite, officerWrite);
    }

    public static Outcome Revoke(StateOverlay state, in TransactionContext at, RevokeOfficer revocation)
    {
        StateKey officerKey = StateKey.Officer(at.Department, revocation.OfficerId);
        OfficerState? officer = state.Current<OfficerState>(officerKey);
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Revoking an officer")
            ?? RequireKey(at, revocation.OfficerId, officer);
        if (rejection is not null)
            return rejection;
        StateWrite keyWrite = CloseKey(state, officer!, at.Height, out OfficerInterval interval);
        OfficerState revoked = officer!.Clone();
        revoked.CurrentKey = ByteString.Empty;
        var officerWrite = new StateWrite(officerKey, revoked);
        if (!IsAdministrator(interval))
            return Outcome.Accept(keyWrite, officerWrite);
        DepartmentState department = Department(state, at.Department);
        if (department.Administrators <= 1)
        {
            return new Rejection(
                RejectionCode.LastAdministrator,
                $"Officer {revocation.OfficerId} is the last administrator of {at.Department}. "
                + "Enrol another one first.",
                ("department", at.Department),
                ("officer", revocation.OfficerId));
        }
        return Outcome.Accept(keyWrite, officerWrite, CountAdministrator(department, added: false));
    }

    /// <summary>Another key for an officer, who stays what it is: roles and times go over to it.</summary>
    public static Outcome Rotate(StateOverlay state, in TransactionContext at, RotateOfficerKey rotation)
    {
        PublicKey key = Parse(rotation.PublicKey);
        StateKey officerKey = StateKey.Officer(at.Department, rotation.OfficerId);
        OfficerState? officer = state.Current<OfficerState>(officerKey);
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Administrator, "Replacing an officer's key")
            ?? RequireKey(at, rotation.OfficerId, officer)
            ?? RequireUnused(state, key);
        if (rejection is not null)
            return rejection;
        StateWrite oldKey = CloseKey(state, officer!, at.Height, out OfficerInterval interval);
        OfficerInterval next = interval.Clone();
        next.FirstHeight = at.Height + 1;
        next.LastHeight = 0;
        return Outcome.Accept(oldKey, OpenKey(key, next), GiveKey(officerKey, next, key, officer!.Keys, officer.EnrolledHeight));
    }

    private static PublicKey Parse(ByteString bytes) => PublicKey.TryParse(bytes.Span, out PublicKey? key)
        ? key
        : throw new InvalidOperationException("The decoder let an officer without a valid key through.");

    /// <summary>Administrators are counted, not their times: one whose time ends could be the only one by then, and nobody could enrol
    /// another.</summary>
    private static Rejection? CheckTimes(StateOverlay state, EnrolOfficer enrolment)
    {
        if (state.Protocol.Version < ProtocolVersions.AdministratorsHaveNoEnd || !enrolment.Roles.Contains((uint)OfficerRole.Administrator))
            return null;
        (string field, ulong value) = enrolment.ValidFromMs != 0
            ? ("valid_from_ms", enrolment.ValidFromMs) : ("valid_until_ms", enrolment.ValidUntilMs);
        return value == 0
            ? null
            : FieldViolation.Of($"enrol_officer.{field}", "absent for an administrator", FieldRules.Invariant(value)).ToRejection();
    }

    private static Rejection? RequireNoKey(in TransactionContext at, string officerId, OfficerState? officer) =>
        officer is not { CurrentKey.IsEmpty: false }
            ? null
            : new Rejection(
                RejectionCode.OfficerExists,
                $"Department {at.Department} has an officer {officerId}. "
                + "Give it another key, revoke it first, or use another number.",
                ("department", at.Department),
                ("officer", officerId));

    private static Rejection? RequireKey(in TransactionContext at, string officerId, OfficerState? officer) =>
        officer is { CurrentKey.IsEmpty: false }
            ? null
            : new Rejection(
                RejectionCode.UnknownOfficer,
                $"Department {at.Department} has no officer {officerId} with a key. Check the staff number.",
                ("department", at.Department),
                ("officer", officerId));

    private static Rejection? RequireUnused(StateOverlay state, PublicKey key) =>
        state.Current<OfficerKeyState>(StateKey.OfficerKey(key)) is null
            ? null
            : new Rejection(
                RejectionCode.KeyInUse,
                $"The key {key.ToShortString()}... "
                + "belongs, or once belonged, to an officer or a validator. Make a new key.",
                ("publicKey", key.ToString()));

    /// <summary>The officer's key, which signs for the last time in this block.</summary>
    private static StateWrite CloseKey(StateOverlay state, OfficerState officer, ulong height, out OfficerInterval interval)
    {
        var key = new StateKey(StateKind.OfficerKey, officer.CurrentKey.Span);
        OfficerKeyState closed = state.Current<OfficerKeyState>(key)?.Clone() ?? throw new CorruptStateException(key, "no value");
        interval = closed.Intervals[^1];
        interval.LastHeight = height;
        return new StateWrite(key, closed);
    }

    private static StateWrite OpenKey(PublicKey key, OfficerInterval interval) => new(
        StateKey.OfficerKey(key),
        new OfficerKeyState { PublicKey = ByteString.CopyFrom(key.Span), Intervals = { interval } });

    private static StateWrite GiveKey(StateKey officer, OfficerInterval interval, PublicKey key, uint keysBefore, ulong enrolledHeight) => new(
        officer,
        new OfficerState
        {
            Department = interval.Department,
            OfficerId = interval.OfficerId,
            CurrentKey = ByteString.CopyFrom(key.Span),
            Keys = keysBefore + 1,
            EnrolledHeight = enrolledHeight,
        });

    private static DepartmentState Department(StateOverlay state, string id)
    {
        StateKey key = StateKey.Department(id);
        return state.Current<DepartmentState>(key) ?? throw new CorruptStateException(key, "no value");
    }

    private static StateWrite CountAdministrator(DepartmentState department, bool added)
    {
        DepartmentState changed = department.Clone();
        changed.Administrators = added ? changed.Administrators + 1 : changed.Administrators - 1;
        return new StateWrite(StateKey.Department(department.Id), changed);
    }

    private static bool IsAdministrator(OfficerInterval interval) =>
        interval.Roles.Contains((uint)OfficerRole.Administrator);
}
