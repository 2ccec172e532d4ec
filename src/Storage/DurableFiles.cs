using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>Writes that survive a power cut: data synced before the name, the name synced with its directory.</summary>
public static class DurableFiles
{
    /// <summary>
    /// Puts a whole file in place: temporary file, sync, rename, directory sync. A crash leaves the old file or the
    /// new one, never a part.
    /// </summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".new";
        using (SafeFileHandle handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, content, 0);
            Sync(handle);
        }
        Rename(temporary, path);
    }

    /// <summary>Renames within a directory, replacing, and makes the name durable.</summary>
    public static void Rename(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Renames a file or directory within one file system, to a name that is free, and makes that durable.</summary>
    public static void Move(string from, string to)
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(to))!);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(from))!);
    }

    /// <summary>Returns when the file's data, and the size it needs, are on the medium.</summary>
    /// <exception cref="IOException">The device refused: what was written since the last sync may be lost.</exception>
    public static void Sync(SafeFileHandle handle) => DataSync.Sync(handle);

    /// <summary>The same with what the stream still holds.</summary>
    /// <exception cref="IOException">The device refused: what was written since the last sync may be lost.</exception>
    public static void Sync(FileStream stream) => DataSync.Sync(stream);

    /// <summary>Makes created, renamed and removed names durable. Windows does so by itself.</summary>
    /// <exception cref="IOException">The device refused.</exception>
    public static void SyncDirectory(string directory) => DataSync.SyncDirectory(directory);

    /// <summary>
    /// Makes a directory's own name durable, and those of the directories above it, which may be just as new. Ends where
    /// this program cannot have made anything: above what it may not read, or what cannot be written or synced.
    /// </summary>
    /// <param name="directory">The full path of a directory, or of a file.</param>
    /// <param name="strict">A file system that syncs no directories is refused where the name itself lies on it.</param>
    /// <exception cref="IOException">A device refused.</exception>
    public static void SyncNamesAbove(string directory, bool strict = true) => DataSync.SyncNamesAbove(directory, strict);
}
