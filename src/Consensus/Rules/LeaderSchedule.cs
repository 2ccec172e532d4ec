namespace GovChain.Consensus;

/// <summary>L(h,v): who leads a view of the height after the newest block (docs/PROTOCOL.md, "Leader").</summary>
public static class LeaderSchedule
{
    /// <summary>
    /// The index of the leader among <paramref name="validators"/> members. The last proposer goes on until it has led
    /// <paramref name="blocksMax"/> blocks in a row; each view passes the lead to the next index, cyclically.
    /// </summary>
    public static int Leader(LeaderRun run, uint blocksMax, int validators, uint view)
    {
        int first = run.LastProposer;
        if (first < 0 || first >= validators)
            first = 0;
        else if (run.Run >= blocksMax)
            first = (first + 1) % validators;
        return (int)(((ulong)first + view) % (ulong)validators);
    }
}
