using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using RocksDbSharp;

namespace GovChain.Storage;

/// <summary>The rows of the column families (docs/SPEC.md, "Ledger"), put into a batch.</summary>
internal readonly struct LedgerRows(LedgerDatabase database, WriteBatch batch)
{
    /// <summary>Whose ledger it is, and leaf 0.</summary>
    public void AddGenesis(BlockHeader header, ulong formatVersion)
    {
        AddFormat(formatVersion);
        Put(LedgerColumn.Meta, LedgerKey.Chain, header.ChainId.Span);
        Put(LedgerColumn.Entries, LedgerKey.Number(0), [.. DomainTag.GenesisLeaf, .. header.ChainId.Span]);
    }

    public void AddFormat(ulong version) => Put(LedgerColumn.Meta, LedgerKey.Format, LedgerKey.Number(version));

    public void AddGap(LedgerGap gap) => Put(LedgerColumn.Meta, LedgerKey.Gap, gap.ToBytes());

    public void RemoveGap()
    {
        database.Delete(batch, LedgerColumn.Meta, LedgerKey.Gap);
        AddFormat(LedgerOpening.FormatVersion);
    }

    /// <summary>Header, certificate, leaves and the indexes over them.</summary>
    public void AddBlock(
        BlockHeader header, Certificate? certificate, IEnumerable<Transaction> transactions,
        IEnumerable<RecordVersionEntry> records)
    {
        Put(LedgerColumn.Blocks, LedgerKey.Number(header.Height), BlockRow.Write(header, certificate));
        Put(LedgerColumn.Starts, LedgerKey.Number(header.LogSizeBefore), LedgerKey.Number(header.Height));
        ulong position = header.LogSizeBefore;
        foreach (Transaction transaction in transactions)
        {
            Put(LedgerColumn.Entries, LedgerKey.Number(position), transaction.Envelope.Span);
            Put(LedgerColumn.Transactions, transaction.Id.Span, LedgerKey.Pair(header.Height, position));
            position++;
        }
        foreach (RecordVersionEntry entry in records)
            Put(LedgerColumn.History, LedgerKey.History(entry.Record, entry.Version), LedgerKey.Number(entry.Position));
    }

    public void AddTiles(IEnumerable<(TileId Id, byte[] Bytes)> tiles)
    {
        foreach ((TileId id, byte[] bytes) in tiles)
            Put(LedgerColumn.Tiles, LedgerKey.Tile(id.Level, id.Index), bytes);
    }

    public void AddStates(IEnumerable<StateChange> states)
    {
        foreach (StateChange state in states)
            Put(LedgerColumn.State, state.Key.Span, state.Value);
    }

    public void AddPages(IEnumerable<(StatePageId Id, byte[] Bytes)> pages)
    {
        foreach ((StatePageId id, byte[] bytes) in pages)
            Put(LedgerColumn.Pages, id.ToKey(), bytes);
    }

    private void Put(LedgerColumn column, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        database.Put(batch, column, key, value);
}
