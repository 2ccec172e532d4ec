using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Devnet;

/// <summary>
/// One department's node as a process of its own. It stops when this program's end of its standard input closes, so that
/// no node outlives the program that started it, however that ends.
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _logFile;
    private readonly Task _logging;

    private NodeProcess(Process process, string logFile, Task logging)
    {
        _process = process;
        _logFile = logFile;
        _logging = logging;
        Exited = WaitAsync();
    }

    /// <summary>The operating system's number of it.</summary>
    public int Id => _process.Id;

    /// <summary>It has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Completes with the exit code when it has ended and all it printed is in its log.</summary>
    public Task<int> Exited { get; }

    /// <summary>The end of its log, for a message.</summary>
    public string LastLines => string.Join('\n', File.ReadLines(_logFile).TakeLast(5).Select(l => "  " + l));

    /// <summary>Physical memory in use, bytes; 0 once it has ended.</summary>
    public long WorkingSetBytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.WorkingSet64;
        }
    }

    /// <summary>Processor time spent so far, all cores together; none once it has ended.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? TimeSpan.Zero : _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts <c>govchain node run</c> with a configuration file; what it prints goes to a log file.</summary>
    /// <param name="configurationFile">The configuration.</param>
    /// <param name="logFile">The log, which is appended to.</param>
    /// <param name="environment">What it has in its environment besides this process's.</param>
    public static NodeProcess Start(
        string configurationFile, string logFile, IReadOnlyDictionary<string, string>? environment = null)
    {
        (string program, string[] arguments) = ThisProgram();
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in (string[])[.. arguments, "node", "run", "--config", configurationFile, "--stop-with-stdin"])
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_gcServer"] = "0";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The system started no process.");
        var log = new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        return new NodeProcess(process, logFile, LogAsync(process, log));
    }

    /// <summary>Waits until the node answers on its client listener.</summary>
    /// <exception cref="CommandException">It ended, or does not answer in time.</exception>
    public async Task<GetStatusResponse> WaitUntilReadyAsync(LedgerClient client, TimeSpan patience, CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            if (HasExited)
            {
                await _logging;
                throw new CommandException(ExitCode.Unavailable,
                    $"A node ended with code {_process.ExitCode} while starting. Its log, {_logFile}, ends with:\n{LastLines}");
            }
            try
            {
                return await client.GetStatusAsync(cancellation);
            }
            catch (LedgerClientException e) when (e.IsTransient && since.Elapsed < patience)
            {
                await Task.Delay(100, cancellation);
            }
        }
    }

    /// <summary>Asks the node to stop, and waits for it; ends it by force where it does not.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        try
        {
            _process.StandardInput.Close();
            await Exited.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
        }
        await Exited;
    }

    /// <summary>Ends the node at once, as a power cut would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await Exited;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static (string Program, string[] Arguments) ThisProgram()
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("This process has no path.");
        string assembly = Path.Combine(AppContext.BaseDirectory, "govchain.dll");
        bool isHost = Path.GetFileNameWithoutExtension(program) != "govchain";
        return isHost ? (IsDotnet(program) ? program : "dotnet", [assembly]) : (program, []);

        static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";
    }

    private static async Task LogAsync(Process process, StreamWriter log)
    {
        using (log)
        {
            var gate = new SemaphoreSlim(1);
            await Task.WhenAll(CopyAsync(process.StandardOutput, log, gate), CopyAsync(process.StandardError, log, gate));
        }
    }

    private static async Task CopyAsync(StreamReader from, StreamWriter log, SemaphoreSlim gate)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            await gate.WaitAsync();
            try
            {
                await log.WriteLineAsync(line);
            }
            finally
            {
                gate.Release();
            }
        }
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        int code = _process.ExitCode;
        await _logging;
        return code;
    }
}
