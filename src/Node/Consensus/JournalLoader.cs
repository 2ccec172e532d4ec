using GovChain.Consensus;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;
using FileCondition = GovChain.Storage.JournalCondition;
using JournalCondition = GovChain.Consensus.JournalCondition;

namespace GovChain.Node.Consensus;

/// <summary>Opens the vote journal and gives the core what is in it.</summary>
internal static class JournalLoader
{
    /// <summary>
    /// The journal to go on with, and its contents. One that is damaged is put aside, and a new one begun: the node abstains
    /// until what it may have forgotten cannot matter. Envelopes of blocks above the ledger are put into
    /// <paramref name="bodies"/>.
    /// </summary>
    /// <exception cref="StorageException">It cannot be opened, made or put aside.</exception>
    public static (VoteJournal Journal, JournalContents Contents) Open(
        DataDirectory directory, BlockHeader tip, BlockBodies bodies)
    {
        ulong tipHeight = tip.Height;
        bool restored = directory.IsRestored;
        JournalOpening opening = VoteJournal.Open(directory);
        if (opening.Journal is { } journal)
        {
            if (TryRead(opening.Records, tipHeight, bodies) is { } records)
            {
                CarryOn(directory, journal, records, tip);
                return (journal, new JournalContents(JournalCondition.Sound, records, journal.NextIndex, restored));
            }
            journal.Dispose();
        }
        JournalCondition condition = JournalCondition.Missing;
        if (opening.Condition != FileCondition.Missing)
        {
            condition = JournalCondition.Damaged;
            directory.PutJournalAside();
        }
        else if (tipHeight > 0)
            directory.MarkRestored(); // until the new journal says that the node abstains
        VoteJournal created = VoteJournal.Create(directory);
        if (directory.HasAdvance)
            directory.ForgetAdvanced();
        return (created, new JournalContents(condition, [], created.NextIndex, restored));
    }

    /// <summary>What a start would find in the journal; nothing is changed. Null where it cannot be read.</summary>
    public static JournalContents? Inspect(DataDirectory directory, BlockHeader tip)
    {
        JournalOpening opening = VoteJournal.Read(directory);
        if (opening.Condition is not (FileCondition.Clean or FileCondition.TornTailTruncated)
            || TryRead(opening.Records, tip.Height, new BlockBodies()) is not { } records)
            return null;
        if (MarkOver(directory, records, tip) is { } mark)
            records.Add(mark);
        return new JournalContents(JournalCondition.Sound, records, (ulong)records.Count + 1);
    }

    /// <summary>What the protocol takes from the ledger's parameters.</summary>
    public static ConsensusParameters ParametersOf(Parameters parameters) => new(
        parameters.BaseTimeoutMs,
        parameters.TimeoutCapMs,
        parameters.TimePrecisionMs,
        parameters.MessageDelayMs,
        parameters.BlockTransactionsMax,
        parameters.ForwardTimeoutMs,
        parameters.ComplaintTimeoutMs,
        parameters.BlockBytesMax);

    /// <summary>Where a snapshot has carried the ledger on: the journal says so, durably, before anything is signed.</summary>
    private static void CarryOn(DataDirectory directory, VoteJournal journal, List<byte[]> records, BlockHeader tip)
    {
        if (!directory.HasAdvance)
            return;
        if (MarkOver(directory, records, tip) is { } mark)
        {
            journal.Append(JournalFrame.Encode(mark));
            journal.Sync();
            records.Add(mark);
        }
        directory.ForgetAdvanced();
    }

    /// <summary>What the journal gets to say of a snapshot; null where there was none, or not of this ledger.</summary>
    private static byte[]? MarkOver(DataDirectory directory, List<byte[]> records, BlockHeader tip) =>
        directory.Advance is { } advance && advance.To == new DurableTip(tip.Height, tip.Hash) && tip.Height > advance.From.Height
            ? JournalBridge.MarkOver(records, advance.From.Height, tip) : null;

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
