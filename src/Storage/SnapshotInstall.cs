using GovChain.Core.Cryptography;

namespace GovChain.Storage;

/// <summary>
/// The folder <c>install</c>: a snapshot's ledger on its way into the place of the one in use. It is committed by one rename
/// and put in place when the directory is opened next. docs/SPEC.md, "Directory".
/// </summary>
/// <remarks>
/// The parts move in a fixed order, so what is left in the folder says how far an opening came before it was cut off. What no
/// such opening leaves is not a snapshot: it is refused as it stands, and the ledger in use stays where it is.
/// </remarks>
internal sealed partial class SnapshotInstall
{
    /// <summary>The folder's name in the data directory.</summary>
    public const string Folder = "install";

    /// <summary>The mark that says which ledger the snapshot carries on, and to where.</summary>
    public const string MarkFile = "advanced";

    /// <summary>Where the ledger goes that the snapshot takes the place of.</summary>
    public const string OutrunFolder = "ledger.outrun";

    private const string Ledger = "ledger", Tip = "tip";

    private static readonly string[] Order = [MarkFile, Ledger, Tip];

    private readonly string _root;
    private readonly Digest _chainId;

    private SnapshotInstall(string root, Digest chainId)
    {
        _root = root;
        _chainId = chainId;
    }

    private bool IsEmpty => !Directory.EnumerateFileSystemEntries(At(Folder)).Any();

    /// <summary>The folder of a data directory; null where there is none.</summary>
    public static SnapshotInstall? Find(string root, Digest chainId) =>
        FileKinds.Of(Path.Combine(root, Folder)) == FileKind.Folder ? new SnapshotInstall(root, chainId) : null;

    /// <summary>
    /// Takes a complete, synced ledger to be put in place. The rename is what decides: before it there is nothing, after it
    /// every opening goes on until it is done.
    /// </summary>
    /// <param name="root">The data directory.</param>
    /// <param name="staged">A directory within it that holds the ledger and its tip.</param>
    /// <param name="advance">The newest blocks of the ledger in use, and of that one.</param>
    public static void Commit(string root, string staged, LedgerAdvance advance)
    {
        DurableFiles.Replace(Path.Combine(staged, MarkFile), advance.ToBytes());
        DurableFiles.Move(staged, Path.Combine(root, Folder));
    }

    /// <summary>
    /// Why the folder is not a snapshot that may be put in place; null where it is one, or empty. Mark and tips are read, and
    /// not the ledger.
    /// </summary>
    public Misfit? Inspect()
    {
        string[] there = [.. Directory.EnumerateFileSystemEntries(At(Folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        if (there.Length == 0)
            return null;
        if (there.Except(Order).FirstOrDefault() is { } stray)
            return InFolder(stray, "nothing but a snapshot's mark, ledger and tip", "something else");
        string[] left = Order[Array.FindIndex(Order, there.Contains)..];
        if (left.Except(there).FirstOrDefault() is { } missing)
            return InFolder(missing, "a part of the snapshot, which moves after those that are here", "nothing");
        if (!there.Contains(Ledger) && FileKinds.Of(At(Ledger)) != FileKind.Folder)
            return InFolder(Ledger, "the snapshot's ledger, here or in its place", "nothing");
        if (ReadMark(there.Contains(MarkFile)) is not { } mark)
        {
            return there.Contains(MarkFile)
                ? InFolder(MarkFile, "two heights, two hashes and their checksum", "other bytes")
                : InFolder("", $"a snapshot whose mark is in it, or in its place as '{MarkFile}'", "none that can be read");
        }
        if (ReadTip(At(Folder, Tip)) is var end && end != mark.To)
            return InFolder(Tip, Explain(mark.To), Explain(end));
        return ReadTip(At(Tip)) is { } now && now.Height >= mark.To.Height
            ? InFolder("", $"a snapshot above block {now.Height}, where the ledger in use is", $"one of block {mark.To.Height}") : null;
    }

    /// <summary>
    /// Puts the snapshot in place. Each step is seen by what it leaves, so that any number of crashes only repeats the last
    /// one.
    /// </summary>
    /// <param name="directory">The data directory, held.</param>
    /// <exception cref="StorageException">Damaged: it is none, or its ledger does not open at the block of its mark. Nothing has been moved then.
    /// </exception>
    public void Finish(DataDirectory directory)
    {
        if (Inspect() is { } misfit)
            throw Refusal(misfit);
        if (!IsEmpty)
        {
            RequireLedger(directory);
            if (File.Exists(At(Folder, MarkFile)))
                DurableFiles.Rename(At(Folder, MarkFile), At(MarkFile));
            if (Directory.Exists(At(Folder, Ledger)))
            {
                if (Directory.Exists(At(Ledger)))
                {
                    directory.RemoveOutrun();
                    DurableFiles.Move(At(Ledger), At(OutrunFolder));
                }
                DurableFiles.Move(At(Folder, Ledger), At(Ledger));
            }
            DurableFiles.Rename(At(Folder, Tip), At(Tip));
        }
        Directory.Delete(At(Folder)); // and nothing that is in it
        DurableFiles.SyncDirectory(_root);
    }

    /// <summary>What readers are told while the folder is there; null where it is empty.</summary>
    public StorageException? RefusalOfReaders() =>
        Inspect() is { } misfit ? Refusal(misfit)
        : IsEmpty ? null
        : new StorageException(StorageError.NotFound, _root,
            "A snapshot of the ledger is complete and waits to be put in place.", "Start the node once: it does that first.");

    /// <summary>That the ledger opens as at every start, and ends at the block of its tip.</summary>
    partial void RequireLedger(DataDirectory directory);

    private StorageException Refusal(Misfit misfit) =>
        Refusal(At(misfit.Name.TrimEnd('/')), $"{misfit.Expected} belongs here; found was {misfit.Found}.");

    private StorageException Refusal(string where, string what) => StorageException.Damaged(where,
        $"The folder {At(Folder)} holds no snapshot that can be put in place: {what} The ledger in use has been left as it is.");

    private LedgerAdvance? ReadMark(bool inFolder) =>
        DataDirectory.TryReadLine(inFolder ? At(Folder, MarkFile) : At(MarkFile)) is { } line ? LedgerAdvance.TryParse(line) : null;

    private DurableTip? ReadTip(string path) => FileKinds.Of(path) == FileKind.File
        ? TipFile.Inspect(path, _chainId).Select(static s => s.Tip).MaxBy(static t => t?.Height) : null;

    private string At(params string[] parts) => Path.Combine([_root, .. parts]);

    private static Misfit InFolder(string name, string expected, string found) =>
        new($"{Folder}/{name}{(name == Ledger ? "/" : "")}", expected, found);

    private static string Explain(DurableTip? tip) => tip is { } t ? $"block {t.Height}, {t.HeaderHash}" : "no block";
}
