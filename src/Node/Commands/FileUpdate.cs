using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Node.Commands;

/// <summary>
/// A file that a command reads, changes and puts back, one command at a time: two that sign one file both stand in it
/// afterwards. Held by a lock on the file's folder, which leaves nothing behind and ends with the process.
/// </summary>
internal sealed partial class FileUpdate : IDisposable
{
    private const int ReadOnly = 0, CloseOnExec = 0x80000;
    private const int ExclusiveAtOnce = 2 | 4;
    private const int WouldBlock = 11;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly long _bytesMax;
    private readonly SafeFileHandle _turn;

    private FileUpdate(string path, long bytesMax, SafeFileHandle turn)
    {
        _path = path;
        _bytesMax = bytesMax;
        _turn = turn;
        Bytes = Files.Read(path, bytesMax);
    }

    /// <summary>The file's content.</summary>
    public byte[] Bytes { get; }

    /// <summary>Waits for other commands that change a file of the same folder, and reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">The most bytes it may have.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="patience">How long to wait; ten seconds where it is left out.</param>
    /// <exception cref="CommandException">InUse; or it cannot be read, or is longer.</exception>
    public static async Task<FileUpdate> BeginAsync(string path, long bytesMax, CancellationToken cancellation, TimeSpan? patience = null)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (TryTakeTurn(OutputFile.Resolve(path)) is { } turn)
            {
                try
                {
                    return new FileUpdate(path, bytesMax, turn);
                }
                catch
                {
                    turn.Dispose();
                    throw;
                }
            }
            if (Stopwatch.GetElapsedTime(began) >= (patience ?? Patience))
            {
                throw new CommandException(OutputError.InUse,
                    $"{path} is as it was: another command is changing a file of this folder. Run this again when that has ended.");
            }
            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Puts new content in the file's place: whatever happens meanwhile, one of the two is there, whole.</summary>
    /// <exception cref="CommandException">InUse, where the file is not what was read any more; or CannotWrite.</exception>
    public async Task ReplaceAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        // Programs that know nothing of the lock change files, too, and a file system may have no locks.
        if (!Files.Read(_path, _bytesMax).AsSpan().SequenceEqual(Bytes))
        {
            throw new CommandException(OutputError.InUse,
                $"{_path} was changed meanwhile by something else, and is as that left it. Look at it, then run this again.");
        }
        await Files.WriteAsync(_path, bytes, overwrite: true, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Null where somebody else has it; a handle that is none where there is no such lock.</summary>
    private static SafeFileHandle? TryTakeTurn(string file)
    {
        if (!OperatingSystem.IsLinux())
            return TryTakeLockFile($"{file}.lock");
        SafeFileHandle folder = Open(Path.GetDirectoryName(file)!, ReadOnly | CloseOnExec);
        if (folder.IsInvalid || Lock(folder, ExclusiveAtOnce) == 0 || Marshal.GetLastPInvokeError() != WouldBlock)
            return folder;
        folder.Dispose();
        return null;
    }

    /// <summary>Windows removes the file with its last handle, and opens none that is being removed.</summary>
    private static SafeFileHandle? TryTakeLockFile(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        }
        catch (DirectoryNotFoundException)
        {
            return new SafeFileHandle(); // reading says what is missing
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle handle, int operation);
}
