using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// The ledger as one durable block left it: a RocksDB snapshot shared by everybody who reads at that height, and
/// released by the last of them.
/// </summary>
internal sealed class PublishedLedger
{
    private readonly Snapshot _snapshot;
    private int _users = 1;

    public PublishedLedger(LedgerDatabase database, BlockHeader tip, Certificate? certificate, LogFrontier frontier, LedgerGap? gap)
    {
        if (!database.TryAddUser())
            throw new ObjectDisposedException(nameof(LedgerStore));
        Database = database;
        Tip = tip;
        Certificate = certificate;
        Frontier = frontier;
        Gap = gap;
        _snapshot = database.CreateSnapshot();
        Options = new ReadOptions().SetVerifyChecksums(true).SetSnapshot(_snapshot);
        BulkOptions = new ReadOptions().SetVerifyChecksums(true).SetSnapshot(_snapshot).SetFillCache(false);
    }

    public LedgerDatabase Database { get; }

    public BlockHeader Tip { get; }

    public Certificate? Certificate { get; }

    public LogFrontier Frontier { get; }

    public LedgerGap? Gap { get; }

    public ReadOptions Options { get; }

    /// <summary>For passes over everything, which must not push the working set out of the cache.</summary>
    public ReadOptions BulkOptions { get; }

    /// <summary>The caller knows that there is a user: the store, under its lock.</summary>
    public void AddUser() => Interlocked.Increment(ref _users);

    public void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) != 0)
            return;
        _snapshot.Dispose();
        Database.RemoveUser();
    }
}
