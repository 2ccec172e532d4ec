namespace GovChain.Rpc;

/// <summary>
/// Bounds how fast refusals that used up no token make the read log grow: a hundred entries at once, then one a second. Anybody can have
/// as many of them as he likes, one token shown again and again among them. What is not written is counted. Safe from any thread.
/// </summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private const long BurstMax = 100;

    private readonly Lock _gate = new();
    private long _room = BurstMax;
    private long _since = time.GetTimestamp();
    private ulong _unwritten;

    /// <summary>How many were not written since the last that was; null where this one is not, either.</summary>
    public ulong? TryPass()
    {
        lock (_gate)
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
