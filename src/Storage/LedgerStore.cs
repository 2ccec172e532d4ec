using System.Globalization;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// The ledger on disk. One thread appends; any thread reads through a <see cref="LedgerSnapshot"/>.
/// </summary>
/// <remarks>
/// A block is one synced RocksDB batch; then the tip outside RocksDB is synced; then readers see it. Any error while
/// appending is final: the store refuses further blocks, because what the medium holds is then unknown.
/// docs/SPEC.md.
/// </remarks>
public sealed partial class LedgerStore : IDisposable
{
    private const int AttemptsBesideNode = 10;

    private readonly Lock _gate = new();
    private readonly Lock _publishing = new(); // held while what readers see is written and shown
    private readonly DataDirectory _directory;
    private readonly LedgerDatabase _database;
    private readonly TipFile? _tip; // null where it is not believed
    private PublishedLedger? _published;
    private LedgerSnapshot? _current;
    private PublishedLedger? _shown; // newer than the appending thread's view, for blocks filled in since
    private Exception? _failure;
    private bool _disposed;

    private LedgerStore(DataDirectory directory, LedgerDatabase database, TipFile? tip)
    {
        _directory = directory;
        _database = database;
        _tip = tip;
    }

    /// <summary>There is no block yet: genesis comes first.</summary>
    public bool IsEmpty => _published is null;

    /// <summary>
    /// The newest ledger, for the thread that appends: valid until its next <see cref="Append"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no block yet.</exception>
    public LedgerSnapshot Current => _current ?? throw new InvalidOperationException("The ledger has no block yet.");

    /// <summary>Opens or makes the ledger of a directory, and verifies its newest end.</summary>
    /// <exception cref="StorageException">Damaged, ForeignChain, NewerFormat, Locked or Io.</exception>
    public static LedgerStore Open(DataDirectory directory, LedgerOptions? options = null)
    {
        if (directory.IsReadOnly)
            throw new ArgumentException("The directory was opened for reading only.", nameof(directory));
        return Open(directory, readOnly: false, options ?? new LedgerOptions());
    }

    /// <summary>
    /// Opens the ledger of a stopped or running node as it is at this moment, without disturbing it.
    /// </summary>
    /// <exception cref="StorageException">Damaged, ForeignChain, NewerFormat, NotFound or Io.</exception>
    public static LedgerStore OpenReadOnly(DataDirectory directory, LedgerOptions? options = null)
    {
        if (!LedgerDatabase.Exists(directory.LedgerPath) && !File.Exists(directory.TipPath))
            throw NothingToRead(directory);
        return OpenReadOnly(directory, options, believesTip: true);
    }

    /// <summary>
    /// Opens a ledger whose tip file is lost or damaged, to read only: it ends where the database ends, and whether it
    /// reached further once cannot be told from it.
    /// </summary>
    /// <exception cref="StorageException">Damaged, ForeignChain, NewerFormat, NotFound or Io.</exception>
    public static LedgerStore OpenWithoutTip(DataDirectory directory, LedgerOptions? options = null)
    {
        if (!LedgerDatabase.Exists(directory.LedgerPath))
            throw NothingToRead(directory);
        return OpenReadOnly(directory, options, believesTip: false);
    }

