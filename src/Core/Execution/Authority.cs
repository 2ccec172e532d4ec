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
                return CheckTime(interval, timeMs, out signer);
        }
        OfficerInterval last = entry.Intervals[^1];
        return last.LastHeight != 0 && last.LastHeight < height
            ? new Rejection(
                RejectionCode.SignerRevoked,
                $"The key of officer {last.OfficerId} was revoked after block {last.LastHeight}. "
                + "Sign with the officer's current key.",
                Facts(last, ("lastHeight", FieldRules.Invariant(last.LastHeight))))
            : new Rejection(
                RejectionCode.SignerNotYetValid,
                $"The key of officer {last.OfficerId} may sign from block {last.FirstHeight} on; this is {height}. "
                + "Submit again a moment later.",
                Facts(last, ("firstHeight", FieldRules.Invariant(last.FirstHeight))));
    }

    /// <summary>Whether the signer has the role, for what it wants to do.</summary>
    internal static Rejection? Require(OfficerInterval signer, OfficerRole role, string purpose)
    {
        if (signer.Roles.Contains((uint)role))
            return null;
        string name = role == OfficerRole.Clerk ? "clerk" : "administrator";
        return new Rejection(
            RejectionCode.NotPermitted,
            $"{purpose} needs the role {name}, which officer {signer.OfficerId} of {signer.Department} does not have. "
            + "Ask an administrator of the department.",
            Facts(signer, ("requiredRole", name)));
    }

    private static bool Covers(OfficerInterval interval, ulong height) =>
        interval.FirstHeight <= height && (interval.LastHeight == 0 || height <= interval.LastHeight);

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
