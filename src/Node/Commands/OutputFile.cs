using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Storage;

namespace GovChain.Node.Commands;

/// <summary>
/// A file that a command writes. It grows beside its name, under one that no other run has, and takes its name when it is
/// whole and on the disk: neither a second command nor a crash leaves a part of a file, and what a crash left is in nobody's
/// way. Nothing that stands there is replaced unasked, and a private key never is.
/// </summary>
internal sealed partial class OutputFile : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _target;
    private readonly string _unfinished;
    private readonly bool _overwrite;
    private bool _completed;

    private OutputFile(string path, string target, string unfinished, bool overwrite, FileStream stream)
    {
        Path = path;
        _target = target;
        _unfinished = unfinished;
        _overwrite = overwrite;
        Stream = stream;
    }

    /// <summary>The file as it was named.</summary>
    public string Path { get; }

    /// <summary>What is written to it.</summary>
    public FileStream Stream { get; }

    /// <summary>The option that asks for a file to be replaced.</summary>
    public static Option<bool> OverwriteOption() =>
        new("--overwrite") { Description = "Replace a file that stands there already; a private key's file never is" };

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its name; where that is a link, the file it leads to is meant.</param>
    /// <param name="overwrite">Whether a file that stands there is replaced in the end. It keeps its mode.</param>
    /// <param name="isPrivate">Nobody but its owner may read it, whatever stood there before.</param>
    /// <exception cref="CommandException">AlreadyExists or CannotWrite; or no file can have the name.</exception>
    /// <exception cref="KeyFileException">A private key stands there.</exception>
    public static OutputFile Create(string path, bool overwrite, bool isPrivate = false)
    {
        RequireFree(path, overwrite);
        try
        {
            string target = Resolve(path);
            string unfinished = $"{target}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.tmp";
            UnixFileMode? kept = !isPrivate && !OperatingSystem.IsWindows() && File.Exists(target) ? File.GetUnixFileMode(target) : null;
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = BufferBytes,
                Options = FileOptions.Asynchronous,
            };
            if (!OperatingSystem.IsWindows() && (isPrivate || kept is not null))
                options.UnixCreateMode = OwnerOnly;
            var stream = new FileStream(unfinished, options);
            if (!OperatingSystem.IsWindows() && kept is { } mode)
                File.SetUnixFileMode(stream.SafeFileHandle, mode);
            return new OutputFile(path, target, unfinished, overwrite, stream);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Asks whether a file may be written there, before the work for it is done.</summary>
    /// <exception cref="CommandException">AlreadyExists or CannotWrite; or no file can have the name.</exception>
    /// <exception cref="KeyFileException">A private key stands there.</exception>
    public static void RequireFree(string path, bool overwrite)
    {
        if (path.Length == 0)
            throw new CommandException(ExitCode.Usage, "A file's name is expected where none stands.");
        if (BoundedFile.Misfit(path) is { } kind)
            throw new CommandException(ExitCode.Usage, $"{path} is {kind} and no file. Name a file to write.");
        if (!File.Exists(path))
            return;
        try
        {
            if (HoldsPrivateKey(path))
            {
                throw new KeyFileException(KeyFileError.AlreadyExists,
                    $"{path} holds a private key, which is never overwritten. Name another file, or move the key away.");
            }
        }
        catch (Exception e) when (IsRefusal(e))
        {
            throw overwrite ? Unwritable(path, e) : Taken(path);
        }
        if (!overwrite)
            throw Taken(path);
    }

    /// <summary>The file that a name leads to, as a full path.</summary>
    public static string Resolve(string path) =>
        new FileInfo(path).LinkTarget is null ? System.IO.Path.GetFullPath(path)
            : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    /// <summary>The error for what the system refused.</summary>
    public static CommandException Unwritable(string path, Exception e) => e is DirectoryNotFoundException
        ? new(ExitCode.Usage, $"{path} cannot be written: there is no folder {System.IO.Path.GetDirectoryName(Resolve(path))}.")
        : new(OutputError.CannotWrite,
            $"{path} cannot be written: {e.Message.TrimEnd('.')}. Check free space and rights, or name another place.");

    /// <summary>Waits until everything is on the disk, and gives the file its name.</summary>
    /// <exception cref="CommandException">AlreadyExists, where somebody has taken the name meanwhile, or CannotWrite.</exception>
    /// <exception cref="KeyFileException">A private key stands there by now.</exception>
    public async Task CompleteAsync()
    {
        try
        {
            DurableFiles.Sync(Stream);
            await Stream.DisposeAsync();
            if (_overwrite)
            {
                RequireFree(Path, _overwrite);
                File.Move(_unfinished, _target, overwrite: true);
            }
            else
                TakeFreeName();
            _completed = true;
            DurableFiles.SyncNamesAbove(_target, strict: false);
        }
        catch (IOException) when (!_overwrite && !_completed && File.Exists(_target))
        {
            throw Taken(Path);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            throw Unwritable(Path, e);
        }
    }

    /// <summary>Removes what was not completed.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Stream.DisposeAsync();
        }
        catch (IOException) when (!_completed)
        {
            // What could not be written was reported; closing tries it again.
        }
        finally
        {
            if (!_completed)
                File.Delete(_unfinished);
        }
    }

    // A move that must not overwrite only looks before it moves, and of two at once both would win. A second name for the
    // file is what the system gives to one of many; where it gives none, the move has to do.
    private void TakeFreeName()
    {
        if (OperatingSystem.IsLinux() && Link(_unfinished, _target) == 0)
            File.Delete(_unfinished);
        else
            File.Move(_unfinished, _target, overwrite: false);
    }

    private static bool HoldsPrivateKey(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] start = new byte[KeyFile.BytesMax];
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        string text = Encoding.Latin1.GetString(start, 0, length);
        return text.Contains("-----BEGIN ", StringComparison.Ordinal) && text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
    }

    private static CommandException Taken(string path) =>
        new(OutputError.AlreadyExists, $"{path} exists. Name another file, or replace it with --overwrite.");

    private static bool IsRefusal(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException;

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}
