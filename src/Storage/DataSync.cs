using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>
/// Brings a file's data onto the medium, and says where that failed. <see cref="FileStream.Flush(bool)"/> and
/// <see cref="RandomAccess.FlushToDisk"/> keep quiet about the device's errors on Linux.
/// </summary>
internal static partial class DataSync
{
    private const int Interrupted = 4;

    /// <summary>Returns when the file's data, and the size it needs, are on the medium.</summary>
    /// <exception cref="IOException">The device refused: what was written since the last sync may be lost.</exception>
    public static void Sync(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }
        int error;
        do
        {
            error = Call(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);
        if (error != 0)
            throw new IOException($"Sync failed: {new Win32Exception(error).Message}.");
    }

    /// <summary>The same with what the stream still holds.</summary>
    /// <exception cref="IOException">The device refused: what was written since the last sync may be lost.</exception>
    public static void Sync(FileStream stream)
    {
        stream.Flush();
        Sync(stream.SafeFileHandle);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Call(SafeFileHandle handle);
}
