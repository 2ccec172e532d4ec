using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>
/// The pooled transactions that change one record or type, ascending by the version they follow, rivals for one
/// version in order of arrival.
/// </summary>
internal sealed class RecordChain(StateKey key, ulong stateVersion)
{
    private readonly List<PoolEntry> _entries = new(1);

    /// <summary>What they change.</summary>
    public StateKey Key { get; } = key;

    /// <summary>The version on the ledger; 0 where there is none.</summary>
    public ulong StateVersion { get; set; } = stateVersion;

    /// <summary>Only for the taking of candidates: which taking this is, and the version reached in it.</summary>
    public (long Taking, ulong Version) Reached { get; set; }

    /// <summary>The transactions.</summary>
    public IReadOnlyList<PoolEntry> Entries => _entries;

    /// <summary>Adds a transaction behind its rivals.</summary>
    public void Insert(PoolEntry entry)
    {
        int at = _entries.Count;
        while (at > 0 && ExpectedBy(_entries[at - 1]) > ExpectedBy(entry))
            at--;
        _entries.Insert(at, entry);
    }

    /// <summary>Takes a transaction out.</summary>
    public void Remove(PoolEntry entry) => _entries.Remove(entry);

    /// <summary>
    /// The transaction to take for the version that follows <paramref name="version"/>: the first ready rival.
    /// </summary>
    public PoolEntry? ReadyAt(ulong version)
    {
        foreach (PoolEntry entry in _entries)
        {
            if (ExpectedBy(entry) == version && entry.IsReady)
                return entry;
            if (ExpectedBy(entry) > version)
                return null;
        }
        return null;
    }

    /// <summary>
    /// Finds out anew which transactions could commit, in turn, without anything that is not here: those without an
    /// obstacle that follow the ledger's version, or a version that such a transaction makes.
    /// </summary>
    /// <returns>How many more are ready than before.</returns>
    public int UpdateReady()
    {
        int change = 0;
        ulong next = StateVersion;
        foreach (PoolEntry entry in _entries)
        {
            ulong expected = ExpectedBy(entry);
            bool ready = entry.Obstacle is null && expected >= StateVersion && expected <= next;
            if (ready && expected == next)
                next++;
            change += (ready ? 1 : 0) - (entry.IsReady ? 1 : 0);
            entry.IsReady = ready;
        }
        return change;
    }

    private static ulong ExpectedBy(PoolEntry entry) => entry.Target!.Value.ExpectedVersion;
}
