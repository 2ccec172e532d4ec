using GovChain.Storage;

namespace GovChain.Client;

/// <summary>
/// Files from outside. Their kind is looked at before they are opened, for a pipe without a writer or a device may never end; and
/// they are read only as far as they may be long, for a growing file says nothing true of its length beforehand.
/// </summary>
/// <remarks>
/// A pipe that the caller was handed is read: <c>/dev/stdin</c>, and what a shell puts for <c>&lt;(command)</c>. It has a
/// writer, and ends with it.
/// </remarks>
internal static class BoundedFile
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>The whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">The most bytes it may have, less than 2^31 - 1.</param>
    /// <exception cref="IOException">It cannot be read, is no file, or is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, long bytesMax)
    {
        RequireFile(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        long said = stream.CanSeek ? stream.Length : 0;
        if (said > bytesMax)
            throw TooLong(said, bytesMax);
        using var content = new MemoryStream((int)said);
        byte[] buffer = new byte[BufferBytes];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if (content.Length + read > bytesMax)
                throw TooLong(content.Length + read, bytesMax);
            content.Write(buffer, 0, read);
        }
        return content.Length == content.Capacity ? content.GetBuffer() : content.ToArray();
    }

    /// <summary>Asks before something is opened whether it may be; what is missing may.</summary>
    /// <exception cref="IOException">It is a folder, pipe, device, socket, or a link that leads nowhere.</exception>
    internal static void RequireFile(string path)
    {
        if (Misfit(path) is { } kind)
            throw new IOException($"it is {kind} and no file.");
    }

    /// <summary>What stands there, in words; null for a file, for nothing, and for a pipe that this process was handed.</summary>
    public static string? Misfit(string path) => FileKinds.Of(path) switch
    {
        FileKind.File or FileKind.Missing => null,
        FileKind.Pipe when IsHandedOver(Path.GetFullPath(path)) => null,
        FileKind kind => kind.Explain(),
    };

    private static bool IsHandedOver(string path) => path == "/dev/stdin"
        || path.StartsWith("/dev/fd/", StringComparison.Ordinal) || path.StartsWith("/proc/self/fd/", StringComparison.Ordinal);

    private static IOException TooLong(long bytes, long bytesMax) =>
        new($"it has {bytes} bytes or more; at most {bytesMax} are read.");
}
