using System.Runtime.InteropServices;

namespace GovChain.Node.Commands;

/// <summary>
/// Ends a running command in order at Ctrl-C or SIGTERM: its token is cancelled, and it has so long to end. However often they
/// come, the first one counts: the command library's own handler throws on a thread of nobody's when a second one comes late.
/// </summary>
internal sealed class Termination : IDisposable
{
    private const int SigTermExitCode = 128 + 15;

    private readonly CancellationTokenSource _requested = new();
    private readonly TaskCompletionSource<int> _overdue = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] _signals;
    private readonly TimeSpan _patience;
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
    /// <remarks>On another thread: what it does before it first waits may be to read a pipe that never ends.</remarks>
    public async Task<int> RunAsync(Func<CancellationToken, Task<int>> command) =>
        await await Task.WhenAny(Task.Run(() => command(_requested.Token)), _overdue.Task);

    /// <summary>A signal came.</summary>
    internal void Request(int exitCode)
    {
        if (Interlocked.Exchange(ref _isRequested, 1) != 0)
            return;
        _ = Task.Delay(_patience).ContinueWith(_ => _overdue.TrySetResult(exitCode), TaskScheduler.Default);
        _ = _requested.CancelAsync(); // what a callback throws must not end the process
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
    }

    private void Request(PosixSignalContext signal, int exitCode)
    {
        signal.Cancel = true;
        Request(exitCode);
    }
}
