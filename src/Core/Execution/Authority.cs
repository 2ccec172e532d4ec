using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Who may sign at a block: judged on the state before it, so that what a block changes about officers acts from the
/// next one on (docs/SPEC.md, "Authority").
/// </summary>
public static class Authority
{
    /// <summary>
    /// Whether the key may sign in the block at this height and time; if so, the interval that says for whom and
    /// with which roles.
    /// </summary>
    public static Rejection? Check(
        StateOverlay state, PublicKey key, ulong height, ulong timeMs, out OfficerInterval? signer)
    {
        signer = null;
        OfficerKeyState? entry = state.Before<OfficerKeyState>(StateKey.OfficerKey(key));
        if (entry is null || entry.Intervals.Count == 0)
        {
            return new Rejection(
                RejectionCode.UnknownSigner,
                $"No officer has the key {key.ToShortString()}... on this ledger. "
                + "Check the key file, or ask an administrator of your department to enrol you.",
                ("signer", key.ToString()));
        }
        foreach (OfficerInterval interval in entry.Intervals)
        {
            if (Covers(interval, height))
                return CheckDepartment(state, interval) ?? CheckTime(interval, timeMs, out signer);
        }
        OfficerInterval last = entry.Intervals[^1];
        return last.LastHeight != 0 && last.LastHeight < height
            ? new Rejection(
                RejectionCode.SignerRevoked,
                $"The key of officer {last.OfficerId} was revoked or replaced after block {last.LastHeight}. "
                + "Sign with the officer's current key.",
                Facts(last, ("lastHeight", FieldRules.Invariant(last.LastHeight))))
            : new Rejection(
                RejectionCode.SignerNotYetValid,
                $"The key of officer {last.OfficerId} may sign from block {last.FirstHeight} on; this is {height}. "
                + "Submit again a moment later.",
                Facts(last, ("firstHeight", FieldRules.Invariant(last.FirstHeight))));
    }

    /// <summary>
    /// Whether a department's validator key may sign a protocol transaction in the block at this height; if so, the
    /// interval that says for which department.
    /// </summary>
    public static Rejection? CheckValidator(
        StateOverlay state, PublicKey key, ulong height, out ValidatorInterval? signer)
    {
        StateKey stateKey = StateKey.OfficerKey(key);
        signer = FindValidator(state, stateKey, height);
        if (signer is not null)
            return null;
        OfficerKeyState? entry = state.Before<OfficerKeyState>(stateKey);
        if (entry is null || entry.ValidatorIntervals.Count == 0)
        {
            return new Rejection(
                RejectionCode.UnknownSigner,
                $"No department has the validator key {key.ToShortString()}... on this ledger, and nobody else may sign "
                + "such a transaction.",
                ("signer", key.ToString()));
        }
        ValidatorInterval last = entry.ValidatorIntervals[^1];
        return last.LastHeight != 0 && last.LastHeight < height
            ? new Rejection(
                RejectionCode.SignerRevoked,
                $"The validator key of {last.Department} was taken back after block {last.LastHeight}.",
                ("department", last.Department),
                ("lastHeight", FieldRules.Invariant(last.LastHeight)))
            : new Rejection(
                RejectionCode.SignerNotYetValid,
                $"The validator key of {last.Department} acts from block {last.FirstHeight} on; this is {height}.",
                ("department", last.Department),
                ("firstHeight", FieldRules.Invariant(last.FirstHeight)));
    }

    /// <summary>The department for which a key signs, or signed last, as officer's or validator's; empty if the ledger does not
    /// know it.</summary>
    public static string DepartmentOf(StateOverlay state, PublicKey key)
    {
        OfficerKeyState? entry = state.Before<OfficerKeyState>(StateKey.OfficerKey(key));
        return entry?.Intervals.LastOrDefault()?.Department ?? entry?.ValidatorIntervals.LastOrDefault()?.Department ?? "";
    }

