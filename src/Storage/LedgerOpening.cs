using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>
/// What is verified before a ledger is used: whose it is, that it reaches the durable tip, and that its newest end
/// fits together. Everything older is verified as it is read, or by an audit.
/// </summary>
internal static class LedgerOpening
{
    /// <summary>Of the column families, their keys and values, in a whole ledger.</summary>
    public const ulong FormatVersion = 1;

    /// <summary>The same of a ledger with a gap below a snapshot; a program that does not know gaps refuses it.</summary>
    public const ulong GapFormatVersion = 2;

    /// <summary>Gives the newest ledger, or null where there is no block yet.</summary>
    /// <param name="directory">Whose it must be.</param>
    /// <param name="database">The ledger.</param>
    /// <param name="tip">What it must reach; null to take its own end for it.</param>
    /// <param name="besideWriter">A node appends meanwhile: the ledger may have gone on since the tip was read.</param>
    public static PublishedLedger? Verify(DataDirectory directory, LedgerDatabase database, TipFile? tip, bool besideWriter)
    {
        ReadOptions options = new ReadOptions().SetVerifyChecksums(true);
        (byte[] Key, byte[] Value)? last = database.Last(LedgerColumn.Blocks, null, options);
        if (tip is not null)
            CheckTip(database, tip, last is null ? null : Height(database, last.Value.Key), besideWriter);
        if (last is not { } row)
            return null;
        LedgerGap? gap = CheckMeta(directory, database, options);
        (BlockHeader header, Certificate? certificate) = Block(directory, database, row.Key, row.Value);
        CheckHash(directory, database, tip?.Current, header, options);
        GC.KeepAlive(options); // native calls see its pointer only
        PublishedLedger published = CheckEnd(database, header, certificate, gap);
        // A crash between the batch and the tip leaves the tip one behind: only now is the block acknowledged. Written
        // even where it reads the same: a tip whose sync never ended may be in the system's memory only.
        if (!database.IsReadOnly)
            tip!.Write(new DurableTip(header.Height, header.Hash));
        return published;
    }

    /// <summary>
    /// The same verification of a ledger that is about to be opened for writing, and that every file it consists of is
    /// there with its length.
    /// </summary>
    public static void Rehearse(DataDirectory directory, LedgerDatabase database, TipFile tip)
    {
        PublishedLedger? published = Verify(directory, database, tip, besideWriter: false);
        try
        {
            foreach (LedgerFile file in database.ListFiles())
            {
                var found = new FileInfo(Path.Combine(database.Location, file.Name));
                if (!found.Exists || found.Length != file.Bytes)
                {
                    throw StorageException.Damaged(found.FullName,
                        $"The file ({file.Holds}) has {(found.Exists ? found.Length : 0)} bytes instead of {file.Bytes}.");
                }
            }
        }
        finally
        {
            published?.RemoveUser();
        }
    }

    /// <summary>The newest header, without any other check.</summary>
    /// <exception cref="StorageException">Damaged: there is none.</exception>
    public static BlockHeader ReadNewest(DataDirectory directory, LedgerDatabase database)
    {
        ReadOptions options = new ReadOptions().SetVerifyChecksums(true);
        return database.Last(LedgerColumn.Blocks, null, options) is { } row
            ? Block(directory, database, row.Key, row.Value).Header
            : throw StorageException.Damaged(database.Location, "The ledger holds no block.");
    }

    private static void CheckTip(LedgerDatabase database, TipFile file, ulong? last, bool besideWriter)
    {
        DurableTip? tip = file.Current;
        string found = last is { } height ? $"ends at block {height}" : "holds no block";
        if (tip is { } durable && (last is null || last < durable.Height))
        {
            throw StorageException.Damaged(database.Location,
                $"The ledger {found}, but block {durable.Height} was durable: acknowledged blocks are lost.");
        }
        if (last is { } end && end > (tip is { } t ? t.Height + 1 : 0) && !besideWriter)
        {
            // A ledger cannot gain blocks under certificates by damage: the tip is the older one.
            throw StorageException.Damaged(file.Location,
                $"The ledger {found}, but the durable tip is {(tip is { } d ? $"block {d.Height}" : "unset")}: "
                + "the two are from different times.");
        }
    }

