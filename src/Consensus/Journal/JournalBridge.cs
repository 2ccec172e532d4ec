using GovChain.Core.Model;

namespace GovChain.Consensus;

/// <summary>
/// Carries a vote journal over the blocks that a snapshot spared (docs/PROTOCOL.md, "Snapshots"). Blocks that come one by
/// one each leave a mark; a snapshot leaves one, for its own height.
/// </summary>
public static class JournalBridge
{
    /// <summary>
    /// The mark to append to a journal whose ledger a snapshot carried on; null where the journal is not of the time of that
    /// ledger: then the usual rules find it too old, and the node abstains.
    /// </summary>
    /// <param name="records">The journal's records.</param>
    /// <param name="fromHeight">The height that the ledger had when the snapshot was complete. Until its node stopped it may have
    /// stored more blocks, all below the snapshot.</param>
    /// <param name="snapshot">The header that it has now.</param>
    public static byte[]? MarkOver(IReadOnlyList<byte[]> records, ulong fromHeight, BlockHeader snapshot)
    {
        var newest = new StoredMark(0, default);
        foreach (byte[] bytes in records)
        {
            if (JournalCodec.TryDecode(bytes) is not { } record)
                return null;
            if (record is StoredMark mark)
                newest = mark;
        }
        // A journal without any record has asked nobody what it forgot.
        bool isOfItsTime = records.Count > 0 && newest.Height < snapshot.Height && newest.Height + 1 >= fromHeight;
        return isOfItsTime ? JournalCodec.Encode(new StoredMark(snapshot.Height, snapshot.Hash, newest.Abstention)) : null;
    }

    /// <summary>The mark of a block that a ledger was put together with.</summary>
    public static byte[] MarkOf(BlockHeader header) => JournalCodec.Encode(new StoredMark(header.Height, header.Hash));
}
