namespace GovChain.Node.Pool;

/// <summary>The pooled transactions that officers of one department signed, in order of arrival.</summary>
internal sealed class DepartmentQueue
{
    private readonly LinkedList<PoolEntry> _entries = [];

    /// <summary>Transactions.</summary>
    public int Count => _entries.Count;

    /// <summary>Those that could commit now.</summary>
    public int ReadyCount { get; private set; }

    /// <summary>Bytes of their envelopes.</summary>
    public long ReadyBytes { get; private set; }

    /// <summary>Those that cannot.</summary>
    public int HeldCount => Count - ReadyCount;

    /// <summary>Where the oldest stands; null where there is none.</summary>
    public LinkedListNode<PoolEntry>? First => _entries.First;

    /// <summary>Adds the youngest.</summary>
    public void Append(PoolEntry entry) => entry.InQueue = _entries.AddLast(entry);

    /// <summary>Takes one out, wherever it stands.</summary>
    public void Remove(PoolEntry entry)
    {
        _entries.Remove(entry.InQueue!);
        entry.InQueue = null;
    }

    /// <summary>Counts anew what <see cref="PoolEntry.IsReady"/> of one of its transactions, in it or on the way in, has become.</summary>
    public void OnReady(PoolEntry entry)
    {
        ReadyCount += entry.IsReady ? 1 : -1;
        ReadyBytes += entry.IsReady ? entry.Bytes : -entry.Bytes;
    }
}
