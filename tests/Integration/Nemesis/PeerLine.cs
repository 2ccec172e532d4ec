namespace GovChain.Tests.Integration.Nemesis;

/// <summary>How bytes travel from one department to another now.</summary>
/// <param name="Stalled">They wait: packets are lost, and TCP goes on sending them until some come through again.</param>
/// <param name="Refused">Connections are reset and none are taken.</param>
/// <param name="DelayMs">How long each piece is under way.</param>
/// <param name="JitterMs">And up to so much longer; the order stays, as in TCP.</param>
/// <param name="LossPercent">Of the pieces that are lost once or more: each time the wait for sending again, which doubles.
/// </param>
internal sealed record LineState(
    bool Stalled = false, bool Refused = false, int DelayMs = 0, int JitterMs = 0, int LossPercent = 0)
{
    /// <summary>A good network.</summary>
    public static LineState Good { get; } = new();
}

/// <summary>The way from one department to another, in one direction.</summary>
internal sealed class PeerLine(int seed)
{
    private const int ResendMs = 200;
    private const int ResendsMax = 5;

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LineState _state = LineState.Good;

    /// <summary>How bytes travel now.</summary>
    public LineState State
    {
        get
        {
            lock (_gate)
                return _state;
        }

        set
        {
            TaskCompletionSource changed;
            lock (_gate)
            {
                _state = value;
                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            changed.SetResult();
        }
    }

    /// <summary>Waits until bytes may pass.</summary>
    /// <exception cref="IOException">The line is refused.</exception>
    public async Task PassAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            LineState state;
            lock (_gate)
            {
                state = _state;
                changed = _changed.Task;
            }
            if (state.Refused)
                throw new IOException("The line is cut.");
            if (!state.Stalled)
                return;
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>How long a piece that leaves now is under way.</summary>
    public TimeSpan NextDelay()
    {
        lock (_gate)
        {
            int delay = _state.DelayMs + (_state.JitterMs > 0 ? _random.Next(_state.JitterMs) : 0);
            for (int i = 0; i < ResendsMax && _random.Next(100) < _state.LossPercent; i++)
                delay += ResendMs << i;
            return TimeSpan.FromMilliseconds(delay);
        }
    }
}
