namespace GovChain.Rpc;

/// <summary>
/// Bounds how fast refusals that used up no token make the read log grow: a hundred entries at once, then one a second, of each key whose
/// signature was right, and as many of all who have shown none. Anybody can have as many as he likes, one token shown again and again among
/// them, and keeps only what he is refused himself from being written. What is not written is counted. Safe from any thread.
/// </summary>
/// <param name="time">The clock by which room comes back.</param>
/// <param name="keysMax">
/// How many keys are remembered, at least 1: 4,096 of some 300 bytes are 1.2 MB. Then the one whose last refusal is longest ago is forgotten
/// with its count, and has all its room when it comes back.
/// </param>
internal sealed class RefusalThrottle(TimeProvider time, int keysMax = 4_096)
{
    private const long BurstMax = 100;

    private readonly Lock _gate = new();
    private readonly Room _strangers = new(time);
    private readonly Dictionary<string, LinkedListNode<(string Key, Room Room)>> _ofKey = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Key, Room Room)> _byLastUse = new();

    /// <summary>How many refusals of the same key, or of strangers, were not written since the last that was; null where this one is not, either.</summary>
    /// <param name="key">The key whose signature was right, as text; empty of a stranger.</param>
    public ulong? TryPass(string key)
    {
        lock (_gate)
            return (key.Length == 0 ? _strangers : RoomOf(key)).TryPass();
    }

    private Room RoomOf(string key)
    {
        if (_ofKey.TryGetValue(key, out LinkedListNode<(string Key, Room Room)>? known))
        {
            _byLastUse.Remove(known);
        }
        else
        {
            if (_ofKey.Count >= keysMax)
            {
                _ofKey.Remove(_byLastUse.First!.Value.Key);
                _byLastUse.RemoveFirst();
            }
            known = new((key, new Room(time)));
            _ofKey.Add(key, known);
        }
        _byLastUse.AddLast(known);
        return known.Value.Room;
    }

    private sealed class Room(TimeProvider time)
    {
        private long _room = BurstMax;
        private long _since = time.GetTimestamp();
        private ulong _unwritten;

        public ulong? TryPass()
        {
            long seconds = (long)time.GetElapsedTime(_since).TotalSeconds;
            _since += seconds * time.TimestampFrequency;
            _room = Math.Min(BurstMax, _room + seconds);
            if (_room == 0)
            {
                _unwritten++;
                return null;
            }
            _room--;
            (ulong before, _unwritten) = (_unwritten, 0);
            return before;
        }
    }
}
