using System.Globalization;
using GovChain.Core.Cryptography;

namespace GovChain.Storage;

/// <summary>
/// Puts parts of a stopped node's directory aside, so that a node can start on what is left. Nothing is deleted. Holds the
/// directory meanwhile.
/// </summary>
/// <remarks>
/// The mark that the node must not vote is durable before anything moves: a crash at any point leaves a directory on which
/// the node does not start, or starts and does not vote; the repair is then run again.
/// </remarks>
public sealed class DirectoryRepair : IDisposable
{
    private readonly FileStream _held;
    private readonly string _root;
    private readonly Digest _chainId;

    private DirectoryRepair(string root, Digest chainId, FileStream held)
    {
        _root = root;
        _chainId = chainId;
        _held = held;
    }

    /// <summary>Holds a directory, or makes it.</summary>
    /// <exception cref="StorageException">Locked or Io.</exception>
    public static DirectoryRepair Hold(string path, Digest chainId)
    {
        path = Path.GetFullPath(path);
        return Guard(path, () =>
        {
            Directory.CreateDirectory(path);
            return new DirectoryRepair(path, chainId, DataDirectory.Hold(path));
        });
    }

    /// <summary>A node runs on the directory at this moment.</summary>
    public static bool IsInUse(string path) => DataDirectory.IsInUse(path);

    /// <summary>Moves files and folders of the directory into a new, dated folder in it.</summary>
    /// <param name="names">Relative to the directory, in this order; those that are not there are passed over.</param>
    /// <param name="forgetsVotes">Ledger or journal are among them: the node that starts next does not vote.</param>
    /// <returns>The folder; null where there was nothing to move.</returns>
    /// <exception cref="StorageException">Io.</exception>
    public string? MoveAside(IReadOnlyList<string> names, bool forgetsVotes) => Guard(_root, () =>
    {
        string mark = Path.Combine(_root, DataDirectory.RestoredFile);
        bool canMark = FileKinds.Of(mark) is FileKind.Missing or FileKind.File;
        if (forgetsVotes && canMark)
            DataDirectory.WriteRestored(_root);
        string[] there = [.. names.Where(n => FileKinds.Of(Path.Combine(_root, n)) != FileKind.Missing)];
        if (there.Length == 0)
            return null;
        string folder = Path.Combine(
            _root, "damaged-" + DateTime.UtcNow.ToString("yyyyMMddTHHmmssfffZ", CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        DurableFiles.SyncDirectory(_root);
        foreach (string name in there)
        {
            string to = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            DurableFiles.Move(Path.Combine(_root, name), to);
            // What cannot be replaced by the mark is one itself; from here on, until there is another, the missing journal is.
            if (forgetsVotes && !canMark && name == DataDirectory.RestoredFile)
                DataDirectory.WriteRestored(_root);
        }
        return folder;
    });

    /// <summary>Writes anew whose directory it is.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void WriteIdentity() => Guard(_root, () =>
    {
        DataDirectory.WriteIdentity(_root, _chainId);
        return true;
    });

    /// <summary>
    /// Writes the tip anew, at the ledger's own end. Whoever calls has read the whole ledger under its certificates up to
    /// that end; here it is opened once more, and must end there.
    /// </summary>
    /// <exception cref="StorageException">Damaged: the ledger does not open, or has another end. Or Io.</exception>
    public void RestoreTip(DurableTip proven) => Guard(_root, () =>
    {
        using DataDirectory directory = DataDirectory.OpenUnverified(_root, _chainId);
        using LedgerStore store = LedgerStore.OpenWithoutTip(directory);
        var end = new DurableTip(store.Current.TipHeight, store.Current.Tip.Hash);
        if (end != proven)
        {
            throw StorageException.Damaged(directory.LedgerPath,
                $"The ledger ends at block {end.Height} ({end.HeaderHash}); proven was block {proven.Height} ({proven.HeaderHash}).");
        }
        TipFile.Replace(directory.TipPath, _chainId, proven);
        return true;
    });

    /// <summary>Lets the node have the directory.</summary>
    public void Dispose() => _held.Dispose();

    private static T Guard<T>(string root, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(root, e);
        }
    }
}
