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

    /// <summary>Writes a whole file, or nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">Its content.</param>
    /// <param name="overwrite">Whether a file that stands there is replaced.</param>
    /// <param name="cancellation">Ends it, and leaves what was there.</param>
    /// <exception cref="CommandException">AlreadyExists or CannotWrite; or no file can have the name.</exception>
    /// <exception cref="GovChain.Client.Keys.KeyFileException">A private key stands there.</exception>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, bool overwrite, CancellationToken cancellation)
    {
        await using OutputFile file = OutputFile.Create(path, overwrite);
        try
        {
            await file.Stream.WriteAsync(bytes, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFile.Unwritable(path, e);
        }
        await file.CompleteAsync();
    }
}
