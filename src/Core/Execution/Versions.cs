using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>The comparison behind every change: which version its author had before their eyes.</summary>
internal static class Versions
{
    /// <summary>Null if the change follows the current version; 0 stands for none.</summary>
    public static Rejection? Check(string subject, ulong expected, ulong current)
    {
        if (expected == current)
            return null;
        (string, string)[] facts =
            [("expectedVersion", FieldRules.Invariant(expected)), ("currentVersion", FieldRules.Invariant(current))];
        if (expected > current)
        {
            return new Rejection(
                RejectionCode.VersionAhead,
                current == 0
                    ? $"The change follows version {expected} of {subject}, which is not on the ledger yet."
                    : $"The change follows version {expected} of {subject}, "
                        + $"but the ledger has only version {current} so far.",
                facts);
        }
        return new Rejection(
            RejectionCode.VersionConflict,
            expected == 0
                ? $"The ledger has {subject} already, at version {current}. Look at it before you change it."
                : $"The change follows version {expected} of {subject}, but version {current} came first. "
                    + "Look at the current version, then decide again.",
            facts);
    }
}
