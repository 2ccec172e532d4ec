using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Roots of the departments' read logs on the ledger (docs/SPEC.md, "Execution"): each says how many entries there are and what the last one's
/// hash is, so that a department which writes its log anew is found out by all that it has said before. A log never gets shorter; one that
/// begins anew is another log, and everybody sees that.
/// </summary>
public static class ReadRootRules
{
    /// <summary>
    /// The least time between two roots of a department, by the blocks' time: one hour. A day's root needs far more; what is bounded is what a
    /// hostile department can put on the ledger, 24 transactions of about 250 bytes a day.
    /// </summary>
    public const ulong LeastIntervalMs = 60 * 60 * 1_000;

    /// <summary>A department's newest root; null where it has posted none.</summary>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public static ReadRootState? Newest(StateOverlay state, string department) =>
        state.Current<DepartmentState>(StateKey.Department(department)) is { ReadRoots: > 0 and ulong number }
            ? Root(state, department, number)
            : null;

    internal static Outcome Post(StateOverlay state, in ProtocolContext at, PostReadRoot action)
    {
        StateKey key = StateKey.Department(at.Department);
        DepartmentState department = state.Current<DepartmentState>(key) ?? throw new CorruptStateException(key, "no value");
        if (Versions.Check($"the roots of {at.Department}'s read log", action.Number - 1, department.ReadRoots) is { } rejection)
            return rejection;
        ReadRootState? last = department.ReadRoots == 0 ? null : Root(state, at.Department, department.ReadRoots);
        ulong covered = last?.LastEntry ?? 0;
        // Equality by subtraction, as the last entry of all numbers has none after it.
        if (action.FirstEntry != 1 && action.FirstEntry - 1 != covered)
        {
            return new Rejection(
                RejectionCode.ReadRootNotNext,
                $"The roots of {at.Department}'s read log cover its entries up to {covered}. The next one begins after that, or with entry 1 where "
                + "the log was begun anew.",
                ("department", at.Department), ("firstEntry", FieldRules.Invariant(action.FirstEntry)), ("covered", FieldRules.Invariant(covered)));
        }
        if (last is not null && at.TimeMs - last.RecordedAtMs < LeastIntervalMs)
        {
            return new Rejection(
                RejectionCode.ReadRootTooSoon,
                $"The last root of {at.Department}'s read log is less than {LeastIntervalMs / 60_000} minutes old. Post the next one later.",
                ("department", at.Department), ("earliestMs", FieldRules.Invariant(last.RecordedAtMs + LeastIntervalMs)));
        }
        DepartmentState changed = department.Clone();
        changed.ReadRoots = action.Number;
        return Outcome.Accept(
            new StateWrite(key, changed),
            new StateWrite(StateKey.ReadRoot(at.Department, action.Number), new ReadRootState
            {
                Department = at.Department,
                Number = action.Number,
                Log = (last?.Log ?? 0) + (action.FirstEntry == 1 ? 1UL : 0),
                FirstEntry = action.FirstEntry,
                LastEntry = action.LastEntry,
                Head = action.Head,
                RecordedAtMs = at.TimeMs,
                Height = at.Height,
                Position = at.Position,
            }));
    }

    private static ReadRootState Root(StateOverlay state, string department, ulong number)
    {
        StateKey key = StateKey.ReadRoot(department, number);
        return state.Current<ReadRootState>(key) ?? throw new CorruptStateException(key, "no value");
    }
}
