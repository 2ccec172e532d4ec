using System.Collections.Concurrent;

namespace GovChain.Tests.Unit.Records;

/// <summary>The system's clock, whose short waits are over at once and whose long ones end when the test says so.</summary>
internal sealed class HeldTime(TimeSpan heldFrom) : TimeProvider
{
    private readonly ConcurrentQueue<HeldTimer> _held = new();

    /// <summary>What was waited for, in order.</summary>
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    /// <summary>Somebody waits long.</summary>
    public bool IsHeld => !_held.IsEmpty;

    /// <summary>Ends the long waits there are.</summary>
    public void EndHeld()
    {
        while (_held.TryDequeue(out HeldTimer? timer))
            timer.Fire();
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= heldFrom)
        {
            var held = new HeldTimer(callback, state);
            _held.Enqueue(held);
            return held;
        }
        Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }

    private sealed class HeldTimer(TimerCallback callback, object? state) : ITimer
    {
        private bool _gone;

        public void Fire()
        {
            if (!_gone)
                callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => !_gone;

        public void Dispose() => _gone = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
