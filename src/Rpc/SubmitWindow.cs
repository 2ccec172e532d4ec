namespace GovChain.Rpc;

/// <summary>
/// Bounds the unanswered envelopes of one stream, by number and by bytes. One reader enters, one at a time; answers
/// leave from any thread.
/// </summary>
internal sealed class SubmitWindow(int envelopesMax, int bytesMax)
{
    private readonly Lock _lock = new();
    private int _envelopes;
    private long _bytes;
    private TaskCompletionSource? _waiter;

    /// <summary>Nothing is under way.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _envelopes == 0;
        }
    }

    /// <summary>Waits until an envelope of this size fits, and takes its place. One alone always fits.</summary>
    public async Task EnterAsync(int bytes, CancellationToken cancellation)
    {
        while (true)
        {
            Task left;
            lock (_lock)
            {
                if (_envelopes == 0 || (_envelopes < envelopesMax && _bytes + bytes <= bytesMax))
                {
                    _envelopes++;
                    _bytes += bytes;
                    return;
                }
                _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                left = _waiter.Task;
            }
            await left.WaitAsync(cancellation);
        }
    }

    /// <summary>Gives the place of an answered envelope free.</summary>
    public void Leave(int bytes)
    {
        lock (_lock)
        {
            _envelopes--;
            _bytes -= bytes;
            _waiter?.SetResult();
            _waiter = null;
        }
    }
}
