using GovChain.Core.Merkle;
using GovChain.Storage.Integrity;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// RocksDB with the ledger's column families and options, its errors turned into <see cref="StorageException"/>.
/// </summary>
/// <remarks>
/// Counts its users, because closing it under a reader would crash the process: the store is one, every published
/// ledger that somebody still reads another.
/// </remarks>
internal sealed partial class LedgerDatabase
{
    private const int ManifestNameMax = 64;

    private static readonly LedgerColumn[] Columns = Enum.GetValues<LedgerColumn>();

    private readonly RocksDb _db;
    private readonly ColumnFamilyHandle[] _families;
    private readonly WriteOptions _synced = new WriteOptions().SetSync(true);
    private readonly WriteOptions _unsynced = new();
    private int _users = 1;

    private LedgerDatabase(string path, RocksDb db, bool readOnly)
    {
        Location = path;
        IsReadOnly = readOnly;
        _db = db;
        _families = [.. Columns.Select(c => db.GetColumnFamily(NameOf(c)))];
    }

    public string Location { get; }

    public bool IsReadOnly { get; }

    /// <summary>Upper pages of the state tree that executed blocks keep for those after them.</summary>
    public StatePageCache StatePages { get; } = new();

    /// <summary>A database was made here, whether or not it is whole.</summary>
    public static bool Exists(string path) => File.Exists(Path.Combine(path, "CURRENT"));

    /// <summary>
    /// Removes a database whose making a crash ended between CURRENT and the first write-ahead log: nothing was ever stored
    /// in it, and RocksDB refuses it. Only where no block is known to be durable.
    /// </summary>
    public static void RemoveUnfinished(string path)
    {
        if (Exists(path) && !Directory.EnumerateFiles(path).Any(f => Path.GetExtension(f) is ".log" or ".sst" or ".blob"))
            Directory.Delete(path, recursive: true);
    }

    /// <param name="path">The RocksDB directory.</param>
    /// <param name="create">A new database, or one that never got a block, may be completed.</param>
    /// <param name="readOnly">Beside the process that writes to it.</param>
    /// <param name="options">Bounds.</param>
    public static LedgerDatabase Open(string path, bool create, bool readOnly, LedgerOptions options)
    {
        try
        {
            DirectoryShape.RequireLedger(path);
            CheckManifest(path);
            if (!create)
                CheckFamilies(path);
            DbOptions db = LedgerTuning.Database(options, create);
            ColumnFamilies families = LedgerTuning.Families(options, Columns);
            if (readOnly)
            {
                // All files are opened at once: the writer may remove some of them later.
                db.SetMaxOpenFiles(-1);
                return new LedgerDatabase(
                    path, RocksDb.OpenReadOnly(db, path, families, errIfLogFileExists: false), readOnly);
            }
            return new LedgerDatabase(path, RocksDb.Open(db, path, families), readOnly);
        }
        catch (RocksDbException e)
        {
            throw Translate(path, e);
        }
    }

    /// <summary>Opens a database that may be damaged as far as it goes; null where it does not.</summary>
    public static LedgerDatabase? TryOpenDamaged(string path)
    {
        // Lenient, RocksDB opens in spite of a file that is missing or short, but not where the log is bad in its interior, as it
        // then reads on behind that. Strict, it is the other way round.
        return TryOpenDamaged(path, strict: false) ?? TryOpenDamaged(path, strict: true);
    }

    private static LedgerDatabase? TryOpenDamaged(string path, bool strict)
    {
        try
        {
            DirectoryShape.RequireLedger(path);
            CheckManifest(path);
            var options = new LedgerOptions { BlockCacheBytes = 1024 * 1024 };
            DbOptions db = LedgerTuning.Database(options, create: false).SetParanoidChecks(strict).SetMaxOpenFiles(64);
            return new LedgerDatabase(
                path, RocksDb.OpenReadOnly(db, path, LedgerTuning.Families(options, Columns), errIfLogFileExists: false), readOnly: true);
        }
        catch (Exception e) when (e is RocksDbException or StorageException)
        {
            return null;
        }
    }

    public static string NameOf(LedgerColumn column) =>
        column == LedgerColumn.Meta ? ColumnFamilies.DefaultName : column.ToString().ToLowerInvariant();

    /// <summary>False once the last user has gone.</summary>
    public bool TryAddUser()
    {
        for (int users = Volatile.Read(ref _users); users > 0; users = Volatile.Read(ref _users))
        {
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
                return true;
        }
        return false;
    }

