using System.Runtime.InteropServices;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>Signals that stop a process and let it go on, as a frozen virtual machine does.</summary>
internal static partial class ProcessSignal
{
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>Freezes a process.</summary>
    public static void Freeze(int process)
    {
        if (Kill(process, SigStop) != 0)
            throw new InvalidOperationException($"Process {process} cannot be stopped.");
    }

    /// <summary>Lets it go on, if it still is.</summary>
    public static void Thaw(int process) => Kill(process, SigCont);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