    /// <summary>The gap; null where the ledger is whole.</summary>
    private static LedgerGap? CheckMeta(DataDirectory directory, LedgerDatabase database, ReadOptions options)
    {
        byte[]? format = database.Get(LedgerColumn.Meta, LedgerKey.Format, options);
        byte[]? chain = database.Get(LedgerColumn.Meta, LedgerKey.Chain, options);
        if (format?.Length != sizeof(ulong) || chain?.Length != Digest.Size)
            throw StorageException.Damaged(database.Location, "Format version and chain id are missing.");
        ulong version = LedgerKey.ReadNumber(format);
        if (version is not (FormatVersion or GapFormatVersion))
        {
            throw new StorageException(StorageError.NewerFormat, database.Location,
                $"The ledger has format {version}; this program knows formats up to {GapFormatVersion}.",
                "Run the program that wrote it.");
        }
        if (new Digest(chain) != directory.ChainId)
        {
            throw new StorageException(StorageError.ForeignChain, database.Location,
                $"The ledger is {new Digest(chain)}, the directory belongs to {directory.ChainId}.",
                "Restore the directory whole, from one backup.");
        }
        byte[]? gap = database.Get(LedgerColumn.Meta, LedgerKey.Gap, options);
        if ((gap is not null) != (version == GapFormatVersion))
            throw StorageException.Damaged(database.Location, $"The ledger has format {version} {(gap is null ? "and no" : "and a")} gap.");
        return gap is null ? null : LedgerGap.TryRead(directory.ChainId, gap)
            ?? throw StorageException.Damaged(database.Location, "What says which blocks are still missing cannot be read.");
    }

    private static void CheckHash(
        DataDirectory directory, LedgerDatabase database, DurableTip? tip, BlockHeader last, ReadOptions options)
    {
        if (tip is not { } durable)
            return;
        BlockHeader header = last;
        if (durable.Height != last.Height)
        {
            byte[] key = LedgerKey.Number(durable.Height);
            byte[] row = database.Get(LedgerColumn.Blocks, key, options)
                ?? throw StorageException.Damaged(database.Location, $"Block {durable.Height} is missing.");
            header = Block(directory, database, key, row).Header;
        }
        if (header.Hash != durable.HeaderHash)
        {
            throw StorageException.Damaged(database.Location,
                $"Block {durable.Height} is {header.Hash}, but {durable.HeaderHash} was durable.");
        }
        if (last.Height == durable.Height + 1 && last.ParentHash != durable.HeaderHash)
        {
            throw StorageException.Damaged(database.Location,
                $"Block {last.Height} does not follow block {durable.Height}.");
        }
    }

    /// <summary>The log's right edge, read from the tiles, and the state tree's root page fit the header.</summary>
    private static PublishedLedger CheckEnd(
        LedgerDatabase database, BlockHeader header, Certificate? certificate, LedgerGap? gap)
    {
        // The edge itself is what is to be read: the snapshot serves tiles, which needs only the size.
        var draft = new PublishedLedger(database, header, certificate, LogFrontier.Empty, gap);
        try
        {
            using var view = new LedgerSnapshot(draft);
            draft.AddUser();
            LogFrontier frontier = LogFrontier.Read(
                new TileLogNodeSource(view, header.LogSizeAfter), header.LogSizeAfter);
            if (frontier.Root != header.LogRoot)
            {
                throw StorageException.Damaged(database.Location,
                    $"The log's tiles give the root {frontier.Root}; header {header.Height} has {header.LogRoot}.");
            }
            CheckStateRoot(database, view, header);
            return new PublishedLedger(database, header, certificate, frontier, gap);
        }
        finally
        {
            draft.RemoveUser();
        }
    }

    private static void CheckStateRoot(LedgerDatabase database, LedgerSnapshot view, BlockHeader header)
    {
        if (header.StateRoot == StateTree.EmptyRoot)
            return;
        Digest root = default;
        StatePageFailure? failure = view.TryGetPage(StatePageId.Root) is { } page
            ? StateTree.CheckPage(StatePageId.Root, page.Span, out root)
            : null;
        if (failure != StatePageFailure.None || root != header.StateRoot)
        {
            throw StorageException.Damaged($"{database.Location} (pages {StatePageId.Root})",
                $"The page {(failure is null ? "is missing" : $"gives {root} ({failure})")}; "
                + $"header {header.Height} has {header.StateRoot}.");
        }
    }

    private static (BlockHeader Header, Certificate? Certificate) Block(
        DataDirectory directory, LedgerDatabase database, byte[] key, byte[] row)
    {
        ulong height = Height(database, key);
        return BlockRow.Read(height, directory.ChainId, row)
            ?? throw StorageException.Damaged($"{database.Location} (blocks {height})",
                "Header and certificate cannot be read, or differ.");
    }

    private static ulong Height(LedgerDatabase database, byte[] key) => key.Length == sizeof(ulong)
        ? LedgerKey.ReadNumber(key)
        : throw StorageException.Damaged(database.Location, "The newest row of the blocks has no height.");
}