    public void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _db.Dispose();
    }

    public byte[]? Get(LedgerColumn column, ReadOnlySpan<byte> key, ReadOptions options)
    {
        try
        {
            return _db.Get(key, _families[(int)column], options);
        }
        catch (RocksDbException e)
        {
            throw Translate($"{Location} ({NameOf(column)})", e);
        }
    }

    /// <summary>All rows from a key on, ascending; the caller stops where it has enough.</summary>
    public IEnumerable<(byte[] Key, byte[] Value)> Scan(LedgerColumn column, byte[] from, ReadOptions options)
    {
        using Iterator rows = _db.NewIterator(_families[(int)column], options);
        for (rows.Seek(from); rows.Valid(); rows.Next())
            yield return (rows.Key(), rows.Value());
        ThrowIfEndedEarly(rows, column);
    }

    /// <summary>The last row at or before a key; before anything if null.</summary>
    public (byte[] Key, byte[] Value)? Last(LedgerColumn column, byte[]? atOrBefore, ReadOptions options)
    {
        using Iterator rows = _db.NewIterator(_families[(int)column], options);
        if (atOrBefore is null)
            rows.SeekToLast();
        else
            rows.SeekForPrev(atOrBefore);
        if (rows.Valid())
            return (rows.Key(), rows.Value());
        ThrowIfEndedEarly(rows, column);
        return null;
    }

    public void Delete(WriteBatch batch, LedgerColumn column, ReadOnlySpan<byte> key) =>
        batch.Delete(key, _families[(int)column]);

    public void Put(WriteBatch batch, LedgerColumn column, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        batch.Put(key, value, _families[(int)column]);

    /// <summary>Returns when the whole batch, and every one before it, is on the medium.</summary>
    public void WriteSynced(WriteBatch batch) => Write(batch, _synced);

    /// <summary>Returns before the batch is on the medium: the next synced one makes it durable.</summary>
    public void WriteUnsynced(WriteBatch batch) => Write(batch, _unsynced);

    private void Write(WriteBatch batch, WriteOptions options)
    {
        try
        {
            _db.Write(batch, options);
        }
        catch (RocksDbException e)
        {
            throw Translate(Location, e);
        }
    }

    /// <summary>A copy as of now, made of hard links where the file system has them.</summary>
    /// <param name="path">A directory that does not exist yet, on the database's own disk.</param>
    public void Checkpoint(string path)
    {
        try
        {
            using Checkpoint checkpoint = _db.Checkpoint();
            // 0: what only the log holds is flushed first, so that the copy needs no log.
            checkpoint.Save(path, 0);
        }
        catch (RocksDbException e)
        {
            throw Translate(path, e);
        }
    }

    public Snapshot CreateSnapshot() => _db.CreateSnapshot();

    public string Property(LedgerColumn column, string name) => _db.GetProperty(name, _families[(int)column]) ?? "";

    /// <summary>An iterator over a damaged table just ends; its error must be asked for.</summary>
    private void ThrowIfEndedEarly(Iterator rows, LedgerColumn column)
    {
        try
        {
            Native.Instance.rocksdb_iter_get_error(rows.Handle);
        }
        catch (RocksDbException e)
        {
            throw Translate($"{Location} ({NameOf(column)})", e);
        }
    }

    /// <summary>RocksDB reads a manifest with a bad checksum for ever, so it does not get one.</summary>
    private static void CheckManifest(string path)
    {
        string current = Path.Combine(path, "CURRENT");
        if (!File.Exists(current) || new FileInfo(current).Length > ManifestNameMax)
            return; // RocksDB itself says what is wrong
        string manifest = Path.Combine(path, File.ReadAllText(current).TrimEnd('\n'));
        if (!File.Exists(manifest) || RecordLog.FindBad(manifest, onRead: null, CancellationToken.None) is not { IsTornEnd: false } bad)
            return;
        throw StorageException.Damaged(manifest, $"Record {bad.Number}, at byte {bad.Offset}, is not as it was written: {bad.Problem}.");
    }

    private static void CheckFamilies(string path)
    {
        var options = new DbOptions();
        var found = RocksDb.ListColumnFamilies(options, path).ToHashSet(StringComparer.Ordinal);
        // The binding hands out the native pointer only: collected during the call, it would be read after it was freed.
        GC.KeepAlive(options);
        foreach (LedgerColumn column in Columns)
        {
            if (!found.Remove(NameOf(column)))
                throw StorageException.Damaged(path, $"The column family '{NameOf(column)}' is missing.");
        }
        if (found.Count != 0)
        {
            throw new StorageException(StorageError.NewerFormat, path,
                $"This program does not know the ledger's column family '{found.Min(StringComparer.Ordinal)}'.",
                "Run the newer program that wrote it.");
        }
    }

    private static StorageException Translate(string where, RocksDbException e)
    {
        string text = e.Message;
        if (text.StartsWith("IO error", StringComparison.Ordinal) && text.Contains("lock ", StringComparison.Ordinal))
            return new StorageException(StorageError.Locked, where, text, "Stop the other process first.", e);
        bool lost = text.Contains("No such file", StringComparison.Ordinal)
            || text.Contains("Can't access", StringComparison.Ordinal);
        return lost || !text.StartsWith("IO error", StringComparison.Ordinal)
            ? StorageException.Damaged(where, $"RocksDB reports: {text}.", e)
            : StorageException.Io(where, e);
    }
}

