using GovChain.Consensus;
using GovChain.Protos.V1;
using GovChain.Storage;
using FileCondition = GovChain.Storage.JournalCondition;
using JournalCondition = GovChain.Consensus.JournalCondition;

namespace GovChain.Node.Consensus;

/// <summary>Opens the vote journal and gives the core what is in it.</summary>
internal static class JournalLoader
{
    /// <summary>
    /// The journal to go on with, null if it is damaged, and its contents. Envelopes of blocks above the ledger are
    /// put into <paramref name="bodies"/>.
    /// </summary>
    /// <exception cref="StorageException">It cannot be opened or made.</exception>
    public static (VoteJournal? Journal, JournalContents Contents) Open(
        DataDirectory directory, ulong tipHeight, BlockBodies bodies)
    {
        bool restored = directory.IsRestored;
        JournalOpening opening = VoteJournal.Open(directory);
        switch (opening.Condition)
        {
            case FileCondition.Missing:
                VoteJournal created = VoteJournal.Create(directory);
                return (created, new JournalContents(JournalCondition.Missing, [], created.NextIndex, restored));
            case FileCondition.DamagedInterior:
                return (null, new JournalContents(JournalCondition.Damaged, [], 1, restored));
            default:
                VoteJournal journal = opening.Journal!;
                return TryRead(opening.Records, tipHeight, bodies) is { } records
                    ? (journal, new JournalContents(JournalCondition.Sound, records, journal.NextIndex, restored))
                    : (journal, new JournalContents(JournalCondition.Damaged, [], journal.NextIndex, restored));
        }
    }

    /// <summary>What a start would find in the journal; nothing is changed. Null where it cannot be read.</summary>
    public static JournalContents? Inspect(DataDirectory directory, ulong tipHeight)
    {
        JournalOpening opening = VoteJournal.Read(directory);
        return opening.Condition is FileCondition.Clean or FileCondition.TornTailTruncated
            && TryRead(opening.Records, tipHeight, new BlockBodies()) is { } records
            ? new JournalContents(JournalCondition.Sound, records, (ulong)records.Count + 1)
            : null;
    }

    /// <summary>What the protocol takes from the ledger's parameters.</summary>
    public static ConsensusParameters ParametersOf(Parameters parameters) => new(
        parameters.BaseTimeoutMs,
        parameters.TimeoutCapMs,
        parameters.TimePrecisionMs,
        parameters.MessageDelayMs,
        parameters.BlockTransactionsMax);

    private static List<byte[]>? TryRead(IReadOnlyList<JournalRecord> journal, ulong tipHeight, BlockBodies bodies)
    {
        var records = new List<byte[]>(journal.Count);
        foreach (JournalRecord record in journal)
        {
            if (JournalFrame.TryDecode(record.Payload) is not { } frame)
                return null;
            records.Add(frame.Record.ToArray());
            if (frame.Height > tipHeight)
                bodies.AddRecovered(frame.Envelopes);
        }
        return records;
    }
}