    /// <summary>The interval in which a key acts as a department's validator key at a height; null if it does not.
    /// </summary>
    internal static ValidatorInterval? FindValidator(StateOverlay state, StateKey key, ulong height)
    {
        foreach (ValidatorInterval interval in state.Before<OfficerKeyState>(key)?.ValidatorIntervals ?? [])
        {
            if (Covers(interval, height))
                return interval;
        }
        return null;
    }

    /// <summary>Whether the interval counts at a height.</summary>
    internal static bool Covers(ValidatorInterval interval, ulong height) =>
        interval.FirstHeight <= height && (interval.LastHeight == 0 || height <= interval.LastHeight);

    /// <summary>Whether an officer has a key that could sign in the block at this height and time, with the role.</summary>
    internal static bool MayNow(
        StateOverlay state, string department, string officerId, OfficerRole role, ulong height, ulong timeMs) =>
        state.Before<OfficerState>(StateKey.Officer(department, officerId)) is { CurrentKey.IsEmpty: false } officer
        && PublicKey.TryParse(officer.CurrentKey.Span, out PublicKey? key)
        && Check(state, key, height, timeMs, out OfficerInterval? interval) is null
        && interval!.Roles.Contains((uint)role);

    /// <summary>Whether the signer has the role, for what it wants to do.</summary>
    internal static Rejection? Require(OfficerInterval signer, OfficerRole role, string purpose)
    {
        if (signer.Roles.Contains((uint)role))
            return null;
        string name = role switch
        {
            OfficerRole.Clerk => "clerk",
            OfficerRole.Approver => "approver",
            _ => "administrator",
        };
        return new Rejection(
            RejectionCode.NotPermitted,
            $"{purpose} needs the role {name}, which officer {signer.OfficerId} of {signer.Department} does not have. "
            + "Ask an administrator of the department.",
            Facts(signer, ("requiredRole", name)));
    }

    /// <inheritdoc cref="Covers(ValidatorInterval, ulong)"/>
    internal static bool Covers(OfficerInterval interval, ulong height) =>
        interval.FirstHeight <= height && (interval.LastHeight == 0 || height <= interval.LastHeight);

    /// <summary>Nobody signs any more for a department that was removed, nor for one that is suspended until that is lifted.</summary>
    private static Rejection? CheckDepartment(StateOverlay state, OfficerInterval interval) =>
        state.Before<DepartmentState>(StateKey.Department(interval.Department)) switch
        {
            { RemovedHeight: > 0 } left => new Rejection(
                RejectionCode.SignerRevoked,
                $"Department {interval.Department} was removed after block {left.RemovedHeight}; its officers sign no more.",
                Facts(interval, ("lastHeight", FieldRules.Invariant(left.RemovedHeight)))),
            { SuspendedHeight: > 0 } suspended => new Rejection(
                RejectionCode.DepartmentSuspended,
                $"Department {interval.Department} was suspended after block {suspended.SuspendedHeight}; its officers sign nothing until the departments lift that. An administrator of another department proposes it: govchain proposal create lift-suspension {interval.Department}.",
                Facts(interval, ("lastHeight", FieldRules.Invariant(suspended.SuspendedHeight)))),
            _ => null,
        };

    private static Rejection? CheckTime(OfficerInterval interval, ulong timeMs, out OfficerInterval? signer)
    {
        signer = null;
        if (timeMs < interval.ValidFromMs)
        {
            return new Rejection(
                RejectionCode.SignerNotYetValid,
                $"The key of officer {interval.OfficerId} is valid from a later time. Submit again then.",
                Facts(interval, ("validFromMs", FieldRules.Invariant(interval.ValidFromMs))));
        }
        if (interval.ValidUntilMs != 0 && timeMs >= interval.ValidUntilMs)
        {
            return new Rejection(
                RejectionCode.SignerExpired,
                $"The validity of officer {interval.OfficerId}'s key has ended. "
                + "Ask an administrator of the department for a new enrolment.",
                Facts(interval, ("validUntilMs", FieldRules.Invariant(interval.ValidUntilMs))));
        }
        signer = interval;
        return null;
    }

    private static (string, string)[] Facts(OfficerInterval officer, (string, string) fact) =>
        [("department", officer.Department), ("officer", officer.OfficerId), fact];
}
