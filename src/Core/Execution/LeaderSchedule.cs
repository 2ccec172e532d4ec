using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Who leads (docs/PROTOCOL.md, "Leader"): a function of the leader state alone, so all who hold one ledger agree. Pure.
/// </summary>
public static class LeaderSchedule
{
    /// <summary>Heights for which the state still says who led them.</summary>
    public const int HeightsKept = 64;

    /// <summary>
    /// The order of the height after <paramref name="tipHeight"/>: the acting validators less those suspended. The last
    /// proposer begins; if it may not lead, or has led <paramref name="blocksMax"/> blocks in a row, the next one does.
    /// </summary>
    /// <param name="state">The state after <paramref name="tipHeight"/>.</param>
    /// <param name="tipHeight">The newest height.</param>
    /// <param name="blocksMax">K, 1 or more.</param>
    public static LeaderOrder Next(LeaderState state, ulong tipHeight, uint blocksMax)
    {
        List<int> order = OrderAt(state, tipHeight + 1);
        return Order(order, FirstOf(state, order, blocksMax));
    }

    /// <summary>The order of one of the last heights; null if the state after <paramref name="tipHeight"/> does not know
    /// it.</summary>
    public static LeaderOrder? At(LeaderState state, ulong tipHeight, ulong height)
    {
        ulong kept = (ulong)state.FirstLeaders.Count;
        if (height > tipHeight || tipHeight - height >= kept)
            return null;
        uint first = state.FirstLeaders[(int)(kept - 1 - (tipHeight - height))];
        return Order(OrderAt(state, height), first);
    }

    /// <summary>Whether the suspension keeps its department from leading at a height.</summary>
    public static bool Covers(LeaderSuspension suspension, ulong height) =>
        suspension.FirstHeight <= height && height <= suspension.LastHeight;

    /// <summary>How many of the acting validators are suspended at a height.</summary>
    public static int SuspendedAt(LeaderState state, ulong height)
    {
        int count = 0;
        foreach (string department in state.Departments)
            count += IsSuspended(state, department, height) ? 1 : 0;
        return count;
    }

    /// <summary>The state before the first block: nobody has led, so the first department begins.</summary>
    internal static LeaderState Founded(ValidatorSet validators) =>
        new() { Departments = { validators.Members.Select(static v => v.Department) } };

    /// <summary>The state after a block.</summary>
    /// <param name="before">The state before it.</param>
    /// <param name="current">The same, with what the block's transactions suspended.</param>
    /// <param name="height">The block's height.</param>
    /// <param name="proposer">The department its header names.</param>
    /// <param name="blocksMax">K as it stood before the block.</param>
    internal static LeaderState After(
        LeaderState before, LeaderState current, ulong height, string proposer, uint blocksMax)
    {
        LeaderState next = current.Clone();
        next.FirstLeaders.Add((uint)Next(before, height - 1, blocksMax).First);
        if (next.FirstLeaders.Count > HeightsKept)
            next.FirstLeaders.RemoveAt(0);
        next.LastProposer = proposer;
        next.Run = before.LastProposer == proposer ? before.Run + 1 : 1;
        // The oldest height that is kept needs those that act there.
        ulong oldest = height - Math.Min(height, HeightsKept - 1);
        for (int i = next.Suspensions.Count - 1; i >= 0; i--)
        {
            if (next.Suspensions[i].LastHeight < oldest)
                next.Suspensions.RemoveAt(i);
        }
        return next;
    }

    /// <summary>The same for a new epoch's set: what is kept of the heights before names indexes of the old one.</summary>
    internal static LeaderState WithSet(LeaderState state, ValidatorSet next)
    {
        LeaderState changed = state.Clone();
        changed.Departments.Clear();
        changed.Departments.Add(next.Members.Select(static v => v.Department));
        changed.FirstLeaders.Clear();
        for (int i = changed.Suspensions.Count - 1; i >= 0; i--)
        {
            if (!changed.Departments.Contains(changed.Suspensions[i].Department))
                changed.Suspensions.RemoveAt(i);
        }
        return changed;
    }

    private static LeaderOrder Order(List<int> order, uint first) => first < order.Count
        ? new LeaderOrder(order, (int)first)
        : throw new CorruptStateException(StateKey.Leader, $"{first} as the first of {order.Count} leaders");

    private static uint FirstOf(LeaderState state, List<int> order, uint blocksMax)
    {
        for (int i = 0; i < order.Count; i++)
        {
            int turn = string.CompareOrdinal(state.Departments[order[i]], state.LastProposer);
            if (turn > 0 || (turn == 0 && state.Run < blocksMax))
                return (uint)i;
        }
        return 0;
    }

    private static List<int> OrderAt(LeaderState state, ulong height)
    {
        var order = new List<int>(state.Departments.Count);
        for (int i = 0; i < state.Departments.Count; i++)
        {
            if (!IsSuspended(state, state.Departments[i], height))
                order.Add(i);
        }
        if (order.Count > 0)
            return order;
        // Departments may leave until only suspended ones are left; somebody must lead.
        for (int i = 0; i < state.Departments.Count; i++)
            order.Add(i);
        return order;
    }

    private static bool IsSuspended(LeaderState state, string department, ulong height)
    {
        foreach (LeaderSuspension suspension in state.Suspensions)
        {
            if (suspension.Department == department && Covers(suspension, height))
                return true;
        }
        return false;
    }
}
