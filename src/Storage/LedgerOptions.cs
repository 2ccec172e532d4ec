namespace GovChain.Storage;

/// <summary>What the ledger may use. All bounds hold for the whole process, not per column family.</summary>
public sealed record LedgerOptions
{
    /// <summary>Uncompressed blocks, indexes and filters kept in memory, bytes.</summary>
    public long BlockCacheBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Written data kept in memory until it goes to a table file, bytes.</summary>
    public long WriteBufferBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Table files held open. At 64 MiB each, 512 cover 32 GiB without reopening.</summary>
    public int OpenFilesMax { get; init; } = 512;
}
