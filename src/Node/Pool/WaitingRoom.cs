namespace GovChain.Node.Pool;

/// <summary>What a <see cref="WaitingRoom{T}"/> said to an offer.</summary>
internal enum RoomAnswer
{
    /// <summary>It waits.</summary>
    Taken = 1,

    /// <summary>There is no room for it.</summary>
    Full,

    /// <summary>Nothing is taken any more.</summary>
    Closed,
}

/// <summary>A <see cref="FairQueue{T}"/> between those who bring something, on any threads, and one thread that works it off.</summary>
internal sealed class WaitingRoom<T>(long costMax, long quantum)
{
    private readonly object _gate = new();
    private readonly FairQueue<T> _queue = new(costMax, quantum);
    private bool _woken, _closed;

    /// <inheritdoc cref="FairQueue{T}.TryAdd"/>
    public RoomAnswer Offer(Sender sender, T item, long cost, ICollection<T> pushedOut)
    {
        lock (_gate)
        {
            if (_closed)
                return RoomAnswer.Closed;
            if (!_queue.TryAdd(sender, item, cost, pushedOut))
                return RoomAnswer.Full;
            Monitor.Pulse(_gate);
            return RoomAnswer.Taken;
        }
    }

    /// <summary>Has <see cref="Take"/> return, if with nothing; false where nobody takes any more.</summary>
    public bool Wake()
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            _woken = true;
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Takes nothing more in; what waits is still given out.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until there is something, or for <see cref="Wake"/>; false once there never will be.</summary>
    /// <param name="batch">Gets what is taken out, in the order of turns.</param>
    /// <param name="countMax">At most so many.</param>
    public bool Take(List<T> batch, int countMax)
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && !_woken && !_closed)
                Monitor.Wait(_gate);
            bool more = _queue.Count > 0 || !_closed;
            _woken = false;
            while (batch.Count < countMax && _queue.TryTake(out T? item))
                batch.Add(item);
            return more;
        }
    }
}
