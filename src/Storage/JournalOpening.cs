namespace GovChain.Storage;

/// <summary>How the journal was found.</summary>
public enum JournalCondition
{
    /// <summary>Whole.</summary>
    Clean = 1,

    /// <summary>The last group was torn, as a crash before the end of its sync leaves it, and was cut off.</summary>
    TornTailTruncated = 2,

    /// <summary>There is no journal: a new node, or one that lost its disk.</summary>
    Missing = 3,

    /// <summary>
    /// Something that had been durable is unreadable: promises may be lost, so the node must not vote.
    /// </summary>
    DamagedInterior = 4,
}

/// <summary>What opening the journal gave.</summary>
/// <param name="Condition">How it was found.</param>
/// <param name="Journal">To go on with; null if it is missing or damaged.</param>
/// <param name="Records">All readable records before the first damage, ascending.</param>
/// <param name="Offset">Where in the file the readable part ends, in bytes.</param>
public sealed record JournalOpening(
    JournalCondition Condition, VoteJournal? Journal, IReadOnlyList<JournalRecord> Records, long Offset);
