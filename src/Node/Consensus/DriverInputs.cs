namespace GovChain.Node.Consensus;

/// <summary>
/// Work for the driver's thread, in order. What comes from peers is bounded where it is taken in; all else is bounded
/// by what the driver itself asked for.
/// </summary>
internal sealed class DriverInputs
{
    private readonly object _gate = new();
    private List<Action> _posted = [];
    private bool _closed;

    /// <summary>Queues work; false once closed.</summary>
    public bool Post(Action work)
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            _posted.Add(work);
            if (_posted.Count == 1)
                Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Waits for work, at most so long, and takes all of it; the list given must be empty and is kept.</summary>
    /// <returns>What was queued, or the empty list given.</returns>
    public List<Action> Take(List<Action> empty, TimeSpan wait)
    {
        lock (_gate)
        {
            if (_posted.Count == 0 && !_closed && wait > TimeSpan.Zero)
                Monitor.Wait(_gate, wait);
            if (_posted.Count == 0)
                return empty;
            List<Action> taken = _posted;
            _posted = empty;
            return taken;
        }
    }

    /// <summary>Takes nothing more, and wakes the driver.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
    }
}
