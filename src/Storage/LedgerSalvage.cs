using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// Blocks out of a damaged ledger, as far as they can be read. Nothing that comes out of it is believed: who takes it
/// verifies the certificate, hashes the leaves and executes the transactions, as for a block from a stranger.
/// </summary>
public sealed class LedgerSalvage : IDisposable
{
    private readonly LedgerDatabase _database;
    private readonly Digest _chainId;
    private readonly ReadOptions _options = new ReadOptions().SetVerifyChecksums(true).SetFillCache(false);

    private LedgerSalvage(LedgerDatabase database, Digest chainId)
    {
        _database = database;
        _chainId = chainId;
    }

    /// <summary>The highest block there is; 0 where that cannot be read.</summary>
    public ulong TipHeight { get; private set; }

    /// <summary>Opens a folder that was a node's ledger; null where RocksDB cannot make anything of it.</summary>
    public static LedgerSalvage? TryOpen(string ledgerPath, Digest chainId)
    {
        if (!LedgerDatabase.Exists(ledgerPath) || LedgerDatabase.TryOpenDamaged(ledgerPath) is not { } database)
            return null;
        var salvage = new LedgerSalvage(database, chainId);
        try
        {
            salvage.TipHeight = database.Last(LedgerColumn.Blocks, null, salvage._options) is { Key.Length: sizeof(ulong) } row
                ? LedgerKey.ReadNumber(row.Key) : 0;
        }
        catch (StorageException)
        {
            // The end cannot be read. What comes before it may be: it is asked for as far as the peers say there is more.
        }
        return salvage;
    }

    /// <summary>A block above genesis; null where any of it cannot be read.</summary>
    public StoredBlock? TryRead(ulong height)
    {
        try
        {
            if (_database.Get(LedgerColumn.Blocks, LedgerKey.Number(height), _options) is not { } row
                || BlockRow.Read(height, _chainId, row) is not { Certificate: { } certificate } block
                || block.Header.LogSizeAfter <= block.Header.LogSizeBefore
                || block.Header.LogSizeAfter - block.Header.LogSizeBefore > Limits.BlockTransactionsCeiling)
                return null;
            var leaves = new List<ReadOnlyMemory<byte>>();
            for (ulong position = block.Header.LogSizeBefore; position < block.Header.LogSizeAfter; position++)
            {
                if (_database.Get(LedgerColumn.Entries, LedgerKey.Number(position), _options) is not { } leaf)
                    return null;
                leaves.Add(leaf);
            }
            return new StoredBlock(block.Header, certificate, leaves);
        }
        catch (StorageException)
        {
            return null;
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => _database.RemoveUser();
}