    private static LedgerStore OpenReadOnly(DataDirectory directory, LedgerOptions? options, bool believesTip)
    {
        // Where there is nothing to lock, there is no writer; an audit names it, and looks at the rest.
        bool besideWriter = DirectoryShape.OfLock(directory.Root) is null && DataDirectory.IsInUse(directory.Root);
        int attempts = besideWriter ? AttemptsBesideNode : 1;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return Open(directory, readOnly: true, options ?? new LedgerOptions(), believesTip, besideWriter);
            }
            catch (StorageException e) when (e.Error == StorageError.Damaged && attempt < attempts)
            {
                // A running node removes files that were just listed; real damage is still there at the next attempt.
                Thread.Sleep(attempt * 10);
            }
        }
    }

    /// <summary>
    /// Stores the next block, durably when this returns. The only block without a certificate is block 0.
    /// </summary>
    /// <exception cref="ArgumentException">Not the next block, or its parts contradict each other.</exception>
    /// <exception cref="StorageException">Io; or NotWritable after an earlier error.</exception>
    public void Append(ExecutedBlock block, Certificate? certificate)
    {
        if (_directory.IsReadOnly || _failure is not null)
        {
            throw new StorageException(StorageError.NotWritable, _directory.Root, _failure is null
                ? "The ledger was opened for reading only."
                : $"An earlier error stopped the ledger: {_failure.Message}", Remedy.Disk, _failure);
        }
        NextBlock.Check(_directory.ChainId, _published?.Tip, block, certificate);
        lock (_publishing)
        {
            try
            {
                using (var batch = new WriteBatch())
                {
                    AddRows(batch, block, certificate);
                    _database.WriteSynced(batch);
                }
                _tip!.Write(new DurableTip(block.Header.Height, block.Header.Hash));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _failure = e;
                throw e as StorageException ?? StorageException.Io(_directory.TipPath, e);
            }
            Publish(new PublishedLedger(_database, block.Header, certificate, block.Log.NewFrontier, _published?.Gap));
        }
    }

    /// <summary>The newest durable ledger, to read from until it is disposed. For any thread.</summary>
    /// <exception cref="InvalidOperationException">There is no block yet.</exception>
    public LedgerSnapshot OpenSnapshot()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            PublishedLedger ledger = _published ?? throw new InvalidOperationException("The ledger has no block yet.");
            ledger.AddUser();
            return new LedgerSnapshot(ledger);
        }
    }

    /// <summary>The table and blob files that the ledger consists of.</summary>
    internal IReadOnlyList<LedgerFile> ListFiles() => _database.ListFiles();

    /// <summary>
    /// A copy of the ledger as it is now, within the data directory and made of hard links, while it is being written to.
    /// Of the vote journal there is none: whoever runs on a copy must not vote by it. For any thread.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no block yet.</exception>
    /// <exception cref="StorageException">Io: no room, or no rights.</exception>
    public LedgerCheckpoint CreateCheckpoint()
    {
        using LedgerSnapshot open = OpenSnapshot(); // keeps the database open meanwhile
        return LedgerCheckpoint.Create(_directory, _database);
    }

    /// <summary>A number that the database knows of a column family; 0 where it does not, or is closed.</summary>
    internal long ReadSize(LedgerColumn column, string property)
    {
        if (!_database.TryAddUser())
            return 0;
        try
        {
            return long.TryParse(_database.Property(column, property), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                ? value : 0;
        }
        finally
        {
            _database.RemoveUser();
        }
    }

    /// <summary>Closes the ledger; RocksDB itself closes when the last snapshot is disposed.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }
        _current?.Dispose();
        Interlocked.Exchange(ref _shown, null)?.RemoveUser();
        _tip?.Dispose();
        _database.RemoveUser();
    }

    private static LedgerStore Open(
        DataDirectory directory, bool readOnly, LedgerOptions options, bool believesTip = true, bool besideWriter = false)
    {
        TipFile? tip = null;
        LedgerDatabase? database = null;
        try
        {
            // Before the database: beside a running node the tip must not be newer than what is read.
            tip = believesTip ? OpenTip(directory, readOnly) : null;
            if (!LedgerDatabase.Exists(directory.LedgerPath) && tip?.Current is null && readOnly)
                throw NothingToRead(directory);
            if (!LedgerDatabase.Exists(directory.LedgerPath) && tip?.Current is { } durable)
            {
                throw StorageException.Damaged(directory.LedgerPath,
                    $"The ledger is missing, but block {durable.Height} was durable.");
            }
            bool create = tip?.Current is null && !readOnly;
            if (create)
                LedgerDatabase.RemoveUnfinished(directory.LedgerPath);
            if (!readOnly && !create)
                Rehearse(directory, tip!, options);
            database = LedgerDatabase.Open(directory.LedgerPath, create, readOnly, options);
            if (!readOnly)
                DurableFiles.SyncDirectory(directory.Root);
            var store = new LedgerStore(directory, database, tip);
            if (LedgerOpening.Verify(directory, database, tip, besideWriter) is { } published)
                store.Publish(published);
            return store;
        }
        catch (Exception e)
        {
            tip?.Dispose();
            database?.RemoveUser();
            if (e is UnauthorizedAccessException or IOException and not StorageException)
                throw StorageException.Io(directory.Root, e);
            throw;
        }
    }

    /// <summary>
    /// Opens and verifies without writing first. RocksDB, opened for writing, removes what its manifest does not name: of a
    /// damaged manifest, that would be the ledger's own tables.
    /// </summary>
    private static void Rehearse(DataDirectory directory, TipFile tip, LedgerOptions options)
    {
        LedgerDatabase database = LedgerDatabase.Open(directory.LedgerPath, create: false, readOnly: true, options);
        try
        {
            LedgerOpening.Rehearse(directory, database, tip);
        }
        finally
        {
            database.RemoveUser();
        }
    }

    private static TipFile OpenTip(DataDirectory directory, bool readOnly)
    {
        if (File.Exists(directory.TipPath))
            return TipFile.Open(directory.TipPath, directory.ChainId, readOnly);
        if (readOnly || LedgerDatabase.Exists(directory.LedgerPath))
        {
            throw StorageException.Damaged(directory.TipPath,
                "The file is missing, but there is a ledger: whether it lost blocks cannot be told.");
        }
        return TipFile.Create(directory.TipPath, directory.ChainId);
    }

    private static StorageException NothingToRead(DataDirectory directory) => new(StorageError.NotFound, directory.Root,
        "There is no ledger here yet.", "Start the node, and let it store its genesis block.");

    private void AddRows(WriteBatch batch, ExecutedBlock block, Certificate? certificate)
    {
        var rows = new LedgerRows(_database, batch);
        if (block.Header.Height == 0)
            rows.AddGenesis(block.Header, LedgerOpening.FormatVersion);
        rows.AddBlock(block.Header, certificate, block.Transactions.Select(static t => t.Transaction), block.Records);
        rows.AddTiles(block.Log.ChangedTiles);
        rows.AddStates(block.Changes);
        rows.AddPages(block.State.ChangedPages);
    }

    private void Publish(PublishedLedger ledger)
    {
        LedgerSnapshot? before = _current;
        lock (_gate)
        {
            _published = ledger;
            _current = new LedgerSnapshot(ledger);
        }
        before?.Dispose();
        Interlocked.Exchange(ref _shown, null)?.RemoveUser();
    }
}
