namespace GovChain.Consensus;

/// <summary>A validator whose votes a journal holds.</summary>
/// <param name="Epoch">The epoch that it voted in.</param>
/// <param name="Index">Its place in that epoch's set, as the votes name it.</param>
public readonly record struct JournalVoter(ulong Epoch, int Index);

/// <summary>Whose votes stand in a journal: a data directory copied from another department's node has that one's.</summary>
public static class JournalVoters
{
    /// <summary>
    /// All of them, in order, each once. A node that abstained votes again only where it has never voted, so what stands before
    /// the newest mark of an abstention counts for nothing.
    /// </summary>
    /// <param name="records">The journal's records; those that cannot be read name nobody.</param>
    public static IReadOnlyList<JournalVoter> Of(IReadOnlyList<byte[]> records)
    {
        List<JournalRecord?> decoded = [.. records.Select(static bytes => JournalCodec.TryDecode(bytes))];
        return [.. decoded.Skip(FirstThatCounts(decoded)).Select(static r => r is null ? null : Of(r)).OfType<JournalVoter>().Distinct().Order(
            Comparer<JournalVoter>.Create(static (a, b) => (a.Epoch, a.Index).CompareTo((b.Epoch, b.Index))))];
    }

    /// <summary>Where the records begin that count.</summary>
    internal static int FirstThatCounts(List<JournalRecord?> records) =>
        Math.Max(0, records.FindLastIndex(static r => r is StoredMark { Abstention.IsNone: false }));

    /// <summary>The voter of a record; null where there is no vote in it.</summary>
    internal static JournalVoter? Of(JournalRecord record) => record switch
    {
        AcceptedRecord { Prepare: var m } => new JournalVoter(m.Epoch, m.Signer),
        PreparedRecord { Commit: var m } => new JournalVoter(m.Epoch, m.Signer),
        PromisedRecord { ViewChange: var m } => new JournalVoter(m.Epoch, m.Payload.Signer),
        _ => null,
    };
}
