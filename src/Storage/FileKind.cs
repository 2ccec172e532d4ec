using System.Runtime.InteropServices;

namespace GovChain.Storage;

/// <summary>What stands under a name, links followed.</summary>
internal enum FileKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A file with content of its own.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe: opened, it waits for whoever writes to it.</summary>
    Pipe,

    /// <summary>A device, which may never end.</summary>
    Device,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A link that leads nowhere.</summary>
    Nowhere,
}

/// <summary>Tells kinds apart without opening anything.</summary>
internal static partial class FileKinds
{
    private const int WorkingDirectory = -100;
    private const uint TypeOnly = 1;
    private const int StatusBytes = 256;
    private const int ModeOffset = 28; // u16, the same on every processor, which struct stat's is not
    private const int TypeMask = 0xF000, PipeType = 0x1000, FolderType = 0x4000, FileType = 0x8000, SocketType = 0xC000;
    private const int NoEntry = 2, NotADirectory = 20, LinkLoop = 40;

    /// <summary>The kind.</summary>
    public static FileKind Of(string path) => OperatingSystem.IsLinux() && TryStatus(path) is { } kind ? kind : OfPlatform(path);

    /// <summary>In words.</summary>
    public static string Explain(this FileKind kind) => kind switch
    {
        FileKind.Missing => "nothing",
        FileKind.File => "a file",
        FileKind.Folder => "a folder",
        FileKind.Pipe => "a pipe",
        FileKind.Device => "a device",
        FileKind.Socket => "a socket",
        _ => "a link that leads nowhere",
    };

    /// <summary>Null where the system does not say.</summary>
    private static FileKind? TryStatus(string path)
    {
        try
        {
            byte[] status = new byte[StatusBytes];
            if (Statx(WorkingDirectory, path, 0, TypeOnly, status) != 0)
            {
                return Marshal.GetLastPInvokeError() switch
                {
                    NoEntry or NotADirectory => IsLink(path) ? FileKind.Nowhere : FileKind.Missing,
                    LinkLoop => FileKind.Nowhere,
                    _ => null, // whoever opens it says why it cannot
                };
            }
            return (BitConverter.ToUInt16(status, ModeOffset) & TypeMask) switch
            {
                FolderType => FileKind.Folder,
                FileType => FileKind.File,
                PipeType => FileKind.Pipe,
                SocketType => FileKind.Socket,
                _ => FileKind.Device,
            };
        }
        catch (EntryPointNotFoundException)
        {
            return null; // a C library of before 2018
        }
    }

    private static FileKind OfPlatform(string path) =>
        Directory.Exists(path) ? FileKind.Folder
        : File.Exists(path) ? FileKind.File
        : IsLink(path) ? FileKind.Nowhere : FileKind.Missing;

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte[] status);
}
