using System.ComponentModel;
using System.Diagnostics;

namespace GovChain.Tests;

/// <summary>A library in C that stands between a process and the system, compiled by the machine's own compiler.</summary>
internal static class PreloadLibrary
{
    /// <summary>Compiles it; null, or why it cannot be had here.</summary>
    /// <param name="source">A file of C.</param>
    /// <param name="library">Where to write the library.</param>
    /// <exception cref="InvalidOperationException">The compiler refuses the source.</exception>
    public static string? Build(string source, string library)
    {
        if (!OperatingSystem.IsLinux())
            return "a preloaded library needs Linux";
        var start = new ProcessStartInfo("cc",
            ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"])
        {
            RedirectStandardError = true,
        };
        try
        {
            using Process compiler = Process.Start(start)!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            return compiler.ExitCode == 0 ? null : throw new InvalidOperationException($"cc refused {source}: {errors}");
        }
        catch (Win32Exception)
        {
            return "no C compiler: install gcc and the C library's headers (Debian: apt-get install gcc libc6-dev)";
        }
    }
}
