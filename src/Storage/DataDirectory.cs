using System.Globalization;
using System.Text;
using GovChain.Core.Cryptography;

namespace GovChain.Storage;

/// <summary>
/// A node's directory on disk: whose data it is (format version, chain id) and who may write to it (one process, by
/// a lock of the operating system that ends with the process). docs/SPEC.md, "Directory".
/// </summary>
public sealed class DataDirectory : IDisposable
{
    /// <summary>The format this program writes, and the newest it reads.</summary>
    public const int FormatVersion = 3;

    private const string VersionFile = "VERSION";
    private const string ChainFile = "chain-id";
    private const string LockFile = "lock";
    internal const string RestoredFile = "restored";
    private const string StagedPrefix = "staged-";

    private const int LineBytesMax = 256;

    private readonly FileStream? _lock;
    private readonly bool _looksAhead;

    /// <param name="path">Full path.</param>
    /// <param name="chainId">Whose it is.</param>
    /// <param name="lock">Held; null to read only.</param>
    /// <param name="looksAhead">Read what the next opening puts in place, before it does.</param>
    private DataDirectory(string path, Digest chainId, FileStream? @lock, bool looksAhead = false)
    {
        Root = path;
        ChainId = chainId;
        _lock = @lock;
        _looksAhead = looksAhead;
    }

    /// <summary>Full path of the directory.</summary>
    public string Root { get; }

    /// <summary>The ledger this directory belongs to.</summary>
    public Digest ChainId { get; }

    /// <summary>Opened without the lock: nothing may be written.</summary>
    public bool IsReadOnly => _lock is null;

    /// <summary>The vote journal's file.</summary>
    public string JournalPath => Path.Combine(Root, "votes");

    /// <summary>The durable tip's file.</summary>
    public string TipPath => Path.Combine(Root, NameOf("tip"));

    /// <summary>The RocksDB directory.</summary>
    public string LedgerPath => Path.Combine(Root, NameOf("ledger"));

    /// <summary>
    /// Where something is that a snapshot brings: in its place, or still in <c>install</c>, from where the next opening moves
    /// it. Relative, with forward slashes.
    /// </summary>
    internal string NameOf(string name) =>
        _looksAhead && FileKinds.Of(Path.Combine(Root, SnapshotInstall.Folder, name)) != FileKind.Missing ? $"{SnapshotInstall.Folder}/{name}" : name;

    /// <summary>
    /// The ledger here came from a copy and the vote journal does not yet say so: whoever votes must not go by the journal.
    /// </summary>
    public bool IsRestored => FileKinds.Of(RestoredPath) != FileKind.Missing;

    /// <summary>The ledger that a snapshot took the place of, whose blocks need not be fetched again; it may not be there.
    /// </summary>
    public string OutrunLedgerPath => Path.Combine(Root, SnapshotInstall.OutrunFolder);

    /// <summary>
    /// A snapshot carried the ledger on, and the vote journal does not yet say so; null where there is no such mark, or one
    /// that cannot be read.
    /// </summary>
    public LedgerAdvance? Advance => TryReadLine(AdvancedPath) is { } line ? LedgerAdvance.TryParse(line) : null;

    /// <summary>There is a mark of that, readable or not.</summary>
    public bool HasAdvance => FileKinds.Of(AdvancedPath) != FileKind.Missing;

    private string AdvancedPath => Path.Combine(Root, NameOf(SnapshotInstall.MarkFile));

    private string RestoredPath => Path.Combine(Root, RestoredFile);

