using System.Runtime.InteropServices;

namespace GovChain.Node.Commands;

/// <summary>
/// Ends a running command in order at Ctrl-C or SIGTERM: its token is cancelled, and it has so long to end. However often they
/// come, the first one counts: the command library's own handler throws on a thread of nobody's when a second one comes late.
/// </summary>
internal sealed class Termination : IDisposable
{
    private const int SigTermExitCode = 128 + 15;

    /// <summary>How long a command may hold its thread after a signal before it first waits for anything.</summary>
    private static readonly TimeSpan ThreadPatience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _requested = new();
    private readonly TaskCompletionSource<int> _overdue = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] _signals;
    private readonly TimeSpan _patience;
    private Task _begun = Task.CompletedTask;
    private int _isRequested;

    /// <param name="patience">How long a command may take to end.</param>
    public Termination(TimeSpan patience)
    {
        _patience = patience;
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Request(signal, ExitCode.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Request(signal, SigTermExitCode)),
        ];
    }

    /// <summary>Runs a command; its exit code, or the signal's when it was asked to end and did not in time.</summary>
    /// <remarks>On another thread: what it does before it first waits may be to read a pipe or a terminal that says nothing.</remarks>
    public async Task<int> RunAsync(Func<CancellationToken, Task<int>> command)
    {
        Task<Task<int>> begun = Task.Factory.StartNew(
            () => command(_requested.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        _begun = begun;
        return await await Task.WhenAny(begun.Unwrap(), _overdue.Task);
    }

    /// <summary>A signal came.</summary>
    internal void Request(int exitCode)
    {
        if (Interlocked.Exchange(ref _isRequested, 1) != 0)
            return;
        _ = GiveUpAsync(exitCode);
        _ = _requested.CancelAsync(); // what a callback throws must not end the process
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
    }

    /// <summary>A command that has not come to wait for its token will not hear of it.</summary>
    private async Task GiveUpAsync(int exitCode)
    {
        TimeSpan first = _patience < ThreadPatience ? _patience : ThreadPatience;
        await Task.Delay(first);
        if (_begun.IsCompleted)
            await Task.Delay(_patience - first);
        _overdue.TrySetResult(exitCode);
    }

    private void Request(PosixSignalContext signal, int exitCode)
    {
        signal.Cancel = true;
        Request(exitCode);
    }
}
