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
