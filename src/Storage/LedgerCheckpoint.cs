using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>A file of a checkpoint.</summary>
/// <param name="Path">Relative to the checkpoint, with forward slashes.</param>
/// <param name="Bytes">Its length.</param>
public readonly record struct CheckpointFile(string Path, long Bytes);

/// <summary>
/// A copy of a ledger as of one block, a data directory of its own but for the vote journal. Removed when disposed.
/// </summary>
public sealed class LedgerCheckpoint : IDisposable
{
    private LedgerCheckpoint(string root, BlockHeader tip)
    {
        Root = root;
        Tip = tip;
        Files =
        [
            .. new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => new CheckpointFile(Path.GetRelativePath(root, f.FullName).Replace('\\', '/'), f.Length))
                .OrderBy(f => f.Path, StringComparer.Ordinal),
        ];
    }

    /// <summary>Where it stands.</summary>
    public string Root { get; }

    /// <summary>The newest block in it.</summary>
    public BlockHeader Tip { get; }

    /// <summary>All files, by path. None of them changes any more.</summary>
    public IReadOnlyList<CheckpointFile> Files { get; }

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start removes it.
        }
    }

    internal static LedgerCheckpoint Create(DataDirectory directory, LedgerDatabase database)
    {
        string root = directory.CreateStaged();
        try
        {
            DataDirectory.InitializeCopy(root, directory.ChainId);
            string ledger = Path.Combine(root, Path.GetFileName(directory.LedgerPath));
            database.Checkpoint(ledger);
            BlockHeader tip = WriteTip(directory, ledger, Path.Combine(root, Path.GetFileName(directory.TipPath)));
            return new LedgerCheckpoint(root, tip);
        }
        catch (Exception e)
        {
            Directory.Delete(root, recursive: true);
            if (e is UnauthorizedAccessException or IOException and not StorageException)
                throw StorageException.Io(root, e);
            throw;
        }
    }

    /// <summary>Blocks may have come between any tip that was known and the copy, so the copy itself is asked.</summary>
    private static BlockHeader WriteTip(DataDirectory directory, string ledger, string path)
    {
        LedgerDatabase copy = LedgerDatabase.Open(ledger, create: false, readOnly: true, new LedgerOptions());
        try
        {
            BlockHeader header = LedgerOpening.ReadNewest(directory, copy);
            // In both slots: the first start on the copy writes one anew, and may be cut off in it.
            TipFile.Replace(path, directory.ChainId, new DurableTip(header.Height, header.Hash));
            return header;
        }
        finally
        {
            copy.RemoveUser();
        }
    }
}
