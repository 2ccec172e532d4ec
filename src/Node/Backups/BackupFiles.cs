using System.Buffers;
using System.Security.Cryptography;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Storage;

namespace GovChain.Node.Backups;

/// <summary>Writing, copying and checking the files of backups, with their digests.</summary>
internal static class BackupFiles
{
    private const int BufferBytes = 1024 * 1024;

    /// <summary>Reads every file of a backup and compares it with the manifest; files that it does not name are refused.
    /// </summary>
    /// <param name="directory">The backup.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="progress">Told how many bytes were read.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="besides">One more file that may be there, and is not read; null: none.</param>
    /// <exception cref="CommandException">The first deviation.</exception>
    public static async Task VerifyAsync(
        string directory, BackupManifest manifest, Action<long>? progress, CancellationToken cancellation, string? besides = null)
    {
        var named = manifest.Files.Select(static f => f.Path).Append(BackupManifest.FileName).ToHashSet(StringComparer.Ordinal);
        if (besides is not null)
            named.Add(besides);
        foreach (string file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            string path = Path.GetRelativePath(directory, file).Replace('\\', '/');
            if (!named.Contains(path))
                throw Deviation(directory, $"{path} is not in the manifest.");
        }
        long done = 0;
        foreach (BackupEntry entry in manifest.Files)
        {
            string file = Path.Combine(directory, entry.Path);
            if (!File.Exists(file))
                throw Deviation(directory, $"{entry.Path} is missing.");
            await using FileStream stream = OpenRead(file);
            if (stream.Length != entry.Bytes)
                throw Deviation(directory, $"{entry.Path} has {stream.Length} bytes; the manifest says {entry.Bytes}.");
            string digest = await CopyAsync(stream, Stream.Null, n => progress?.Invoke(done += n), cancellation);
            if (digest != entry.Sha256)
                throw Deviation(directory, $"{entry.Path} has the digest {digest}; the manifest says {entry.Sha256}.");
        }
    }

    /// <summary>Copies one file of a backup and compares while it copies; synced when this returns.</summary>
    /// <exception cref="CommandException">It is not what the manifest says.</exception>
    public static async Task CopyAsync(
        string directory, BackupEntry entry, string to, Action<long>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        await using FileStream from = OpenRead(Path.Combine(directory, entry.Path));
        await using FileStream stream = Create(to);
        string digest = await CopyAsync(from, stream, progress, cancellation);
        if (digest != entry.Sha256)
            throw Deviation(directory, $"{entry.Path} has the digest {digest}; the manifest says {entry.Sha256}.");
        DurableFiles.Sync(stream);
    }

    /// <summary>A new file, written straight through.</summary>
    public static FileStream Create(string path) =>
        new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, BufferBytes, FileOptions.Asynchronous);

    /// <summary>Makes the names of all files below a directory durable.</summary>
    public static void SyncDirectories(string root)
    {
        foreach (string directory in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories))
            DurableFiles.SyncDirectory(directory);
        DurableFiles.SyncDirectory(root);
    }

    /// <summary>Refuses at once what the disk has no room for.</summary>
    /// <exception cref="CommandException">There is not enough.</exception>
    public static void RequireRoom(string directory, long bytes)
    {
        long free = new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace;
        if (free < bytes)
            throw new CommandException(ExitCode.Storage, $"{directory} has room for {free} bytes; {bytes} are needed. Free space, or name another disk.");
    }

    private static FileStream OpenRead(string path)
    {
        if (BoundedFile.Misfit(path) is { } kind)
            throw new IOException($"{path} is {kind} and no file.");
        return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
    }

    private static async Task<string> CopyAsync(Stream from, Stream to, Action<long>? progress, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
                progress?.Invoke(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static CommandException Deviation(string directory, string what) =>
        new(ExitCode.VerificationFailed, $"The backup {directory} is damaged or was changed: {what} Use another one.");
}
