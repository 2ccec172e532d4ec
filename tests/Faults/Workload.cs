using GovChain.Core.Model;
using GovChain.Storage;

namespace GovChain.Tests.Faults;

/// <summary>Breaks of a promise that the layer under test makes.</summary>
internal sealed class PromiseBrokenException(string message) : Exception(message);

/// <summary>
/// What a node does to its disk, in a node's order: votes into the journal and synced, then the block of that height, then
/// a justification, and the oldest one removed; a vote of eight megabytes and the pruning that rewrites the journal; two closings and reopenings. It goes on from
/// whatever it finds.
/// </summary>
internal sealed class Workload(string path, Script script, Action<string> acknowledge)
{
    /// <summary>The record that makes pruning worth a rewrite: more than the journal's own bound of 8 MiB.</summary>
    private const ulong LongVote = 3;

    private const int LongVoteBytes = 8 * 1024 * 1024;
    private const int VotesPerBlock = 2;

    /// <summary>Of the justifications the newest stay.</summary>
    public const int JustificationsMax = 3;

    /// <summary>Small, so that RocksDB writes tables while it works.</summary>
    public static LedgerOptions Options { get; } =
        new() { WriteBufferBytes = 64 * 1024, BlockCacheBytes = 1024 * 1024 };

    /// <summary>The content of a journal record: fixed by its index.</summary>
    public static byte[] VoteAt(ulong index)
    {
        byte[] payload = new byte[index == LongVote ? LongVoteBytes : 40 + (int)(index * 97 % 700)];
        new Random((int)index).NextBytes(payload);
        return payload;
    }

    /// <summary>The content of a kept justification: fixed by its height.</summary>
    public static byte[] JustificationAt(ulong height) => VoteAt(1_000 + height);

    /// <summary>Opens, goes on to the given height and closes.</summary>
    /// <param name="untilHeight">Nothing is added where the ledger is there already.</param>
    /// <param name="opened">Looks at what was found, before anything is added to it.</param>
    /// <exception cref="StorageException">The layer stopped; it was asked again and refused.</exception>
    /// <exception cref="PromiseBrokenException">It stopped, and did not refuse what came afterwards.</exception>
    public void Run(ulong untilHeight, Action<LedgerStore, JournalOpening>? opened = null)
    {
        using DataDirectory directory = DataDirectory.Open(path, script.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory, Options);
        JournalOpening opening = VoteJournal.Open(directory);
        using VoteJournal? found = opening.Journal;
        EvidenceStore evidence = EvidenceStore.Open(directory);
        opened?.Invoke(store, opening);
        if (opening.Condition == JournalCondition.DamagedInterior)
            throw new PromiseBrokenException("the journal's interior is damaged");
        if (store.IsEmpty)
            Guard(() => store.Append(script.Genesis.Block, null), () => store.Append(script.Genesis.Block, null));
        acknowledge($"block {store.Current.TipHeight}");
        using VoteJournal journal = found ?? VoteJournal.Create(directory);
        acknowledge($"journal {journal.DurableIndex}");
        while (store.Current.TipHeight < untilHeight)
        {
            for (int i = 0; i < VotesPerBlock; i++)
                journal.Append(VoteAt(journal.NextIndex));
            Guard(journal.Sync, () => journal.Append([]));
            acknowledge($"votes {journal.DurableIndex}");
            ulong height = store.Current.TipHeight + 1;
            Certificate certificate = script.Blocks[(int)height - 1].Certificate;
            Core.Execution.ExecutedBlock block = script.Execute(store.Current);
            Guard(() => store.Append(block, certificate), () => store.Append(block, certificate));
            acknowledge($"block {height}");
            evidence.Keep(height, 1, JustificationAt(height), JustificationsMax);
            acknowledge($"kept {height}");
            ulong prune = journal.DurableIndex > VotesPerBlock ? journal.DurableIndex - VotesPerBlock : 0;
            acknowledge($"pruning {prune}");
            Guard(() => journal.PruneBelow(prune), () => journal.Append([]));
        }
    }

    /// <summary>An error is final: what is asked after it is refused.</summary>
    private static void Guard(Action step, Action after)
    {
        try
        {
            step();
        }
        catch (StorageException)
        {
            try
            {
                after();
            }
            catch (StorageException e) when (e.Error == StorageError.NotWritable)
            {
                throw;
            }
            throw new PromiseBrokenException("after an error the next step was accepted");
        }
    }
}
