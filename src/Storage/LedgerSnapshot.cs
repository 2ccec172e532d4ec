using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Storage;

/// <summary>
/// The ledger as it stood after one block, for any number of threads, while further blocks are appended. What is read
/// is checked as far as what is at hand allows: a leaf against its tile, a header against its certificate, a page
/// by the state tree; and every byte against RocksDB's checksums.
/// </summary>
/// <remarks>
/// Disposed once, when no thread uses it any more. Every member throws <see cref="StorageException"/> with
/// <see cref="StorageError.Damaged"/> where the stored bytes cannot be what was written.
/// </remarks>
public sealed partial class LedgerSnapshot : ILedgerView, IBlockSource, IDisposable
{
    private readonly PublishedLedger _ledger;
    private int _disposed;

    internal LedgerSnapshot(PublishedLedger ledger) => _ledger = ledger;

    /// <inheritdoc/>
    public BlockHeader Tip => Ledger.Tip;

    /// <summary>The newest block's commit certificate; null while there is only block 0.</summary>
    public Certificate? TipCertificate => Ledger.Certificate;

    /// <inheritdoc/>
    public LogFrontier Frontier => Ledger.Frontier;

    /// <inheritdoc/>
    public ulong TipHeight => Tip.Height;

    /// <summary>
    /// What is still missing below a snapshot; null where the ledger is whole. Whatever needs it throws
    /// <see cref="NotFilledInException"/>.
    /// </summary>
    public LedgerGap? Gap => Ledger.Gap;

    /// <summary>Told how many bytes a pass over everything has read; may wait, to keep to a rate.</summary>
    public Action<int>? OnBulkRead { get; set; }

    private PublishedLedger Ledger
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            return _ledger;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _ledger.RemoveUser();
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> GetTile(byte level, ulong index)
    {
        var id = new TileId(level, index);
        int width = LogTiles.WidthAt(id, Tip.LogSizeAfter);
        if (width == 0)
            throw new MissingTileException(id);
        if (Gap is { } gap && index < gap.FirstTile(level))
            throw gap.Missing();
        byte[]? bytes = Get(LedgerColumn.Tiles, LedgerKey.Tile(level, index));
        if (bytes?.Length != width * Digest.Size)
        {
            throw Damaged(LedgerColumn.Tiles, $"{id}",
                $"{width} hashes are expected, {(bytes?.Length ?? 0) / Digest.Size} are stored.");
        }
        return bytes;
    }

    /// <inheritdoc/>
    public StatePageCache Cache => Ledger.Database.StatePages;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        OrNull(Get(LedgerColumn.Pages, id.ToKey()));

    /// <inheritdoc/>
    /// <remarks>Checked by RocksDB's checksum only; <see cref="GetStateVerified"/> also asks the state tree.</remarks>
    public ReadOnlyMemory<byte>? GetState(StateKey key) =>
        OrNull(Get(LedgerColumn.State, key.Span));

    /// <inheritdoc/>
    public TransactionLocation? FindTransaction(Digest transactionId)
    {
        byte[]? value = Get(LedgerColumn.Transactions, transactionId.Span);
        if (value is null)
            return null;
        if (value.Length != 2 * sizeof(ulong))
            throw Damaged(LedgerColumn.Transactions, $"{transactionId}", $"{value.Length} bytes instead of 16.");
        var location = new TransactionLocation(
            LedgerKey.ReadNumber(value), LedgerKey.ReadNumber(value.AsSpan(sizeof(ulong))));
        if (location.Height > TipHeight || location.Position >= Tip.LogSizeAfter)
            throw Damaged(LedgerColumn.Transactions, $"{transactionId}", $"It names {location}, beyond the tip.");
        return location;
    }

    /// <summary>The same ledger for another reader, to be disposed by itself.</summary>
    public LedgerSnapshot Share()
    {
        PublishedLedger ledger = Ledger;
        ledger.AddUser();
        return new LedgerSnapshot(ledger);
    }

    private byte[]? Get(LedgerColumn column, ReadOnlySpan<byte> key)
    {
        PublishedLedger ledger = Ledger;
        return ledger.Database.Get(column, key, ledger.Options);
    }

    /// <summary>The implicit conversion would make an empty value of null.</summary>
    private static ReadOnlyMemory<byte>? OrNull(byte[]? value) =>
        value is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(value);

    private StorageException Damaged(LedgerColumn column, string key, string what) =>
        StorageException.Damaged($"{_ledger.Database.Location} ({LedgerDatabase.NameOf(column)} {key})", what);
}
