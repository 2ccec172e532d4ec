using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>The vote journal's files in a data directory.</summary>
internal sealed class JournalDirectory(DataDirectory directory) : IJournalFiles
{
    private string NextPath => Path + ".new";

    /// <inheritdoc/>
    public string Path => directory.JournalPath;

    /// <inheritdoc/>
    public bool Exists => File.Exists(Path);

    /// <inheritdoc/>
    public IJournalFile Open() => new JournalFile(
        File.OpenHandle(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read));

    /// <inheritdoc/>
    public IJournalFile CreateNext() => new JournalFile(
        File.OpenHandle(NextPath, FileMode.Create, FileAccess.ReadWrite, FileShare.Read));

    /// <inheritdoc/>
    public void RenameNext() => File.Move(NextPath, Path, overwrite: true);

    /// <inheritdoc/>
    public void SyncNames() => DurableFiles.SyncDirectory(directory.Root);
}

/// <summary>An open file of the operating system.</summary>
internal sealed class JournalFile(SafeFileHandle handle) : IJournalFile
{
    /// <inheritdoc/>
    public long Length => RandomAccess.GetLength(handle);

    /// <inheritdoc/>
    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(handle, destination, offset);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

    /// <inheritdoc/>
    public void Truncate(long length) => RandomAccess.SetLength(handle, length);

    /// <inheritdoc/>
    public void Sync() => DurableFiles.Sync(handle);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