    /// <summary>Opens the directory for writing, or makes it; holds it until disposed.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="chainId">The ledger it must belong to, and will if it is new.</param>
    /// <exception cref="StorageException">Locked, NewerFormat, OlderFormat, ForeignChain, Damaged or Io.</exception>
    public static DataDirectory Open(string path, Digest chainId)
    {
        path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path);
            FileStream held = Hold(path);
            try
            {
                DirectoryShape.Require(path);
                if (!File.Exists(Path.Combine(path, VersionFile)))
                    Initialize(path, chainId);
                Require(path, Read(path), chainId, "Point the configuration at this ledger's own directory or at an empty one.");
                var directory = new DataDirectory(path, chainId, held);
                SnapshotInstall.Find(path, chainId)?.Finish(directory);
                directory.RemoveStaged();
                return directory;
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(path, e);
        }
    }

    /// <summary>Opens an existing directory beside the process that may be using it, to read only.</summary>
    /// <exception cref="StorageException">NotFound, NewerFormat, OlderFormat, Damaged or Io.</exception>
    public static DataDirectory OpenReadOnly(string path)
    {
        path = Path.GetFullPath(path);
        if (!File.Exists(Path.Combine(path, VersionFile)))
        {
            throw new StorageException(StorageError.NotFound, path, "This is not a node's data directory.",
                $"Name the directory that holds the files '{VersionFile}' and '{ChainFile}'.");
        }
        try
        {
            DirectoryShape.Require(path);
            Digest chainId = Read(path);
            return SnapshotInstall.Find(path, chainId)?.RefusalOfReaders() is { } refusal ? throw refusal : new DataDirectory(path, chainId, null);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(path, e);
        }
    }

    /// <summary>As <see cref="OpenReadOnly(string)"/>, of this ledger only.</summary>
    /// <exception cref="StorageException">ForeignChain besides.</exception>
    public static DataDirectory OpenReadOnly(string path, Digest chainId)
    {
        DataDirectory directory = OpenReadOnly(path);
        Require(directory.Root, directory.ChainId, chainId, "Name the genesis file of that ledger, or another directory.");
        return directory;
    }

    /// <summary>Marks the ledger as one that came from a copy; durable when this returns.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void MarkRestored() => Guard(() => WriteRestored(Root));

    /// <summary>The vote journal now says it, durably.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void ForgetRestored() => Guard(() =>
    {
        File.Delete(RestoredPath);
        DurableFiles.SyncDirectory(Root);
    });

    /// <summary>
    /// Puts a vote journal that cannot be gone on with under another name. The mark that the node must not vote is durable
    /// before that, and stays until the new journal says so.
    /// </summary>
    /// <exception cref="StorageException">Io.</exception>
    public void PutJournalAside() => Guard(() =>
    {
        WriteRestored(Root);
        string time = DateTime.UtcNow.ToString("yyyyMMddTHHmmssfffZ", CultureInfo.InvariantCulture);
        DurableFiles.Move(JournalPath, Path.Combine(Root, $"damaged-{time}-{Path.GetFileName(JournalPath)}"));
    });

    /// <summary>A new directory within this one for something under way; one that is left over is removed when the
    /// directory is opened next.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public string CreateStaged()
    {
        string path = Path.Combine(Root, StagedPrefix + Guid.NewGuid().ToString("N"));
        Guard(() => Directory.CreateDirectory(path));
        return path;
    }

    /// <summary>
    /// Puts a copy's <c>ledger</c> and <c>tip</c> in the place of this directory's, which are kept under other names. The
    /// mark that the ledger is a copy is durable before anything moves, so that a crash at any point leaves a directory
    /// whose node does not vote.
    /// </summary>
    /// <param name="staged">A directory within this one that holds both, complete and synced.</param>
    /// <returns>The new name of the ledger that was here; null where there was none.</returns>
    /// <exception cref="StorageException">Io.</exception>
    public string? Install(string staged)
    {
        string? aside = null;
        Guard(() =>
        {
            WriteRestored(Root);
            string suffix = ".replaced-" + DateTime.UtcNow.ToString("yyyyMMddTHHmmssfffZ", CultureInfo.InvariantCulture);
            if (Directory.Exists(LedgerPath))
                DurableFiles.Move(LedgerPath, aside = LedgerPath + suffix);
            if (File.Exists(TipPath))
                DurableFiles.Move(TipPath, TipPath + suffix);
            DurableFiles.Move(Path.Combine(staged, Path.GetFileName(LedgerPath)), LedgerPath);
            DurableFiles.Move(Path.Combine(staged, Path.GetFileName(TipPath)), TipPath);
            Directory.Delete(staged, recursive: true);
        });
        return aside;
    }

    /// <summary>Takes a complete, synced ledger to be put in this one's place when the directory is opened next.</summary>
    /// <param name="staged">A directory within this one that holds the ledger and its tip.</param>
    /// <param name="advance">The newest blocks of the ledger that is here, and of that one.</param>
    /// <exception cref="StorageException">Io.</exception>
    internal void CommitInstall(string staged, LedgerAdvance advance) => Guard(() => SnapshotInstall.Commit(Root, staged, advance));

    /// <summary>The vote journal now says it, durably, or will never.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void ForgetAdvanced() => Guard(() =>
    {
        File.Delete(AdvancedPath);
        DurableFiles.SyncDirectory(Root);
    });

    /// <summary>The ledger that a snapshot took the place of is of no more use.</summary>
    /// <exception cref="StorageException">Io.</exception>
    public void RemoveOutrun() => Guard(() =>
    {
        if (Directory.Exists(OutrunLedgerPath))
            Directory.Delete(OutrunLedgerPath, recursive: true);
    });

    /// <summary>Lets another process have the directory.</summary>
    public void Dispose() => _lock?.Dispose();

    /// <summary>Opens to read only without asking whose it is: for a check, which says itself what does not fit.</summary>
    /// <remarks>Of a snapshot that waits to be put in place, what it brings is read, for that is what the next start uses; a
    /// running node is still on what was there before.</remarks>
    public static DataDirectory OpenUnverified(string path, Digest chainId)
    {
        path = Path.GetFullPath(path);
        bool waits = SnapshotInstall.Find(path, chainId) is { } install && install.Inspect() is null && DirectoryShape.OfLock(path) is null && !IsInUse(path);
        return new DataDirectory(path, chainId, null, looksAhead: waits);
    }

    /// <summary>A process holds the directory at this moment.</summary>
    /// <exception cref="StorageException">Damaged or Io: whether one does cannot be told.</exception>
    internal static bool IsInUse(string path)
    {
        string file = Path.Combine(path, LockFile);
        RequireLock(path);
        try
        {
            return FileLock.IsHeld(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.Io(file, e);
        }
    }

    private static void Require(string path, Digest stored, Digest chainId, string remedy)
    {
        if (stored != chainId)
        {
            throw new StorageException(StorageError.ForeignChain, path,
                $"This directory belongs to the ledger {stored}, not to {chainId}.", remedy);
        }
    }

    /// <summary>What is wrong with the files that say whose directory this is; nothing if all is well.</summary>
    internal static IEnumerable<(string File, string Expected, string Found)> InspectIdentity(string path, Digest chainId)
    {
        string? version = TryReadLine(Path.Combine(path, VersionFile));
        if (version != FormatVersion.ToString(CultureInfo.InvariantCulture))
            yield return (VersionFile, $"{FormatVersion}", version is null ? "no file" : $"'{version}'");
        string? chain = TryReadLine(Path.Combine(path, ChainFile));
        if (!Digest.TryParseHex(chain, out Digest found) || found != chainId)
            yield return (ChainFile, $"{chainId}", chain is null ? "no file" : $"'{chain}'");
    }

    /// <summary>The chain id that the directory's file holds; null where it holds none.</summary>
    internal static Digest? TryReadChain(string path) =>
        Digest.TryParseHex(TryReadLine(Path.Combine(path, ChainFile)), out Digest chain) ? chain : null;

    /// <summary>A small file's text without its line feed; null where there is no such file.</summary>
    internal static string? TryReadLine(string file) => FileKinds.Of(file) == FileKind.File ? ReadLine(file) : null;

    /// <summary>Writes whose directory it is, and that its ledger is a copy.</summary>
    internal static void InitializeCopy(string path, Digest chainId)
    {
        WriteRestored(path);
        Initialize(path, chainId);
    }

    internal static void WriteRestored(string path) => DurableFiles.Replace(
        Path.Combine(path, RestoredFile), "This ledger is a copy. A node that starts on it does not vote.\n"u8);

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(Root, e);
        }
    }

    private void RemoveStaged()
    {
        foreach (string left in Directory.EnumerateDirectories(Root, StagedPrefix + "*"))
            Directory.Delete(left, recursive: true);
    }

    /// <summary>A directory without a lock can have two writers, so nothing goes on before this is mended by hand.</summary>
    private static void RequireLock(string path)
    {
        if (DirectoryShape.OfLock(path) is not { } misfit)
            return;
        string file = Path.Combine(path, LockFile);
        throw new StorageException(StorageError.Damaged, file, $"An empty file belongs here, by which one process holds the directory; found was {misfit.Found}.",
            $"Make sure that no node runs on the directory, remove it (rm -r '{file}'; nothing of the ledger is in it) and start again: it is made anew.");
    }

    internal static FileStream Hold(string path)
    {
        string file = Path.Combine(path, LockFile);
        RequireLock(path);
        try
        {
            return FileLock.TryHold(file) ?? throw new StorageException(
                StorageError.Locked, path, "Another process is using this directory.",
                "Stop the other node first; two processes with one department's key would vote twice. "
                + $"If none is running, look for who holds {file} open.");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not StorageException)
        {
            throw StorageException.Io(file, e);
        }
    }

    /// <summary>The version file comes last: without it the directory counts as new, and is made again.</summary>
    private static void Initialize(string path, Digest chainId)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            if (Path.GetFileName(entry) is not (LockFile or RestoredFile or RestoredFile + ".new" or ChainFile or ChainFile + ".new" or VersionFile + ".new"))
            {
                throw new StorageException(StorageError.Damaged, path,
                    $"The directory has no '{VersionFile}' but is not empty: it holds '{Path.GetFileName(entry)}'.",
                    "Name an empty directory, or restore the file if this is a node's directory.");
            }
        }
        // Also where the directory was there already: who made it may have died before its name was durable.
        DurableFiles.SyncNamesAbove(path);
        WriteIdentity(path, chainId);
    }

    /// <summary>Writes whose directory it is, whatever stands there.</summary>
    internal static void WriteIdentity(string path, Digest chainId)
    {
        DurableFiles.Replace(Path.Combine(path, ChainFile), Encoding.ASCII.GetBytes($"{chainId}\n"));
        string version = FormatVersion.ToString(CultureInfo.InvariantCulture);
        DurableFiles.Replace(Path.Combine(path, VersionFile), Encoding.ASCII.GetBytes($"{version}\n"));
    }

    private static Digest Read(string path)
    {
        string file = Path.Combine(path, VersionFile);
        string text = ReadLine(file);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version < 1)
            throw Unreadable(file, "a format version");
        if (version > FormatVersion)
        {
            throw new StorageException(StorageError.NewerFormat, file,
                $"The directory has format {version}; this program knows formats up to {FormatVersion}.",
                "Run the newer program that wrote it.");
        }
        if (version < FormatVersion)
        {
            throw new StorageException(StorageError.OlderFormat, file,
                $"The directory has format {version}, whose state this program does not know; it knows format {FormatVersion}.",
                "Until version 1 nothing is converted: run the program that wrote it, or found a new ledger with this one.");
        }
        file = Path.Combine(path, ChainFile);
        if (!File.Exists(file) || !Digest.TryParseHex(ReadLine(file), out Digest chainId))
            throw Unreadable(file, "a chain id of 64 hexadecimal digits");
        return chainId;
    }

    private static string ReadLine(string file)
    {
        byte[] content = new byte[LineBytesMax];
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return Encoding.ASCII.GetString(content, 0, length).TrimEnd('\n');
    }

    private static StorageException Unreadable(string file, string expected) =>
        new(StorageError.Damaged, file, $"The file does not hold {expected}.",
            "Restore it from a copy, or point the node at an empty directory and let it catch up from its peers.");
}
