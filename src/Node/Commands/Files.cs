using GovChain.Client;

namespace GovChain.Node.Commands;

/// <summary>Files that a user names: bounded, and problems in a sentence.</summary>
internal static class Files
{
    /// <summary>Reads a whole file of at most <paramref name="bytesMax"/>.</summary>
    /// <exception cref="CommandException">It cannot be read, or is longer.</exception>
    public static byte[] Read(string path, long bytesMax)
    {
        try
        {
            if (!File.Exists(path))
                throw new CommandException(ExitCode.Usage, Directory.Exists(path) ? $"{path} is a folder." : $"There is no file {path}.");
            return BoundedFile.Read(path, bytesMax);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Puts a whole file in the place of one that stands there: whatever happens meanwhile, one of the two is there.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public static async Task ReplaceAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        string written = $"{path}.new";
        await WriteAsync(written, bytes, cancellation);
        try
        {
            File.Move(written, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"{path} cannot be replaced by {written}: {e.Message}");
        }
    }

    /// <summary>Writes a whole file, over one that stands there.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await File.WriteAllBytesAsync(path, bytes, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"{path} cannot be written: {e.Message}");
        }
    }
}
