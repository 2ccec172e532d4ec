using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Delegation: an approver lets another officer of its department approve on its behalf, until a time. It acts from the next block on,
/// and no longer than who gave it may approve; it is between persons, not staff numbers, so an enrolment of either of them ends it.
/// </summary>
public static class DelegationRules
{
    /// <summary>Whether a delegation is still in force.</summary>
    /// <param name="given">The delegation.</param>
    /// <param name="delegator">Who gave it.</param>
    /// <param name="officer">To whom it was given.</param>
    /// <param name="timeMs">The time, UTC milliseconds.</param>
    public static bool IsInForce(DelegationState given, OfficerState? delegator, OfficerState? officer, ulong timeMs) =>
        timeMs < given.UntilMs && IsOfEnrolment(given, delegator) && IsOfEnrolment(given, officer);

    internal static Outcome Delegate(StateOverlay state, in TransactionContext at, DelegateApproval delegation)
    {
        string department = at.Department;
        Rejection? rejection = Authority.Require(at.Signer, OfficerRole.Approver, "Delegating an approval")
            ?? RequireOfficer(state, department, delegation.OfficerId)
            ?? CheckEnd(at, delegation.UntilMs);
        return rejection is null
            ? Outcome.Accept(Write(state, at, at.Signer.OfficerId, delegation.OfficerId, delegation.UntilMs))
            : rejection;
    }

    internal static Outcome Revoke(StateOverlay state, in TransactionContext at, RevokeDelegation revocation)
    {
        StateKey key = StateKey.Delegation(at.Department, revocation.Delegator, revocation.OfficerId);
        Rejection? rejection = at.Signer.OfficerId == revocation.Delegator
            ? null
            : Authority.Require(at.Signer, OfficerRole.Administrator, "Revoking another officer's delegation");
        rejection ??= state.Current<DelegationState>(key) is { } given
                && IsInForce(given, state.Current<OfficerState>(DelegatorOf(given)), state.Current<OfficerState>(OfficerOf(given)), at.TimeMs)
            ? null
            : Unknown(at.Department, revocation.Delegator, revocation.OfficerId, "is not there, or is over: nothing is to be revoked.");
        return rejection is null
            ? Outcome.Accept(Write(state, at, revocation.Delegator, revocation.OfficerId, at.TimeMs))
            : rejection;
    }

    /// <summary>Whether the signer may decide on behalf of an officer of its department, who may do so itself.</summary>
    internal static Rejection? CheckBehalf(StateOverlay state, in TransactionContext at, string delegator)
    {
        string department = at.Department;
        StateKey key = StateKey.Delegation(department, delegator, at.Signer.OfficerId);
        if (state.Before<DelegationState>(key) is not { } given
            || !IsInForce(given, state.Before<OfficerState>(DelegatorOf(given)), state.Before<OfficerState>(OfficerOf(given)), at.TimeMs))
        {
            return Unknown(department, delegator, at.Signer.OfficerId,
                "is not there before this block, or is over, or one of the two was enrolled anew since. Decide in your own right, or have it given anew.");
        }
        return Authority.MayNow(state, department, delegator, OfficerRole.Approver, at.Height, at.TimeMs)
            ? null
            : Unknown(department, delegator, at.Signer.OfficerId, "does not hold any more, as who gave it may not approve. Decide in your own right.");
    }

    /// <summary>The block of an enrolment still belongs to whoever had the number before: the new key signs from the next one on.</summary>
    private static bool IsOfEnrolment(DelegationState given, OfficerState? officer) =>
        officer is not { EnrolledHeight: > 0 } || officer.EnrolledHeight < given.Height;

    private static StateKey DelegatorOf(DelegationState given) => StateKey.Officer(given.Department, given.Delegator);

    private static StateKey OfficerOf(DelegationState given) => StateKey.Officer(given.Department, given.OfficerId);

    private static Rejection? RequireOfficer(StateOverlay state, string department, string officerId) =>
        state.Before<OfficerState>(StateKey.Officer(department, officerId)) is { CurrentKey.IsEmpty: false }
            ? null
            : new Rejection(
                RejectionCode.UnknownOfficer,
                $"Department {department} has no officer {officerId} with a key. Check the staff number.",
                ("department", department),
                ("officer", officerId));

    private static Rejection? CheckEnd(in TransactionContext at, ulong untilMs) => untilMs - at.TimeMs <= Limits.DelegationHorizonMs
        ? null
        : new Rejection(
            RejectionCode.ExpiryTooFar,
            $"A delegation lasts for at most {Limits.DelegationHorizonMs / 86_400_000} days. Give it with an earlier end.",
            ("untilMs", FieldRules.Invariant(untilMs)),
            ("timeMs", FieldRules.Invariant(at.TimeMs)),
            ("horizonMs", FieldRules.Invariant(Limits.DelegationHorizonMs)));

    private static StateWrite Write(StateOverlay state, in TransactionContext at, string delegator, string officerId, ulong untilMs) => new(
        StateKey.Delegation(at.Department, delegator, officerId),
        new DelegationState
        {
            Department = at.Department,
            Delegator = delegator,
            OfficerId = officerId,
            UntilMs = untilMs,
            Position = at.Position,
            Height = state.Protocol.Version >= ProtocolVersions.DelegationsEndWithEnrolments ? at.Height : 0,
        });

    private static Rejection Unknown(string department, string delegator, string officerId, string what) => new(
        RejectionCode.UnknownDelegation,
        $"The delegation by officer {delegator} of {department} to officer {officerId} {what}",
        ("department", department),
        ("delegator", delegator),
        ("officer", officerId));
}
