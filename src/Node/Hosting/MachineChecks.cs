using System.Globalization;
using GovChain.Node.Commands;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Hosting;

/// <summary>
/// Whether the machine gives what a node needs, asked before anything is opened: running out in the middle stops a node as
/// well, but later and for a reason that is harder to see.
/// </summary>
internal static class MachineChecks
{
    /// <summary>Free bytes on the data directory's disk to begin with: RocksDB's write buffer of 64 MiB must fit.</summary>
    public const long FreeBytesMin = 64L * 1024 * 1024;

    /// <summary>Open files to begin with: 512 tables of the ledger, some 100 of the runtime, the rest for connections.</summary>
    public const long FileHandlesMin = 1_024;

    /// <summary>Open files below which a warning is given: the listeners take up to 4,096 connections.</summary>
    public const long FileHandlesWanted = 8_192;

    /// <summary>Refuses what cannot go well, and warns of what may not.</summary>
    /// <exception cref="CommandException">DISK_FULL or FILE_HANDLES_TOO_FEW.</exception>
    public static void Run(string dataDirectory, ILogger log)
    {
        CheckDisk(dataDirectory);
        if (FileHandleLimit() is not { } limit)
            return;
        if (limit < FileHandlesMin)
        {
            throw new CommandException(StartFailure.FileHandlesTooFew,
                $"This process may open {limit} files; a node needs at least {FileHandlesMin}. Raise the limit: ulimit -n 65536 in the "
                + "shell, or LimitNOFILE=65536 in the systemd unit.");
        }
        if (limit < FileHandlesWanted)
            log.FileHandlesFew(limit, FileHandlesWanted);
    }

    private static void CheckDisk(string dataDirectory)
    {
        long free;
        try
        {
            free = new DriveInfo(NearestExisting(dataDirectory)).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return; // opening the directory says what is wrong with it
        }
        if (free < FreeBytesMin)
        {
            throw new CommandException(StartFailure.DiskFull,
                $"{dataDirectory}: {free / 1_048_576} MiB are free on its disk; a node needs at least {FreeBytesMin / 1_048_576} to begin. "
                + "Make room or grow the disk, then start again. Nothing is lost.");
        }
    }

    private static string NearestExisting(string path)
    {
        string? at = Path.GetFullPath(path);
        while (at is not null && !Directory.Exists(at))
            at = Path.GetDirectoryName(at);
        return at ?? path;
    }

    /// <summary>Open files that this process may have; null where the system does not say.</summary>
    private static long? FileHandleLimit()
    {
        const string Name = "Max open files";
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
            string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