/// <summary>How RocksDB is set up, and why.</summary>
internal static class LedgerTuning
{
    private const ulong MiB = 1024 * 1024;
    private const byte Yes = 1;
    private const byte No = 0;

    /// <summary>Envelopes this long go to blob files, so that compaction does not copy them again and again.</summary>
    private const ulong BlobBytesMin = 4096;

    public static DbOptions Database(LedgerOptions options, bool create)
    {
        DbOptions db = new DbOptions()
            .SetCreateIfMissing(create)
            .SetCreateMissingColumnFamilies(create)
            .SetParanoidChecks(true)
            .SetMaxOpenFiles(options.OpenFilesMax)
            .SetDbWriteBufferSize((ulong)options.WriteBufferBytes)
            .SetMaxTotalWalSize(2 * (ulong)options.WriteBufferBytes)
            // A torn tail of the log was never acknowledged; the durable tip tells it from lost blocks.
            .SetWalRecoveryMode(Recovery.PointInTime)
            .SetMaxBackgroundCompactions(2)
            .SetMaxBackgroundFlushes(1)
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetMaxLogFileSize(MiB)
            .SetKeepLogFileNum(2)
            .SetStatsDumpPeriodSec(0)
            .SetBytesPerSync(MiB);
        Native native = Native.Instance;
        // All families go to tables together: one log then covers what none of them has, and no crash or lost manifest
        // record leaves one family older than the others.
        native.rocksdb_options_set_atomic_flush(db.Handle, Yes);
        // A log that is missing, or is not the one that followed, is noticed, however few bytes the manifest lost.
        native.rocksdb_options_set_track_and_verify_wals_in_manifest(db.Handle, Yes);
        native.rocksdb_options_set_track_and_verify_wals(db.Handle, Yes);
        // A checksum over every byte of each table and blob file, kept in the manifest: what an audit compares.
        IntPtr checksums = native.rocksdb_file_checksum_gen_crc32c_factory_create();
        native.rocksdb_options_set_file_checksum_gen_factory(db.Handle, checksums);
        native.rocksdb_file_checksum_gen_factory_destroy(checksums);
        return db;
    }

    public static ColumnFamilies Families(LedgerOptions options, IEnumerable<LedgerColumn> columns)
    {
        Cache cache = Cache.CreateLru((ulong)options.BlockCacheBytes);
        var families = new ColumnFamilies();
        foreach (LedgerColumn column in columns)
            families.Add(LedgerDatabase.NameOf(column), Family(column, cache));
        return families;
    }

    private static ColumnFamilyOptions Family(LedgerColumn column, Cache cache)
    {
        BlockBasedTableOptions table = new BlockBasedTableOptions()
            .SetBlockCache(cache)
            .SetCacheIndexAndFilterBlocks(true)
            .SetPinL0FilterAndIndexBlocksInCache(true)
            .SetBlockSize(column == LedgerColumn.Entries ? 16 * 1024UL : 8 * 1024UL)
            .SetFormatVersion(5);
        // Most look-ups of a transaction id find nothing: a filter answers them without a read.
        if (column is LedgerColumn.Transactions or LedgerColumn.State or LedgerColumn.Pages)
            table.SetFilterPolicy(BloomFilterPolicy.Create(10, false));
        ColumnFamilyOptions family = new ColumnFamilyOptions()
            .SetBlockBasedTableFactory(table)
            .SetWriteBufferSize(16 * MiB)
            .SetMaxWriteBufferNumber(3)
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetCompression(column switch
            {
                // Hashes do not compress.
                LedgerColumn.Tiles or LedgerColumn.Pages or LedgerColumn.Transactions => Compression.No,
                LedgerColumn.Entries => Compression.Zstd,
                _ => Compression.Lz4,
            });
        if (column == LedgerColumn.Entries)
        {
            Native native = Native.Instance;
            native.rocksdb_options_set_enable_blob_files(family.Handle, Yes);
            native.rocksdb_options_set_min_blob_size(family.Handle, BlobBytesMin);
            native.rocksdb_options_set_blob_compression_type(family.Handle, (int)Compression.Zstd);
            // Entries are never replaced or removed, so there is nothing to collect.
            native.rocksdb_options_set_enable_blob_gc(family.Handle, No);
        }
        return family;
    }
}
