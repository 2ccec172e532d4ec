namespace GovChain.Tests.Fuzzing;

/// <summary>Runs what is asynchronous on the caller's thread, one step after the other: its trace is of one input, and so is what it
/// allocates.</summary>
internal sealed class OneThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Step, object? State)> _steps = [];
    private readonly Queue<TaskCompletionSource> _idle = [];

    /// <summary>Runs it to its end, and throws what it throws.</summary>
    public void Run(Func<Task> work)
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        try
        {
            Task task = work();
            task.ContinueWith(_ => Post(static _ => { }, null), TaskScheduler.Default); // there is something to take, then
            while (!task.IsCompleted)
                Take();
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Completes when there is nothing to do at the moment.</summary>
    public Task Idle()
    {
        var idle = new TaskCompletionSource();
        lock (_steps)
        {
            _idle.Enqueue(idle);
            Monitor.Pulse(_steps);
        }
        return idle.Task;
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_steps)
        {
            _steps.Enqueue((d, state));
            Monitor.Pulse(_steps);
        }
    }

    private void Take()
    {
        (SendOrPostCallback Step, object? State) next;
        TaskCompletionSource? idle = null;
        lock (_steps)
        {
            while (!_steps.TryDequeue(out next) && !_idle.TryDequeue(out idle))
                Monitor.Wait(_steps);
        }
        if (idle is not null)
            idle.SetResult();
        else
            next.Step(next.State);
    }
}
