namespace GovChain.Storage;

/// <summary>Why the store cannot be used.</summary>
public enum StorageError
{
    /// <summary>Another process holds the directory.</summary>
    Locked = 1,

    /// <summary>Written by a newer version of this program.</summary>
    NewerFormat = 2,

    /// <summary>The data of another ledger.</summary>
    ForeignChain = 3,

    /// <summary>What is stored is incomplete, altered or contradicts itself.</summary>
    Damaged = 4,

    /// <summary>The operating system refused: full or failing disk, rights.</summary>
    Io = 5,

    /// <summary>There is nothing here to open.</summary>
    NotFound = 6,

    /// <summary>Opened for reading only, or stopped by an earlier error.</summary>
    NotWritable = 7,

    /// <summary>Written by an older version of this program, under rules that this one no longer has.</summary>
    OlderFormat = 8,
}

/// <summary>
/// The store cannot do what was asked, for a reason outside this program. The message names what is wrong, where,
/// and what to do about it.
/// </summary>
public sealed class StorageException : IOException
{
    internal StorageException(StorageError error, string where, string what, string remedy, Exception? inner = null)
        : base($"{where}: {what} {remedy}".TrimEnd(), inner)
    {
        Error = error;
        Where = where;
        What = what;
    }

    /// <summary>The kind.</summary>
    public StorageError Error { get; }

    /// <summary>The file or directory, and the place in it.</summary>
    public string Where { get; }

    /// <summary>The finding, one sentence.</summary>
    public string What { get; }

    internal static StorageException Damaged(string where, string what, Exception? inner = null) =>
        new(StorageError.Damaged, where, what, Remedy.Refetch, inner);

    internal static StorageException Io(string where, Exception inner) =>
        new(StorageError.Io, where, $"{inner.Message.TrimEnd('.')}.", Remedy.Disk, inner);
}

/// <summary>What to do about it, in one voice.</summary>
internal static class Remedy
{
    public const string Refetch =
        "Stop the node and check the disk. 'govchain audit --data DIR' names all that is damaged; 'govchain node repair "
        + "--config FILE' says what it would do, and with --yes moves what is damaged aside and has the rest fetched from "
        + "the peers under certificates.";

    public const string Disk =
        "Free space or repair the disk and check the directory's owner and rights, then start the node again. "
        + "What was acknowledged before is on disk.";
}
