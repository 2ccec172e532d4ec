using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>A program that ran to its end: exit code and what it printed.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The output as JSON.</summary>
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Output);

    /// <summary>The lines on standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The reason of the JSON error that it ended with.</summary>
    public string Reason => JsonSerializer.Deserialize<JsonElement>(ErrorLines[^1]).GetProperty("error").GetProperty("reason").GetString()!;

    /// <summary>The same as <see cref="GovchainAsync"/>; anything but exit code 0 fails the test.</summary>
    public static async Task<ProgramRun> OkAsync(params string[] arguments)
    {
        ProgramRun run = await GovchainAsync(arguments);
        Assert.That(run.ExitCode, Is.Zero, $"govchain {string.Join(' ', arguments)}: {run.Output} {run.Error}");
        return run;
    }

    /// <summary>Runs the built <c>govchain</c> as a process of its own.</summary>
    public static Task<ProgramRun> GovchainAsync(params string[] arguments) =>
        RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "govchain.dll"), .. arguments]);

    /// <summary>Runs a program; ends it by force where it takes longer than three minutes.</summary>
    public static async Task<ProgramRun> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using var late = new CancellationTokenSource(Patience);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(late.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return new ProgramRun(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
