using System.Security.Cryptography;
using GovChain.Storage;

namespace GovChain.Client.Keys;

/// <summary>Reads and writes small files that only their owner may see.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>All bytes of a file that nobody but its owner may open and that has at most so many bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">The largest size accepted, in bytes.</param>
    /// <param name="what">What the file is to its reader, as in "key file".</param>
    /// <exception cref="KeyFileException">Missing, cannot be read, open to others or too large.</exception>
    public static byte[] Read(string path, int bytesMax, string what)
    {
        byte[] buffer = new byte[bytesMax + 1];
        if (BoundedFile.Misfit(path) is { } kind)
            throw new KeyFileException(KeyFileError.CannotAccess, $"'{path}' is {kind} and no {what}. Check the path.");
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            CheckMode(stream, path, what);
            int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > bytesMax)
                throw new KeyFileException(
                    KeyFileError.TooLarge,
                    $"'{path}' has more than {bytesMax} bytes and cannot be a {what}. Check the path.");
            return buffer[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyFileException(KeyFileError.Missing, $"There is no {what} at '{path}'. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KeyFileException(
                KeyFileError.CannotAccess, $"The {what} '{path}' cannot be read: {e.Message} Check who owns it.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>
    /// Writes a file that only its owner may read or write (mode 0600). Whoever creates the name first has it: a file that
    /// stands there already is left as it is. The content then takes the name's place whole; a crash in between leaves an
    /// empty file. When this returns, the file outlives a power cut.
    /// </summary>
    /// <exception cref="KeyFileException">A file stands there, or it cannot be written.</exception>
    public static void Create(string path, ReadOnlySpan<byte> content, string what)
    {
        string unfinished = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp";
        bool reserved = false;
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            // Creating the name is what the system decides for one of many; a move that must not overwrite only looks
            // before it moves, and of two at once both would win.
            using (new FileStream(path, options))
                reserved = true;
            using (FileStream stream = new(unfinished, options))
            {
                stream.Write(content);
                DataSync.Sync(stream);
            }
            File.Move(unfinished, path, overwrite: true);
            DataSync.SyncNamesAbove(Path.GetFullPath(path), strict: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            if (File.Exists(unfinished))
                File.Delete(unfinished);
            if (reserved)
                File.Delete(path);
            else if (Path.Exists(path))
                throw Taken(path, what);
            throw new KeyFileException(
                KeyFileError.CannotAccess,
                $"The {what} '{path}' cannot be written: {e.Message} Make its directory first; check who owns it.", e);
        }
    }

    /// <summary>The error for a path where something stands already.</summary>
    public static KeyFileException Taken(string path, string what) => new(
        KeyFileError.AlreadyExists,
        $"'{path}' exists and is never overwritten. Choose another path for the {what}, or move the old file away.");

    // Asked of the open file, not of the path, so nobody can exchange the file in between. Windows has no such
    // bits; there the directory's access list is the operator's matter.
    private static void CheckMode(FileStream stream, string path, string what)
    {
        if (OperatingSystem.IsWindows())
            return;
        UnixFileMode open = File.GetUnixFileMode(stream.SafeFileHandle) & Others;
        if (IsCredential(path))
            open &= ~UnixFileMode.GroupRead;
        if (open != 0)
            throw new KeyFileException(
                KeyFileError.PermissionsTooOpen,
                $"The {what} '{path}' is open to other users of this machine. Close it with: chmod 600 '{path}'");
    }

    // systemd hands a service its credentials in a directory of the service's own, in some versions through an access
    // list: the list's mask then shows in the place of the group's bits, and no group may read.
    private static bool IsCredential(string path) =>
        Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } directory
        && Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetFullPath(directory).TrimEnd('/');
}
