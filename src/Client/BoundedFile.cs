namespace GovChain.Client;

/// <summary>Files from outside, read only as far as they may be long: a pipe, a device or a growing file says nothing true of its
/// length beforehand.</summary>
public static class BoundedFile
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>The whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">The most bytes it may have, less than 2^31 - 1.</param>
    /// <exception cref="IOException">It cannot be read, is a folder, or is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, long bytesMax)
    {
        if (Directory.Exists(path))
            throw new IOException("it is a folder.");
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

    private static IOException TooLong(long bytes, long bytesMax) =>
        new($"it has {bytes} bytes or more; at most {bytesMax} are read.");
}
