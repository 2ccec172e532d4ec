using System.Diagnostics;
using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>How a process under the fault layer ended.</summary>
internal sealed record FaultRun(int ExitCode, bool Killed, string Error, List<TraceRecord> Calls)
{
    /// <summary>The fault was reached.</summary>
    public bool Reached => Calls.Any(c => c.Op == TraceOp.Fault);

    /// <summary>The call that the fault was for; the process may have died before it.</summary>
    public TraceRecord? FailedCall => Calls.SkipWhile(c => c.Op != TraceOp.Fault).Skip(1).FirstOrDefault();

    /// <summary>How often the storage layer stopped and was opened again.</summary>
    public int Stops => Calls.Count(c => c.Says(Acknowledged.Stop));
}

/// <summary>faultfs.c, compiled with the machine's C compiler, and the processes that run under it.</summary>
internal sealed class FaultLayer(string directory)
{
    private const int SigKill = 137;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What is preloaded.</summary>
    public string Library => Path.Combine(directory, "faultfs.so");

    /// <summary>Compiles it. Where there is no compiler or no Linux, the tests are skipped and say so; never under CI.</summary>
    public void Build()
    {
        if (PreloadLibrary.Build(Path.Combine(AppContext.BaseDirectory, "faultfs.c"), Library) is { } missing)
            Skip($"The fault-injecting file layer cannot be had: {missing}.");
    }

    /// <summary>Runs the driver, with the given call failing.</summary>
    /// <param name="root">What is watched; the data directory lies somewhere below.</param>
    /// <param name="fault">CLASS:INDEX:KIND, or empty.</param>
    /// <param name="arguments">What the driver does (<see cref="Program"/>).</param>
    public FaultRun Drive(string root, string fault, params string[] arguments)
    {
        string trace = root + ".trace";
        File.Delete(trace);
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "GovChain.Tests.Faults.dll"), .. arguments]);
        start.Environment["LD_PRELOAD"] = Library;
        start.Environment["GOVCHAIN_FAULT_ROOT"] = root;
        start.Environment["GOVCHAIN_FAULT_TRACE"] = trace;
        start.Environment["GOVCHAIN_FAULT"] = fault;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        (int code, string error) = Run(start);
        List<TraceRecord> calls = Trace.Read(trace);
        File.Delete(trace);
        return new FaultRun(code, code == SigKill, error, calls);
    }

    private static (int ExitCode, string Error) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            return (-1, $"It was still running after {Patience.TotalMinutes} minutes.");
        }
        return (process.ExitCode, error.Result);
    }

    private static void Skip(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            Assert.Fail($"{reason} Continuous integration may not skip this.");
        Assert.Ignore(reason);
    }
}
