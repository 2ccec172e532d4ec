using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>The blocks below a snapshot, filled in from genesis on while the ledger is in use.</summary>
public sealed partial class LedgerStore
{
    /// <summary>What is missing below a snapshot; null where the ledger is whole. For any thread.</summary>
    public LedgerGap? Gap
    {
        get
        {
            lock (_gate)
                return _published?.Gap;
        }
    }

    /// <summary>Where filling in goes on; null where nothing is missing.</summary>
    /// <exception cref="StorageException">Damaged: what was filled in before is not what it should be.</exception>
    public LogTip? OpenFilling()
    {
        if (Gap is not { } gap)
            return null;
        ReadOptions options = new ReadOptions().SetVerifyChecksums(true);
        byte[]? row = _database.Get(LedgerColumn.Blocks, LedgerKey.Number(gap.FilledTo), options);
        GC.KeepAlive(options); // native calls see its pointer only
        return row is not null && BlockRow.Read(gap.FilledTo, _directory.ChainId, row) is { } block
            && LogTip.TryRead(_database, block.Header) is { } tip
            ? tip
            : throw StorageException.Damaged(_database.Location,
                $"Block {gap.FilledTo}, up to which the older blocks are filled in, or the log's tiles below it are not what was written.");
    }

    /// <summary>
    /// Stores blocks that follow what is filled in, durably when this returns. With the last of them the ledger is whole.
    /// One thread at a time, beside the one that appends.
    /// </summary>
    /// <param name="filling">What <see cref="OpenFilling"/> gave, gone on by the blocks before.</param>
    /// <param name="blocks">The next blocks, sealed one upon the other; ends at the gap's end at the latest.</param>
    /// <exception cref="ArgumentException">The blocks do not follow, or do not lead to the gap's end.</exception>
    /// <exception cref="StorageException">Io.</exception>
    public void FillIn(LogTip filling, IReadOnlyList<SealedBlock> blocks)
    {
        LedgerGap gap = Gap ?? throw new InvalidOperationException("Nothing is missing.");
        SealedBlock last = blocks[^1];
        if (blocks[0].Header.Height != gap.FilledTo + 1 || last.Header.Height > gap.Base.Height || !last.Header.Equals(filling.Header))
            throw new ArgumentException($"Blocks to {last.Header.Height} do not follow block {gap.FilledTo}.", nameof(blocks));
        bool isWhole = last.Header.Height == gap.Base.Height;
        if (isWhole && !last.Header.Equals(gap.Base))
            throw new ArgumentException($"Block {gap.Base.Height} is not the one below the snapshot.", nameof(blocks));
        LedgerGap? left = isWhole ? null : gap with { FilledTo = last.Header.Height };
        using (var batch = new WriteBatch())
        {
            var rows = new LedgerRows(_database, batch);
            foreach (SealedBlock block in blocks)
                rows.AddBlock(block.Header, block.Certificate, block.Transactions, block.Records);
            // From the gap's end on the tiles are there already, and wider.
            rows.AddTiles(filling.Changed.Where(t => t.Id.Index < gap.FirstTile(t.Id.Level)));
            if (left is null)
                rows.RemoveGap();
            else
                rows.AddGap(left);
            _database.WriteSynced(batch);
        }
        filling.Stored();
        ShowFilled(left);
    }

    private void ShowFilled(LedgerGap? gap)
    {
        lock (_publishing)
        {
            PublishedLedger before = _published!;
            var after = new PublishedLedger(_database, before.Tip, before.Certificate, before.Frontier, gap);
            lock (_gate)
                _published = after;
            // The appending thread keeps its view until the next block; this one is the readers'.
            Interlocked.Exchange(ref _shown, after)?.RemoveUser();
        }
    }
}
