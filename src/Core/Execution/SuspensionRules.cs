using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Suspending a leader: a quorum's view changes for one view prove that they left the one before, and whoever led that
/// leads nothing for a while, from the next block on. At most f at a time, and nobody twice for the same.
/// </summary>
public static class SuspensionRules
{
    /// <summary>Whether the block of a height may suspend one more: fewer than f are at the height after it.</summary>
    public static bool HasRoom(LeaderState leader, ulong height) =>
        LeaderSchedule.SuspendedAt(leader, height + 1) < Quorum.Faulty(leader.Departments.Count);

    /// <summary>
    /// The suspension that answers for what a department did as leader at a height: one that began later. Null if there is
    /// none.
    /// </summary>
    public static LeaderSuspension? FindAnswer(LeaderState leader, string department, ulong height)
    {
        foreach (LeaderSuspension suspension in leader.Suspensions)
        {
            if (suspension.Department == department && height < suspension.FirstHeight)
                return suspension;
        }
        return null;
    }

    internal static Outcome Suspend(StateOverlay state, in ProtocolContext at, SuspendLeader action)
    {
        LeaderState leader = state.CurrentLeader;
        LeaderOrder? order = action.Epoch == state.Epoch
            ? LeaderSchedule.At(leader, at.Height - 1, action.Height)
            : null;
        if (order is null)
            return OutOfRange(state, at, action);
        if (CheckSigners(state, at, leader, action) is { } unproven)
            return unproven;
        string blamed = leader.Departments[order.Leader(action.View)];
        if (CheckBlamed(at, leader, action, blamed) is { } rejection)
            return rejection;
        LeaderState suspended = leader.Clone();
        suspended.Suspensions.Add(new LeaderSuspension
        {
            Department = blamed,
            FirstHeight = at.Height + 1,
            LastHeight = at.Height + state.Parameters.SuspensionHeights,
            BlamedHeight = action.Height,
            BlamedView = action.View,
            Position = at.Position,
        });
        return Outcome.Accept(new StateWrite(StateKey.Leader, suspended));
    }

    /// <summary>Exactly a quorum of those who act, each once, in the order of the set.</summary>
    private static Rejection? CheckSigners(
        StateOverlay state, in ProtocolContext at, LeaderState leader, SuspendLeader action)
    {
        int quorum = Quorum.Size(leader.Departments.Count);
        if (action.ViewChanges.Count != quorum)
            return Unproven($"it has {action.ViewChanges.Count} view changes, and exactly {quorum} are a proof");
        int last = -1;
        for (int i = 0; i < quorum; i++)
        {
            var key = new StateKey(StateKind.OfficerKey, action.ViewChanges[i].Signer.Span);
            int index = Authority.FindValidator(state, key, at.Height) is { } validator
                ? leader.Departments.IndexOf(validator.Department)
                : -1;
            if (index < 0)
                return Unproven($"view change {i} is signed by no department that votes");
            if (index <= last)
                return Unproven($"view change {i} is not of a department after the one before it");
            last = index;
        }
        return null;
    }

    private static Rejection? CheckBlamed(
        in ProtocolContext at, LeaderState leader, SuspendLeader action, string blamed)
    {
        if (FindAnswer(leader, blamed, action.Height) is { } known)
        {
            return new Rejection(
                RejectionCode.AlreadySuspended,
                $"{blamed} was suspended as leader from height {known.FirstHeight} to {known.LastHeight}, "
                + $"which answers for height {action.Height} too.",
                ("department", blamed),
                ("firstHeight", FieldRules.Invariant(known.FirstHeight)),
                ("lastHeight", FieldRules.Invariant(known.LastHeight)));
        }
        if (HasRoom(leader, at.Height))
            return null;
        int suspended = LeaderSchedule.SuspendedAt(leader, at.Height + 1);
        int most = Quorum.Faulty(leader.Departments.Count);
        return new Rejection(
            RejectionCode.TooManySuspended,
            $"{suspended} leaders are suspended, and of {leader.Departments.Count} departments at most {most} may be.",
            ("department", blamed),
            ("suspended", FieldRules.Invariant(suspended)),
            ("suspendedMax", FieldRules.Invariant(most)));
    }

    private static Rejection OutOfRange(StateOverlay state, in ProtocolContext at, SuspendLeader action) => new(
        RejectionCode.ProofOutOfRange,
        $"The ledger knows who led the last {LeaderSchedule.HeightsKept} heights of epoch {state.Epoch} up to "
        + $"{at.Height - 1}; this is about height {action.Height} of epoch {action.Epoch}.",
        ("epoch", FieldRules.Invariant(action.Epoch)),
        ("height", FieldRules.Invariant(action.Height)));

    private static Rejection Unproven(string problem) =>
        new(RejectionCode.InvalidProof, $"The transaction proves nothing: {problem}.", ("problem", problem));
}
