using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Enrolling and revoking officers: an administrator of the same department. Acts from the next block on; a key
/// serves once, ever; a department keeps at least one administrator.
/// </summary>
internal static class OfficerRules
{
    public static Outcome Enrol(StateOverlay state, in TransactionContext at, EnrolOfficer enrolment)
    {
        if (!PublicKey.TryParse(enrolment.PublicKey.Span, out PublicKey? key))
            throw new InvalidOperationException("The decoder let an enrolment without a valid key through.");
        StateKey officerKey = StateKey.Officer(at.Department, enrolment.OfficerId);
        OfficerState? officer = state.Current<OfficerState>(officerKey);
        if (PermitEnrolment(state, at, enrolment, officer, key) is { } rejection)
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
        var keyWrite = new StateWrite(
            StateKey.OfficerKey(key),
            new OfficerKeyState { PublicKey = enrolment.PublicKey, Intervals = { interval } });
        var officerWrite = new StateWrite(
            officerKey,
            new OfficerState
            {
                Department = at.Department,
                OfficerId = enrolment.OfficerId,
                CurrentKey = enrolment.PublicKey,
                Keys = (officer?.Keys ?? 0) + 1,
            });
        return IsAdministrator(interval)
            ? Outcome.Accept(keyWrite, officerWrite, CountAdministrator(Department(state, at.Department), added: true))
            : Outcome.Accept(keyWrite, officerWrite);
    }

    public static Outcome Revoke(StateOverlay state, in TransactionContext at, RevokeOfficer revocation)
    {
        StateKey officerKey = StateKey.Officer(at.Department, revocation.OfficerId);
        OfficerState? officer = state.Current<OfficerState>(officerKey);
        if (PermitRevocation(at, revocation, officer) is { } rejection)
            return rejection;
        (StateKey stateKey, OfficerKeyState entry) = KeyOf(state, officer!);
        OfficerKeyState closed = entry.Clone();
        OfficerInterval interval = closed.Intervals[^1];
        interval.LastHeight = at.Height;
        OfficerState revoked = officer!.Clone();
        revoked.CurrentKey = ByteString.Empty;
        var keyWrite = new StateWrite(stateKey, closed);
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

    private static Rejection? PermitEnrolment(
        StateOverlay state, in TransactionContext at, EnrolOfficer enrolment, OfficerState? officer, PublicKey key)
    {
        if (Authority.Require(at.Signer, OfficerRole.Administrator, "Enrolling an officer") is { } rejection)
            return rejection;
        if (officer is { CurrentKey.IsEmpty: false })
        {
            return new Rejection(
                RejectionCode.OfficerExists,
                $"Department {at.Department} has an officer {enrolment.OfficerId}. "
                + "Revoke that key first, or use another number.",
                ("department", at.Department),
                ("officer", enrolment.OfficerId));
        }
        return state.Current<OfficerKeyState>(StateKey.OfficerKey(key)) is null
            ? null
            : new Rejection(
                RejectionCode.KeyInUse,
                $"The key {key.ToShortString()}... "
                + "belongs, or once belonged, to an officer or a validator. Make a new key.",
                ("publicKey", key.ToString()));
    }

    private static Rejection? PermitRevocation(
        in TransactionContext at, RevokeOfficer revocation, OfficerState? officer)
    {
        if (Authority.Require(at.Signer, OfficerRole.Administrator, "Revoking an officer") is { } rejection)
            return rejection;
        return officer is { CurrentKey.IsEmpty: false }
            ? null
            : new Rejection(
                RejectionCode.UnknownOfficer,
                $"Department {at.Department} has no officer {revocation.OfficerId} with a key. Check the staff number.",
                ("department", at.Department),
                ("officer", revocation.OfficerId));
    }

    private static (StateKey Key, OfficerKeyState Entry) KeyOf(StateOverlay state, OfficerState officer)
    {
        var key = new StateKey(StateKind.OfficerKey, officer.CurrentKey.Span);
        return (key, state.Current<OfficerKeyState>(key) ?? throw new CorruptStateException(key, "no value"));
    }

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
