using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>
/// What a ledger that began with a snapshot still lacks: the blocks between genesis and <see cref="Base"/>. State, headers
/// from the base on and everything later are whole; what is below the base is filled in from genesis on, and is given out
/// only when all of it is there.
/// </summary>
/// <param name="Base">The certified header before the first block that is whole. Its own block is missing.</param>
/// <param name="FilledTo">The blocks up to this height are filled in.</param>
public sealed record LedgerGap(BlockHeader Base, ulong FilledTo)
{
    /// <summary>The first block that is whole.</summary>
    public ulong FirstWhole => Base.Height + 1;

    /// <summary>The first position whose leaf is there.</summary>
    public ulong FirstPosition => Base.LogSizeAfter;

    /// <summary>The first tile of a level that holds all it should.</summary>
    public ulong FirstTile(byte level) => (FirstPosition >> (LogTiles.Height * level)) / LogTiles.Width;

    /// <summary>What to answer where a block is asked for that is not here yet.</summary>
    public NotFilledInException Missing() => new(this);

    /// <summary>The row: filled height u64 | header of the base.</summary>
    internal byte[] ToBytes() => [.. LedgerKey.Number(FilledTo), .. Base.ToBytes()];

    /// <summary>Null unless the bytes are such a row of this ledger.</summary>
    internal static LedgerGap? TryRead(Digest chainId, ReadOnlySpan<byte> row) =>
        row.Length == sizeof(ulong) + BlockHeader.Size && BlockHeader.TryRead(row[sizeof(ulong)..]) is { } header
            && header.ChainId == chainId && LedgerKey.ReadNumber(row) is var filled && filled < header.Height
            ? new LedgerGap(header, filled)
            : null;
}

/// <summary>What was asked for lies in blocks that are still being filled in below a snapshot. No damage.</summary>
public sealed class NotFilledInException : Exception
{
    internal NotFilledInException(LedgerGap gap)
        : base($"The ledger here is whole from block {gap.FirstWhole} on; of the blocks below, {gap.FilledTo} of "
            + $"{gap.Base.Height} are filled in.") => Gap = gap;

    /// <summary>How far it is.</summary>
    public LedgerGap Gap { get; }
}
