using System.Runtime.InteropServices;
using System.Text;
using GovChain.Client;

namespace GovChain.Node.Hosting;

/// <summary>Whether a folder that a setting names is one, or can be made; told without making anything.</summary>
internal static partial class FolderCheck
{
    /// <summary>Linux takes paths of 4,096 bytes; the node's own names below the folder need some of them.</summary>
    private const int PathBytesMax = 4_000;

    private const int NameBytesMax = 255;
    private const int WriteAndEnter = 2 | 1;
    private const int AccessDenied = 13, ReadOnlyFileSystem = 30;

    /// <summary>File systems in which the kernel shows itself: nothing is kept there.</summary>
    private static readonly string[] Shown = ["proc", "sysfs", "cgroup", "cgroupfs", "cgroup2", "cgroup2fs", "devpts"];

    /// <summary>What is wrong with the name or stands in its way, a sentence; null where nothing is.</summary>
    public static string? Obstacle(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            int bytes = Encoding.UTF8.GetByteCount(path), longest = path.Split('/').Max(Encoding.UTF8.GetByteCount);
            if (bytes > PathBytesMax || longest > NameBytesMax)
            {
                return $"the path is too long: {bytes} bytes, the longest name in it {longest}; at most {PathBytesMax} and {NameBytesMax} "
                    + "are possible. Name a shorter one.";
            }
        }
        string? at = path;
        while (at is not null && !Directory.Exists(at))
        {
            if ((BoundedFile.Misfit(at) ?? (File.Exists(at) ? "a file" : null)) is { } kind)
            {
                return at == path
                    ? $"{path} is {kind}, where a folder is expected. Name a folder, or move away what stands there."
                    : $"{path} cannot be made: {at} is {kind} and no folder. Correct the path, or move away what stands there.";
            }
            at = Path.GetDirectoryName(at);
        }
        return at is not null && FormatOf(at) is { } format && Shown.Contains(format)
            ? $"{path} is in the kernel's own file system {format}, which keeps no files. Name a folder on a disk." : null;
    }

    /// <summary>Why this process may not write there, a sentence; null where it may, or nobody says.</summary>
    public static string? Refusal(string path)
    {
        string? at = path;
        while (at is not null && !Directory.Exists(at))
            at = Path.GetDirectoryName(at);
        if (at is null || !OperatingSystem.IsLinux() || Access(at, WriteAndEnter) == 0)
            return null;
        string needs = at == path ? $"{path} is not to be written to" : $"{path} cannot be made in {at}";
        return Marshal.GetLastPInvokeError() switch
        {
            AccessDenied => $"{needs}: {Environment.UserName} may not. Check owner and rights, or check the configuration as the node's user.",
            ReadOnlyFileSystem => $"{needs}: its file system is mounted read-only. Mount it for writing, or name another folder.",
            _ => null,
        };
    }

    private static string? FormatOf(string path)
    {
        try
        {
            return new DriveInfo(path).DriveFormat;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Access(string path, int mode);
}
