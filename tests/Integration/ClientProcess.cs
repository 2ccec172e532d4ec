using System.Diagnostics;
using GovChain.Node.Commands;

namespace GovChain.Tests.Integration;

/// <summary>
/// A client as a process of its own that writes what it asks and is told to a file, and is started again whenever it was
/// killed or its node was gone too long. It ends when it has done all; a clerk's does so once it is told to finish.
/// </summary>
internal sealed class ClientProcess
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly string[] _arguments;
    private Process? _process;
    private bool _finishing;
    private long _read;
    private int _lines;

    private ClientProcess(string file, params string[] arguments)
    {
        File = file;
        _arguments = arguments;
    }

    /// <summary>Imports a file through a department's node.</summary>
    public static ClientProcess Import(TestNetwork network, int department, string file, string type)
    {
        string told = network.Layout.At($"acknowledged-{type}.jsonl");
        return new ClientProcess(
            told, "import", network.Layout.Directory, network.Network.Departments[department].Id, file, type, told);
    }

    /// <summary>Registers, amends and annuls records of a type through a department's node until it is to finish.</summary>
    public static ClientProcess Clerk(TestNetwork network, int department, string type, int workers, TimeSpan pause)
    {
        string diary = network.Layout.At($"clerk-{type}.jsonl");
        return new ClientProcess(
            diary, "clerk", network.Layout.Directory, network.Network.Departments[department].Id, type, diary,
            workers.ToString(System.Globalization.CultureInfo.InvariantCulture),
            pause.TotalMilliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>What it writes.</summary>
    public string File { get; }

    /// <summary>Runs until it has done all.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using Process process = _process = Start();
            try
            {
                if (_finishing)
                    process.StandardInput.Close();
                Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
                await process.WaitForExitAsync(cancellation);
                if (process.ExitCode == ExitCode.Ok)
                    return;
                // 137: killed
                if (process.ExitCode is not (137 or ExitCode.Unavailable))
                    throw new InvalidOperationException($"{_arguments[0]} of {File} ended with {process.ExitCode}: {await errors}");
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

    /// <summary>Tells it to begin nothing more and to learn what became of what it began: its standard input ends.</summary>
    public void Finish()
    {
        _finishing = true;
        try
        {
            _process?.StandardInput.Close();
        }
        catch (InvalidOperationException)
        {
            // it has just ended; the next one finishes at once
        }
    }

    /// <summary>How many lines it has written so far.</summary>
    public int CountLines()
    {
        if (!System.IO.File.Exists(File))
            return 0;
        using var stream = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = _read;
        byte[] more = new byte[stream.Length - _read];
        int length = stream.ReadAtLeast(more, more.Length, throwOnEndOfStream: false);
        _read += length;
        return _lines += more.AsSpan(0, length).Count((byte)'\n');
    }

    private Process Start() => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "GovChain.Tests.Integration.dll"), .. _arguments])
    {
        RedirectStandardError = true,
        RedirectStandardInput = true,
    })!;
}
