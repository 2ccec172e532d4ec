using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>
/// Brings data and names onto the medium, and says where that failed. <see cref="FileStream.Flush(bool)"/> and
/// <see cref="RandomAccess.FlushToDisk"/> keep quiet about the device's errors on Linux.
/// </summary>
internal static partial class DataSync
{
    private const int OpenReadOnly = 0;
    private const int Interrupted = 4;
    private const int AccessDenied = 13;
    private const int InvalidArgument = 22;
    private const int ReadOnlyFileSystem = 30;

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

    /// <summary>Makes created, renamed and removed names durable. Windows does so by itself.</summary>
    /// <exception cref="IOException">The device refused.</exception>
    public static void SyncDirectory(string directory)
    {
        if (!OperatingSystem.IsWindows() && TrySyncDirectory(directory) is not 0 and int error)
            throw new IOException($"Sync of {directory} failed: {new Win32Exception(error).Message}.");
    }

    /// <summary>
    /// Makes a directory's own name durable, and those of the directories above it, which may be just as new. Ends where
    /// this program cannot have made anything: above what it may not read, or what cannot be written or synced.
    /// </summary>
    /// <param name="directory">The full path of a directory, or of a file.</param>
    /// <param name="strict">A file system that syncs no directories is refused where the name itself lies on it.</param>
    /// <exception cref="IOException">A device refused.</exception>
    public static void SyncNamesAbove(string directory, bool strict = true)
    {
        if (OperatingSystem.IsWindows())
            return;
        string? parent = Path.GetDirectoryName(directory);
        for (string? above = parent; above is not null; above = Path.GetDirectoryName(above))
        {
            int error = TrySyncDirectory(above);
            if (error is AccessDenied or ReadOnlyFileSystem || (error is InvalidArgument && !(strict && above == parent)))
                return;
            if (error != 0)
                throw new IOException($"Sync of {above} failed: {new Win32Exception(error).Message}.");
        }
    }

    /// <summary>The error number, or 0.</summary>
    private static int TrySyncDirectory(string directory)
    {
        int descriptor = Open(directory, OpenReadOnly);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        int error = FullSync(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        return error;
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Call(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FullSync(int descriptor);
}
