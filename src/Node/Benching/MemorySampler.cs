using GovChain.Node.Devnet;

namespace GovChain.Node.Benching;

/// <summary>Watches the physical memory of the node processes and keeps the most that any of them had.</summary>
internal sealed class MemorySampler : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _ending = new();
    private readonly Task _sampling;
    private long _most;

    /// <summary>Begins to watch.</summary>
    public MemorySampler(IReadOnlyList<NodeProcess> processes) => _sampling = SampleAsync(processes, _ending.Token);

    /// <summary>The most physical memory of one node so far, bytes.</summary>
    public long MostBytes => Volatile.Read(ref _most);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _sampling;
        _ending.Dispose();
    }

    private async Task SampleAsync(IReadOnlyList<NodeProcess> processes, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                foreach (NodeProcess process in processes)
                    Volatile.Write(ref _most, Math.Max(_most, process.WorkingSetBytes));
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // the watching is over
        }
    }
}
