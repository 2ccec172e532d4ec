using GovChain.Client.Import;

namespace GovChain.Tests.Integration;

/// <summary>Waits for an import to have come so far.</summary>
internal sealed class ImportWatch
{
    private readonly object _gate = new();
    private readonly List<(int Ended, TaskCompletionSource Reached)> _waiting = [];
    private int _ended;

    /// <summary>What the import tells.</summary>
    public void Report(ImportProgress progress)
    {
        lock (_gate)
        {
            _ended = progress.Committed + progress.Refused;
            foreach ((int ended, TaskCompletionSource reached) in _waiting)
            {
                if (_ended >= ended)
                    reached.TrySetResult();
            }
        }
    }

    /// <summary>Waits until so many events have ended; fails with the import where that fails.</summary>
    public async Task UntilAsync(int ended, Task import, CancellationToken cancellation)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((ended, reached));
            if (_ended >= ended)
                reached.TrySetResult();
        }
        if (await Task.WhenAny(reached.Task, import).WaitAsync(cancellation) == import)
            await import;
    }
}
