namespace GovChain.Tests.Integration;

/// <summary>A small file system of its own in memory, which can be filled. Mounting needs root on Linux.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Ballast => Path.Combine(_path, "ballast");

    /// <summary>Mounts one at a directory, which is made; null, with the reason, where that is not allowed.</summary>
    public static async Task<(SmallDisk? Disk, string? Missing)> TryMountAsync(string path, int mebibytes)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            return (null, "a file system is mounted for it, which takes root on Linux");
        Directory.CreateDirectory(path);
        ProgramRun mount = await ProgramRun.RunAsync("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path);
        return mount.ExitCode == 0
            ? (new SmallDisk(path), null)
            : (null, $"this machine does not let root mount: {mount.Error.Trim()}");
    }

    /// <summary>Takes all room that is left.</summary>
    public void Fill()
    {
        using FileStream file = File.Create(Ballast);
        byte[] block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // full
        }
    }

    /// <summary>Gives it back.</summary>
    public void MakeRoom() => File.Delete(Ballast);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await ProgramRun.RunAsync("umount", "-l", _path);
}
