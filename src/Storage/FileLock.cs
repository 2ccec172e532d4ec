namespace GovChain.Storage;

/// <summary>A file that one process at a time holds open, by a lock of the operating system that ends with the process.</summary>
public static class FileLock
{
    /// <summary>Holds a file until disposed, and makes it where it is missing; null while another process holds it.</summary>
    /// <exception cref="IOException">It cannot be opened for another reason.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    public static FileStream? TryHold(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    /// <summary>A process holds the file at this moment; false where there is none.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    public static bool IsHeld(string file)
    {
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException e) when (IsHeld(e))
        {
            return true;
        }
    }

    /// <summary>The system's number for a file that somebody else holds: EAGAIN of Linux and macOS, a sharing violation. A
    /// read-only or failing disk has others.</summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
