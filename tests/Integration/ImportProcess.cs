using System.Diagnostics;
using GovChain.Node.Commands;

namespace GovChain.Tests.Integration;

/// <summary>A client that imports a file, and is started again whenever it was killed or its node was gone too long.</summary>
internal sealed class ImportProcess(TestNetwork network, int department, string file, string type)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private Process? _process;
    private long _read;
    private int _told;

    /// <summary>The record type.</summary>
    public string Type => type;

    /// <summary>The file.</summary>
    public string File => file;

    /// <summary>Where it writes what it is told.</summary>
    public string Acknowledgements { get; } = network.Layout.At($"acknowledged-{type}.jsonl");

    /// <summary>Runs until everything is imported.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using Process process = _process = Start();
            try
            {
                Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
                await process.WaitForExitAsync(cancellation);
                if (process.ExitCode == ExitCode.Ok)
                    return;
                // 137: killed
                if (process.ExitCode is not (137 or ExitCode.Unavailable))
                    throw new InvalidOperationException($"The import of {type} ended with {process.ExitCode}: {await errors}");
                await Task.Delay(Pause, cancellation);
            }
            finally
            {
                _process = null;
                if (!process.HasExited)
                    process.Kill();
            }
        }
    }

    /// <summary>SIGKILL; false where it is not running.</summary>
    public bool TryKill()
    {
        try
        {
            if (_process is not { } process)
                return false;
            process.Kill();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // it has just ended
        }
    }

    /// <summary>How many acknowledgements it has written so far.</summary>
    public int CountTold()
    {
        if (!System.IO.File.Exists(Acknowledgements))
            return 0;
        using var stream = new FileStream(Acknowledgements, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = _read;
        byte[] more = new byte[stream.Length - _read];
        int length = stream.ReadAtLeast(more, more.Length, throwOnEndOfStream: false);
        _read += length;
        return _told += more.AsSpan(0, length).Count((byte)'\n');
    }

    private Process Start() => Process.Start(new ProcessStartInfo("dotnet",
    [
        Path.Combine(AppContext.BaseDirectory, "GovChain.Tests.Integration.dll"), "import",
        network.Layout.Directory, network.Network.Departments[department].Id, file, type, Acknowledgements,
    ])
    { RedirectStandardError = true })!;
}
