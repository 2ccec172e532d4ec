using System.Diagnostics.Metrics;

namespace GovChain.Storage;

/// <summary>What the ledger takes on disk: meter "GovChain.Storage". Read when somebody looks, for as long as the store is
/// open.</summary>
public sealed class StorageMetrics : IDisposable
{
    /// <summary>The meter's name, for exporters.</summary>
    public const string MeterName = "GovChain.Storage";

    private readonly Meter _meter = new(MeterName);

    /// <summary>Makes the instruments of one directory and its store.</summary>
    public StorageMetrics(DataDirectory directory, LedgerStore store)
    {
        _meter.CreateObservableGauge("govchain.storage.size", () => Sizes(directory), "By",
            "Bytes on disk, by part: ledger, votes or other.");
        _meter.CreateObservableGauge("govchain.storage.free", () => Free(directory.Root), "By",
            "Free bytes on the data directory's disk.");
        _meter.CreateObservableGauge("govchain.storage.column.size", () => Enum.GetValues<LedgerColumn>().Select(
            c => Of(c, store.ReadSize(c, "rocksdb.live-sst-files-size") + store.ReadSize(c, "rocksdb.live-blob-file-size"))), "By",
            "Bytes of the ledger's live files, by column family.");
        _meter.CreateObservableGauge("govchain.storage.compaction.pending", () => Enum.GetValues<LedgerColumn>().Sum(
            c => store.ReadSize(c, "rocksdb.estimate-pending-compaction-bytes")), "By",
            "Bytes that the database still has to rewrite; growing without end, the disk is too slow.");
        _meter.CreateObservableGauge("govchain.storage.writes.stopped", () => store.ReadSize(LedgerColumn.Blocks, "rocksdb.is-write-stopped"), "{database}",
            "1 while the database takes no writes because compaction is behind.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long> Of(LedgerColumn column, long value) =>
        new(value, new KeyValuePair<string, object?>("column", LedgerDatabase.NameOf(column)));

    private static IEnumerable<Measurement<long>> Sizes(DataDirectory directory)
    {
        long ledger = 0, votes = 0, other = 0;
        foreach (FileInfo file in new DirectoryInfo(directory.Root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }))
        {
            long length = LengthOf(file);
            if (file.FullName.StartsWith(directory.LedgerPath + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                ledger += length;
            else if (file.FullName == directory.JournalPath)
                votes += length;
            else
                other += length;
        }
        return
        [
            new(ledger, new KeyValuePair<string, object?>("part", "ledger")),
            new(votes, new KeyValuePair<string, object?>("part", "votes")),
            new(other, new KeyValuePair<string, object?>("part", "other")),
        ];
    }

    /// <summary>The database removes files while it is looked at.</summary>
    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static long Free(string path) => new DriveInfo(path).AvailableFreeSpace;
}
