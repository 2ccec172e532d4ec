namespace GovChain.Consensus;

/// <summary>What the file layer found when it opened the vote journal.</summary>
public enum JournalCondition
{
    /// <summary>There is no journal.</summary>
    Missing = 0,

    /// <summary>Read to its end; a torn last record was cut off.</summary>
    Sound,

    /// <summary>Damaged before its end.</summary>
    Damaged,
}

/// <summary>The vote journal as it was found.</summary>
/// <param name="Condition">How the file layer found it.</param>
/// <param name="Records">The records that are left, oldest first.</param>
/// <param name="NextIndex">The index of the next record, 1 or more.</param>
/// <param name="LedgerRestored">The ledger was restored from a copy or repaired since the node last ran.</param>
public sealed record JournalContents(
    JournalCondition Condition, IReadOnlyList<byte[]> Records, ulong NextIndex, bool LedgerRestored = false)
{
    /// <summary>A node that never ran.</summary>
    public static JournalContents None => new(JournalCondition.Missing, [], 1);
}
